//! What a page shows and what it hears, brought together: snapshots and messages, each at its
//! point of the feed.

use std::future::Future;
use std::pin::Pin;

use leptos::prelude::*;
use leptos::task::spawn_local;

use super::feed::Message;
use super::live::News;
use super::place::Place;
use super::{Clock, Live};
use crate::domain::{FeedPoint, Timestamp};
use crate::ui::browser;

/// What only the server can tell is asked for at most so often, in milliseconds.
const REFETCH: u64 = 1500;

/// Closures behind one type: what is made of each of them would be loaded with the first page.
type Later = Box<dyn FnOnce()>;

/// Ends with the page that made it.
#[derive(Clone, Copy)]
pub(crate) struct PageFeed(StoredValue<Inner>);

struct Inner {
    clock: Clock,
    live: Live,
    place: Place,
    follower: u64,
    refetch_planned: bool,
}

impl PageFeed {
    /// Waits for the first snapshot.
    pub(crate) fn new() -> Self {
        let live = Live::get();
        let feed = Self(StoredValue::new(Inner {
            clock: Clock::get(),
            live,
            place: Place::default(),
            follower: live.follower(),
            refetch_planned: false,
        }));
        feed.fetching();
        feed
    }

    /// Hands every message that what is shown does not hold to `apply`, and calls `resync` when
    /// messages are missing.
    pub(crate) fn listen(
        self,
        apply: impl Fn(&Message) + Send + Sync + 'static,
        resync: impl Fn() + Send + Sync + 'static,
    ) {
        let live = self.0.with_value(|inner| inner.live);
        live.listen(move |news| match news {
            News::Messages(messages) => {
                for message in *messages {
                    if self.at(|place| place.accepts(message)) == Some(true) {
                        apply(message);
                    }
                }
            }
            News::Resync => resync(),
        });
    }

    /// A snapshot read at `point`, when it was `now`, was shown; answers the newer messages.
    #[must_use = "they change what is shown"]
    pub(crate) fn loaded(self, point: &FeedPoint, now: Timestamp) -> Vec<Message> {
        let parts = |inner: &Inner| (inner.clock, inner.live, inner.follower);
        let Some((clock, live, follower)) = self.0.try_with_value(parts) else {
            return Vec::new();
        };
        clock.set(now);
        live.start_at(point);
        live.reached(follower);
        self.at(|place| place.loaded(point)).unwrap_or_default()
    }

    /// Rows read at `point` were added to what is shown; answers the messages newer than those.
    #[must_use = "they change what is shown"]
    pub(crate) fn appended(self, point: &FeedPoint) -> Vec<Message> {
        self.at(|place| place.appended(point)).unwrap_or_default()
    }

    /// A snapshot is asked for.
    pub(crate) fn fetching(self) {
        self.at(Place::begin);
    }

    /// It is not to be shown.
    pub(crate) fn failed(self) {
        self.at(Place::failed);
    }

    /// It is not to be had: until it is, what is shown may be old, and is said to be.
    pub(crate) fn missed(self, refetch: impl FnOnce() + 'static) {
        self.missed_boxed(Box::new(refetch));
    }

    fn missed_boxed(self, refetch: Later) {
        self.failed();
        let parts = |inner: &Inner| (inner.live, inner.follower);
        if let Some((live, follower)) = self.0.try_with_value(parts) {
            live.missed(follower);
            self.plan_boxed(refetch);
        }
    }

    /// Fetches a snapshot and shows it, if the page is still there; calls `again` soon when there
    /// is none to be had.
    pub(crate) fn refetch<T: 'static, E: 'static>(
        self,
        answer: impl Future<Output = Result<T, E>> + 'static,
        show: impl FnOnce(T) + 'static,
        again: impl FnOnce() + 'static,
    ) {
        let answer = async move {
            let view = answer.await.ok()?;
            let show: Later = Box::new(move || show(view));
            Some(show)
        };
        self.refetch_boxed(Box::pin(answer), Box::new(again));
    }

    fn refetch_boxed(self, answer: Pin<Box<dyn Future<Output = Option<Later>>>>, again: Later) {
        self.fetching();
        spawn_local(async move {
            match answer.await {
                Some(show) if self.at(|_| ()).is_some() => show(),
                Some(_) => {}
                None => self.missed_boxed(again),
            }
        });
    }

    /// Calls `refetch` soon; once, however often this is said meanwhile.
    pub(crate) fn plan(self, refetch: impl FnOnce() + 'static) {
        self.plan_boxed(Box::new(refetch));
    }

    fn plan_boxed(self, refetch: Later) {
        let plan = move |planned| {
            let slot = |inner: &mut Inner| std::mem::replace(&mut inner.refetch_planned, planned);
            self.0.try_update_value(slot)
        };
        if plan(true) == Some(false) {
            browser::after(REFETCH, move || {
                if plan(false).is_some() {
                    refetch();
                }
            });
        }
    }

    fn at<T>(self, f: impl FnOnce(&mut Place) -> T) -> Option<T> {
        self.0.try_update_value(|inner| f(&mut inner.place))
    }
}
