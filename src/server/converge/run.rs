//! The composition root of the loop: opens the journal, starts whoever passes it on, runs the
//! pipeline, and sees to it that everybody has heard the end.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::journal::Journal;
use super::outbox::{Outbox, Parcel};
use super::pipeline::{Ending, Pipeline};
use super::session::Session;
use super::settings::{Settings, WebhookSettings};
use super::socket::Socket;
use super::step::Stop;
use super::terminal::{Terminal, count};
use super::webhook::Webhook;
use super::{DONE, FAILED, INTERRUPTED, environment};
use crate::server::clock::Clock;
use crate::server::links::shown;

/// How long the end waits for whoever has not heard everything. A dashboard that follows the
/// loop comes back at the latest after 5 s.
const LINGER: Duration = Duration::from_secs(6);
/// The same for a loop that somebody stopped.
const HASTE: Duration = Duration::from_secs(2);
/// How long `deliver` goes on after the first trouble.
const TRIES: Duration = Duration::from_secs(5);

/// Runs the loop; answers the exit status.
pub(super) async fn run(settings: Settings) -> u8 {
    let terminal = Arc::new(Terminal::new(settings.talk));
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
    let clock = Clock;
    let tasks = TaskTracker::new();
    let stopping = CancellationToken::new();
    let id = clock.uuid().to_string();

    let posting = match &settings.webhook {
        Some(webhook) => Some(Posting::open(webhook, &id, terminal)?),
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
    let session = Session::new(journal, clock, id);
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

/// A session, and what earlier ones have left, on their way to webhooks.
struct Posting {
    webhook: Webhook,
    parcel: Parcel,
    leftovers: Vec<Parcel>,
    terminal: Arc<Terminal>,
    folder: String,
}

impl Posting {
    fn open(
        settings: &WebhookSettings,
        id: &str,
        terminal: &Arc<Terminal>,
    ) -> Result<Self, String> {
        let outbox = Outbox::open(environment);
        let outbox = outbox.map_err(|error| format!("no place to keep events: {error}"))?;
        let folder = outbox.folder().display().to_string();
        // Before the new one, which is none of them.
        let leftovers = outbox.leftovers();
        let parcel = outbox.begin(id, &settings.url);
        let parcel = parcel.map_err(|error| format!("cannot keep events in {folder}: {error}"))?;
        Ok(Self {
            webhook: Webhook::new(Clock, settings.interval, settings.batch),
            parcel,
            leftovers,
            terminal: Arc::clone(terminal),
            folder,
        })
    }

    async fn deliver(self, enough: CancellationToken) {
        let parcels = self.leftovers.into_iter().chain([self.parcel]);
        let complain = |words: &str| self.terminal.complain(words);
        deliver_all(&self.webhook, parcels, &enough, complain, &self.folder).await;
    }
}

/// Answers how many events are left; they are kept, and that is said.
async fn deliver_all(
    webhook: &Webhook,
    parcels: impl Iterator<Item = Parcel>,
    enough: &CancellationToken,
    complain: impl Fn(&str),
    folder: &str,
) -> usize {
    let left = parcels.map(async |mut parcel| {
        if !webhook.deliver(&mut parcel, enough, &complain).await {
            return parcel.reader().left().unwrap_or(0);
        }
        if let Err(error) = parcel.discard() {
            complain(&format!("cannot remove a journal from {folder}: {error}"));
        }
        0
    });
    let left: usize = join_all(left).await.iter().sum();
    if left > 0 {
        let events = count(left, "event", "events");
        complain(&format!(
            "{events} could not be posted and are kept in {folder}: `kimi-converge deliver` \
             posts them, and so does the next run with a webhook"
        ));
    }
    left
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

/// Posts what earlier runs have left; answers the exit status.
pub(super) async fn deliver() -> u8 {
    let terminal = Terminal::new(super::settings::Talk::Normal);
    let outbox = match Outbox::open(environment) {
        Ok(outbox) => outbox,
        Err(error) => {
            terminal.complain(&format!("no place to keep events: {error}"));
            return FAILED;
        }
    };
    let parcels = outbox.leftovers();
    if parcels.is_empty() {
        terminal.say("nothing is left to post");
        return DONE;
    }
    let sessions = parcels.len();
    let webhook = Webhook::new(Clock, Duration::ZERO, 100);
    let enough = CancellationToken::new();
    let folder = outbox.folder().display().to_string();
    let troubled = CancellationToken::new();
    let complain = |words: &str| {
        terminal.complain(words);
        troubled.cancel();
    };
    let work = deliver_all(&webhook, parcels.into_iter(), &enough, complain, &folder);
    let patience = async {
        troubled.cancelled().await;
        sleep(TRIES).await;
        enough.cancel();
        std::future::pending().await
    };
    let left = tokio::select! {
        left = work => left,
        never = patience => never,
    };
    if left > 0 {
        return FAILED;
    }
    terminal.say(&format!(
        "posted what was left of {}",
        count(sessions, "session", "sessions")
    ));
    DONE
}
