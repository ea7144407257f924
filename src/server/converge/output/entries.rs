//! Entries of lists of findings and fixes, as they may travel: with something to call them, not
//! too deep and not too long, and a finding with how grave it is.

use std::cmp::Reverse;

use serde_json::{Map, Value, json};

use crate::domain::{Severity, Sighting, is_too_deep};

/// Entries that are kept of each list; more are counted.
pub(crate) const MOST_ENTRIES: usize = 1000;
/// Marks a severity that its tool did not tell.
pub(crate) const ASSUMED: &str = "severity_assumed";
/// What is said of a finding that says nothing.
const NOTHING: &str = "an entry that says nothing";
/// A severity that is not known, as its tool told it.
const TOLD: &str = "severity_told";
/// An entry that is longer is passed on in few words.
const LONGEST_ENTRY: usize = 8 * 1024;

/// Entries of a list, and how many more there were. The gravest are kept.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Listed {
    pub(crate) entries: Vec<Value>,
    /// What its tool says is to be lived with.
    pub(crate) suppressed: Vec<Value>,
    pub(crate) omitted: u64,
    /// How many of these are suppressed.
    pub(crate) suppressed_omitted: u64,
    /// The gravest of those that are left out.
    pub(crate) worst_omitted: Option<Severity>,
    entries_order: Order,
    suppressed_order: Order,
}

/// Chooses the entries of a full list: the gravest, and among these by what they are, so that the
/// same are listed in whatever order they come.
#[derive(Clone, Debug, Default, PartialEq)]
struct Order {
    /// Of the entries of the list; nothing until it is full.
    ranks: Vec<Rank>,
    /// The place of the first that has to go.
    last: usize,
}

/// The lowest come first: how grave it is, what makes it the same finding in another iteration,
/// and all of it.
type Rank = (Reverse<u8>, String, String);

impl Listed {
    /// Adds a finding. What does not say how grave it is counts as medium, and says so. What says
    /// nothing at all was found, too: somebody listed it.
    pub(crate) fn find(&mut self, entry: Value) {
        let entry = described(entry).unwrap_or_else(|| json!({"description": NOTHING}));
        let entry = short(graded(entry));
        if Sighting::is_suppressed(&entry) {
            let list = &mut self.suppressed;
            if self.suppressed_order.keep(list, entry).is_some() {
                self.omitted += 1;
                self.suppressed_omitted += 1;
            }
        } else {
            self.push(entry);
        }
    }

    /// Adds a fix.
    pub(super) fn fix(&mut self, entry: Value) {
        let entry = match entry {
            Value::String(text) if !text.trim().is_empty() => Some(Value::String(text)),
            Value::String(_) => None,
            other => described(other),
        };
        if let Some(entry) = entry {
            self.push(short(entry));
        }
    }

    /// Adds a list, whose entries are as they may travel.
    pub(super) fn add(&mut self, more: Self) {
        self.omitted += more.omitted;
        self.suppressed_omitted += more.suppressed_omitted;
        self.worst_omitted = worse(self.worst_omitted, more.worst_omitted);
        for entry in more.entries {
            self.push(entry);
        }
        for entry in more.suppressed {
            self.find(entry);
        }
    }

    fn push(&mut self, entry: Value) {
        if let Some(left_out) = self.entries_order.keep(&mut self.entries, entry) {
            self.omitted += 1;
            self.worst_omitted = worse(self.worst_omitted, Some(Severity::of(&left_out)));
        }
    }
}

impl Order {
    /// Adds an entry to its list; answers the one that is left out, if there are too many.
    fn keep(&mut self, list: &mut Vec<Value>, entry: Value) -> Option<Value> {
        if list.len() < MOST_ENTRIES {
            list.push(entry);
            return None;
        }
        if self.ranks.is_empty() {
            self.ranks = list.iter().map(rank).collect();
            self.seek();
        }
        let new = rank(&entry);
        if self.ranks.get(self.last).is_none_or(|last| new >= *last) {
            return Some(entry);
        }
        let left_out = list.remove(self.last);
        self.ranks.remove(self.last);
        list.push(entry);
        self.ranks.push(new);
        self.seek();
        Some(left_out)
    }

