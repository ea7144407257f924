//! A YAML document, taken apart key by key so that every mistake in it is found at once and named
//! with its line.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::time::Duration;

use super::tools::list_of;
use crate::domain::Severity;
use saphyr::{LoadableYamlNode, MarkedYaml, Scalar, ScanError, YamlData};

/// What is wrong, and where, and what is only odd.
#[derive(Debug, Default)]
pub(super) struct Problems {
    source: String,
    wrong: RefCell<Vec<(usize, String)>>,
    odd: RefCell<Vec<(usize, String)>>,
    /// The file was written for the Python loop, which reads over what it does not know.
    is_foreign: Cell<bool>,
}

/// Keys that the documentation of the Python loop has, and that do nothing there either.
const FOREIGN: [&str; 5] = [
    "notifications",
    "working_dir",
    "timeout",
    "condition",
    "parallel",
];

/// A mapping, and what nobody has taken from it yet.
pub(super) struct Section<'a> {
    path: String,
    /// Where it begins; 0 when it is not there.
    line: usize,
    entries: Vec<(String, usize, &'a MarkedYaml<'a>)>,
    known: Vec<&'static str>,
    problems: &'a Problems,
}

impl Problems {
    /// Of a file with this text.
    pub(super) fn of(source: &str) -> Self {
        Self {
            source: source.to_owned(),
            ..Self::default()
        }
    }

    /// `line` 0 is no line.
    pub(super) fn add(&self, line: usize, words: String) {
        self.wrong.borrow_mut().push((line, words));
    }

    /// What is accepted with a word.
    pub(super) fn remark(&self, line: usize, words: String) {
        self.odd.borrow_mut().push((line, words));
    }

    /// What is wrong, and what is odd, each in the order of their lines; `name` is that of the file.
    pub(super) fn in_words(self, name: &str) -> (Vec<String>, Vec<String>) {
        let told = |mut all: Vec<(usize, String)>| {
            all.sort_by_key(|(line, _)| *line);
            let told = |(line, words)| match line {
                0 => words,
                line => format!("{name}, line {line}: {words}"),
            };
            all.into_iter().map(told).collect()
        };
        (told(self.wrong.into_inner()), told(self.odd.into_inner()))
    }
}

/// Reads a document; an empty one has no settings. The error is in words, with its line.
pub(super) fn load(text: &str) -> Result<Option<MarkedYaml<'_>>, (usize, String)> {
    let documents = MarkedYaml::load_from_str(text);
    let mut documents = documents.map_err(|error: ScanError| {
        let line = error.marker().line();
        (line, format!("this is no YAML: {}", error.info()))
    })?;
    if let Some(second) = documents.get(1) {
        let words = "there must be only one document in the file";
        return Err((second.span.start.line(), words.to_owned()));
    }
    Ok(documents.pop())
}

impl<'a> Section<'a> {
    pub(super) fn root(document: Option<&'a MarkedYaml<'a>>, problems: &'a Problems) -> Self {
        Self::of(String::new(), document, problems)
    }

    fn of(path: String, node: Option<&'a MarkedYaml<'a>>, problems: &'a Problems) -> Self {
        let mut section = Self {
            path,
            line: node.map_or(0, |node| node.span.start.line()),
            entries: Vec::new(),
            known: Vec::new(),
            problems,
        };
        match node.map(|node| (&node.data, node.span.start.line())) {
            Some((YamlData::Mapping(mapping), _)) => {
                for (key, value) in mapping {
                    let line = key.span.start.line();
                    match text(key) {
                        Some(name) => section.entries.push((name, line, value)),
                        None => problems.add(line, "a key must be a word".to_owned()),
                    }
                }
            }
            None | Some((YamlData::Value(Scalar::Null), _)) => {}
            Some((_, line)) => {
                let place = match section.path.as_str() {
                    "" => "the file",
                    path => path.trim_end_matches('.'),
                };
                problems.add(
                    line,
                    format!("{place} must hold settings, as `name: value`"),
                );
            }
        }
        section
    }

