//! How grave a finding is, in the words and numbers of its tool.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

/// How grave a finding is, in rising order.
#[derive(
    Clone, Copy, Debug, Default, Eq, Ord, PartialEq, PartialOrd, Serialize, Deserialize, ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Its sender did not say, or said a word of its own.
    #[default]
    Unknown,
    /// For whoever has time.
    Low,
    /// Worth mending.
    Medium,
    /// Must be mended.
    High,
    /// Nothing else matters until it is mended.
    Critical,
}

/// The words of tools, for each severity.
const WORDS: [(Severity, &[&str]); 4] = [
    (
        Severity::Low,
        &[
            "low",
            "minor",
            "trivial",
            "negligible",
            "note",
            "notice",
            "info",
            "information",
            "informational",
            "hint",
            "suggestion",
            "recommendation",
            "convention",
            "refactor",
            "style",
        ],
    ),
    (
        Severity::Medium,
        &["medium", "med", "moderate", "warning", "warn"],
    ),
    (
        Severity::High,
        &[
            "high",
            "error",
            "err",
            "major",
            "serious",
            "severe",
            "important",
        ],
    ),
    (
        Severity::Critical,
        &[
            "critical",
            "crit",
            "fatal",
            "blocker",
            "alert",
            "emergency",
            "emerg",
            "panic",
        ],
    ),
];

/// What may stand beside such a word and changes nothing.
const FILLERS: [&str; 11] = [
    "severity", "sev", "level", "risk", "priority", "impact", "very", "cvss", "score", "v2", "v3",
];

// Names are compared in small letters, and without what joins words: `issueSeverity`,
// `issue_severity`.
/// Members that hold a word for it.
const NAMES: [&str; 5] = [
    "severity",
    "issueseverity",
    "problemseverity",
    "level",
    "priority",
];
/// Members that may hold one, and may be about something else.
const PERHAPS: [&str; 3] = ["risk", "riskdesc", "impact"];
/// Members that hold a score of CVSS.
const SCORED: [&str; 9] = [
    "securityseverity",
    "cvss",
    "cvssscore",
    "cvssbasescore",
    "cvssv2basescore",
    "cvssv3basescore",
    "cvssv31basescore",
    "cvssv4basescore",
    "basescore",
];
/// Members of an entry that may have one of these members.
const PARTS: [&str; 4] = ["rule", "extra", "properties", "info"];

/// Scores of CVSS from which on a severity begins.
const SCORES: [(f64, Severity); 4] = [
    (9.0, Severity::Critical),
    (7.0, Severity::High),
    (4.0, Severity::Medium),
    (0.0, Severity::Low),
];

impl Severity {
    /// All severities, in rising order.
    pub const ALL: [Self; 5] = [
        Self::Unknown,
        Self::Low,
        Self::Medium,
        Self::High,
        Self::Critical,
    ];

    /// The name on the wire.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }

    /// Reads a severity in any case, and the words of common tools: the one place that knows them.
    /// Any other word is a severity that is not known, and never a low one.
    #[must_use]
    pub fn read(text: &str) -> Self {
        let word = text.trim().to_lowercase();
        let mut known = WORDS.iter();
        let found = known.find(|(_, words)| words.contains(&word.as_str()));
        found.map_or(Self::Unknown, |(severity, _)| *severity)
    }

    /// Reads what a tool writes for it: a word, a word among others as in `SEVERITY_HIGH` or
    /// `high (8.1)`, a score of CVSS with its decimal point, or a list of such.
    #[must_use]
    pub fn told(value: &Value) -> Self {
        match value {
            Value::String(text) => match Self::read(text) {
                Self::Unknown => Self::among(text),
                known => known,
            },
            // Whole numbers are ranks, and whose, is not known.
            Value::Number(number) if number.is_f64() => {
                let score = number.as_f64().and_then(Self::by_score);
                score.unwrap_or_default()
            }
            Value::Array(list) => {
                let all = list.iter().map(Self::told);
                let all = all.max_by_key(|it| it.claim());
                all.unwrap_or_default()
            }
            _ => Self::Unknown,
        }
    }

    /// How grave a score of CVSS is; nothing of a number that is none.
    #[must_use]
    pub fn by_score(score: f64) -> Option<Self> {
        let is_one = (0.0..=10.0).contains(&score);
        let mut steps = SCORES.iter().filter(|_| is_one);
        let step = steps.find(|(from, _)| score >= *from);
        step.map(|(_, severity)| *severity)
    }

