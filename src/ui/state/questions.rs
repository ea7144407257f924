//! How many questions wait for a person and since when, as navigation and titles say it.

use leptos::prelude::*;

use super::Clock;
use crate::domain::OpenQuestions;

/// What every page knows of the questions.
#[derive(Clone)]
pub(crate) struct Questions {
    pub(crate) open: RwSignal<OpenQuestions>,
    clock: Clock,
    /// What the title begins with. The server writes titles last, when all other signals of the
    /// page are gone.
    title: ArcRwSignal<String>,
}

impl Questions {
    pub(crate) fn provide(clock: Clock) -> Self {
        let questions = Self {
            open: RwSignal::new(OpenQuestions::default()),
            clock,
            title: ArcRwSignal::new(String::new()),
        };
        provide_context(questions.clone());
        questions
    }

    pub(crate) fn get() -> Self {
        expect_context()
    }

    /// How many wait and for how many seconds the first does; `None` when nobody asks.
    pub(crate) fn waiting(&self) -> Option<(u64, f64)> {
        let open = self.open.read();
        let since = open.oldest()?;
        Some((open.count(), self.clock.now().seconds_since(since)))
    }

    /// Has titles begin with these words.
    pub(crate) fn entitle(&self, words: &str) {
        if *self.title.read_untracked() != words {
            words.clone_into(&mut self.title.write());
        }
    }

    /// What the title of the present page begins with.
    pub(crate) fn title(&self) -> String {
        self.title.get()
    }
}