    fn take(&mut self, key: &'static str) -> Option<(usize, &'a MarkedYaml<'a>)> {
        self.known.push(key);
        let place = self.entries.iter().position(|(name, ..)| name == key)?;
        let (_, line, node) = self.entries.remove(place);
        // Nothing after the colon says nothing.
        (node.data != YamlData::Value(Scalar::Null)).then_some((line, node))
    }

    /// The section of this name; an empty one when there is none.
    pub(super) fn section(&mut self, key: &'static str) -> Self {
        let path = format!("{}{key}.", self.path);
        let node = self.take(key).map(|(_, node)| node);
        Self::of(path, node, self.problems)
    }

    /// What `read` makes of the value; if it makes nothing of it, that is a problem.
    fn read<T>(
        &mut self,
        key: &'static str,
        expected: &str,
        read: impl Fn(&'a MarkedYaml<'a>) -> Option<T>,
    ) -> Option<T> {
        let (line, node) = self.take(key)?;
        let value = read(node);
        if value.is_none() {
            let words = format!("{}{key}: expected {expected}", self.path);
            self.problems.add(line, words);
        }
        value
    }

    pub(super) fn number(&mut self, key: &'static str, range: RangeInclusive<u32>) -> Option<u32> {
        let expected = format!("a whole number from {} to {}", range.start(), range.end());
        self.read(key, &expected, |node| {
            let number = u32::try_from(node.data.as_integer()?).ok()?;
            range.contains(&number).then_some(number)
        })
    }

    /// How many clean iterations in a row converge. The Python loop writes a fraction there, and
    /// ends after one.
    pub(super) fn threshold(&mut self, key: &'static str) -> Option<u32> {
        let expected = "a whole number of clean iterations from 1 to 100, or a fraction from 0 to 1 \
            as for the Python loop";
        let line = self.line(key);
        let value = self.read(key, expected, |node| {
            let whole = node.data.as_integer().and_then(|it| u32::try_from(it).ok());
            let whole = whole
                .filter(|it| (1..=100).contains(it))
                .map(|it| (it, None));
            let part = node.data.as_floating_point();
            let part = part.filter(|it| *it > 0.0 && *it <= 1.0);
            whole.or_else(|| part.map(|it| (1, Some(it))))
        });
        let (number, part) = value?;
        if let Some(part) = part {
            self.problems.is_foreign.set(true);
            let words = format!(
                "{}{key}: {part} is the Python loop's, which ends after one clean iteration; so \
                 does this: 1",
                self.path
            );
            self.problems.remark(line, words);
        }
        Some(number)
    }

    /// Seconds, which may have a fraction.
    pub(super) fn seconds(
        &mut self,
        key: &'static str,
        range: RangeInclusive<f64>,
    ) -> Option<Duration> {
        let expected = format!("seconds from {} to {}", range.start(), range.end());
        self.read(key, &expected, |node| {
            let whole = node.data.as_integer().and_then(|n| i32::try_from(n).ok());
            let seconds = node.data.as_floating_point().or(whole.map(f64::from))?;
            let fits = range.contains(&seconds);
            fits.then(|| Duration::from_secs_f64(seconds))
        })
    }

