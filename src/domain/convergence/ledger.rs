//! What became of each finding from iteration to iteration, and the numbers of each iteration.
//! Nothing is invented: where a loop sends only counts, only counts come out.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::follow::follow;
use super::{
    FindingFacts, IterationFacts, LoopStep, Seen, SessionFacts, Severity, SeverityCounts,
    Suppressed, span,
};
use crate::domain::Timestamp;

/// A finding of a session, recognised over its iterations by its fingerprint.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Finding {
    /// 32 hexadecimal digits.
    pub fingerprint: String,
    /// What kind of thing it is: a rule, a category, `vulnerability`.
    #[serde(rename = "type")]
    pub kind: String,
    /// The file or area; empty when the loop named none.
    pub area: String,
    /// What is wrong, as it was last said.
    pub description: String,
    /// How grave it is, as it was last said.
    pub severity: Severity,
    /// What became of it.
    pub state: FindingState,
    /// The first iteration in which it was seen.
    pub first_iteration: u32,
    /// The last iteration in which it was seen.
    pub last_iteration: u32,
    /// Who accepted it and why.
    pub accepted: Option<Acceptance>,
}

/// What became of a finding.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum FindingState {
    /// Seen for the first time.
    New,
    /// Seen again, as the time before.
    Repeated,
    /// Looked for, and no longer seen.
    Fixed,
    /// Seen again after it was fixed.
    Regressed,
    /// A person decided to live with it, or its tool was told to.
    Accepted,
}

/// A decision to live with a finding: that of a person, or what its tool was told in the source.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Acceptance {
    /// Who decided.
    pub by: String,
    /// Why.
    pub reason: String,
    /// When.
    pub at: Timestamp,
}

/// The numbers of one iteration. Absent numbers were not reported.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct IterationMetrics {
    /// Counts from 1.
    pub iteration: u32,
    /// How many findings its steps reported.
    pub findings: Option<u32>,
    /// How many fixes its steps reported.
    pub fixes: Option<u32>,
    /// Findings that are open at its end: seen in it or before, neither fixed since nor accepted,
    /// and those that were only counted. A failed validation is none; `validated` tells of it.
    pub open: Option<u32>,
    /// Findings seen for the first time. This and the next four are absent without lists.
    pub new: Option<u32>,
    /// Findings seen again.
    pub repeated: Option<u32>,
    /// Findings seen again after they were fixed.
    pub regressed: Option<u32>,
    /// Findings no longer seen, but for those that a person accepted.
    pub fixed: Option<u32>,
    /// Findings seen that a person accepted.
    pub accepted: Option<u32>,
    /// Its findings by severity.
    pub severities: Option<SeverityCounts>,
    /// Whether its validation passed.
    pub validated: Option<bool>,
    /// True when nothing more of it is to come.
    pub complete: bool,
    /// Its first event.
    pub started_at: Option<Timestamp>,
    /// Its last event.
    pub ended_at: Option<Timestamp>,
    /// From its first to its last event.
    pub duration_seconds: f64,
    /// Its steps, in order.
    pub steps: Vec<StepMetrics>,
}

/// The numbers of one step of an iteration.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct StepMetrics {
    /// Which step.
    pub step: LoopStep,
    /// When it began.
    pub started_at: Option<Timestamp>,
    /// When it was done.
    pub ended_at: Option<Timestamp>,
    /// How long it took; absent until it is done.
    pub duration_seconds: Option<f64>,
    /// Whether it succeeded.
    pub success: Option<bool>,
    /// How many findings it reported.
    pub findings: Option<u32>,
    /// How many fixes it reported.
    pub fixes: Option<u32>,
}

/// Everything that a session's facts add up to.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Ledger {
    /// Every finding, by first iteration and then gravest first.
    pub findings: Vec<Finding>,
    /// Every iteration with a number, in order.
    pub iterations: Vec<IterationMetrics>,
}

/// Findings of which the same became: seen in the same places, accepted or not.
#[derive(Clone, Debug, PartialEq)]
pub struct Fellows {
    /// Where they were seen.
    pub seen: Seen,
    /// True when a person lives with them.
    pub accepted: bool,
    /// How many there are.
    pub count: u32,
}

/// What became of groups of findings, and the numbers of each iteration.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Account {
    /// What became of each group, in the order in which they were given.
    pub states: Vec<FindingState>,
    /// Every iteration with a number, in order.
    pub iterations: Vec<IterationMetrics>,
}

/// Adds up the facts of a session; `iterations` are in order.
#[must_use]
pub fn ledger(
    session: &SessionFacts,
    iterations: &[IterationFacts],
    findings: &[FindingFacts],
) -> Ledger {
    let alone = |finding: &FindingFacts| Fellows {
        seen: finding.seen.clone(),
        accepted: finding.accepted.is_some(),
        count: 1,
    };
    let groups: Vec<_> = findings.iter().map(alone).collect();
    let Account { states, iterations } = account(session, iterations, &groups);
    let known = findings.iter().zip(states);
    let mut followed: Vec<_> = known
        .map(|(facts, state)| Finding::of(facts, state))
        .collect();
    followed.sort_by(|a, b| {
        let gravest_first = b.severity.cmp(&a.severity);
        let by_first = a.first_iteration.cmp(&b.first_iteration);
        by_first
            .then(gravest_first)
            .then_with(|| a.fingerprint.cmp(&b.fingerprint))
    });
    Ledger {
        findings: followed,
        iterations,
    }
}

