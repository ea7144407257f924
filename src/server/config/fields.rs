//! A table of the file, taken apart key by key so that every mistake in it is found at once.

use serde::de::DeserializeOwned;
use toml::Table;

/// What is left of a table, and what was wrong with it so far.
pub(super) struct Fields {
    owner: String,
    table: Table,
    problems: Vec<String>,
}

impl Fields {
    /// `owner` is put before the name of each key in messages.
    pub(super) fn new(owner: String, table: Table) -> Self {
        Self {
            owner,
            table,
            problems: Vec::new(),
        }
    }

    /// The value of `key`; one of another type than `expected` is a problem.
    pub(super) fn take<T: DeserializeOwned>(&mut self, key: &str, expected: &str) -> Option<T> {
        let value = self.table.remove(key)?.try_into().ok();
        if value.is_none() {
            self.complain(key, format!("expected {expected}"));
        }
        value
    }

    /// A whole number from `min` to `max`.
    pub(super) fn number(&mut self, key: &str, min: u32, max: u32, default: u32) -> u32 {
        let expected = format!("a whole number from {min} to {max}");
        let Some(number) = self.take::<u32>(key, &expected) else {
            return default;
        };
        if !(min..=max).contains(&number) {
            self.complain(key, format!("expected {expected}"));
        }
        number
    }

    pub(super) fn complain(&mut self, key: &str, words: impl AsRef<str>) {
        let words = words.as_ref();
        self.problems.push(format!("{}{key}: {words}", self.owner));
    }

    pub(super) fn absorb(&mut self, problems: Vec<String>) {
        self.problems.extend(problems);
    }

    /// Every problem, those keys included that nobody took.
    pub(super) fn finish(mut self) -> Vec<String> {
        for (key, _) in std::mem::take(&mut self.table) {
            self.complain(&key, "unknown setting; correct its name or remove it");
        }
        self.problems
    }
}
