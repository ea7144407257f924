//! Brings parcels to webhooks: one that is being written, and those that earlier runs have left, a parcel
//! after the other of each address, all addresses at once.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use futures_util::future::join_all;
use tokio::sync::{Notify, Semaphore};
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

use super::delivery::{Course, Delivery};
use super::outbox::{Found, Outbox};
use super::parcel::Parcel;
use super::terminal::count;
use super::voice::Voice;
use super::webhook::Webhook;
use crate::server::backoff::Backoff;

/// Parcels that are open at once.
const MOST_AT_ONCE: usize = 64;

/// Who brings parcels to webhooks.
pub(super) struct Courier<'a> {
    pub(super) webhook: &'a Webhook,
    pub(super) outbox: &'a Outbox,
    pub(super) voice: &'a Voice<'a>,
    /// How long an address may be in trouble; as long as there is time when absent.
    pub(super) tries: Option<Duration>,
    /// Told of each parcel of an earlier run that has arrived.
    pub(super) arrived: Notify,
}

/// What became of sessions.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Sum {
    /// Sessions of which all has arrived.
    pub(super) arrived: usize,
    /// Sessions of which something is still to be posted.
    pub(super) waiting: usize,
    /// Sessions of which something was refused.
    pub(super) refused: usize,
}

impl Sum {
    fn and(self, other: Self) -> Self {
        Self {
            arrived: self.arrived + other.arrived,
            waiting: self.waiting + other.waiting,
            refused: self.refused + other.refused,
        }
    }
}