    /// The gravest of the words and scores of a text. A word that is not known may turn a harmless
    /// one round, as in `not minor`.
    fn among(text: &str) -> Self {
        let text = text.to_lowercase();
        let is_between = |c: char| !c.is_alphanumeric() && c != '.';
        let (mut found, mut is_plain) = (Self::Unknown, true);
        for word in text.split(is_between).filter(|word| !word.is_empty()) {
            let score = word.parse().ok().filter(|_| word.contains('.'));
            let severity = score.and_then(Self::by_score);
            let severity = severity.unwrap_or_else(|| Self::read(word));
            let is_filler = FILLERS.contains(&word) || word.bytes().all(|it| it.is_ascii_digit());
            is_plain &= severity != Self::Unknown || is_filler;
            found = found.max(severity);
        }
        if is_plain || found >= Self::High {
            found
        } else {
            Self::Unknown
        }
    }

    /// How grave an entry of a list of findings says it is.
    #[must_use]
    pub fn of(entry: &Value) -> Self {
        Self::said(entry).map_or(Self::Unknown, |(severity, _)| severity)
    }

    /// The same with what says so, whether it is known or not.
    #[must_use]
    pub fn said(entry: &Value) -> Option<(Self, &Value)> {
        let entry = entry.as_object()?;
        let parts = || {
            PARTS
                .iter()
                .filter_map(|name| entry.get(*name)?.as_object())
        };
        by_word(entry)
            .or_else(|| parts().find_map(by_word))
            .or_else(|| by_score(entry))
            .or_else(|| parts().find_map(by_score))
            .or_else(|| {
                let mut perhaps = named(entry.iter(), &PERHAPS).filter(|it| is_short(it));
                let known = |it| Some((Self::told(it), it)).filter(|it| it.0 != Self::Unknown);
                perhaps.find_map(known)
            })
    }

    /// Reads a score of CVSS under a name that says so: any number, also with a comma, and also
    /// within an object.
    #[must_use]
    pub fn scored(value: &Value) -> Option<Self> {
        let score = match value {
            Value::String(text) => text.trim().replace(',', ".").parse().ok()?,
            Value::Object(map) => {
                let mut inner = ["score", "baseScore", "base_score"].iter();
                return inner.find_map(|name| Self::scored(map.get(*name)?));
            }
            number => number.as_f64()?,
        };
        Self::by_score(score)
    }

    /// Members that hold a score of CVSS.
    pub fn scores<'v>(
        members: impl Iterator<Item = (&'v String, &'v Value)> + Clone,
    ) -> impl Iterator<Item = &'v Value> {
        named(members, &SCORED)
    }

    /// Members that hold a word for it and nothing else.
    pub fn words<'v>(
        members: impl Iterator<Item = (&'v String, &'v Value)> + Clone,
    ) -> impl Iterator<Item = &'v Value> {
        let perhaps = named(members.clone(), &PERHAPS).filter(|it| is_short(it));
        named(members, &NAMES[..3]).chain(perhaps)
    }

    /// A rank in which what is not known stands above all: it may be anything.
    #[must_use]
    pub fn claim(self) -> u8 {
        match self {
            Self::Low => 0,
            Self::Medium => 1,
            Self::High => 2,
            Self::Critical => 3,
            Self::Unknown => 4,
        }
    }
}

fn by_word(map: &Map<String, Value>) -> Option<(Severity, &Value)> {
    let said = named(map.iter(), &NAMES).find(|it| is_said(it))?;
    Some((Severity::told(said), said))
}

fn by_score(map: &Map<String, Value>) -> Option<(Severity, &Value)> {
    let is_scored = |told: &&Value| told.is_number() || told.is_object() || is_said(told);
    let said = named(map.iter(), &SCORED).find(is_scored)?;
    // Some write a word in its place.
    let score = Severity::scored(said).unwrap_or_else(|| Severity::told(said));
    Some((score, said))
}

/// Members of these names, in their order; a name that is the same to the letter comes first.
fn named<'v>(
    members: impl Iterator<Item = (&'v String, &'v Value)> + Clone,
    names: &'static [&'static str],
) -> impl Iterator<Item = &'v Value> {
    names.iter().flat_map(move |known| {
        let exact = members.clone().filter(move |(name, _)| name == known);
        let others = members
            .clone()
            .filter(move |(name, _)| name != known && spells(name, known));
        exact.chain(others).map(|(_, value)| value)
    })
}

fn is_said(told: &Value) -> bool {
    match told {
        Value::String(text) => !text.trim().is_empty(),
        Value::Number(number) => number.is_f64(),
        Value::Array(list) => !list.is_empty(),
        _ => false,
    }
}

/// A word or two, and no sentence.
fn is_short(told: &Value) -> bool {
    told.as_str()
        .is_some_and(|it| it.split_whitespace().count() <= 2)
}

fn spells(name: &str, known: &str) -> bool {
    let letters = name.bytes().filter(u8::is_ascii_alphanumeric);
    let letters = letters.map(|it| it.to_ascii_lowercase());
    letters.eq(known.bytes())
}
