//! Brings parcels to webhooks: one that is being written, and those that earlier runs have left, a parcel
//! after the other of each address, all addresses at once. A parcel in trouble lets the next one of its
//! address go first, for what is wrong with one need not be wrong with all.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use futures_util::future::join_all;
use tokio::sync::{Notify, Semaphore};
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

use super::answer::Trouble;
use super::delivery::{Course, Delivery};
use super::outbox::{Found, Outbox};
use super::parcel::Parcel;
use super::terminal::{count, word};
use super::voice::Voice;
use super::webhook::Webhook;
use crate::server::backoff::Backoff;

/// Parcels that are open at once.
const MOST_AT_ONCE: usize = 64;
/// Parcels in a row that nobody answers, or that are asked to wait: then so are all of the address.
const SHUT: usize = 2;

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
#[derive(Clone, Debug, Default)]
pub(super) struct Sum {
    /// How many have arrived as a whole.
    pub(super) arrived: usize,
    /// Those of which something is still to be posted.
    pub(super) waiting: Vec<String>,
    /// Those of which something was refused.
    pub(super) refused: Vec<String>,
    /// Those that another is posting.
    pub(super) busy: Vec<String>,
}

impl Sum {
    pub(super) fn and(mut self, other: Self) -> Self {
        self.arrived += other.arrived;
        self.waiting.extend(other.waiting);
        self.refused.extend(other.refused);
        self.busy.extend(other.busy);
        self
    }

    /// Without those of which nothing is kept any more.
    pub(super) fn kept(mut self, outbox: &Outbox) -> Self {
        for sessions in [&mut self.waiting, &mut self.refused] {
            sessions.retain(|session| outbox.has(session));
        }
        self
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
                Course::Trouble(Trouble { words, wait, .. }) => {
                    // Whoever kills this run finds how much there was.
                    delivery.note(self.voice);
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
        delivery.say_held(self.voice);
        if !delivery.parcel.has_arrived() {
            delivery.note(self.voice);
        }
        let parcel = delivery.parcel;
        let folder = self.outbox.folder().display();
        if !parcel.is_over() {
            let waiting = parcel.waiting();
            let events = count(waiting, "event", "events");
            let [are, them] = [word(waiting, "is", "are"), word(waiting, "it", "them")];
            self.voice.complain(&format!(
                "{events} could not be posted and {are} kept in {folder}: `kimi-converge deliver` \
                 posts {them}, and so does the next run with a webhook"
            ));
        }
        self.put_away(parcel, &mut Sum::default());
    }

    /// What is whole is removed; what is not whole is said.
    fn put_away(&self, parcel: Parcel, sum: &mut Sum) {
        let session = parcel.note.session.clone();
        if parcel.has_arrived() {
            sum.arrived += 1;
            if let Err(error) = parcel.discard() {
                let folder = self.outbox.folder().display();
                let words = format!("cannot remove a journal from {folder}: {error}");
                self.voice.complain(&words);
            }
        } else if parcel.is_over() {
            let left = parcel.left();
            let events = count(left, "event", "events");
            let were = word(left, "was refused and is", "were refused and are");
            let them = word(left, "it", "them");
            self.voice.complain(&format!(
                "{events} of session {session} {were} set aside: `kimi-converge deliver --list` \
                 names {them}"
            ));
            sum.refused.push(session);
        } else {
            sum.waiting.push(session);
        }
    }

    /// Posts what earlier runs have left. Once `over` has fired, nobody in trouble is waited for.
    pub(super) async fn leftovers(&self, sessions: Vec<String>, over: &CancellationToken) -> Sum {
        let mut places: BTreeMap<String, VecDeque<String>> = BTreeMap::new();
        let mut sum = Sum::default();
        for session in sessions {
            let note = self.outbox.note(&session);
            if note.as_ref().is_some_and(|note| note.ended.is_some()) {
                sum.refused.push(session);
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

    /// Posts what is kept for one address, the oldest first. All are tried once, and once more whenever
    /// one has arrived; between other attempts there are pauses.
    async fn place(
        &self,
        mut sessions: VecDeque<String>,
        rooms: &Semaphore,
        over: &CancellationToken,
    ) -> Sum {
        let mut sum = Sum::default();
        let mut backoff = Backoff::default();
        let mut since: Option<Instant> = None;
        let mut untried = sessions.len();
        let mut shut = 0;
        while let Some(session) = sessions.pop_front() {
            let sent = self.outbox.note(&session).map(|note| note.sent);
            let trouble = match rooms.acquire().await {
                Ok(_room) => self.attempt(&session, &mut sum).await,
                Err(_) => break,
            };
            let Some(trouble) = trouble else {
                (since, backoff) = (None, Backoff::default());
                (untried, shut) = (sessions.len(), 0);
                continue;
            };
            self.voice
                .complain(&format!("webhook: {}; trying again", trouble.words));
            if sent != self.outbox.note(&session).map(|note| note.sent) {
                (since, backoff) = (None, Backoff::default());
            }
            sessions.push_back(session);
            untried = untried.saturating_sub(1);
            shut = if trouble.is_dead || trouble.wait.is_some() {
                shut + 1
            } else {
                0
            };
            let since = *since.get_or_insert_with(Instant::now);
            if untried > 0 && shut < SHUT {
                continue;
            }
            let pause = backoff.next(self.webhook.clock.chance());
            let pause = pause.max(trouble.wait.unwrap_or_default());
            let until = since.elapsed() + pause;
            if over.is_cancelled() || self.tries.is_some_and(|tries| until > tries) {
                break;
            }
            if over.run_until_cancelled(sleep(pause)).await.is_none() {
                break;
            }
        }
        sum.waiting.extend(sessions);
        sum
    }

    /// Posts one parcel; answers its trouble if it has to be tried again.
    async fn attempt(&self, session: &str, sum: &mut Sum) -> Option<Trouble> {
        let parcel = match self.outbox.take(session) {
            Found::Parcel(parcel) => *parcel,
            Found::Busy => {
                sum.busy.push(session.to_owned());
                return None;
            }
            Found::Gone => return None,
            Found::Broken(words) => {
                self.voice.complain(&words);
                sum.waiting.push(session.to_owned());
                return None;
            }
        };
        if let Some(words) = parcel.half_line() {
            self.voice.complain(&words);
        }
        if parcel.is_over() {
            // Of which there is no news.
            if parcel.has_arrived() {
                self.put_away(parcel, sum);
            } else {
                sum.refused.push(session.to_owned());
            }
            return None;
        }
        let mut delivery = Delivery::new(parcel, self.webhook);
        match delivery.go(self.webhook, self.voice).await {
            Course::Done | Course::Ended => {
                self.put_away(delivery.parcel, sum);
                self.arrived.notify_one();
            }
            Course::Broken(words) => {
                self.voice.complain(&words);
                sum.waiting.push(session.to_owned());
            }
            Course::Trouble(trouble) => return Some(trouble),
        }
        None
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
