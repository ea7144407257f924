//! What became of each finding from iteration to iteration, and the numbers of each iteration.
//! Nothing is invented: where a loop sends only counts, only counts come out.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{FindingFacts, IterationFacts, LoopStep, SessionFacts, Severity, SeverityCounts};
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
    /// A person decided to live with it.
    Accepted,
}

/// A person's decision to live with a finding.
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
    /// What is wrong at its end: findings that nobody accepted, and one for a failed validation.
    pub open: Option<u32>,
    /// Findings seen for the first time. This and the next four are absent without lists.
    pub new: Option<u32>,
    /// Findings seen again.
    pub repeated: Option<u32>,
    /// Findings seen again after they were fixed.
    pub regressed: Option<u32>,
    /// Findings no longer seen.
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

/// Adds up the facts of a session; `iterations` are in order.
#[must_use]
pub fn ledger(
    session: &SessionFacts,
    iterations: &[IterationFacts],
    findings: &[FindingFacts],
) -> Ledger {
    let over = session.has_ended() || session.status(false).is_over();
    let numbered = |facts: &&IterationFacts| facts.iteration > 0 || !facts.steps.is_empty();
    let iterations: Vec<_> = iterations.iter().filter(numbered).collect();
    let mut rows: Vec<_> = iterations
        .iter()
        .map(|facts| numbers(facts, over || facts.iteration < session.iteration))
        .collect();
    let mut followed: Vec<_> = findings
        .iter()
        .map(|finding| follow(finding, &iterations, &mut rows))
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
        iterations: rows,
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
    let counted = results().filter(|done| !done.value.listed);
    let counted = counted.filter_map(|done| done.value.findings);
    let counted = counted.reduce(u32::saturating_add);
    // Where findings were only counted, nobody knows which of them are new.
    let known = listed.filter(|_| counted.unwrap_or(0) == 0);
    let validation = facts.result(LoopStep::Validate);
    let validated = validation.and_then(|result| result.success);
    // A validation that names what failed is counted by that.
    let unnamed = validation.is_none_or(|result| result.findings.unwrap_or(0) == 0);
    let failure = validated.map(|passed| u32::from(!passed && unnamed));
    let severities = results().filter_map(|done| done.value.severities);
    IterationMetrics {
        iteration: facts.iteration,
        findings: sum(|result| result.findings),
        fixes: sum(|result| result.fixes),
        open: [listed, counted, failure]
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
        started_at: facts.first,
        ended_at: facts.last,
        duration_seconds: seconds(facts.first, facts.last).unwrap_or(0.0),
        steps: facts.steps.iter().map(step_numbers).collect(),
    }
}

fn step_numbers(facts: &super::StepFacts) -> StepMetrics {
    let ended_at = facts.done.as_ref().map(|done| done.stamp.at);
    let result = facts.done.as_ref().map(|done| &done.value);
    StepMetrics {
        step: facts.step,
        started_at: facts.started,
        ended_at,
        duration_seconds: seconds(facts.started, ended_at),
        success: result.and_then(|result| result.success),
        findings: result.and_then(|result| result.findings),
        fixes: result.and_then(|result| result.fixes),
    }
}

fn seconds(from: Option<Timestamp>, to: Option<Timestamp>) -> Option<f64> {
    Some(to?.seconds_since(from?).max(0.0))
}

/// Follows one finding through the iterations, and counts it in each.
fn follow(
    finding: &FindingFacts,
    iterations: &[&IterationFacts],
    rows: &mut [IterationMetrics],
) -> Finding {
    let mut state: Option<FindingState> = None;
    for (facts, row) in iterations.iter().zip(rows) {
        let here = |(iteration, _): &(u32, Option<LoopStep>)| *iteration == facts.iteration;
        let seen = finding.seen.iter().any(here);
        if !seen && !was_looked_for(finding, facts) {
            continue;
        }
        let before = state;
        state = match (before, seen) {
            (None, false) => None,
            (None, true) => Some(FindingState::New),
            (Some(FindingState::Fixed), true) => Some(FindingState::Regressed),
            (Some(_), true) => Some(FindingState::Repeated),
            (Some(_), false) => Some(FindingState::Fixed),
        };
        let slot = match state {
            Some(_) if seen && finding.accepted.is_some() => &mut row.accepted,
            Some(FindingState::New) => &mut row.new,
            Some(FindingState::Repeated) => &mut row.repeated,
            Some(FindingState::Regressed) => &mut row.regressed,
            Some(FindingState::Fixed) if before != state => &mut row.fixed,
            _ => continue,
        };
        *slot = Some(slot.unwrap_or(0).saturating_add(1));
        if seen && finding.accepted.is_none() {
            row.open = Some(row.open.unwrap_or(0).saturating_add(1));
        }
    }
    let accepted = finding.accepted.is_some();
    let iteration = |place: Option<&(u32, Option<LoopStep>)>| place.map_or(0, |place| place.0);
    let sighting = &finding.sighting.value;
    Finding {
        fingerprint: sighting.fingerprint.clone(),
        kind: sighting.kind.clone(),
        area: sighting.area.clone(),
        description: sighting.description.clone(),
        severity: sighting.severity,
        state: match state {
            _ if accepted => FindingState::Accepted,
            // Seen before the first iteration with a number.
            None => FindingState::New,
            Some(state) => state,
        },
        first_iteration: iteration(finding.seen.first()),
        last_iteration: iteration(finding.seen.last()),
        accepted: finding.accepted.clone(),
    }
}

/// True when every step that ever saw it has listed what it found in this iteration.
fn was_looked_for(finding: &FindingFacts, facts: &IterationFacts) -> bool {
    let listed = |step: LoopStep| facts.result(step).is_some_and(|result| result.listed);
    let mut steps = finding.seen.iter().filter_map(|(_, step)| *step).peekable();
    if steps.peek().is_none() {
        return LoopStep::ALL.into_iter().any(listed);
    }
    steps.all(listed)
}
