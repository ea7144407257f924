//! What a loop found, and how it is recognised when it is found again.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use super::digest::digest;

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

/// One thing that a step found, as it was understood.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Sighting {
    /// Recognises the same finding in another iteration: see [`fingerprint`].
    pub fingerprint: String,
    /// What kind of thing it is: a rule, a category, `vulnerability`.
    pub kind: String,
    /// The file or area; empty when its sender named none.
    pub area: String,
    /// What is wrong, in its sender's words.
    pub description: String,
    /// How grave it is.
    pub severity: Severity,
}

/// Longer texts are cut: they are shown in a table, and the event keeps the whole.
const LONGEST: usize = 2000;

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
        match text.trim().to_lowercase().as_str() {
            "low" | "minor" | "trivial" | "negligible" | "note" | "notice" | "info"
            | "information" | "informational" | "hint" | "suggestion" | "style" => Self::Low,
            "medium" | "med" | "moderate" | "warning" | "warn" => Self::Medium,
            "high" | "error" | "err" | "major" | "serious" | "severe" | "important" => Self::High,
            "critical" | "crit" | "fatal" | "blocker" | "alert" | "emergency" | "panic" => {
                Self::Critical
            }
            _ => Self::Unknown,
        }
    }
}

impl Sighting {
    /// Reads an entry of a list of findings; `kind` stands in where it names no type. A text is
    /// its own description. Nothing comes of an entry that says nothing.
    #[must_use]
    pub fn read(entry: &Value, kind: &str) -> Option<Self> {
        if let Some(text) = entry.as_str() {
            return Self::of(kind, "", text, Severity::Unknown);
        }
        let word = |names: &[&str]| {
            let mut values = names.iter().filter_map(|name| entry.get(*name));
            let text = values.find_map(Value::as_str).map(str::trim);
            text.filter(|text| !text.is_empty()).map(str::to_owned)
        };
        let kind = word(&[
            "type", "kind", "category", "rule", "rule_id", "code", "check",
        ])
        .unwrap_or_else(|| kind.to_owned());
        let area = word(&[
            "file",
            "path",
            "filename",
            "location",
            "area",
            "component",
            "module",
        ]);
        let description = word(&[
            "description",
            "message",
            "title",
            "summary",
            "detail",
            "name",
        ])
        .or_else(|| word(&["id"]));
        let severity = word(&["severity", "level", "priority"]);
        let severity = severity
            .as_deref()
            .map_or_else(Severity::default, Severity::read);
        let area = area.unwrap_or_default();
        if description.is_none() && area.is_empty() {
            return None;
        }
        Self::of(&kind, &area, &description.unwrap_or_default(), severity)
    }

    fn of(kind: &str, area: &str, description: &str, severity: Severity) -> Option<Self> {
        if area.trim().is_empty() && description.trim().is_empty() {
            return None;
        }
        Some(Self {
            fingerprint: fingerprint(kind, area, description),
            kind: cut(kind),
            area: cut(area),
            description: cut(description),
            severity,
        })
    }
}

/// Recognises a finding: 32 hexadecimal digits made of its type, its file or area, and its
/// description without what changes from run to run. Lines and columns, addresses in memory and
/// durations are such, so that a finding stays itself when code above it moves.
#[must_use]
pub fn fingerprint(kind: &str, area: &str, description: &str) -> String {
    let area = area.trim().replace('\\', "/");
    let area = area.strip_prefix("./").unwrap_or(&area);
    let parts = [
        kind.trim().to_lowercase(),
        without_place(area),
        plain(description),
    ];
    let [kind, area, description] = &parts;
    digest(&[kind, area, description])
}

/// A description in small letters, with one space between words and without what varies.
fn plain(description: &str) -> String {
    let mut words: Vec<String> = Vec::new();
    for word in description.to_lowercase().split_whitespace() {
        let bare = word.trim_matches(|c: char| !c.is_alphanumeric());
        let after_place = words.last().is_some_and(|before| {
            let before = before.trim_matches(|c: char| !c.is_alphanumeric());
            ["line", "lines", "column", "columns", "col", "row", "offset"].contains(&before)
        });
        let number = !bare.is_empty() && bare.bytes().all(|byte| byte.is_ascii_digit());
        let varies = (after_place && number) || is_address(bare) || is_duration(bare);
        words.push(if varies {
            "#".to_owned()
        } else {
            without_place(word)
        });
    }
    words.join(" ")
}

/// `src/a.rs:12:5` without its line and column.
fn without_place(text: &str) -> String {
    let mut kept = text.to_owned();
    while let Some((rest, last)) = kept.rsplit_once(':') {
        let last = last.trim_end_matches([')', ']', ',', '.', ';', ':']);
        if rest.is_empty() || !last.bytes().all(|byte| byte.is_ascii_digit()) {
            break;
        }
        kept.truncate(rest.len());
    }
    kept
}

fn is_address(word: &str) -> bool {
    let digits = word.strip_prefix("0x");
    digits.is_some_and(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

fn is_duration(word: &str) -> bool {
    let unit = word.trim_start_matches(|c: char| c.is_ascii_digit() || c == '.');
    unit.len() < word.len() && ["ms", "s", "us", "µs", "ns", "sec", "seconds"].contains(&unit)
}

/// What fits, without NUL, which PostgreSQL refuses.
fn cut(text: &str) -> String {
    let text = text.trim().replace('\0', "\u{2400}");
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}
