//! What a step says about itself: JSON documents, JSON lines and SARIF, in any mixture and among
//! other text. Pure; of what a tool prints, no more is in memory than the document at hand.
//!
//! ```text
//!  bytes ─▶ decoding ─▶ scanner (grammar) ─▶ documents ─▶ shapes ─┬▶ entries: findings and fixes
//!                     (open · fallen)                              ├▶ sarif
//!                                                                 └▶ loglines · foreign · failures
//! ```

mod decoding;
mod entries;
mod failures;
mod fallen;
mod foreign;
mod grammar;
mod json;
mod loglines;
mod open;
mod sarif;
mod scanner;
mod shapes;
#[cfg(test)]
mod tests;
mod troubles;

use self::decoding::Decoding;
use self::sarif::Root;
use self::scanner::Scanner;
use self::shapes::Reading;

pub(crate) use self::entries::{ASSUMED, Listed, MOST_ENTRIES};
pub(crate) use self::troubles::Troubles;

/// Bytes of the output's end that are kept to explain a failure.
const TAIL: usize = 4 * 1024;

#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Report {
    /// What it found; absent when it said nothing of findings.
    pub(crate) findings: Option<Listed>,
    /// What it mended; absent when it said nothing of fixes.
    pub(crate) fixes: Option<Listed>,
    /// Why it is not all there is: something could not be read, or did not do its work.
    pub(crate) troubles: Troubles,
    /// What is said of JSON that is no report.
    pub(crate) foreign: Option<String>,
}

/// What a stream is read for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Manner {
    /// Reports, and what looks like one.
    Reports,
    /// Reports among whatever else: standard error.
    Aside,
    /// Nothing but its end.
    Nothing,
}

/// Takes in what a step prints, piece by piece.
pub(crate) struct Output {
    manner: Manner,
    decoding: Decoding,
    scanner: Scanner,
    reading: Reading,
    tail: Tail,
}

/// The end of what was printed.
#[derive(Debug, Default)]
pub(crate) struct Tail(Vec<u8>);

impl Output {
    /// `root` is what paths of findings are relative to: a folder, or two names of it.
    pub(crate) fn new(manner: Manner, root: impl Into<Root>) -> Self {
        Self {
            manner,
            decoding: Decoding::default(),
            scanner: Scanner::new(manner == Manner::Aside),
            reading: Reading::new(root.into()),
            tail: Tail::default(),
        }
    }

    pub(crate) fn push(&mut self, bytes: &[u8]) {
        self.tail.push(bytes);
        if self.manner != Manner::Nothing {
            let (scanner, reading) = (&mut self.scanner, &mut self.reading);
            self.decoding.push(bytes, |text| {
                scanner.push(text, &mut |found| reading.take(found));
            });
        }
    }

    /// What all of it says, and its end in words.
    pub(crate) fn finish(mut self) -> (Report, Tail) {
        let (scanner, reading) = (&mut self.scanner, &mut self.reading);
        self.decoding.finish(|text| {
            scanner.push(text, &mut |found| reading.take(found));
        });
        scanner.finish(&mut |found| reading.take(found));
        (self.reading.finish(self.scanner.has_text), self.tail)
    }
}

impl Report {
    /// The same with what another stream says.
    pub(crate) fn and(mut self, more: Self) -> Self {
        for (list, more) in [
            (&mut self.findings, more.findings),
            (&mut self.fixes, more.fixes),
        ] {
            if let Some(more) = more {
                list.get_or_insert_default().add(more);
            }
        }
        self.troubles.join(more.troubles);
        self.foreign = self.foreign.or(more.foreign);
        self
    }
}

impl Tail {
    fn push(&mut self, bytes: &[u8]) {
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
