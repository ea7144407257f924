//! What waits for a person, on every page: how many questions are open, and for how long the
//! first has been waiting.

use leptos::prelude::*;
use leptos::task::spawn_local;

use super::format::{age, count};
use super::icon::Icon;
use crate::domain::{LiveMessage, OpenQuestions, QuestionsView, TaskFilter, TaskStatus};
use crate::rpc::tasks::Questions as List;
use crate::ui::browser;
use crate::ui::data::{ask, at_once};
use crate::ui::dynamic::{Erase, maybe, memo, text};
use crate::ui::paths::{self, TasksQuery};
use crate::ui::state::{Clock, Live, Message, News, Place, TitleMark};

/// What only the server can tell is asked for at most so often, in milliseconds.
const REFETCH: u64 = 1500;

#[derive(Clone, Copy)]
struct Model {
    open: RwSignal<OpenQuestions>,
    place: StoredValue<Place>,
    planned: StoredValue<bool>,
    clock: Clock,
    live: Live,
}

impl Model {
    fn new() -> Self {
        let model = Self {
            open: RwSignal::new(OpenQuestions::default()),
            place: StoredValue::new(Place::default()),
            planned: StoredValue::new(false),
            clock: Clock::get(),
            live: Live::get(),
        };
        model.place.update_value(Place::begin);
        model.live.listen(move |news| match news {
            News::Messages(messages) => {
                for message in *messages {
                    if model.place.try_update_value(|place| place.accepts(message)) == Some(true) {
                        model.follow(message);
                    }
                }
            }
            News::Resync => model.refetch(),
        });
        model
    }

    fn load(self, view: QuestionsView) {
        self.clock.set(view.now);
        self.live.start_at(&view.feed);
        self.open.set(view.open);
        let newer = self
            .place
            .try_update_value(|place| place.loaded(&view.feed));
        for message in newer.unwrap_or_default() {
            self.follow(&message);
        }
    }

    fn failed(self) {
        self.place.try_update_value(Place::failed);
    }

    fn follow(self, message: &Message) {
        let LiveMessage::Task(task) = &message.change else {
            return;
        };
        let mut next = self.open.get_untracked();
        if !next.follow(task) {
            self.plan_refetch();
        } else if next != *self.open.read_untracked() {
            self.open.set(next);
        }
    }

    fn plan_refetch(self) {
        let planned = |it: &mut bool| std::mem::replace(it, true);
        if self.planned.try_update_value(planned) != Some(false) {
            return;
        }
        browser::after(REFETCH, move || {
            if self.planned.try_set_value(false).is_none() {
                self.refetch();
            }
        });
    }

    fn refetch(self) {
        self.place.update_value(Place::begin);
        spawn_local(async move {
            match ask(List {}).await {
                Ok(view) if self.place.try_get_value().is_some() => self.load(view),
                _ => self.failed(),
            }
        });
    }

    /// How many wait and for how many seconds the first does; `None` when nobody asks.
    fn waiting(self) -> Option<(u64, f64)> {
        let open = self.open.read();
        let since = open.oldest()?;
        Some((open.count(), self.clock.now().seconds_since(since)))
    }

    /// `(2, 5 min) `.
    fn title(self) -> String {
        let Some((number, seconds)) = self.waiting() else {
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
    let mark = expect_context::<TitleMark>();
    let model = Model::new();
    match at_once(List {}) {
        Ok(view) => model.load(view),
        // Unlike none: that is not known, until something is heard.
        Err(_) => model.failed(),
    }
    mark.set(untrack(|| model.title()));
    Effect::new(move |_| mark.set(model.title()));
    let is_some = memo(move || !model.open.read().asked.is_empty());
    maybe(move || is_some.get().then(|| link(model)))
}

fn link(model: Model) -> AnyView {
    let query = TasksQuery {
        filter: TaskFilter {
            status: vec![TaskStatus::NeedsInput],
            ..TaskFilter::default()
        },
        cursor: None,
    };
    let number = text(move || model.waiting().unwrap_or_default().0.to_string());
    let age = text(move || {
        let (_, seconds) = model.waiting().unwrap_or_default();
        waited(seconds).unwrap_or_default()
    });
    let meaning = text(move || {
        let (number, seconds) = model.waiting().unwrap_or_default();
        let wait = if number == 1 { "waits" } else { "wait" };
        let words = format!("{} {wait} for an answer", count(number, "question"));
        waited(seconds).map_or(words.clone(), |age| format!("{words}, the first for {age}"))
    });
    view! {
        <a class="rail-questions" href=query.url(paths::TASKS) title=meaning>
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