    fn seek(&mut self) {
        let ranks = self.ranks.iter().enumerate();
        let last = ranks.max_by_key(|(_, rank)| *rank);
        self.last = last.map_or(0, |(place, _)| place);
    }
}

fn rank(entry: &Value) -> Rank {
    let identity = Sighting::read(entry, "").map(|told| told.fingerprint);
    let claim = Severity::of(entry).claim();
    (
        Reverse(claim),
        identity.unwrap_or_default(),
        entry.to_string(),
    )
}

/// The one that counts for more.
fn worse(one: Option<Severity>, other: Option<Severity>) -> Option<Severity> {
    let both = one.into_iter().chain(other);
    both.max_by_key(|severity| severity.claim())
}

/// An entry with something to call it; nothing of one that says nothing.
fn described(entry: Value) -> Option<Value> {
    match entry {
        Value::Null => None,
        Value::String(text) if text.trim().is_empty() => None,
        Value::String(text) => Some(json!({"description": text})),
        Value::Object(map) => Some(named(map)),
        other => Some(json!({"description": words(&other)})),
    }
}

fn named(map: Map<String, Value>) -> Value {
    let mut entry = Value::Object(map);
    if !Sighting::is_told(&entry) {
        entry["description"] = json!(words(&entry));
    }
    entry
}

fn words(entry: &Value) -> String {
    entry.to_string().chars().take(200).collect()
}

/// The same with a severity. A word or a number that is not known stays beside it: it may mean
/// anything, and counts whatever is let stand.
fn graded(mut entry: Value) -> Value {
    if Severity::of(&entry) != Severity::Unknown || entry.get(TOLD).is_some() {
        return entry;
    }
    let is_nothing = |told: &Value| match told {
        Value::String(text) => text.trim().is_empty(),
        Value::Array(list) => list.is_empty(),
        told => told.is_null(),
    };
    let odd = || entry.get("severity").filter(|told| !is_nothing(told));
    let told = Severity::said(&entry).map(|(_, told)| told).or_else(odd);
    let told = told.cloned();
    if let Some(told) = told {
        entry[TOLD] = told;
        entry["severity"] = json!(Severity::Unknown.as_str());
    } else {
        entry["severity"] = json!(Severity::Medium.as_str());
        entry[ASSUMED] = json!(true);
    }
    entry
}

fn short(mut entry: Value) -> Value {
    if !is_too_deep(&entry) && entry.to_string().len() <= LONGEST_ENTRY {
        return entry;
    }
    let mark = entry.as_object_mut().and_then(|map| map.remove(ASSUMED));
    let Some(told) = Sighting::read(&entry, "") else {
        return json!({"description": "an entry that is too long"});
    };
    let beginning = |text: &str, most| text.chars().take(most).collect::<String>();
    let mut few = json!({"description": beginning(&told.description, 1000),
        "severity": told.severity.as_str()});
    for (name, word) in [("type", told.kind), ("file", told.area)] {
        if !word.is_empty() {
            few[name] = json!(beginning(&word, 500));
        }
    }
    if let Some(line @ Value::Number(_)) = entry.get("line") {
        few["line"] = line.clone();
    }
    if let Some(mark) = mark {
        few[ASSUMED] = mark;
    }
    if let Some(odd) = entry.get(TOLD) {
        few[TOLD] = json!(beginning(&odd.to_string(), 100));
    }
    if let Some(suppressed) = told.suppressed {
        few["suppressed"] = json!({"kind": suppressed.kind(),
            "justification": beginning(&suppressed.reason, 1000)});
    }
    few
}
