//! The numbers of a session as a whole: added up in one place, whichever page shows them, so that
//! they are those of its iterations and of its ledger.

use serde::{Deserialize, Serialize};

use super::IterationMetrics;

/// The numbers of a session as a whole. A failed validation is no finding: it counts in none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each says of other numbers whether they are known"
)]
pub struct SessionNumbers {
    /// True when any step listed what it found, be it nothing.
    pub lists: bool,
    /// Findings that were listed, each counted once.
    pub listed: u64,
    /// Those of them that are open.
    pub open: u64,
    /// Findings that are open as well, and were only counted.
    pub counted: u64,
    /// True when it is known how much is open at the end.
    pub told: bool,
    /// True when in any iteration a step that looks failed, or did not tell what it found.
    pub untold: bool,
    /// True when more may be open at the end than is known.
    pub at_least: bool,
    /// How often an event of it could not be read.
    pub refused: u64,
    /// What all steps reported, added up: a finding counts as often as it was reported.
    pub reported: Option<u32>,
    /// The fixes that all steps reported, added up.
    pub fixes: Option<u32>,
    /// Whether the last validation passed.
    pub validated: Option<bool>,
}

impl SessionNumbers {
    /// Of a session with these iterations, in order, and with so many findings in its ledger, so
    /// many of them open. `refused` is how often an event of it could not be read.
    #[must_use]
    pub fn of(rows: &[IterationMetrics], (listed, open): (u64, u64), refused: u64) -> Self {
        let sum = |number: fn(&IterationMetrics) -> Option<u32>| {
            rows.iter().filter_map(number).reduce(u32::saturating_add)
        };
        // What was known before somebody failed to look is no end; who was broken off did not fail.
        let is_end = |row: &&IterationMetrics| row.tells() && (!row.cut || row.untold.is_empty());
        let at_the_end = rows.iter().rev().find(is_end);
        let is_known = at_the_end.is_none_or(|row| row.untold.is_empty());
        let at_the_end = at_the_end.and_then(|row| row.open);
        Self {
            lists: listed > 0 || rows.iter().any(|row| row.new.is_some()),
            listed,
            open,
            counted: u64::from(at_the_end.unwrap_or(0)).saturating_sub(open),
            told: at_the_end.is_some(),
            untold: rows.iter().any(|row| !row.untold.is_empty()),
            at_least: !is_known || refused > 0,
            refused,
            reported: sum(|row| row.findings),
            fixes: sum(|row| row.fixes),
            validated: rows.iter().rev().find_map(|row| row.validated),
        }
    }

    /// Everything that is open at the end; absent where no step told.
    #[must_use]
    pub fn open_at_the_end(&self) -> Option<u64> {
        self.told.then(|| self.open.saturating_add(self.counted))
    }
}
