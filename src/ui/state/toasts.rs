//! Short notices of what happened. Good news leaves by itself, errors stay until closed.

use leptos::prelude::*;

use crate::domain::{AppError, ErrorKind};
use crate::ui::browser;

/// How long good news stays, in milliseconds.
const STAY: u64 = 6000;

/// One notice.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Toast {
    pub(crate) id: u64,
    pub(crate) text: String,
    /// A link to go on with: its words and its URL.
    pub(crate) link: Option<(String, String)>,
    pub(crate) is_error: bool,
    /// True while it is about a server that does not answer.
    is_silence: bool,
}

/// All notices on the screen.
#[derive(Clone, Copy)]
pub(crate) struct Toasts {
    shown: RwSignal<Vec<Toast>>,
    next: StoredValue<u64>,
}

impl Toasts {
    pub(crate) fn provide() -> Self {
        let toasts = Self {
            shown: RwSignal::new(Vec::new()),
            next: StoredValue::new(0),
        };
        provide_context(toasts);
        toasts
    }

    pub(crate) fn get() -> Self {
        expect_context()
    }

    pub(crate) fn shown(&self) -> Vec<Toast> {
        self.shown.get()
    }

    /// Says that something is done.
    pub(crate) fn say(self, text: String, link: Option<(String, String)>) {
        let id = self.push(text, link, false);
        browser::after(STAY, move || self.close(id));
    }

    /// Says what went wrong, in the server's words.
    pub(crate) fn fail(self, error: &AppError) {
        let id = self.push(error.detail.clone(), None, true);
        if error.kind() == ErrorKind::Unreachable {
            self.shown.update(|shown| {
                let toast = shown.iter_mut().find(|toast| toast.id == id);
                if let Some(toast) = toast {
                    toast.is_silence = true;
                }
            });
        }
    }

    /// The server answers again: what is said of its silence is over.
    pub(crate) fn end_silence(self) {
        if self
            .shown
            .read_untracked()
            .iter()
            .any(|toast| toast.is_silence)
        {
            self.shown.write().retain(|toast| !toast.is_silence);
        }
    }

    pub(crate) fn close(self, id: u64) {
        // The region may be gone with the page.
        self.shown
            .try_update(|shown| shown.retain(|toast| toast.id != id));
    }

    fn push(self, text: String, link: Option<(String, String)>, is_error: bool) -> u64 {
        let id = self.next.get_value();
        self.next.set_value(id + 1);
        let mut chars = text.chars();
        let first = chars.next().map(|first| first.to_ascii_uppercase());
        let toast = Toast {
            id,
            text: first.into_iter().chain(chars).collect(),
            link,
            is_error,
            is_silence: false,
        };
        self.shown.update(|shown| {
            shown.retain(|other| other.text != toast.text);
            shown.push(toast);
        });
        id
    }
}