impl Courier<'_> {
    /// Posts the present session as it is written, until `enough` fires at the latest.
    pub(super) async fn own(&self, parcel: Parcel, enough: &CancellationToken) {
        let mut delivery = Delivery::new(parcel, self.webhook);
        let mut backoff = Backoff::default();
        loop {
            let at = delivery.parcel.note.sent;
            // The first look at an empty rest is not cut off.
            let course = tokio::select! {
                biased;
                course = delivery.go(self.webhook, self.voice) => course,
                () = enough.cancelled() => break,
            };
            match course {
                Course::Done | Course::Ended => break,
                Course::Broken(words) => {
                    self.voice.complain(&words);
                    break;
                }
                Course::Trouble { words, wait } => {
                    if at != delivery.parcel.note.sent {
                        backoff.reset();
                    }
                    self.voice
                        .complain(&format!("webhook: {words}; trying again"));
                    let pause = backoff.next(self.webhook.clock.chance());
                    let pause = pause.max(wait.unwrap_or_default());
                    if enough.run_until_cancelled(sleep(pause)).await.is_none() {
                        break;
                    }
                }
            }
        }
        let parcel = delivery.parcel;
        let folder = self.outbox.folder().display();
        if !parcel.is_over() {
            let events = count(parcel.waiting(), "event", "events");
            self.voice.complain(&format!(
                "{events} could not be posted and are kept in {folder}: `kimi-converge deliver` \
                 posts them, and so does the next run with a webhook"
            ));
        }
        self.put_away(parcel);
    }

    /// What is whole is removed; what is not whole is said.
    fn put_away(&self, parcel: Parcel) -> Sum {
        let mut sum = Sum::default();
        if parcel.has_arrived() {
            sum.arrived = 1;
            if let Err(error) = parcel.discard() {
                let folder = self.outbox.folder().display();
                let words = format!("cannot remove a journal from {folder}: {error}");
                self.voice.complain(&words);
            }
            return sum;
        }
        if parcel.is_over() {
            sum.refused = 1;
            let events = count(parcel.left(), "event", "events");
            self.voice.complain(&format!(
                "{events} of session {} were refused and are set aside: `kimi-converge deliver \
                 --list` names them",
                parcel.note.session
            ));
        } else {
            sum.waiting = 1;
        }
        sum
    }

    /// Posts what earlier runs have left. Once `over` has fired, nobody in trouble is waited for.
    pub(super) async fn leftovers(&self, sessions: Vec<String>, over: &CancellationToken) -> Sum {
        let mut places: BTreeMap<String, VecDeque<String>> = BTreeMap::new();
        let mut sum = Sum::default();
        for session in sessions {
            let note = self.outbox.note(&session);
            if note.as_ref().is_some_and(|note| note.ended.is_some()) {
                sum.refused += 1;
                continue;
            }
            // What cannot be read is looked at too, so that it is named.
            let url = note.map(|note| note.url).unwrap_or_default();
            places.entry(url).or_default().push_back(session);
        }
        let rooms = Semaphore::new(MOST_AT_ONCE);
        let places = places.into_values();
        let all = join_all(places.map(|place| self.place(place, &rooms, over))).await;
        all.into_iter().fold(sum, Sum::and)
    }

    /// Posts what is kept for one address, the oldest first.
    async fn place(
        &self,
        mut sessions: VecDeque<String>,
        rooms: &Semaphore,
        over: &CancellationToken,
    ) -> Sum {
        let mut sum = Sum::default();
        let mut backoff = Backoff::default();
        let mut trouble: Option<Instant> = None;
        while let Some(session) = sessions.front() {
            let sent = self.outbox.note(session).map(|note| note.sent);
            let course = match rooms.acquire().await {
                Ok(_room) => self.attempt(session, &mut sum).await,
                Err(_) => break,
            };
            let Some((words, wait)) = course else {
                sessions.pop_front();
                (trouble, backoff) = (None, Backoff::default());
                continue;
            };
            self.voice
                .complain(&format!("webhook: {words}; trying again"));
            if sent != self.outbox.note(session).map(|note| note.sent) {
                (trouble, backoff) = (None, Backoff::default());
            }
            let since = *trouble.get_or_insert_with(Instant::now);
            let pause = backoff.next(self.webhook.clock.chance());
            let pause = pause.max(wait.unwrap_or_default());
            let until = since.elapsed() + pause;
            if over.is_cancelled() || self.tries.is_some_and(|tries| until > tries) {
                break;
            }
            if over.run_until_cancelled(sleep(pause)).await.is_none() {
                break;
            }
        }
        sum.waiting += sessions.len();
        sum
    }

    /// Posts one parcel; answers its trouble if it has to be tried again.
    async fn attempt(&self, session: &str, sum: &mut Sum) -> Option<(String, Option<Duration>)> {
        let parcel = match self.outbox.take(session) {
            Found::Parcel(parcel) => *parcel,
            // It is the business of another.
            Found::Busy | Found::Gone => return None,
            Found::Broken(words) => {
                self.voice.complain(&words);
                sum.waiting += 1;
                return None;
            }
        };
        if parcel.is_over() {
            *sum = sum.and(self.quietly(parcel));
            return None;
        }
        let mut delivery = Delivery::new(parcel, self.webhook);
        match delivery.go(self.webhook, self.voice).await {
            Course::Done | Course::Ended => {
                *sum = sum.and(self.put_away(delivery.parcel));
                self.arrived.notify_one();
            }
            Course::Broken(words) => {
                self.voice.complain(&words);
                sum.waiting += 1;
            }
            Course::Trouble { words, wait } => return Some((words, wait)),
        }
        None
    }

    /// Of which there is no news.
    fn quietly(&self, parcel: Parcel) -> Sum {
        if parcel.has_arrived() {
            return self.put_away(parcel);
        }
        Sum {
            refused: 1,
            ..Sum::default()
        }
    }

    pub(super) fn say_waiting(&self, sessions: usize) {
        if sessions > 0 {
            let sessions = count(sessions, "earlier session", "earlier sessions");
            let folder = self.outbox.folder().display();
            self.voice.complain(&format!(
                "events of {sessions} could not be posted and are kept in {folder}: \
                 `kimi-converge deliver --list` names them"
            ));
        }
    }
}

/// How many of these sessions have something to post that nobody else is posting.
pub(super) fn waiting(outbox: &Outbox, sessions: &[String]) -> usize {
    let waits = |session: &&String| match outbox.take(session) {
        Found::Parcel(parcel) => !parcel.is_over(),
        Found::Broken(_) => true,
        Found::Busy | Found::Gone => false,
    };
    sessions.iter().filter(waits).count()
}
