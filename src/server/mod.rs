//! Everything native. Who may import whom, from the ground up (held by `tests/tidy/imports.rs`):
//!
//! | layer | may import |
//! | --- | --- |
//! | `config`, `clock`, `telemetry`, `links`, `backoff`, `drafts`, `files` | `domain` |
//! | `storage`, `live`, `agents`, `auth` | the row above, not one another |
//! | `converge` | `agents` and the first row |
//! | `queue` | `storage` and the rows above |
//! | `publisher` | the rows above |
//! | `state` | the rows above |
//! | `jobs`, `bridge`, `upkeep`, `reply` | the rows above |
//! | `operations`, `error` | the rows above except `jobs`, `bridge`, `upkeep`, `reply` |
//! | `api`, bodies of `rpc` | `operations`, `auth`, `state`, `error`, the socket also `live`, bodies of `rpc` also `reply` |
//! | `router`, `run`, `restore`, `reload`, `import`, `home`, `serve`, `assets`, `pages` | everything |

pub(crate) mod agents;
mod api;
mod assets;
pub(crate) mod auth;
pub(crate) mod backoff;
pub(crate) mod bridge;
pub(crate) mod clock;
pub(crate) mod config;
pub mod converge;
pub(crate) mod drafts;
mod error;
pub(crate) mod files;
mod home;
mod import;
mod jobs;
pub(crate) mod links;
pub(crate) mod live;
pub(crate) mod operations;
mod pages;
pub(crate) mod publisher;
pub(crate) mod queue;
mod reload;
pub(crate) mod reply;
mod restore;
mod router;
pub(crate) mod run;
pub(crate) mod serve;
pub(crate) mod state;
pub(crate) mod storage;
mod telemetry;
pub(crate) mod upkeep;

use std::io::Write;
use std::process::ExitCode;

use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

/// The program: reads the configuration, serves until it is told to stop, and answers the
/// exit status (0 stopped, 1 could not start, 2 wrong configuration).
pub fn main() -> ExitCode {
    let mut words = std::env::args_os().skip(1);
    match words.next() {
        // A supervisor is this program under another name: small, and gone with its task.
        Some(word) if word == "supervise" => return agents::supervisor::main(words),
        Some(word) if word == "config" => return config::check(std::env::args_os()).report(),
        Some(word) if word == "completions" => return config::complete(words).report(),
        Some(word) if word == "import" => return import::main(std::env::args_os().skip(1)),
        _ => {}
    }
    let config = match config::load(std::env::args_os()) {
        Ok(config) => config,
        Err(exit) => return exit.report(),
    };
    telemetry::start(config.log_format);
    agents::orphans::adopt();
    files::survive_limits();
    // A page is rendered in one go: with few workers, a long one would hold up the others.
    let workers = std::thread::available_parallelism().map_or(4, |n| n.get().max(4));
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(workers)
        .enable_all()
        .build();
    let outcome = runtime
        .map_err(|error| error.to_string())
        .and_then(|runtime| {
            let outcome = runtime.block_on(async {
                let stopping = CancellationToken::new();
                let clock = clock::Clock::system();
                let served = run::run(
                    config,
                    auth::Actors::default(),
                    clock,
                    stopping.clone(),
                    announce,
                );
                tokio::pin!(served);
                tokio::select! {
                    served = &mut served => return served.map_err(|error| error.to_string()),
                    () = asked_to_stop() => stopping.cancel(),
                }
                served.await.map_err(|error| error.to_string())
            });
            // Whoever does not let go now is cut off: the outcome is known.
            runtime.shutdown_background();
            outcome
        });
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(words) => {
            let _closed = writeln!(std::io::stderr(), "kimi-dashboard: {words}");
            ExitCode::from(2)
        }
    }
}

/// The one line on standard output.
fn announce(address: std::net::SocketAddr) {
    let mut out = std::io::stdout();
    let _closed = writeln!(out, "listening on http://{address}").and_then(|()| out.flush());
}

async fn asked_to_stop() {
    let (Ok(mut interrupt), Ok(mut terminate)) = (
        signal(SignalKind::interrupt()),
        signal(SignalKind::terminate()),
    ) else {
        return std::future::pending().await;
    };
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
}
