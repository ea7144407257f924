//! Whether a loop gets anywhere, by a stated rule over what was wrong at the end of its last
//! iterations, and what is said of it when it is over.
//!
//! The rule, first match wins. What counts is `open`, findings that nobody accepted, of every
//! complete iteration of which it is known: where a step that looks failed or told nothing, it is
//! not. One in whose midst the session ended is none of them. A failed validation is no finding and stands in none of these numbers; where it names no
//! finding that is open, it weighs as much as one.
//!
//! 0. Nobody knows what is open in the last one, or an event could not be read: it cannot be told.
//! 1. Fewer than three iterations tell: too early.
//! 2. Nothing is wrong in the last one: converging.
//! 3. Of the last four, the last is no new low, and the numbers went up and down (or down and
//!    up) or two iterations brought fixed findings back: oscillating.
//! 4. The last is above the first of them, and none was higher: diverging.
//! 5. The last is below the first of them, and none was lower: converging.
//! 6. Stalled.
//!
//! A clean iteration has nothing wrong, so by 2 it never worsens the verdict. This stays known when
//! the session is over (`trend`): one that did not converge is called after it. Only a loop that
//! failed itself is called failed.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{IterationMetrics, LoopStep, SessionStatus};

/// Whether a loop gets anywhere, and the numbers that led there.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Verdict {
    /// The answer in a word.
    pub kind: VerdictKind,
    /// What the iterations say, also of a session that is over: converging, stalled, oscillating,
    /// diverging, or too early to tell.
    #[serde(default = "too_early")]
    pub trend: VerdictKind,
    /// The answer as a line: `not converged: stalled (20, 31, 24, 22 open)`.
    #[serde(default)]
    pub text: String,
    /// What it rests on; empty where the word says it all.
    pub reason: String,
    /// The iterations that it rests on, at most four, in order.
    pub iterations: Vec<u32>,
    /// Findings open at the end of each.
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
    /// Done, as its loop says.
    Converged,
    /// Over without having converged: it ran out of iterations or time, or ended without a word.
    NotConverged,
    /// Over, since its loop could not go on.
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
            Self::NotConverged => "not converged",
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

/// Applies the rule; `why` is what is known of the end of a session that is over, `refused` how often
/// an event of it could not be read.
#[must_use]
pub fn verdict(
    status: SessionStatus,
    why: Option<&str>,
    iterations: &[IterationMetrics],
    refused: u64,
) -> Verdict {
    let tells = |row: &&IterationMetrics| row.complete && !row.cut && row.tells();
    let rows: Vec<_> = iterations.iter().filter(tells).collect();
    let window = &rows[rows.len().saturating_sub(WINDOW)..];
    let any_whole = iterations.iter().any(|row| row.complete && !row.cut);
    let told: Vec<_> = window.iter().filter(|row| row.is_known()).collect();
    let regressed: Vec<u32> = told.iter().map(|row| row.regressed.unwrap_or(0)).collect();
    let weights: Vec<u32> = told.iter().map(|row| weight(row)).collect();
    let (trend, words, known) = if let Some(doubt) = doubt(window, refused) {
        let words = format!("it cannot be told, since {doubt}{}", behind(window));
        (VerdictKind::TooEarly, words.clone(), words)
    } else if window.is_empty() && any_whole {
        let words = "no step that looks told what it found".to_owned();
        (VerdictKind::TooEarly, words.clone(), words)
    } else {
        let (trend, words) = judge(&weights, &regressed);
        let known = in_words(trend, window);
        let has_untold = told.is_empty() && !window.is_empty();
        (trend, if has_untold { known.clone() } else { words }, known)
    };
    let why = why.map(str::trim).filter(|why| !why.is_empty());
    let (kind, reason) = match status {
        SessionStatus::Running if trend == VerdictKind::TooEarly => (trend, words),
        SessionStatus::Running => {
            let series = series(window);
            (
                trend,
                format!("{words}: {series} at the end of the last iterations"),
            )
        }
        SessionStatus::Converged if refused > 0 => (VerdictKind::Converged, unread(refused)),
        // Its loop says so; who reads it should know what that rests on.
        SessionStatus::Converged => {
            let doubt = not_looked(window).unwrap_or_default();
            (VerdictKind::Converged, doubt)
        }
        SessionStatus::Ended => (VerdictKind::NotConverged, known.clone()),
        SessionStatus::Failed => {
            let why = why.unwrap_or("its loop did not say why");
            (VerdictKind::Failed, why.to_owned())
        }
        SessionStatus::Interrupted => {
            let why = match why {
                Some(why) => format!("it was broken off ({why})"),
                None => "nothing more was heard of its loop".to_owned(),
            };
            (
                VerdictKind::Interrupted,
                format!("{why}; until then {known}"),
            )
        }
    };
    let text = match kind {
        VerdictKind::Converged if reason.is_empty() => kind.label().to_owned(),
        VerdictKind::Interrupted => kind.label().to_owned(),
        VerdictKind::Converged | VerdictKind::NotConverged | VerdictKind::Failed => {
            format!("{}: {reason}", kind.label())
        }
        _ => known,
    };
    Verdict {
        kind,
        trend,
        text,
        reason,
        iterations: told.iter().map(|row| row.iteration).collect(),
        open: told.iter().filter_map(|row| row.open).collect(),
        regressed,
    }
}

