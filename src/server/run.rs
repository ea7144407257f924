//! The composition root: open, restore, wire, spawn, serve, drain. Only this file decides what
//! runs beside the requests, and every loop it starts ends when `stopping` fires.

use std::sync::Arc;
use std::time::Duration;

use leptos::config::LeptosOptions;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::agents::Adapters;
use super::agents::descriptors;
use super::agents::processes::reap_survivors;
use super::api::describe_metrics;
use super::auth::Actors;
use super::clock::Clock;
use super::config::{AgentConfig, Config};
use super::drafts::Drafts;
use super::home::{Home, Where, who};
use super::links::Links;
use super::live::Bus;
use super::publisher::Publisher;
use super::queue::{Board, Runs};
use super::reload::reload_on_hangup;
use super::restore::restore;
use super::serve::{Patience, most_connections, serve};
use super::state::{AppState, Handles};
use super::storage::{Claim, Database, OnCommit, Writer};
use super::telemetry::chain;
use super::{assets, bridge, converge, jobs, router, upkeep};

/// Agents get 4 s to stop, are killed, and what they did last is stored.
const DRAIN: Duration = Duration::from_secs(7);
/// What waits is committed and the file made whole: with [`DRAIN`] all within 10 s.
const CLOSE: Duration = Duration::from_millis(2500);

/// What is kept of the live feed for clients that come back, and for slow ones.
const FEED_BYTES: usize = 64 * 1024 * 1024;

/// Why the server did not start, in words for the person who started it.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct StartError(pub(super) String);

/// Serves until `stopping` fires, then drains. `actors` tells who asks, `ready` is told the address.
pub(crate) async fn run(
    config: Config,
    actors: Actors,
    clock: Clock,
    stopping: CancellationToken,
    ready: impl FnOnce(std::net::SocketAddr),
) -> Result<(), StartError> {
    let descriptors = descriptors::raise();
    let metrics = describe_metrics().map_err(StartError)?;
    // Nothing is reaped, restored or migrated before the place is ours alone.
    let home = Home::open(&config, clock)?;
    let node = Arc::new(home.node());
    let board = Board::new();
    let bus = Bus::new(clock.uuid().to_string(), FEED_BYTES);
    let publisher = Publisher::new(board.clone(), bus.clone());
    let loops = TaskTracker::new();
    // The claim on a database outlives whoever writes to it.
    let ended = CancellationToken::new();
    let _ended = ended.clone().drop_guard();
    let (db, writer) = open(&home, &loops, &ended).await?;
    // On a thread of its own: with thousands of sockets to serve, a task would wait behind them
    // at every step of a write.
    let follower = publisher.clone();
    let on_commit: OnCommit = Arc::new(move |changes| follower.publish(changes, clock.now()));
    let writer = writer.run(on_commit);
    let runtime = tokio::runtime::Handle::current();
    let writing = loops.spawn_blocking(move || runtime.block_on(writer));

    say_who_works(&db, &config.agents).await?;
    // What an earlier server left running is gone before its tasks may run again.
    reap_survivors(&node);
    let adapters = Arc::new(Adapters::new(&config.agents, &node));
    restore(&db, &board, &config.agents, &adapters, clock, &node.name)
        .await
        .map_err(|error| StartError(format!("the database cannot be read: {}", chain(&error))))?;

    let (listener, local) = listen(&config).await?;
    let options = LeptosOptions::builder()
        .output_name("kimi-dashboard")
        .site_addr(local)
        .reload_port(u32::from(config.reload_port.unwrap_or_default()))
        .build();
    let stop = stopping.clone();
    let app = AppState::new(Handles {
        db: db.clone(),
        board,
        bus,
        publisher,
        actors,
        clock,
        runs: Runs::default(),
        links: Links::default(),
        drafts: Drafts::default(),
        configuration: config.file.display().to_string(),
        reload_port: config.reload_port,
        adapters,
        stopping,
        options,
    });
    let routes = router::router(&app, metrics.clone());

    let dispatching = loops.spawn(jobs::dispatch(app.clone(), node.name.as_str().into()));
    keep_up(&loops, &app);
    let mut urls = config.convergence_urls;
    if config.simulate_loop {
        urls.extend(simulate_convergence(&loops, &app).await);
    }
    follow_convergence(&loops, &app, config.convergence_silence_seconds, urls);
    loops.spawn(upkeep::drain_metrics(metrics, stop.clone()));
    if config.mock {
        loops.spawn(jobs::demonstrate(app.clone()));
    }
    drop(app);

    ready(local);
    let most = most_connections(descriptors);
    let serving = serve(listener, routes, most, Patience::default(), stop.clone());
    let done = async {
        let ((), _dispatched) = tokio::join!(serving, dispatching);
    };
    let patience = async {
        stop.cancelled().await;
        tokio::time::sleep(DRAIN).await;
    };
    tokio::select! {
        () = done => {}
        () = patience => tracing::warn!("requests that were still open are cut off"),
    }
    // Handles may live on in requests that hang, so the writer is told.
    db.close();
    if tokio::time::timeout(CLOSE, writing).await.is_err() {
        tracing::error!("the database could not be closed in time");
    }
    // Empty unless a run is still being ended.
    let _kept = node.runs.as_deref().map(std::fs::remove_dir);
    Ok(())
}

