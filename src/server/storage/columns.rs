//! How domain types are written into columns and read back.

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{Answer, StorageError};
use crate::domain::AppError;

/// Where a value came from, for the report when it is corrupt.
pub(super) struct Origin<'a> {
    pub(super) table: &'static str,
    pub(super) row: &'a str,
}

impl Origin<'_> {
    fn corrupt(&self, column: &'static str) -> StorageError {
        StorageError::Inconsistent {
            table: self.table,
            column,
            row: self.row.to_owned(),
        }
    }

    /// A value that must be there.
    pub(super) fn require<T>(&self, column: &'static str, value: Option<T>) -> Answer<T> {
        value.ok_or_else(|| self.corrupt(column))
    }

    /// A whole number that must fit.
    pub(super) fn number<T: TryFrom<i64>>(&self, column: &'static str, value: i64) -> Answer<T> {
        T::try_from(value).map_err(|_| self.corrupt(column))
    }

    /// JSON text that must be readable.
    pub(super) fn json<T: DeserializeOwned>(&self, column: &'static str, text: &str) -> Answer<T> {
        serde_json::from_str(text).map_err(|_| self.corrupt(column))
    }
}

/// JSON text of a value whose serialisation cannot fail.
pub(super) fn json<T: Serialize>(value: &T) -> String {
    serde_json::to_string(value).unwrap_or_else(|_| "null".to_owned())
}

/// Token counts beyond 63 bits do not occur; they are stored as the largest number.
pub(super) fn count(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

/// A cursor is the key of the last row of the page before.
pub(super) fn parse_cursor(cursor: &str) -> Result<i64, AppError> {
    let message = "not a cursor of this list; take it from the Link header";
    cursor
        .parse()
        .map_err(|_| AppError::invalid_field("cursor", message))
}

/// SQLite's `lower` knows ASCII only, so other letters are also looked for as they were typed.
pub(super) fn patterns(words: &str) -> impl Iterator<Item = String> {
    let typed = (!words.is_ascii()).then(|| words.to_owned());
    let lower = (!words.is_empty()).then(|| words.to_lowercase());
    lower
        .into_iter()
        .chain(typed)
        .map(|words| format!("%{}%", like(&words)))
}

/// Text with the wildcards of `like` escaped by a backslash.
pub(super) fn like(text: &str) -> String {
    text.replace('\\', "\\\\")
        .replace('%', "\\%")
        .replace('_', "\\_")
}

#[cfg(test)]
mod tests {
    use super::like;

    #[test]
    fn wildcards_in_what_people_type_are_ordinary_characters() {
        assert_eq!(like("50%_a\\b"), "50\\%\\_a\\\\b");
    }
}