fn too_early() -> VerdictKind {
    VerdictKind::TooEarly
}

/// How much is wrong at the end of an iteration.
fn weight(row: &IterationMetrics) -> u32 {
    let open = row.open.unwrap_or(0);
    let mut steps = row.steps.iter();
    let named = steps.any(|it| it.step == LoopStep::Validate && it.findings.unwrap_or(0) > 0);
    let unnamed = row.validated == Some(false) && (open == 0 || !named);
    open.saturating_add(u32::from(unnamed))
}

/// Why it cannot be told where a session stands, if so.
fn doubt(window: &[&IterationMetrics], refused: u64) -> Option<String> {
    if refused > 0 {
        return Some(unread(refused));
    }
    window.last().filter(|row| !row.is_known())?;
    match (not_looked(window), window.len() < LEAST) {
        (Some(words), _) => Some(words),
        (None, false) => Some("no step that looks told what it found".to_owned()),
        // More of them may tell.
        (None, true) => None,
    }
}

/// The steps that did not look in the last iteration, and since when.
fn not_looked(window: &[&IterationMetrics]) -> Option<String> {
    let last = window.last()?;
    let told_nothing = |step: &LoopStep| {
        let without = window.iter().filter(|row| row.untold.contains(step));
        let numbers: Vec<_> = without.map(|row| format!("#{}", row.iteration)).collect();
        let mut steps = last.steps.iter().filter(|it| it.step == *step);
        let failed = steps.any(|it| it.success == Some(false));
        let what = if failed { "failed" } else { "told nothing" };
        format!("{} {what} in {}", step.as_str(), numbers.join(", "))
    };
    let words: Vec<_> = last.untold.iter().map(told_nothing).collect();
    (!words.is_empty()).then(|| words.join(" and "))
}

fn unread(refused: u64) -> String {
    match refused {
        1 => "one of its events could not be read".to_owned(),
        _ => format!("events of it could not be read, {refused} times"),
    }
}

/// The numbers behind what is said, if there are any.
fn behind(window: &[&IterationMetrics]) -> String {
    if window.is_empty() {
        String::new()
    } else {
        format!(" ({})", series(window))
    }
}

/// `stalled (20, 31, 24, 22 open)`.
fn in_words(trend: VerdictKind, window: &[&IterationMetrics]) -> String {
    let series = series(window);
    match (trend, window.len()) {
        (VerdictKind::TooEarly, 0) => "no iteration was complete".to_owned(),
        (VerdictKind::TooEarly, _) => format!("too few iterations to tell ({series})"),
        _ => format!("{} ({series})", trend.label()),
    }
}

/// `20, 31, 24, 22 open`, and which validations failed.
fn series(window: &[&IterationMetrics]) -> String {
    let known = |row: &&IterationMetrics| row.open.map_or("–".to_owned(), |it| it.to_string());
    let open: Vec<_> = window.iter().map(known).collect();
    let failed = window.iter().filter(|row| row.validated == Some(false));
    let failed: Vec<_> = failed.map(|row| format!("#{}", row.iteration)).collect();
    let open = open.join(", ");
    if failed.is_empty() {
        format!("{open} open")
    } else {
        format!("{open} open; validation failed in {}", failed.join(", "))
    }
}

/// The rule, and why it says so.
fn judge(weights: &[u32], regressed: &[u32]) -> (VerdictKind, String) {
    let (Some(&first), Some(&last)) = (weights.first(), weights.last()) else {
        let reason = format!("no iteration is complete; {LEAST} are needed");
        return (VerdictKind::TooEarly, reason);
    };
    if weights.len() < LEAST {
        let reason = format!("{} of {LEAST} iterations that are needed", weights.len());
        return (VerdictKind::TooEarly, reason);
    }
    let earlier = &weights[..weights.len() - 1];
    let low = earlier.iter().all(|number| last <= *number);
    let new_low = earlier.iter().all(|number| last < *number);
    let high = earlier.iter().all(|number| last >= *number);
    let came_back = regressed.iter().filter(|number| **number > 0).count();
    let (kind, words) = if last == 0 {
        (VerdictKind::Converging, "nothing is open")
    } else if !new_low && came_back >= 2 {
        let words = format!("fixed findings came back in {came_back} iterations");
        return (VerdictKind::Oscillating, words);
    } else if !new_low && turns(weights) >= 2 {
        (VerdictKind::Oscillating, "the numbers go up and down")
    } else if last > first && high {
        (VerdictKind::Diverging, "more and more is wrong")
    } else if last < first && low {
        (VerdictKind::Converging, "less and less is wrong")
    } else {
        (VerdictKind::Stalled, "no progress")
    };
    (kind, words.to_owned())
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