/// Adds up the facts of a session; `iterations` are in order.
#[must_use]
pub fn account(
    session: &SessionFacts,
    iterations: &[IterationFacts],
    groups: &[Fellows],
) -> Account {
    let over = session.has_ended() || session.status(false).is_over();
    let numbered = |facts: &&IterationFacts| facts.iteration > 0 || !facts.steps.is_empty();
    let iterations: Vec<_> = iterations.iter().filter(numbered).collect();
    let mut rows: Vec<_> = iterations
        .iter()
        .map(|facts| numbers(facts, over || facts.iteration < session.iteration))
        .collect();
    let states = follow(&iterations, groups, &mut rows);
    Account {
        states,
        iterations: rows,
    }
}

impl Acceptance {
    /// The names that stand for a tool.
    pub const TOOLS: [&str; 2] = Suppressed::BY;

    /// What its tool says, and no person decided.
    #[must_use]
    pub fn is_by_tool(&self) -> bool {
        Self::TOOLS.contains(&self.by.as_str())
    }

    /// The same as the tool told it.
    #[must_use]
    pub fn suppressed(&self) -> Option<Suppressed> {
        self.is_by_tool().then(|| Suppressed {
            in_source: self.by == Self::TOOLS[0],
            reason: self.reason.clone(),
        })
    }
}

impl FindingState {
    /// How much it needs someone: 0 is the most; from 3 on it is no longer open.
    #[must_use]
    pub fn need(self) -> u32 {
        match self {
            Self::Regressed => 0,
            Self::New => 1,
            Self::Repeated => 2,
            Self::Accepted => 3,
            Self::Fixed => 4,
        }
    }

    /// True for what is still wrong and nobody accepted.
    #[must_use]
    pub fn is_open(self) -> bool {
        self.need() < 3
    }
}

impl Finding {
    /// The finding with these facts, of which `state` became.
    #[must_use]
    pub fn of(facts: &FindingFacts, state: FindingState) -> Self {
        let sighting = &facts.sighting.value;
        Self {
            fingerprint: sighting.fingerprint.clone(),
            kind: sighting.kind.clone(),
            area: sighting.area.clone(),
            description: sighting.description.clone(),
            severity: sighting.severity,
            state,
            first_iteration: facts.seen.first(),
            last_iteration: facts.seen.last(),
            accepted: facts.accepted.clone(),
        }
    }
}

/// The numbers that need no findings; `open` holds what only counts tell.
fn numbers(facts: &IterationFacts, over: bool) -> IterationMetrics {
    let results = || facts.steps.iter().filter_map(|step| step.done.as_ref());
    let sum = |number: fn(&super::StepResult) -> Option<u32>| {
        let known = results().filter_map(|done| number(&done.value));
        known.reduce(u32::saturating_add)
    };
    let listed = results().any(|done| done.value.listed).then_some(0);
    // A step that failed and found nothing may have stopped before it looked.
    let stopped = |it: &super::StepResult| it.success == Some(false) && it.findings == Some(0);
    let counted = results().filter(|done| !done.value.listed && !stopped(&done.value));
    let counted = counted.filter_map(|done| done.value.findings);
    let counted = counted.reduce(u32::saturating_add);
    // Where findings were only counted, nobody knows which of them are new.
    let known = listed.filter(|_| counted.unwrap_or(0) == 0);
    let validation = facts.result(LoopStep::Validate);
    let validated = validation.and_then(|result| result.success);
    let severities = results().filter_map(|done| done.value.severities);
    let (started_at, ended_at) = facts.bounds();
    IterationMetrics {
        iteration: facts.iteration,
        findings: sum(|result| result.findings),
        fixes: sum(|result| result.fixes),
        open: [listed, counted]
            .into_iter()
            .flatten()
            .reduce(u32::saturating_add),
        new: known,
        repeated: known,
        regressed: known,
        fixed: known,
        accepted: known,
        severities: severities.reduce(|a, b| SeverityCounts {
            critical: a.critical.saturating_add(b.critical),
            high: a.high.saturating_add(b.high),
            medium: a.medium.saturating_add(b.medium),
            low: a.low.saturating_add(b.low),
            unknown: a.unknown.saturating_add(b.unknown),
        }),
        validated,
        complete: over || facts.ended || validation.is_some(),
        started_at,
        ended_at,
        duration_seconds: seconds(started_at, ended_at).unwrap_or(0.0),
        steps: facts.steps.iter().map(step_numbers).collect(),
    }
}

fn step_numbers(facts: &super::StepFacts) -> StepMetrics {
    let ended_at = facts.done.as_ref().map(|done| done.stamp.at);
    let result = facts.done.as_ref().map(|done| &done.value);
    let took = seconds(facts.started, ended_at);
    StepMetrics {
        step: facts.step,
        started_at: facts.started,
        ended_at,
        duration_seconds: took
            .filter(|took| !(span::is_absurd(*took) || facts.is_undated && span::is_odd(*took))),
        success: result.and_then(|result| result.success),
        findings: result.and_then(|result| result.findings),
        fixes: result.and_then(|result| result.fixes),
    }
}

fn seconds(from: Option<Timestamp>, to: Option<Timestamp>) -> Option<f64> {
    Some(to?.seconds_since(from?).max(0.0))
}
