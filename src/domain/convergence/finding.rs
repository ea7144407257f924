//! What a loop found, and how it is recognised when it is found again.

use serde_json::Value;

use super::digest::digest;
use super::severity::Severity;

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
    /// Why it is to be lived with, where its tool says so.
    pub suppressed: Option<Suppressed>,
}

/// A tool's word that a finding is to be lived with: a comment in the source, or a list beside it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Suppressed {
    /// True where the source itself says so.
    pub in_source: bool,
    /// Why, in words.
    pub reason: String,
}

/// Longer texts are cut: they are shown in a table, and the event keeps the whole.
const LONGEST: usize = 2000;

impl Suppressed {
    /// Who accepted it: what a tool says is told apart from what a person decided.
    pub(super) const BY: [&str; 2] = ["its tool, inSource", "its tool, external"];

    fn read(entry: &Value) -> Option<Self> {
        let told = entry.get("suppressed")?;
        let in_source = match told.get("kind")?.as_str()? {
            "inSource" => true,
            "external" => false,
            _ => return None,
        };
        let reason = told.get("justification").and_then(Value::as_str);
        let reason = reason.map(cut).filter(|reason| !reason.is_empty());
        let none = if in_source {
            "suppressed in the source, without a justification"
        } else {
            "suppressed outside of the source, without a justification"
        };
        Some(Self {
            in_source,
            reason: reason.unwrap_or_else(|| none.to_owned()),
        })
    }

    /// Where it is said: `inSource` or `external`.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        if self.in_source {
            "inSource"
        } else {
            "external"
        }
    }

    /// Who accepted it, as [`Acceptance`](super::Acceptance) names them.
    #[must_use]
    pub fn by(&self) -> &'static str {
        Self::BY[usize::from(!self.in_source)]
    }
}

impl Sighting {
    /// Reads an entry of a list of findings; `kind` stands in where it names no type. A text is
    /// its own description. Nothing comes of an entry that says nothing.
    #[must_use]
    pub fn read(entry: &Value, kind: &str) -> Option<Self> {
        if let Some(text) = entry.as_str() {
            return Self::of(kind, "", text);
        }
        let named = word(
            entry,
            &[
                "type", "kind", "category", "rule", "rule_id", "code", "check",
            ],
        );
        let area = word(entry, &AREA).unwrap_or_default();
        let description = description(entry).unwrap_or_default();
        let told = !area.trim().is_empty() || !description.trim().is_empty();
        let is_something = entry.as_object().is_some_and(|it| !it.is_empty());
        // Whoever lists it has found it, whatever he says of it.
        let description = if told || !is_something {
            description
        } else {
            WORDLESS
        };
        let mut read = Self::of(named.unwrap_or(kind), area, description)?;
        read.severity = Severity::of(entry);
        read.suppressed = Suppressed::read(entry);
        if entry.get("severity_assumed") == Some(&Value::Bool(true)) {
            // Its fingerprint is that of the description alone.
            read.description
                .push_str(" (how grave it is was not told: it counts as medium)");
        }
        Some(read)
    }

    /// True for an entry that says something.
    #[must_use]
    pub fn is_told(entry: &Value) -> bool {
        description(entry).is_some() || word(entry, &AREA).is_some()
    }

    /// True for an entry that its tool says is to be lived with.
    #[must_use]
    pub fn is_suppressed(entry: &Value) -> bool {
        Suppressed::read(entry).is_some()
    }

    fn of(kind: &str, area: &str, description: &str) -> Option<Self> {
        if area.trim().is_empty() && description.trim().is_empty() {
            return None;
        }
        Some(Self {
            fingerprint: fingerprint(kind, area, description),
            kind: cut(kind),
            area: cut(area),
            description: cut(description),
            severity: Severity::Unknown,
            suppressed: None,
        })
    }
}

const WORDLESS: &str = "without a description";

const AREA: [&str; 7] = [
    "file",
    "path",
    "filename",
    "location",
    "area",
    "component",
    "module",
];

/// The first of these members that is a text, if it is not empty.
fn word<'a>(entry: &'a Value, names: &[&str]) -> Option<&'a str> {
    let mut values = names.iter().filter_map(|name| entry.get(*name));
    let text = values.find_map(Value::as_str).map(str::trim);
    text.filter(|text| !text.is_empty())
}

fn description(entry: &Value) -> Option<&str> {
    word(
        entry,
        &[
            "description",
            "message",
            "title",
            "summary",
            "detail",
            "name",
        ],
    )
    .or_else(|| word(entry, &["id"]))
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
