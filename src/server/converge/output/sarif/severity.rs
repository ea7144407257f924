//! How grave a result is: a table of what says so, the first that is there decides.

use serde_json::Value;
use serde_sarif::sarif::{PropertyBag, ResultLevel};

use crate::domain::Severity;

/// Scores of CVSS from which on a severity begins.
const SCORES: [(f64, Severity); 4] = [
    (9.0, Severity::Critical),
    (7.0, Severity::High),
    (4.0, Severity::Medium),
    (0.0, Severity::Low),
];
/// Properties that hold a word for it.
const WORDS: [&str; 6] = [
    "severity",
    "problem.severity",
    "problem/severity",
    "issue_severity",
    "Severity",
    "impact",
];
const TAGS: [Severity; 4] = [
    Severity::Critical,
    Severity::High,
    Severity::Medium,
    Severity::Low,
];

/// Everything that says how grave a result is.
#[derive(Debug, Default)]
pub(super) struct Says<'a> {
    pub(super) result: Option<&'a PropertyBag>,
    pub(super) level: Option<ResultLevel>,
    /// What the invocation set for the rule.
    pub(super) overridden: Option<ResultLevel>,
    pub(super) rule: Grades,
    pub(super) rule_level: Option<ResultLevel>,
}

/// What the properties of a rule say.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Grades {
    score: Option<Severity>,
    word: Option<Severity>,
}

impl Grades {
    pub(super) fn of(bag: Option<&PropertyBag>) -> Self {
        let Some(bag) = bag else {
            return Self::default();
        };
        let inner = |name: &str| bag.additional_properties.get(name);
        let score = match inner("security-severity") {
            Some(Value::String(text)) => text.trim().parse().ok(),
            Some(number) => number.as_f64(),
            None => None,
        };
        let score = score.filter(|score| (0.0..=10.0).contains(score));
        let known = |word: &str| Some(Severity::read(word)).filter(|it| *it != Severity::Unknown);
        let words = WORDS.iter().filter_map(|name| inner(name)?.as_str());
        let nested = inner("problem").and_then(|problem| problem.get("severity")?.as_str());
        let word = words.chain(nested).find_map(known);
        let tags = bag.tags.iter().flatten();
        let tag = |tag: &String| {
            let mut tags = TAGS.into_iter();
            tags.find(|it| it.as_str().eq_ignore_ascii_case(tag.trim()))
        };
        Self {
            score: score.map(by_score),
            word: word.or_else(|| tags.filter_map(tag).max()),
        }
    }
}

fn by_score(score: f64) -> Severity {
    let mut steps = SCORES.iter();
    let step = steps.find(|(from, _)| score >= *from);
    step.map_or(Severity::Low, |(_, severity)| *severity)
}

fn by_level(level: ResultLevel) -> Option<Severity> {
    match level {
        ResultLevel::Error => Some(Severity::High),
        ResultLevel::Warning => Some(Severity::Medium),
        ResultLevel::Note => Some(Severity::Low),
        ResultLevel::None => None,
    }
}

impl Says<'_> {
    /// How grave it is; nothing for a result that is no problem.
    pub(super) fn severity(&self) -> Option<Severity> {
        let set = self.level.or(self.overridden);
        let level = set.or(self.rule_level).unwrap_or(ResultLevel::Warning);
        let by_level = by_level(level)?;
        let own = Grades::of(self.result);
        let told = own.score.or(self.rule.score).or(own.word);
        if told.is_some() || set.is_some() {
            return told.or(Some(by_level));
        }
        self.rule.word.or(Some(by_level))
    }
}

/// A level where the types know only JSON; the error is the word.
pub(super) fn level(value: Option<&Value>) -> Result<Option<ResultLevel>, String> {
    let Some(value) = value else { return Ok(None) };
    match value.as_str() {
        Some("none") => Ok(Some(ResultLevel::None)),
        Some("note") => Ok(Some(ResultLevel::Note)),
        Some("warning") => Ok(Some(ResultLevel::Warning)),
        Some("error") => Ok(Some(ResultLevel::Error)),
        _ => Err(format!("{value} is none of none, note, warning, error")),
    }
}
