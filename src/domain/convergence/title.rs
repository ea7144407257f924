//! What a session is called. Its id is long and says nothing: a person knows it by the folder that
//! its loop works on and a number, by what its loop calls it, or by its task.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::LoopEvent;
use crate::domain::text::is_invisible;

/// What a loop says of its session when that begins, as it may be shown.
#[derive(Clone, Debug, Default, Eq, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Titles {
    /// `data.name`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The last part of `data.target`, the folder that is worked on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub folder: Option<String>,
}

/// Characters of a name at most.
pub const LONGEST_SESSION_NAME: usize = 80;

impl Titles {
    /// What the beginning of a session says of it; nothing where it says nothing.
    #[must_use]
    pub fn of(event: &LoopEvent) -> Option<Self> {
        let data = event.data();
        let text = |name: &str| data.get(name).and_then(Value::as_str);
        let folder = text("target").and_then(|target| {
            let mut parts = target.split(['/', '\\']).rev();
            parts
                .find_map(plain)
                .filter(|part| *part != "." && *part != "..")
        });
        let titles = Self {
            name: text("name").and_then(plain),
            folder,
        };
        (titles != Self::default()).then_some(titles)
    }

    /// What its name is made of, and whether a number always follows: the folder's do.
    #[must_use]
    pub fn stem(&self) -> Option<(&str, bool)> {
        let own = self.name.as_deref().map(|name| (name, false));
        own.or_else(|| self.folder.as_deref().map(|folder| (folder, true)))
    }
}

/// The name of a session that was given `given` because of its folder or name, works for `task`
/// (its number and title), and is the `number`th that was heard of. None is like another.
#[must_use]
pub fn session_name(given: Option<&str>, task: Option<(i64, &str)>, number: i64) -> String {
    if let Some(given) = given {
        return given.to_owned();
    }
    let task = task.and_then(|(task, title)| plain(&format!("#{task} {title}")));
    match task {
        // A task may have several sessions.
        Some(task) => format!("{task} (session {number})"),
        None => format!("Session #{number}"),
    }
}

/// A text in one line, as long as a name may be: without what is not seen, or turns the text
/// around it. Nothing is left of one that says nothing.
fn plain(text: &str) -> Option<String> {
    let all: Vec<char> = text.chars().take(1000).collect();
    let is_seen = |at: Option<usize>| {
        let c = at.and_then(|at| all.get(at));
        c.is_some_and(|c| !c.is_whitespace() && !is_invisible(*c))
    };
    // One that joins letters, or the parts of an emoji, is seen by what it does.
    let joins = |at: usize, c: char| {
        matches!(c, '\u{200c}' | '\u{200d}') && is_seen(at.checked_sub(1)) && is_seen(Some(at + 1))
    };
    let spaced: String = all
        .iter()
        .enumerate()
        .map(|(at, c)| (at, if c.is_whitespace() { ' ' } else { *c }))
        .filter(|(at, c)| *c == ' ' || !is_invisible(*c) || joins(*at, *c))
        .map(|(_, c)| c)
        .collect();
    let words: Vec<&str> = spaced.split_whitespace().collect();
    let line = words.join(" ");
    let cut = line.char_indices().nth(LONGEST_SESSION_NAME);
    let line = cut.map_or(line.clone(), |(end, _)| {
        format!("{}…", line[..end].trim_end())
    });
    (!line.is_empty()).then_some(line)
}
