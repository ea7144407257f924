//! The composition root of the loop: opens the journal, starts whoever passes it on, runs the
//! pipeline, and sees to it that everybody has heard the end.

use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::journal::Journal;
use super::pipeline::{Ending, Pipeline};
use super::posting::Posting;
use super::session::RunningSession;
use super::settings::{Settings, Talk};
use super::socket::Socket;
use super::step::Stop;
use super::terminal::Terminal;
use super::{FAILED, INTERRUPTED};
use crate::server::clock::Clock;
use crate::server::links::shown;

/// How long the end waits for whoever has not heard everything. A dashboard that follows the
/// loop comes back at the latest after 5 s.
const LINGER: Duration = Duration::from_secs(6);
/// The same for a loop that somebody stopped.
const HASTE: Duration = Duration::from_secs(2);
/// Runs the loop; answers the exit status.
pub(super) async fn run(settings: Settings) -> u8 {
    let terminal = Arc::new(Terminal::new(settings.talk));
    if settings.talk != Talk::Quiet {
        for remark in &settings.remarks {
            terminal.complain(remark);
        }
    }
    let stop = Stop::default();
    let work = Box::pin(prepare(&settings, &stop, &terminal));
    tokio::select! {
        code = work => code.unwrap_or_else(|words| {
            terminal.complain(&words);
            FAILED
        }),
        // Whatever runs is dropped, and ends with it.
        () = stopped(&stop, &terminal) => INTERRUPTED,
    }
}

/// Told to stop once, the loop ends; told twice, this ends.
async fn stopped(stop: &Stop, terminal: &Terminal) {
    let all = [
        SignalKind::interrupt(),
        SignalKind::terminate(),
        SignalKind::hangup(),
    ];
    let [Ok(mut interrupt), Ok(mut terminate), Ok(mut hangup)] = all.map(signal) else {
        return std::future::pending().await;
    };
    for told in [false, true] {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
            _ = hangup.recv() => {}
        }
        if told {
            stop.kill.cancel();
        } else {
            stop.cancel.cancel();
            terminal.say("stopping; press Ctrl and C again to leave at once");
        }
    }
}

/// Opens everything, runs, and closes everything; the error is in words.
async fn prepare(settings: &Settings, stop: &Stop, terminal: &Arc<Terminal>) -> Result<u8, String> {
    let clock = Clock::system();
    let tasks = TaskTracker::new();
    let stopping = CancellationToken::new();
    let id = clock.uuid().to_string();

    let posting = match &settings.webhook {
        Some(webhook) => Some(Posting::open(webhook, &id, clock, terminal)?),
        None => None,
    };
    let journal = match &posting {
        Some(posting) => Arc::clone(&posting.parcel.journal),
        None => Journal::temporary().map_err(|error| format!("no place for events: {error}"))?,
    };
    let socket = match &settings.socket {
        Some(address) => Some(listen(address, clock, &tasks, &stopping, terminal).await?),
        None => None,
    };
    if let Some(socket) = &socket {
        socket.tell(&journal);
    }
    let enough = CancellationToken::new();
    let posting = posting.map(|posting| tasks.spawn(posting.deliver(enough.clone())));

    let webhook = settings.webhook.as_ref();
    let webhook = webhook.map(|it| shown(&it.url)).unwrap_or_default();
    let session = RunningSession::new(journal, clock, id);
    let pipeline = Pipeline::new(settings, stop, terminal, session)
        .map_err(|error| format!("no temporary folder: {error}"))?;
    let ending = tokio::select! {
        ending = pipeline.run(&webhook) => ending,
        never = terminal.keep_drawing() => never,
    };
    report(&ending, terminal);

    let patience = match (&ending, settings.linger) {
        (Ending::Interrupted, _) => HASTE,
        (_, linger) => linger.unwrap_or(LINGER),
    };
    let heard = async {
        if let Some(socket) = socket {
            farewell(socket, &ending, patience, stop, terminal).await;
        }
    };
    let posted = async {
        if let Some(mut posting) = posting {
            // What is left is kept; see `Posting::deliver`.
            if !within(patience, stop, &ending, &mut posting).await {
                enough.cancel();
                let _panicked = posting.await;
            }
        }
    };
    tokio::join!(heard, posted);
    stopping.cancel();
    Ok(ending.exit_status())
}

/// True when `work` is done before the time is up or somebody is in a hurry.
async fn within<T>(
    patience: Duration,
    stop: &Stop,
    ending: &Ending,
    work: impl Future<Output = T>,
) -> bool {
    // Being told to stop has ended the loop already; the end itself still has its time.
    let hurry = async {
        if *ending == Ending::Interrupted {
            std::future::pending::<()>().await;
        }
        stop.cancel.cancelled().await;
    };
    tokio::select! {
        done = timeout(patience, work) => done.is_ok(),
        () = hurry => false,
    }
}

/// Lets every client hear the end; one that was never there may still come.
async fn farewell(
    socket: Socket,
    ending: &Ending,
    patience: Duration,
    stop: &Stop,
    terminal: &Terminal,
) {
    let mut served = socket.finish();
    let now = *served.borrow();
    let wait_for_first = *ending != Ending::Interrupted;
    if wait_for_first && now == super::socket::Served::default() && !patience.is_zero() {
        let seconds = patience.as_secs_f64();
        terminal.say(&format!(
            "waiting up to {seconds} s for a dashboard to listen; Ctrl and C ends this"
        ));
    }
    let done = served.wait_for(|now| now.open == 0 && (now.complete > 0 || !wait_for_first));
    let _in_time = within(patience, stop, ending, done).await;
}

async fn listen(
    (host, port): &(String, u16),
    clock: Clock,
    tasks: &TaskTracker,
    stopping: &CancellationToken,
    terminal: &Terminal,
) -> Result<Socket, String> {
    let listener = TcpListener::bind((host.as_str(), *port)).await;
    let listener = listener.map_err(|error| {
        format!("cannot listen on {host}:{port}: {error}; choose another --ws-port")
    })?;
    let opened = Socket::open(listener, clock, stopping.clone());
    let (socket, serving) = opened.map_err(|error| error.to_string())?;
    tasks.spawn(serving);
    terminal.say(&format!("events on ws://{}", socket.address));
    if !socket.address.ip().is_loopback() {
        terminal.complain("whoever reaches this address can read all events");
    }
    Ok(socket)
}

fn report(ending: &Ending, terminal: &Terminal) {
    let elapsed = terminal.elapsed();
    match ending {
        Ending::Converged => terminal.say(&format!("converged · {elapsed}")),
        Ending::NotConverged(why) => terminal.complain(&format!("not converged: {why}")),
        Ending::Failed(why) => terminal.complain(&format!("failed: {why}")),
        Ending::Interrupted => terminal.say(&format!("interrupted · {elapsed}")),
    }
}
