//! Journals on their way to webhooks: that of the present session, and what earlier ones have left.
//!
//! The present session waits for nobody else: what earlier ones have left is posted beside it, and who is
//! dead holds up nobody.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use super::courier::{Courier, Sum, waiting};
use super::outbox::{Dropped, Found, Outbox};
use super::parcel::Parcel;
use super::settings::{DeliverFlags, Keep, Talk, WebhookSettings};
use super::terminal::{Terminal, count, word};
use super::voice::Voice;
use super::webhook::Webhook;
use super::{DONE, FAILED, SET_ASIDE, environment, listing};
use crate::server::clock::Clock;

/// How long a post may take beside a run, and how long when somebody waits for nothing else.
const PATIENCE: Duration = Duration::from_secs(30);
const MORE_PATIENCE: Duration = Duration::from_mins(2);
/// How long `deliver` goes on with an address after its first trouble.
const TRIES: Duration = Duration::from_secs(5);
/// How long what earlier runs have left may hold up the end of one: while it arrives, and when nothing
/// of it does.
const GRACE: Duration = Duration::from_secs(2);
const SHORT_GRACE: Duration = Duration::from_millis(500);

/// A session, and what earlier ones have left, on their way to webhooks.
pub(super) struct Posting {
    webhook: Webhook,
    pub(super) parcel: Parcel,
    leftovers: Vec<String>,
    outbox: Outbox,
    keep: Keep,
    terminal: Arc<Terminal>,
}

impl Posting {
    pub(super) fn open(
        settings: &WebhookSettings,
        id: &str,
        clock: Clock,
        terminal: &Arc<Terminal>,
    ) -> Result<Self, String> {
        let outbox = Outbox::open(environment);
        let outbox = outbox.map_err(|error| format!("no place to keep events: {error}"))?;
        let folder = outbox.folder().display().to_string();
        // Before the new one, which is none of them.
        let leftovers = outbox.sessions();
        let leftovers = leftovers.map_err(|error| format!("cannot look into {folder}: {error}"))?;
        let parcel = outbox.begin(id, &settings.url, settings.keep);
        let parcel = parcel.map_err(|error| format!("cannot keep events in {folder}: {error}"))?;
        Ok(Self {
            webhook: Webhook::new(clock, settings.interval, settings.batch, PATIENCE),
            parcel,
            leftovers,
            outbox,
            keep: settings.keep,
            terminal: Arc::clone(terminal),
        })
    }

    pub(super) async fn deliver(self, enough: CancellationToken) {
        let voice = Voice::new(&self.terminal);
        let courier = Courier {
            webhook: &self.webhook,
            outbox: &self.outbox,
            voice: &voice,
            tries: None,
            arrived: Notify::new(),
        };
        let over = CancellationToken::new();
        let own = async {
            courier.own(self.parcel, &enough).await;
            over.cancel();
        };
        let others = async {
            let stuck = async {
                while timeout(SHORT_GRACE, courier.arrived.notified())
                    .await
                    .is_ok()
                {}
            };
            let late = async {
                over.cancelled().await;
                let _late = timeout(GRACE, stuck).await;
            };
            tokio::select! {
                _sum = courier.leftovers(self.leftovers.clone(), &over) => {}
                () = late => {}
            }
        };
        tokio::join!(own, others);
        // What is dropped is not kept.
        trim(&self.outbox, self.keep, self.webhook.clock, &voice);
        courier.say_waiting(waiting(&self.outbox, &self.leftovers));
    }
}

/// Drops what is too old, or too much, and says so; answers how many sessions that were.
fn trim(outbox: &Outbox, keep: Keep, clock: Clock, voice: &Voice<'_>) -> usize {
    let folder = outbox.folder().display();
    match outbox.trim(keep, clock.now()) {
        Ok([old, much]) => {
            let mebibytes = keep.bytes >> 20;
            let old_words = "nobody took them for as many days as keep_days says";
            let much_words = format!("there is no room for more than {mebibytes} MiB (keep_mib)");
            for (dropped, why) in [(old, old_words), (much, &much_words)] {
                let Dropped { sessions, events } = dropped;
                if sessions > 0 {
                    let were = word(events, "was", "were");
                    let events = count(events, "event", "events");
                    let sessions = count(sessions, "session", "sessions");
                    voice.complain(&format!(
                        "{events} of {sessions} {were} dropped from {folder}: {why}"
                    ));
                }
            }
            old.sessions + much.sessions
        }
        Err(error) => {
            voice.complain(&format!("cannot look into {folder}: {error}"));
            0
        }
    }
}

/// Posts what earlier runs have left, or says what that is; answers the exit status.
pub(super) async fn deliver(flags: DeliverFlags) -> u8 {
    let terminal = Terminal::new(Talk::Normal);
    let voice = Voice::new(&terminal);
    let clock = Clock::system();
    let found = Outbox::open(environment).and_then(|outbox| {
        let sessions = outbox.sessions()?;
        Ok((outbox, sessions))
    });
    let (outbox, sessions) = match found {
        Ok(found) => found,
        Err(error) => {
            voice.complain(&format!("no place to keep events: {error}"));
            return FAILED;
        }
    };
    if flags.list {
        return listing::list(&outbox, &sessions, clock.now(), &terminal);
    }
    if flags.again || flags.forget {
        for session in &sessions {
            if let Found::Parcel(mut parcel) = outbox.take(session) {
                let done = if flags.again {
                    parcel.rewind()
                } else {
                    parcel.forget()
                };
                if let Err(error) = done {
                    voice.complain(&format!("cannot change session {session}: {error}"));
                }
            }
        }
    }
    if flags.forget {
        let sessions = outbox.sessions().unwrap_or_default();
        return listing::list(&outbox, &sessions, clock.now(), &terminal);
    }
    let courier = Courier {
        webhook: &Webhook::new(clock, Duration::ZERO, 100, MORE_PATIENCE),
        outbox: &outbox,
        voice: &voice,
        tries: Some(TRIES),
        arrived: Notify::new(),
    };
    let never = CancellationToken::new();
    let mut sum = courier.leftovers(sessions, &never).await;
    // Perhaps the other has only looked, or has left it.
    let busy = std::mem::take(&mut sum.busy);
    sum = sum.and(courier.leftovers(busy, &never).await);
    let keep = Keep::by_environment(environment);
    let dropped = trim(&outbox, keep, clock, &voice);
    let sum = sum.kept(&outbox);
    courier.say_waiting(sum.waiting.len());
    outcome(&sum, dropped, &terminal)
}

/// Says what became of everything; answers the exit status.
fn outcome(sum: &Sum, dropped: usize, terminal: &Terminal) -> u8 {
    if sum.arrived > 0 {
        let sessions = count(sum.arrived, "session", "sessions");
        terminal.say(&format!("posted what was left of {sessions}"));
    }
    let busy = sum.busy.len();
    if busy > 0 {
        let sessions = count(busy, "session is", "sessions are");
        terminal.say(&format!("{sessions} being posted by another"));
    }
    let unposted = sum.waiting.len() + busy;
    if sum.arrived + unposted == 0 {
        terminal.say("nothing is left to post");
    }
    let refused = sum.refused.len();
    if unposted + dropped > 0 {
        FAILED
    } else if refused > 0 {
        let sessions = count(refused, "session", "sessions");
        terminal.say(&format!(
            "events of {sessions} were refused: `kimi-converge deliver --list` names them"
        ));
        SET_ASIDE
    } else {
        DONE
    }
}
