//! The data of a page about loops: fetched once with the page, and again when a loop says
//! something.

use leptos::prelude::*;
use leptos::server_fn::ServerFn;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::domain::{
    AppError, ComparisonView, ConvergenceView, FeedPoint, LiveMessage, SessionView, Timestamp,
    Topic,
};
use crate::ui::data::{Data, ask, data};
use crate::ui::state::{Clock, Live, News, Refresh};

/// What such a page shows.
pub(super) trait Snapshot {
    /// Where to go on from, and the server's clock.
    fn point(&self) -> (&FeedPoint, Timestamp);
}

impl Snapshot for ConvergenceView {
    fn point(&self) -> (&FeedPoint, Timestamp) {
        (&self.feed, self.now)
    }
}

impl Snapshot for SessionView {
    fn point(&self) -> (&FeedPoint, Timestamp) {
        (&self.feed, self.now)
    }
}

impl Snapshot for ComparisonView {
    fn point(&self) -> (&FeedPoint, Timestamp) {
        (&self.feed, self.now)
    }
}

/// What is shown now.
pub(super) struct Following<T: Send + Sync + 'static> {
    /// Absent until it was fetched for the first time.
    pub(super) view: RwSignal<Option<T>>,
    /// Why what is shown is not what was asked for last.
    pub(super) error: RwSignal<Option<AppError>>,
    clock: Clock,
    live: Live,
    follower: u64,
}

impl<T: Send + Sync + 'static> Clone for Following<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T: Send + Sync + 'static> Copy for Following<T> {}

impl<T: Snapshot + Send + Sync + 'static> Following<T> {
    /// Follows the answer to `question`, which reads signals; events of other sessions than
    /// `sessions` change nothing, if any are named.
    pub(super) fn new<S>(
        question: impl Fn() -> S + Copy + Send + Sync + 'static,
        sessions: Vec<String>,
    ) -> (Self, Data<T>)
    where
        S: ServerFn<Error = AppError, Output = T> + Serialize + Send + 'static,
        T: Serialize + DeserializeOwned,
    {
        let live = Live::get();
        let this = Self {
            view: RwSignal::new(None),
            error: RwSignal::new(None),
            clock: Clock::get(),
            live,
            follower: live.follower(),
        };
        let refresh = Refresh::new(move || async move {
            let words = || serde_json::to_string(&untrack(question)).ok();
            let asked = words();
            let answer = ask(untrack(question)).await;
            // Meanwhile something else may have been asked for, or the page be left.
            if this.view.is_disposed() || words() != asked {
                return;
            }
            this.error.set(answer.as_ref().err().cloned());
            match answer {
                Ok(view) => this.load(view),
                // Until it is to be had, what is shown may be old, and is said to be.
                Err(_) => this.live.missed(this.follower),
            }
        });
        Effect::new(move |former: Option<()>| {
            _ = question();
            if former.is_some() {
                refresh.now();
            }
        });
        this.live.listen(move |news| {
            let told = match news {
                News::Resync => true,
                News::Messages(messages) => messages.iter().any(|message| match &message.change {
                    LiveMessage::Event(event) => {
                        let of = event.get("session_id").and_then(|id| id.as_str());
                        sessions.is_empty()
                            || of.is_none_or(|of| sessions.iter().any(|id| id == of))
                    }
                    _ => false,
                }),
            };
            if told {
                refresh.now();
            }
        });
        (this, data(untrack(question)))
    }

    /// Shows what was fetched with the page, and follows from there.
    pub(super) fn begin(self, view: T) {
        self.live.follow(Topic::Sessions, view.point().0);
        self.load(view);
    }

    fn load(self, view: T) {
        let (feed, now) = view.point();
        self.clock.set(now);
        self.live.start_at(feed);
        self.live.reached(self.follower);
        self.view.set(Some(view));
    }
}

/// Reads what is shown; a default before there is anything.
pub(super) fn read<T: Send + Sync + 'static, V: Default>(
    view: RwSignal<Option<T>>,
    f: impl FnOnce(&T) -> V,
) -> V {
    view.with(|view| view.as_ref().map(f).unwrap_or_default())
}
