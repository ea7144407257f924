//! What waits for a person, on every page: how many questions are open, and for how long the
//! first has been waiting.

use std::sync::Arc;

use leptos::prelude::*;
use leptos::task::spawn_local;

use super::format::{age, count};
use super::icon::Icon;
use crate::domain::{LiveMessage, QuestionsView, TaskFilter, TaskStatus};
use crate::rpc::tasks::Questions as List;
use crate::ui::browser;
use crate::ui::data::{ask, awaited, data};
use crate::ui::dynamic::{Erase, maybe, memo, nothing, text};
use crate::ui::paths::{self, TasksQuery};
use crate::ui::state::{Clock, Live, Message, News, Place, Questions};

/// What only the server can tell is asked for at most so often, in milliseconds.
const REFETCH: u64 = 1500;

#[derive(Clone)]
struct Model {
    questions: Questions,
    place: StoredValue<Place>,
    planned: StoredValue<bool>,
    clock: Clock,
    live: Live,
}

impl Model {
    fn new() -> Arc<Self> {
        let model = Arc::new(Self {
            questions: Questions::get(),
            place: StoredValue::new(Place::default()),
            planned: StoredValue::new(false),
            clock: Clock::get(),
            live: Live::get(),
        });
        model.place.update_value(Place::begin);
        let this = Arc::clone(&model);
        model.live.listen(move |news| match news {
            News::Messages(messages) => {
                for message in *messages {
                    if this.place.try_update_value(|place| place.accepts(message)) == Some(true) {
                        this.follow(message);
                    }
                }
            }
            News::Resync => Self::refetch(&this),
        });
        let this = Arc::clone(&model);
        Effect::new(move |_| this.questions.entitle(&this.title()));
        model
    }

    fn load(self: &Arc<Self>, view: QuestionsView) {
        self.clock.set(view.now);
        self.live.start_at(&view.feed);
        self.questions.open.set(view.open);
        self.questions.entitle(&untrack(|| self.title()));
        let newer = self
            .place
            .try_update_value(|place| place.loaded(&view.feed));
        for message in newer.unwrap_or_default() {
            self.follow(&message);
        }
    }

    fn follow(self: &Arc<Self>, message: &Message) {
        let LiveMessage::Task(task) = &message.change else {
            return;
        };
        let open = self.questions.open;
        let mut next = open.get_untracked();
        if !next.follow(task) {
            self.plan_refetch();
        } else if next != *open.read_untracked() {
            open.set(next);
        }
    }

    fn plan_refetch(self: &Arc<Self>) {
        if self
            .planned
            .try_update_value(|it| std::mem::replace(it, true))
            != Some(false)
        {
            return;
        }
        let this = Arc::clone(self);
        browser::after(REFETCH, move || {
            if this.planned.try_set_value(false).is_none() {
                Self::refetch(&this);
            }
        });
    }

    fn refetch(this: &Arc<Self>) {
        let this = Arc::clone(this);
        this.place.update_value(Place::begin);
        spawn_local(async move {
            match ask(List {}).await {
                Ok(view) => this.load(view),
                Err(_) => _ = this.place.try_update_value(Place::failed),
            }
        });
    }

    /// `(2, 5 min) `.
    fn title(&self) -> String {
        let Some((number, seconds)) = self.questions.waiting() else {
            return String::new();
        };
        match waited(seconds) {
            Some(age) => format!("({number}, {age}) "),
            None => format!("({number}) "),
        }
    }
}

/// The questions in the navigation; nothing while nobody asks.
#[component]
pub(crate) fn QuestionsLink() -> impl IntoView {
    let model = Model::new();
    awaited(data(|| List {}), nothing, move |view| {
        match view {
            Ok(view) => model.load(view),
            // Unlike none, which is not known.
            Err(_) => _ = model.place.try_update_value(Place::failed),
        }
        let questions = model.questions.clone();
        let is_some = memo(move || !questions.open.read().asked.is_empty());
        let questions = model.questions.clone();
        maybe(move || {
            let questions = questions.clone();
            is_some.get().then(|| link(questions))
        })
        .into_any()
    })
}

fn link(questions: Questions) -> AnyView {
    let query = TasksQuery {
        filter: TaskFilter {
            status: vec![TaskStatus::NeedsInput],
            ..TaskFilter::default()
        },
        cursor: None,
    };
    let shown = questions.clone();
    let number = text(move || {
        let (number, _) = shown.waiting().unwrap_or_default();
        number.to_string()
    });
    let shown = questions.clone();
    let age = text(move || {
        let (_, seconds) = shown.waiting().unwrap_or_default();
        waited(seconds).unwrap_or_default()
    });
    let meaning = text(move || {
        let (number, seconds) = questions.waiting().unwrap_or_default();
        let wait = if number == 1 { "waits" } else { "wait" };
        let words = format!("{} {wait} for an answer", count(number, "question"));
        waited(seconds).map_or(words.clone(), |age| format!("{words}, the first for {age}"))
    });
    view! {
        <a class="rail-questions" href=query.url(paths::TASKS) title=meaning.clone() aria-label=meaning>
            <Icon name="hand"/>
            <span class="rail-words">"Questions"</span>
            <span class="rail-count figure">{number}</span>
            <span class="rail-age figure">{age}</span>
        </a>
    }
    .any()
}

/// Seconds are not told: nobody has to hurry.
fn waited(seconds: f64) -> Option<String> {
    (seconds >= 60.0).then(|| age(seconds))
}
