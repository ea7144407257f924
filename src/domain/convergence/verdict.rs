//! Whether a loop gets anywhere, by a stated rule over what was wrong at the end of its last
//! iterations.
//!
//! The rule, first match wins. What counts is `open`: findings that nobody accepted, and one
//! for a failed validation, of every complete iteration that tells.
//!
//! 1. The session converged, failed (also: ended without converging), or is interrupted.
//! 2. Fewer than three iterations tell: too early.
//! 3. Nothing is open in the last one: converging.
//! 4. Of the last four, the last is no new low, and the numbers went up and down (or down and
//!    up) or two iterations brought fixed findings back: oscillating.
//! 5. The last is above the first of them, and none was higher: diverging.
//! 6. The last is below the first of them, and none was lower: converging.
//! 7. Stalled.
//!
//! A clean iteration has nothing open, so by 3 it never worsens the verdict.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{IterationMetrics, SessionStatus};

/// Whether a loop gets anywhere, and the numbers that led there.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Verdict {
    /// The answer in a word.
    pub kind: VerdictKind,
    /// The answer in a sentence.
    pub reason: String,
    /// The iterations that it rests on, at most four, in order.
    pub iterations: Vec<u32>,
    /// What was open at the end of each.
    pub open: Vec<u32>,
    /// How many findings came back in each.
    pub regressed: Vec<u32>,
}

/// Whether a loop gets anywhere.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum VerdictKind {
    /// Ever less is open.
    Converging,
    /// Nothing changes.
    Stalled,
    /// What is mended comes back.
    Oscillating,
    /// Ever more is open.
    Diverging,
    /// Done.
    Converged,
    /// Over, and not converged.
    Failed,
    /// The loop is gone.
    Interrupted,
    /// Not enough iterations to tell.
    TooEarly,
}

impl VerdictKind {
    /// The words for people.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::Converging => "converging",
            Self::Stalled => "stalled",
            Self::Oscillating => "oscillating",
            Self::Diverging => "diverging",
            Self::Converged => "converged",
            Self::Failed => "failed",
            Self::Interrupted => "interrupted",
            Self::TooEarly => "too early to tell",
        }
    }
}

/// Iterations that the rule looks at.
const WINDOW: usize = 4;
/// Iterations without which nothing can be said.
const LEAST: usize = 3;

/// Applies the rule; `error` is the session's last error.
#[must_use]
pub fn verdict(
    status: SessionStatus,
    error: Option<&str>,
    iterations: &[IterationMetrics],
) -> Verdict {
    let tells = |row: &&IterationMetrics| row.complete && row.open.is_some();
    let rows: Vec<_> = iterations.iter().filter(tells).collect();
    let window = &rows[rows.len().saturating_sub(WINDOW)..];
    let open: Vec<u32> = window.iter().filter_map(|row| row.open).collect();
    let regressed: Vec<u32> = window
        .iter()
        .map(|row| row.regressed.unwrap_or(0))
        .collect();
    let (kind, reason) = match status {
        SessionStatus::Converged => (VerdictKind::Converged, "the loop converged".to_owned()),
        SessionStatus::Failed | SessionStatus::Ended => {
            let why = error.unwrap_or("no reason was given");
            (
                VerdictKind::Failed,
                format!("ended without converging: {why}"),
            )
        }
        SessionStatus::Interrupted => {
            let reason = "nothing was heard of the loop for too long, or it was broken off";
            (VerdictKind::Interrupted, reason.to_owned())
        }
        SessionStatus::Running => judge(&open, &regressed),
    };
    Verdict {
        kind,
        reason,
        iterations: window.iter().map(|row| row.iteration).collect(),
        open,
        regressed,
    }
}

/// Rules 2 to 7.
fn judge(open: &[u32], regressed: &[u32]) -> (VerdictKind, String) {
    let (Some(&first), Some(&last)) = (open.first(), open.last()) else {
        let reason = format!("no iteration is complete; {LEAST} are needed");
        return (VerdictKind::TooEarly, reason);
    };
    if open.len() < LEAST {
        let reason = format!("{} of {LEAST} iterations that are needed", open.len());
        return (VerdictKind::TooEarly, reason);
    }
    let series = open
        .iter()
        .map(u32::to_string)
        .collect::<Vec<_>>()
        .join(", ");
    let told = |words: &str| format!("{words}: {series} open at the end of the last iterations");
    let earlier = &open[..open.len() - 1];
    let low = earlier.iter().all(|number| last <= *number);
    let new_low = earlier.iter().all(|number| last < *number);
    let high = earlier.iter().all(|number| last >= *number);
    let came_back = regressed.iter().filter(|number| **number > 0).count();
    if last == 0 {
        (VerdictKind::Converging, told("nothing is open"))
    } else if !new_low && came_back >= 2 {
        let words = format!("fixed findings came back in {came_back} iterations");
        (VerdictKind::Oscillating, told(&words))
    } else if !new_low && turns(open) >= 2 {
        (VerdictKind::Oscillating, told("the numbers go up and down"))
    } else if last > first && high {
        (VerdictKind::Diverging, told("more and more is wrong"))
    } else if last < first && low {
        (VerdictKind::Converging, told("less and less is wrong"))
    } else {
        (VerdictKind::Stalled, told("no progress"))
    }
}

/// How often a series changes its direction.
fn turns(series: &[u32]) -> usize {
    let moves: Vec<_> = series
        .windows(2)
        .map(|pair| pair[1].cmp(&pair[0]))
        .filter(|order| order.is_ne())
        .collect();
    moves.windows(2).filter(|pair| pair[0] != pair[1]).count()
}
