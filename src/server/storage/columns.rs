//! How domain types are written into columns and read back.

use std::collections::HashSet;
use std::sync::{LazyLock, Mutex, PoisonError};

use serde::Serialize;
use serde::de::DeserializeOwned;
use sqlx::{ColumnIndex, Database, Decode, Encode, FromRow, QueryBuilder, Row, Type};

use super::{Answer, StorageError};
use crate::domain::{AppError, Scope};

/// Where a value came from, for the report when it is corrupt.
pub(super) struct Origin<'a> {
    pub(super) table: &'static str,
    pub(super) row: &'a str,
}

impl Origin<'_> {
    fn corrupt(&self, column: &'static str) -> StorageError {
        StorageError::Inconsistent {
            table: self.table,
            column: column.to_owned(),
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

    /// A JSON list that must be readable. Most are empty.
    pub(super) fn list<T: DeserializeOwned>(
        &self,
        column: &'static str,
        text: &str,
    ) -> Answer<Vec<T>> {
        match text {
            "[]" => Ok(Vec::new()),
            text => self.json(column, text),
        }
    }

    /// JSON text that must be readable.
    pub(super) fn json<T: DeserializeOwned>(&self, column: &'static str, text: &str) -> Answer<T> {
        serde_json::from_str(text).map_err(|_| self.corrupt(column))
    }
}

/// A row of either engine whose first name is a number or a text.
pub(super) trait Named: Row {
    fn number(&self, column: &str) -> Option<i64>;

    fn text(&self, column: &str) -> Option<String>;
}

impl<R: Row> Named for R
where
    for<'c> &'c str: ColumnIndex<R>,
    for<'r> i64: Decode<'r, R::Database> + Type<R::Database>,
    for<'r> String: Decode<'r, R::Database> + Type<R::Database>,
{
    fn number(&self, column: &str) -> Option<i64> {
        // SQLite's driver reads an absent value as 0 or nothing where it is not asked for one.
        self.try_get::<Option<i64>, _>(column).ok().flatten()
    }

    fn text(&self, column: &str) -> Option<String> {
        self.try_get::<Option<String>, _>(column).ok().flatten()
    }
}

/// Takes one row of `table` apart, which is called by what stands under `key`.
pub(super) fn decode<'r, R, F>(table: &'static str, key: &str, row: &'r R) -> Answer<F>
where
    R: Named,
    F: FromRow<'r, R>,
{
    F::from_row(row).map_err(|error| match error {
        sqlx::Error::ColumnDecode { index, .. } => StorageError::Inconsistent {
            table,
            column: index.trim_matches('"').to_owned(),
            row: row
                .number(key)
                .map(|number| number.to_string())
                .or_else(|| row.text(key))
                .unwrap_or_else(|| "?".to_owned()),
        },
        error => error.into(),
    })
}

/// Reads one row of `table`.
pub(super) fn read<'r, R, F, T>(table: &'static str, key: &str, row: &'r R) -> Answer<T>
where
    R: Named,
    F: FromRow<'r, R>,
    T: TryFrom<F, Error = StorageError>,
{
    decode::<R, F>(table, key, row).and_then(T::try_from)
}

/// Reads the rows of `table` that can be read. The others are left out, and told in the log.
pub(super) fn readable<'r, R, F, T>(table: &'static str, key: &str, rows: &'r [R]) -> Vec<T>
where
    R: Named,
    F: FromRow<'r, R>,
    T: TryFrom<F, Error = StorageError>,
{
    let read = rows.iter().map(|row| read::<R, F, T>(table, key, row));
    read.filter_map(|row| row.map_err(|error| note_unreadable(table, &error)).ok())
        .collect()
}

/// Counts a row that cannot be read, and tells of it in the log once.
pub(super) fn note_unreadable(table: &'static str, error: &StorageError) {
    /// Rows that were told of. With more than this, the log has said enough.
    static TOLD: LazyLock<Mutex<HashSet<String>>> = LazyLock::new(Mutex::default);
    const MOST: usize = 1000;
    metrics::counter!("storage_unreadable_rows_total", "table" => table).increment(1);
    let words = error.to_string();
    let mut told = TOLD.lock().unwrap_or_else(PoisonError::into_inner);
    if told.len() < MOST && told.insert(words.clone()) {
        tracing::error!("{words}; the rest is shown without it: restore it from a backup");
    }
}

/// The condition that `column` is a project that `scope` covers.
pub(super) fn push_scope<DB>(query: &mut QueryBuilder<DB>, column: &'static str, scope: &Scope)
where
    DB: Database,
    for<'q> String: Encode<'q, DB> + Type<DB>,
{
    let Some(names) = scope.projects() else {
        query.push("true");
        return;
    };
    // A list of none is no SQL, and no project has an empty name.
    query.push(column).push(" in (''");
    for name in names {
        query.push(", ").push_bind(name.clone());
    }
    query.push(")");
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
