//! What a step says about itself on standard output: one JSON document, JSON lines among other
//! lines, or SARIF. Pure; memory is bounded whatever a tool prints.

mod json;
mod sarif;
#[cfg(test)]
mod tests;

use serde_json::Value;

use self::json::{listed, without};

/// A document may be so long; of a longer output only the lines are read.
const LONGEST_DOCUMENT: usize = 8 * 1024 * 1024;
/// A longer line is no JSON line.
const LONGEST_LINE: usize = 1024 * 1024;
/// Lines that are tried as the beginning of a document.
const MOST_BEGINNINGS: usize = 50;
/// Entries that are kept of each list; more are counted.
pub(crate) const MOST_ENTRIES: usize = 1000;
/// Bytes of the output's end that are kept to explain a failure.
const TAIL: usize = 4 * 1024;

#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Report {
    /// What it found; absent when it said nothing of findings.
    pub(crate) findings: Option<Listed>,
    /// What it mended; absent when it said nothing of fixes.
    pub(crate) fixes: Option<Listed>,
}

/// Entries of a list, and how many more there were.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Listed {
    pub(crate) entries: Vec<Value>,
    pub(crate) omitted: u64,
}

/// Takes in what a step prints, piece by piece.
#[derive(Debug, Default)]
pub(crate) struct Output {
    /// From the first line that may begin a document.
    document: Vec<u8>,
    too_long: bool,
    line: Vec<u8>,
    /// The rest of this line is dropped.
    skipping: bool,
    /// What the lines said.
    lines: Report,
    tail: Tail,
}

/// The end of what was printed.
#[derive(Debug, Default)]
pub(crate) struct Tail(Vec<u8>);

impl Output {
    pub(crate) fn push(&mut self, bytes: &[u8]) {
        self.tail.push(bytes);
        for piece in bytes.split_inclusive(|byte| *byte == b'\n') {
            if self.line.is_empty() && !self.skipping && self.document.is_empty() {
                self.begin_document(piece);
            } else if !self.document.is_empty() {
                self.extend_document(piece);
            }
            if self.skipping || self.line.len() + piece.len() > LONGEST_LINE {
                self.skipping = true;
                self.line.clear();
            } else {
                self.line.extend_from_slice(piece);
            }
            if piece.ends_with(b"\n") {
                self.end_line();
            }
        }
    }

    /// What all of it says, and its end in words.
    pub(crate) fn finish(mut self) -> (Report, Tail) {
        self.end_line();
        let whole = if self.too_long {
            None
        } else {
            document(&self.document)
        };
        let whole = whole.map(|document| report(document, true));
        (whole.unwrap_or(self.lines), self.tail)
    }

    fn begin_document(&mut self, piece: &[u8]) {
        if piece.trim_ascii_start().starts_with(b"{") || piece.trim_ascii_start().starts_with(b"[")
        {
            self.extend_document(piece);
        }
    }

    fn extend_document(&mut self, piece: &[u8]) {
        if self.document.len() + piece.len() > LONGEST_DOCUMENT {
            self.too_long = true;
            // One byte marks that a document has begun.
            self.document = vec![b' '];
        } else if !self.too_long {
            self.document.extend_from_slice(piece);
        }
    }

    fn end_line(&mut self) {
        let line = std::mem::take(&mut self.line);
        let line = line.trim_ascii();
        if !self.skipping
            && line.starts_with(b"{")
            && let Ok(value) = serde_json::from_slice(line)
        {
            self.lines.add(report(value, false));
        }
        self.skipping = false;
    }
}

impl Report {
    fn add(&mut self, more: Self) {
        for (list, more) in [
            (&mut self.findings, more.findings),
            (&mut self.fixes, more.fixes),
        ] {
            if let Some(more) = more {
                list.get_or_insert_default().add(more);
            }
        }
    }
}

impl Listed {
    fn add(&mut self, more: Self) {
        self.omitted += more.omitted;
        for entry in more.entries {
            self.push(entry);
        }
    }

    fn push(&mut self, entry: Value) {
        if self.entries.len() < MOST_ENTRIES {
            self.entries.push(entry);
        } else {
            self.omitted += 1;
        }
    }
}

impl Tail {
    pub(crate) fn push(&mut self, bytes: &[u8]) {
        let new = &bytes[bytes.len().saturating_sub(TAIL)..];
        let old = self.0.len().saturating_sub(TAIL.saturating_sub(new.len()));
        self.0.drain(..old);
        self.0.extend_from_slice(new);
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.0).trim().to_owned()
    }

    /// The last line that says something.
    pub(crate) fn last_line(&self) -> Option<String> {
        let text = self.text();
        let last = text.lines().rev().map(str::trim);
        let mut last = last.filter(|line| !line.is_empty());
        last.next().map(|line| line.chars().take(300).collect())
    }
}

/// The document that ends the output: it begins with the first line from which on all is JSON.
fn document(bytes: &[u8]) -> Option<Value> {
    let mut rest = bytes;
    for _ in 0..MOST_BEGINNINGS {
        if let Ok(value) = serde_json::from_slice(rest) {
            return Some(value);
        }
        // A log line such as `[INFO] ready` looks like a beginning, too.
        let begins = |pair: &[u8]| pair[0] == b'\n' && matches!(pair[1], b'{' | b'[');
        rest = &rest[rest.windows(2).position(begins)? + 1..];
    }
    None
}

/// What one JSON value says. Only a whole document may be a bare array of findings, or SARIF.
fn report(value: Value, whole: bool) -> Report {
    match value {
        Value::Object(map) if whole && sarif::is_log(&map) => Report {
            findings: Some(sarif::findings(&map)),
            fixes: None,
        },
        Value::Object(mut map) => {
            let mut findings = listed(&mut map, &["findings", "vulnerabilities", "issues"]);
            let fixes = listed(&mut map, &["fixes"]);
            if findings.is_none() && fixes.is_none() && map.contains_key("severity") {
                findings.get_or_insert_default().push(without(map));
            }
            Report { findings, fixes }
        }
        Value::Array(items) if whole => array(items),
        _ => Report::default(),
    }
}

/// Findings that say how grave they are; an empty list says that there are none.
fn array(items: Vec<Value>) -> Report {
    let graded = |item: &Value| item.get("severity").is_some();
    if !items.is_empty() && !items.iter().any(graded) {
        return Report::default();
    }
    let mut findings = Listed::default();
    for item in items {
        if let Value::Object(map) = item {
            findings.push(without(map));
        }
    }
    Report {
        findings: Some(findings),
        fixes: None,
    }
}
