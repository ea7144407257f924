//! What the title of every page begins with, before the words of the page itself.

use std::sync::{Arc, Mutex, PoisonError};

use leptos::prelude::*;

/// A few words such as `(2, 5 min) `, or none.
///
/// No signal: the server writes the title last, when the signals of the page are gone, and parts
/// of a page are made on several threads at once, where a signal that is being written cannot be
/// read.
#[derive(Clone, Default)]
pub(crate) struct TitleMark {
    words: Arc<Mutex<String>>,
    changed: ArcTrigger,
}

impl TitleMark {
    pub(crate) fn provide() -> Self {
        let mark = Self::default();
        provide_context(mark.clone());
        mark
    }

    /// Has titles begin with these words.
    pub(crate) fn set(&self, words: String) {
        let mut known = self.words.lock().unwrap_or_else(PoisonError::into_inner);
        if *known != words {
            *known = words;
            drop(known);
            self.changed.notify();
        }
    }

    /// What titles begin with at present.
    pub(crate) fn get(&self) -> String {
        self.changed.track();
        let words = self.words.lock().unwrap_or_else(PoisonError::into_inner);
        words.clone()
    }
}
