//! A YAML document, taken apart key by key so that every mistake in it is found at once and named
//! with its line.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::time::Duration;

use crate::domain::Severity;
use saphyr::{LoadableYamlNode, MarkedYaml, Scalar, ScanError, YamlData};

/// What is wrong, and where.
#[derive(Debug, Default)]
pub(super) struct Problems(RefCell<Vec<(usize, String)>>);

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
    /// `line` 0 is no line.
    pub(super) fn add(&self, line: usize, words: String) {
        self.0.borrow_mut().push((line, words));
    }

    /// All of them in the order of their lines; `name` is that of the file.
    pub(super) fn in_words(self, name: &str) -> Vec<String> {
        let mut problems = self.0.into_inner();
        problems.sort_by_key(|(line, _)| *line);
        let told = |(line, words)| match line {
            0 => words,
            line => format!("{name}, line {line}: {words}"),
        };
        problems.into_iter().map(told).collect()
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
        self.read(key, "a list of texts", read).unwrap_or_default()
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

    /// The line of a key that nobody took yet; 0 when there is none.
    pub(super) fn line(&self, key: &str) -> usize {
        let mut entries = self.entries.iter();
        let found = entries.find(|(name, ..)| name == key);
        found.map_or(0, |(_, line, _)| *line)
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
            let words = format!("{}{name}: unknown setting; known here: {known}", self.path);
            self.problems.add(*line, words);
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
