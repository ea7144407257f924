//! What the title of every page begins with, before the words of the page itself.

use leptos::prelude::*;

/// A few words such as `(2, 5 min) `, or none. Not of an owner: the server writes the title last,
/// when the signals of the page are gone.
#[derive(Clone, Default)]
pub(crate) struct TitleMark(ArcRwSignal<String>);

impl TitleMark {
    pub(crate) fn provide() -> Self {
        let mark = Self::default();
        provide_context(mark.clone());
        mark
    }

    /// Has titles begin with these words.
    pub(crate) fn set(&self, words: String) {
        if *self.0.read_untracked() != words {
            self.0.set(words);
        }
    }

    /// What titles begin with at present.
    pub(crate) fn get(&self) -> String {
        self.0.get()
    }
}
