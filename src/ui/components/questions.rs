//! What waits for a person, on every page: how many questions are open, and for how long the
//! first has been waiting.

use leptos::prelude::*;

use super::format::{age, count};
use super::icon::Icon;
use crate::domain::{LiveMessage, OpenQuestions, QuestionsView, TaskFilter, TaskStatus};
use crate::rpc::tasks::Questions as List;
use crate::ui::data::{ask, awaited, data};
use crate::ui::dynamic::{Erase, maybe, memo, nothing, text};
use crate::ui::paths::{self, TasksQuery};
use crate::ui::state::{Clock, Message, PageFeed, TitleMark};

#[derive(Clone, Copy)]
struct Model {
    open: RwSignal<OpenQuestions>,
    feed: PageFeed,
    clock: Clock,
}

impl Model {
    fn new() -> Self {
        let model = Self {
            open: RwSignal::new(OpenQuestions::default()),
            feed: PageFeed::new(),
            clock: Clock::get(),
        };
        model.feed.listen(
            move |message| model.follow(message),
            move || model.refetch(),
        );
        model
    }

    fn load(self, view: QuestionsView) {
        self.open.set(view.open);
        for message in self.feed.loaded(&view.feed, view.now) {
            self.follow(&message);
        }
    }

    fn follow(self, message: &Message) {
        let LiveMessage::Task(task) = &message.change else {
            return;
        };
        let mut next = self.open.get_untracked();
        if !next.follow(task) {
            self.feed.plan(move || self.refetch());
        } else if next != *self.open.read_untracked() {
            self.open.set(next);
        }
    }

    fn refetch(self) {
        let show = move |view| self.load(view);
        self.feed
            .refetch(ask(List {}), show, move || self.refetch());
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
    awaited(data(List {}), nothing, move |view| {
        match view {
            Ok(view) => model.load(view),
            // Unlike none: that is not known, and the page says so.
            Err(_) => model.feed.missed(move || model.refetch()),
        }
        mark.set(model.title());
        let mark = mark.clone();
        Effect::new(move |_| mark.set(model.title()));
        let is_some = memo(move || !model.open.read().asked.is_empty());
        maybe(move || is_some.get().then(|| link(model))).into_any()
    })
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