/// What goes on for as long as the server runs, whatever is configured.
fn keep_up(loops: &TaskTracker, app: &AppState) {
    loops.spawn(jobs::try_agents_again(app.clone()));
    loops.spawn(reload_on_hangup(app.clone()));
    loops.spawn(upkeep::expire_leases(app.clone()));
    loops.spawn(upkeep::forget_keys(app.clone()));
    loops.spawn(upkeep::refresh_queue(app.clone()));
    loops.spawn(upkeep::reconcile(app.clone()));
}

/// Listens where the configuration says; answers where that is.
async fn listen(config: &Config) -> Result<(TcpListener, std::net::SocketAddr), StartError> {
    let address = (config.host.as_str(), config.port);
    let listener = TcpListener::bind(address).await.map_err(|error| {
        let (host, port) = (&config.host, config.port);
        StartError(if error.kind() == std::io::ErrorKind::AddrInUse {
            format!(
                "port: {host}:{port} is in use by another program; stop it, or choose another \
                 port with --port"
            )
        } else {
            format!("port: cannot listen on {host}:{port}: {error}")
        })
    })?;
    let local = listener
        .local_addr()
        .map_err(|error| StartError(error.to_string()))?;
    Ok((listener, local))
}

/// Follows every loop, and notices which sessions have lost theirs.
fn follow_convergence(
    loops: &TaskTracker,
    app: &AppState,
    silence_seconds: u32,
    urls: Vec<String>,
) {
    loops.spawn(upkeep::interrupt_silent(app.clone(), silence_seconds));
    for url in urls {
        let link = app.links.add(&url, app.clock.now());
        loops.spawn(bridge::follow_loop(app.clone(), url, link));
    }
}

/// Starts a loop that only pretends; answers where it serves.
async fn simulate_convergence(loops: &TaskTracker, app: &AppState) -> Option<String> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.ok()?;
    let url = format!("ws://{}", listener.local_addr().ok()?);
    loops.spawn(converge::simulate(
        listener,
        app.clock,
        app.stopping.clone(),
    ));
    Some(url)
}

/// Opens the database; one on PostgreSQL is claimed until `ended` fires.
pub(super) async fn open(
    home: &Home,
    loops: &TaskTracker,
    ended: &CancellationToken,
) -> Result<(Database, Writer), StartError> {
    let (setting, opened) = match &home.database {
        Where::File(path) => ("db_path", Database::open_sqlite(path).await),
        Where::Postgres(url) => {
            let claim = claim(url.expose()).await?;
            loops.spawn(claim.keep(ended.clone()));
            ("database_url", Database::open_postgres(url.expose()).await)
        }
    };
    opened.map_err(|error| StartError(format!("{setting}: {}", chain(&error))))
}

/// Takes a PostgreSQL database for this server alone.
async fn claim(url: &str) -> Result<Claim, StartError> {
    let error = |words: String| StartError(format!("database_url: {words}"));
    Database::reach_postgres(url).await.map_err(error)?;
    let claim = Claim::take(url, &who()).await;
    claim.map_err(|failure| error(chain(&failure)))
}

/// The first line of the log: whoever starts a server in a folder sees what it will run.
async fn say_who_works(db: &Database, agents: &[AgentConfig]) -> Result<(), StartError> {
    const MOST_NAMED: usize = 20;
    let waiting = db.pending_tasks().await;
    let waiting = waiting
        .map_err(|error| StartError(format!("the database cannot be read: {}", chain(&error))))?;
    let mut names: Vec<String> = agents.iter().take(MOST_NAMED).map(named).collect();
    if let Some(more @ 1..) = agents.len().checked_sub(MOST_NAMED) {
        names.push(format!("{more} more"));
    }
    let names = match &names[..] {
        [] => "none are configured".to_owned(),
        names => names.join(", "),
    };
    let wait = if waiting == 1 {
        "task waits"
    } else {
        "tasks wait"
    };
    tracing::info!(waiting, "agents: {names}; {waiting} {wait}");
    if cfg!(not(debug_assertions)) && !assets::has_program() {
        tracing::warn!(
            "this executable was built without what runs in the browser, and its pages are not live: build it with \
             `make build`, or keep the folder `site` of the build beside it"
        );
    }
    if !assets::has_charts() {
        tracing::warn!(
            "this build has no charts: run `npm install` in the sources and build again"
        );
    }
    Ok(())
}

fn named(agent: &AgentConfig) -> String {
    if agent.enabled {
        agent.name.clone()
    } else {
        format!("{} (disabled)", agent.name)
    }
}