    pub(super) fn flag(&mut self, key: &'static str) -> Option<bool> {
        let read = |node: &MarkedYaml<'_>| match text(node)?.to_lowercase().as_str() {
            // Older YAML has more words for it.
            "true" | "yes" | "on" => Some(true),
            "false" | "no" | "off" => Some(false),
            _ => None,
        };
        self.read(key, "true or false", read)
    }

    pub(super) fn severity(&mut self, key: &'static str) -> Option<Severity> {
        self.read(key, "low, medium, high or critical", |node| {
            let severity = Severity::read(&text(node)?);
            (severity != Severity::Unknown).then_some(severity)
        })
    }

    /// A text that is not empty.
    pub(super) fn text(&mut self, key: &'static str) -> Option<String> {
        self.read(key, "a text", text)
            .filter(|text| !text.is_empty())
    }

    /// True for the word `none`, the only one that may stand there.
    pub(super) fn none(&mut self, key: &'static str) -> bool {
        let read = |node: &MarkedYaml<'_>| text(node).filter(|text| text == "none");
        let expected = "none, or nothing where the output is to be read";
        self.read(key, expected, read).is_some()
    }

    pub(super) fn texts(&mut self, key: &'static str) -> Vec<String> {
        let read = |node: &MarkedYaml<'_>| {
            let items = node.data.as_vec()?;
            items.iter().map(text).collect::<Option<Vec<_>>>()
        };
        let line = self
            .peek(key)
            .and_then(|line| Some((list_of(&line)?, line)));
        let expected = line.map_or_else(
            || "a list of texts".to_owned(),
            |(list, line)| format!("a list of texts, not {line:?}; write {list}"),
        );
        self.read(key, &expected, read).unwrap_or_default()
    }

    pub(super) fn variables(&mut self, key: &'static str) -> BTreeMap<String, String> {
        let read = |node: &MarkedYaml<'_>| {
            let mapping = node.data.as_mapping()?;
            let entries = mapping.iter().map(|(name, value)| {
                let name =
                    text(name).filter(|name| !name.is_empty() && !name.contains(['=', '\0']));
                name.zip(text(value).filter(|value| !value.contains('\0')))
            });
            entries.collect::<Option<BTreeMap<_, _>>>()
        };
        self.read(key, "variables, as `NAME: value`", read)
            .unwrap_or_default()
    }

    /// The text of a key that somebody will take.
    pub(super) fn peek(&self, key: &str) -> Option<String> {
        let mut entries = self.entries.iter();
        let (_, _, node) = entries.find(|(name, ..)| name == key)?;
        text(node)
    }

    /// The line of a key that nobody took yet; 0 when there is none.
    pub(super) fn line(&self, key: &str) -> usize {
        let mut entries = self.entries.iter();
        let found = entries.find(|(name, ..)| name == key);
        found.map_or(0, |(_, line, _)| *line)
    }

    /// True when the value of a key that nobody took yet is a lone `~`: nothing, in YAML.
    pub(super) fn is_tilde(&self, key: &str) -> bool {
        let mut entries = self.entries.iter();
        let found = entries.find(|(name, ..)| name == key);
        found.is_some_and(|(_, _, node)| {
            let at = node.span.start.index();
            node.data == YamlData::Value(Scalar::Null)
                && self.problems.source.chars().nth(at) == Some('~')
        })
    }

    /// True when the value of a key that nobody took yet is there, and no text.
    pub(super) fn is_no_text(&self, key: &str) -> bool {
        let mut entries = self.entries.iter();
        let found = entries.find(|(name, ..)| name == key);
        found.is_some_and(|(_, _, node)| {
            node.data != YamlData::Value(Scalar::Null) && text(node).is_none()
        })
    }

    /// Something is wrong with the value of a key.
    pub(super) fn wrong(&self, line: usize, key: &str, words: &str) {
        let words = format!("{}{key}: {words}", self.path);
        self.problems.add(line, words);
    }

    /// Something is odd about the value of a key.
    pub(super) fn odd(&self, line: usize, key: &str, words: &str) {
        let words = format!("{}{key}: {words}", self.path);
        self.problems.remark(line, words);
    }

    /// Something is wrong with the section as a whole.
    pub(super) fn complain(&self, words: &str) {
        let words = format!("{}{words}", self.path.trim_end_matches('.'));
        self.problems.add(self.line, words);
    }

    /// Names every key that nobody took.
    pub(super) fn finish(self) {
        for (name, line, _) in &self.entries {
            let known = self.known.join(", ");
            let is_foreign = self.problems.is_foreign.get() || FOREIGN.contains(&name.as_str());
            if is_foreign {
                self.odd(*line, name, &format!("is not used; known here: {known}"));
            } else {
                self.wrong(
                    *line,
                    name,
                    &format!("unknown setting; known here: {known}"),
                );
            }
        }
    }
}

/// A scalar as it would be written.
fn text(node: &MarkedYaml<'_>) -> Option<String> {
    match &node.data {
        YamlData::Value(Scalar::String(text)) => Some(text.clone().into_owned()),
        YamlData::Value(Scalar::Integer(number)) => Some(number.to_string()),
        YamlData::Value(Scalar::FloatingPoint(number)) => Some(number.to_string()),
        YamlData::Value(Scalar::Boolean(is)) => Some(is.to_string()),
        _ => None,
    }
}
