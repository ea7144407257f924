//! Journals on their way to webhooks: that of the present session, and what earlier ones have left.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::future::join_all;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use super::outbox::{Outbox, Parcel};
use super::settings::{Talk, WebhookSettings};
use super::terminal::{Terminal, count};
use super::webhook::Webhook;
use super::{DONE, FAILED, environment};
use crate::server::clock::Clock;

/// How long `deliver` goes on after the first trouble.
const TRIES: Duration = Duration::from_secs(5);

/// A session, and what earlier ones have left, on their way to webhooks.
pub(super) struct Posting {
    webhook: Webhook,
    pub(super) parcel: Parcel,
    leftovers: Vec<Parcel>,
    terminal: Arc<Terminal>,
    folder: String,
}

impl Posting {
    pub(super) fn open(
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
            webhook: Webhook::new(Clock::system(), settings.interval, settings.batch),
            parcel,
            leftovers,
            terminal: Arc::clone(terminal),
            folder,
        })
    }

    pub(super) async fn deliver(self, enough: CancellationToken) {
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
    // Many journals have the same trouble with the same webhook.
    let said = Mutex::new(BTreeSet::new());
    let complain = |words: &str| {
        let mut said = said.lock().unwrap_or_else(PoisonError::into_inner);
        if said.insert(words.to_owned()) {
            complain(words);
        }
    };
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

/// Posts what earlier runs have left; answers the exit status.
pub(super) async fn deliver() -> u8 {
    let terminal = Terminal::new(Talk::Normal);
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
    let webhook = Webhook::new(Clock::system(), Duration::ZERO, 100);
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
