//! What of an object could not be kept.

use super::json_words::Word;

/// So much of a line is quoted.
const QUOTED: usize = 30;
/// So many of the words that cannot be kept are told of.
const MOST_LOST: usize = 20;

/// What had to become null.
#[derive(Debug, Eq, PartialEq)]
pub(super) struct Lost {
    /// The names that lead to it.
    pub(super) field: String,
    /// What is wrong.
    pub(super) why: String,
    /// It was no number either, and stood in one of the fields that were looked for: nobody knows what
    /// that field says.
    pub(super) spoils: bool,
}

/// Notes that `word` had to become null, once for each field.
pub(super) fn note(lost: &mut Vec<Lost>, word: &str, names: &[&str], wanted: &[&str]) {
    let is_number = Word::of(word) == Word::NoNumber;
    let is_wanted = names.first().is_none_or(|name| wanted.contains(name));
    let spoils = !is_number && is_wanted;
    let field = names.join(".");
    let is_known = lost.last().is_some_and(|last| last.field == field);
    let is_room = lost.len() < MOST_LOST && !is_known;
    if !is_room && (!spoils || lost.iter().any(|it| it.spoils)) {
        return;
    }
    let why = match word {
        "" => "it has no value".to_owned(),
        _ if is_number => format!("{} is no number of JSON", quoted(word)),
        _ => format!("{} is no value of JSON", quoted(word)),
    };
    lost.push(Lost { field, why, spoils });
}

/// The beginning of `text`, in quotes.
pub(super) fn quoted(text: &str) -> String {
    let mut shown: String = text.chars().take(QUOTED).collect();
    if shown.len() < text.len() {
        shown.push('…');
    }
    format!("{shown:?}")
}
