//! Keyboard shortcuts that work on every page, and the sheet that lists them.

use leptos::prelude::*;

use crate::ui::browser::{self, Key};

/// The second key of a pair counts for so long, in microseconds.
const PAIR: i64 = 500_000;

/// Every shortcut, for the sheet.
pub(crate) const SHORTCUTS: [(&str, &str); 11] = [
    ("g t", "Go to tasks"),
    ("g a", "Go to agents"),
    ("g c", "Go to convergence"),
    ("n", "New task"),
    ("/", "Search"),
    ("j / k", "Next, previous row"),
    ("Enter", "Open the row"),
    ("f", "Follow the log, or stop"),
    ("Ctrl Enter", "Send the form"),
    ("Esc", "Close"),
    ("?", "This sheet"),
];

/// What a shortcut asks for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Wish {
    Tasks,
    Agents,
    Convergence,
    NewTask,
    Search,
    Next,
    Previous,
    Follow,
    Sheet,
}

/// The sheet's state and what the present page does with its own keys.
#[derive(Clone, Copy)]
pub(crate) struct Shortcuts {
    pub(crate) sheet: RwSignal<bool>,
    /// Counts how often the log's key was pressed.
    pub(crate) follow: RwSignal<u32>,
}

impl Shortcuts {
    pub(crate) fn provide() {
        provide_context(Self {
            sheet: RwSignal::new(false),
            follow: RwSignal::new(0),
        });
    }

    pub(crate) fn get() -> Self {
        expect_context()
    }

    /// Listens to the keyboard from now on; `go` is called for what leads to another URL.
    pub(crate) fn listen(self, go: impl Fn(Wish) + 'static) {
        let before = StoredValue::new(None::<i64>);
        browser::on_key(move |key| {
            let now = browser::now();
            let after_g = before
                .get_value()
                .is_some_and(|pressed| now - pressed < PAIR);
            before.set_value((key.name == "g").then_some(now));
            let Some(wish) = read(key, after_g) else {
                return false;
            };
            match wish {
                Wish::Search => browser::focus_id("search"),
                Wish::Next => browser::move_row(1),
                Wish::Previous => browser::move_row(-1),
                Wish::Sheet => {
                    self.sheet.set(true);
                    true
                }
                Wish::Follow => {
                    self.follow.update(|count| *count += 1);
                    true
                }
                Wish::Tasks | Wish::Agents | Wish::Convergence | Wish::NewTask => {
                    go(wish);
                    true
                }
            }
        });
    }
}

/// What `key` means; `after_g` when `g` was pressed just before.
fn read(key: &Key, after_g: bool) -> Option<Wish> {
    if key.typing || key.modal {
        return None;
    }
    match (key.name.as_str(), after_g) {
        ("t", true) => Some(Wish::Tasks),
        ("a", true) => Some(Wish::Agents),
        ("c", true) => Some(Wish::Convergence),
        ("n", _) => Some(Wish::NewTask),
        ("/", _) => Some(Wish::Search),
        ("j", _) => Some(Wish::Next),
        ("k", _) => Some(Wish::Previous),
        ("f", _) => Some(Wish::Follow),
        ("?", _) => Some(Wish::Sheet),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::{Key, Wish, read};

    #[test]
    fn letters_are_shortcuts_only_where_they_are_not_text() {
        let key = |name: &str, typing| Key {
            name: name.into(),
            typing,
            modal: false,
        };
        assert_eq!(read(&key("n", false), false), Some(Wish::NewTask));
        assert_eq!(read(&key("n", true), false), None);
        assert_eq!(read(&key("t", false), true), Some(Wish::Tasks));
        assert_eq!(read(&key("t", false), false), None);
    }
}
