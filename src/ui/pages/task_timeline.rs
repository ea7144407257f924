//! What happened to a task: the latest, and what was before that as one looks.

use std::sync::Arc;

use leptos::prelude::*;
use leptos::task::spawn_local;

use crate::domain::{Activity, Page};
use crate::rpc::tasks::Timeline as Ask;
use crate::ui::components::{ActivityLine, LoadMore, Mention};
use crate::ui::data::ask;
use crate::ui::dynamic::{Erase, list};
use crate::ui::paths;
use crate::ui::state::Toasts;

/// More events than this are not kept on the page.
const MOST: usize = 2000;

/// One stretch of events without a gap, up to the latest.
#[derive(Clone, Copy)]
pub(super) struct Timeline {
    number: i64,
    events: RwSignal<Vec<Activity>>,
    /// Where those before it are.
    earlier: RwSignal<Option<String>>,
    loading: RwSignal<bool>,
    toasts: Toasts,
}

impl Timeline {
    pub(super) fn new(number: i64, latest: &Page<Activity>) -> Self {
        Self {
            number,
            events: RwSignal::new(latest.items.clone()),
            earlier: RwSignal::new(latest.next.clone()),
            loading: RwSignal::new(false),
            toasts: Toasts::get(),
        }
    }

    /// Shows what is stored now; what was loaded before that stays where nothing lies between.
    pub(super) fn merge(self, latest: &Page<Activity>) {
        let mut events = self.events.get_untracked();
        let first = latest.items.first().map(|event| event.id);
        if events.last().map(|event| event.id) < first {
            events.clear();
        }
        events.retain(|event| Some(event.id) < first);
        if events.is_empty() {
            self.earlier.set(latest.next.clone());
        }
        events.extend(latest.items.iter().cloned());
        self.show(events);
    }

    /// An event of the feed.
    pub(super) fn hear(self, event: &Activity) {
        let mut events = self.events.get_untracked();
        if events.iter().all(|other| other.id != event.id) {
            events.push(event.clone());
        }
        self.show(events);
    }

    fn show(self, mut events: Vec<Activity>) {
        let surplus = events.len().saturating_sub(MOST);
        if surplus > 0 {
            events.drain(..surplus);
            self.earlier
                .set(events.first().map(|event| event.id.to_string()));
        }
        self.events.set(events);
    }

    fn load_earlier(self) {
        let Some(cursor) = self.earlier.get_untracked() else {
            return;
        };
        if self.loading.get_untracked() {
            return;
        }
        self.loading.set(true);
        let question = Ask {
            task: self.number.to_string(),
            cursor: cursor.clone(),
        };
        spawn_local(async move {
            let answer = ask(question).await;
            if self.loading.try_set(false).is_some() {
                return;
            }
            let mut page = match answer {
                Ok(page) => page,
                Err(error) => return self.toasts.fail(&error),
            };
            // Meanwhile the stretch may have lost its beginning.
            if self.earlier.get_untracked() == Some(cursor) {
                self.earlier.set(page.next);
                page.items.extend(self.events.get_untracked());
                self.events.set(page.items);
            }
        });
    }
}

/// The events, oldest first.
#[component]
pub(super) fn TimelineView(timeline: Timeline) -> impl IntoView {
    let events = list(
        move || timeline.events.get(),
        |event| event.id,
        |activity| view! { <ActivityLine activity mention=Mention::Nothing/> },
    );
    let json = paths::task_activity_json(timeline.number);
    let earlier = move || timeline.earlier.read().as_ref().map(|_| json.clone());
    view! {
        <section aria-labelledby="task-timeline">
            <h2 id="task-timeline">"Timeline"</h2>
            <LoadMore
                what="Earlier events"
                url=Box::new(earlier)
                loading=timeline.loading
                load=Arc::new(move || timeline.load_earlier())
            />
            <ul class="activities">{events}</ul>
        </section>
    }
    .any()
}
