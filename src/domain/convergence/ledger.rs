//! What became of each finding from iteration to iteration.
//! Nothing is invented: where a loop sends only counts, only counts come out.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::follow::follow;
use super::metrics::{Scope, bound};
use super::{
    FindingFacts, IterationFacts, IterationMetrics, LoopStep, Seen, SessionFacts, Severity,
    Suppressed,
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
    let mut all_steps = iterations.iter().flat_map(|facts| &facts.steps);
    let scope = Scope {
        is_over: over,
        last: session.iteration,
        diagnoses: all_steps.any(|step| step.step == LoopStep::Diagnose),
        refused: session.refused > 0,
        must_end: iterations
            .iter()
            .any(|facts| facts.ended && over)
            .then_some(session.iteration),
    };
    let each = iterations.iter();
    let mut rows: Vec<_> = each.map(|facts| scope.numbers(facts)).collect();
    let states = follow(&iterations, groups, &mut rows);
    for (row, facts) in rows.iter_mut().zip(&iterations) {
        bound(row, facts);
    }
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
