//! The theme: as the system says, dark or light.

use leptos::prelude::*;

use crate::ui::browser;

/// What a person chose.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Choice {
    System,
    Dark,
    Light,
}

impl Choice {
    /// The word for it.
    pub(crate) fn label(self) -> &'static str {
        match self {
            Self::System => "system",
            Self::Dark => "dark",
            Self::Light => "light",
        }
    }

    fn next(self) -> Self {
        match self {
            Self::System => Self::Dark,
            Self::Dark => Self::Light,
            Self::Light => Self::System,
        }
    }

    fn stored(self) -> Option<&'static str> {
        (self != Self::System).then(|| self.label())
    }
}

/// The chosen theme. The script of the document's head applies it before the first paint.
#[derive(Clone, Copy)]
pub(crate) struct Theme(RwSignal<Choice>);

impl Theme {
    pub(crate) fn provide() {
        let theme = Self(RwSignal::new(Choice::System));
        provide_context(theme);
        // After hydration, since the server cannot know.
        Effect::new(move |_| match browser::recall("theme").as_deref() {
            Some("dark") => theme.0.set(Choice::Dark),
            Some("light") => theme.0.set(Choice::Light),
            _ => {}
        });
    }

    pub(crate) fn get() -> Self {
        expect_context()
    }

    pub(crate) fn choice(&self) -> Choice {
        self.0.get()
    }

    /// Goes on to the next choice and remembers it.
    pub(crate) fn turn(&self) {
        let choice = self.0.get_untracked().next();
        browser::remember("theme", choice.stored());
        browser::set_root_attribute("data-theme", choice.stored());
        self.0.set(choice);
    }
}
