//! How grave a result is: a table of what says so, the first that is there decides.

use serde_json::Value;
use serde_sarif::sarif::{PropertyBag, ResultLevel};

use crate::domain::Severity;

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
    /// By a score of CVSS, or a word in its place.
    score: Option<Severity>,
    word: Option<Severity>,
}

impl Grades {
    pub(super) fn of(bag: Option<&PropertyBag>) -> Self {
        let Some(bag) = bag else {
            return Self::default();
        };
        let inner = &bag.additional_properties;
        let word = |value: &Value| Some(Severity::told(value)).filter(|it| is_known(*it));
        // The name that GitHub reads says more than any other.
        let all: Vec<&Value> = Severity::scores(inner.iter()).collect();
        let score = all.iter().find_map(|value| Severity::scored(value));
        let graded = all.iter().find_map(|value| word(value));
        let nested = inner
            .get("problem")
            .and_then(|problem| problem.get("severity"));
        let word = Severity::words(inner.iter()).chain(nested).find_map(word);
        let tags = bag.tags.iter().flatten();
        let tag = |tag: &String| {
            let mut tags = TAGS.into_iter();
            tags.find(|it| it.as_str().eq_ignore_ascii_case(tag.trim()))
        };
        Self {
            score: score.or(graded),
            word: word.or_else(|| tags.filter_map(tag).max()),
        }
    }
}

fn is_known(severity: Severity) -> bool {
    severity != Severity::Unknown
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
