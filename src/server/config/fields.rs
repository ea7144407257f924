//! A table of the file, taken apart key by key so that every mistake in it is found at once.

use serde::de::DeserializeOwned;
use toml::Table;

/// What is left of a table, and what was wrong with it so far.
pub(super) struct Fields {
    owner: String,
    table: Table,
    /// The keys that were asked for, to name the nearest of an unknown one.
    known: Vec<&'static str>,
    problems: Vec<String>,
}

impl Fields {
    /// `owner` is put before the name of each key in messages.
    pub(super) fn new(owner: String, table: Table) -> Self {
        Self {
            owner,
            table,
            known: Vec::new(),
            problems: Vec::new(),
        }
    }

    /// The value of `key`; one of another type than `expected` is a problem.
    pub(super) fn take<T: DeserializeOwned>(
        &mut self,
        key: &'static str,
        expected: &str,
    ) -> Option<T> {
        self.known.push(key);
        let value = self.table.remove(key)?.try_into().ok();
        if value.is_none() {
            self.complain(key, format!("expected {expected}"));
        }
        value
    }

    /// A whole number from `min` to `max`.
    pub(super) fn number(&mut self, key: &'static str, min: u32, max: u32, default: u32) -> u32 {
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

    /// Complains of `key` when it is there, in words that say more than that it is unknown.
    pub(super) fn refuse(&mut self, key: &str, words: impl AsRef<str>) {
        if self.table.remove(key).is_some() {
            self.complain(key, words);
        }
    }

    /// Every problem, those keys included that nobody took.
    pub(super) fn finish(mut self) -> Vec<String> {
        for (key, _) in std::mem::take(&mut self.table) {
            let nearest = self.known.iter().min_by_key(|known| distance(&key, known));
            let words = match nearest {
                Some(nearest) => format!(
                    "unknown setting; the nearest is \"{nearest}\": correct its name or remove it"
                ),
                None => "unknown setting; remove it".to_owned(),
            };
            self.complain(&key, words);
        }
        self.problems
    }
}

/// How many letters have to be added, removed or changed to make `a` into `b`.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, letter) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, other) in b.iter().enumerate() {
            let change = diagonal + usize::from(letter != *other);
            diagonal = row[j + 1];
            row[j + 1] = change.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::distance;

    #[test]
    fn the_distance_of_two_names_is_the_number_of_mistakes() {
        for (a, b, expected) in [
            ("", "", 0),
            ("cwd", "cwd", 0),
            ("comand", "command", 1),
            ("concurency", "concurrency", 1),
            ("commands", "command", 1),
            ("x", "cwd", 3),
        ] {
            assert_eq!(
                (distance(a, b), distance(b, a)),
                (expected, expected),
                "{a} {b}"
            );
        }
    }
}
