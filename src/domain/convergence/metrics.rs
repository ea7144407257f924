//! The numbers of each iteration, as far as its steps told them.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{IterationFacts, LoopStep, SeverityCounts, StepFacts, StepResult, span};
use crate::domain::Timestamp;

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
    /// and those that were only counted. A failed validation is none; `validated` tells of it. Where
    /// steps are `untold`, only those that are listed are known, and without any it is absent.
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
    /// True for the last of a session that ended in the midst of it: what its steps told by then is
    /// no whole iteration.
    #[serde(default)]
    pub cut: bool,
    /// Its first event.
    pub started_at: Option<Timestamp>,
    /// Its last event.
    pub ended_at: Option<Timestamp>,
    /// From its first to its last event.
    pub duration_seconds: f64,
    /// Its steps, in order.
    pub steps: Vec<StepMetrics>,
    /// Steps that look for what is wrong, and failed or did not tell what they found: more may be
    /// open than is known.
    #[serde(default)]
    pub untold: Vec<LoopStep>,
}

impl IterationMetrics {
    /// True when `open` is all there is.
    #[must_use]
    pub fn is_known(&self) -> bool {
        self.open.is_some() && self.untold.is_empty()
    }

    /// True when it says how the session stands at its end, be it that nobody knows.
    #[must_use]
    pub fn tells(&self) -> bool {
        let failed = |step: &StepMetrics| step.step.looks() && step.success == Some(false);
        let has_failed = !self.untold.is_empty() && self.steps.iter().any(failed);
        self.open.is_some() || self.validated.is_some() || has_failed
    }
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
    /// True when its output held no report: that it found nothing, its exit status alone says.
    #[serde(default)]
    pub by_exit_status: bool,
}

/// What of a session bears on each of its iterations.
pub(super) struct Scope {
    pub(super) is_over: bool,
    /// The highest iteration.
    pub(super) last: u32,
    /// True when it has a step that diagnoses: then each iteration does.
    pub(super) diagnoses: bool,
    /// True when some of its events could not be read.
    pub(super) refused: bool,
    /// The last iteration of a session that is over, and that told when earlier ones were over.
    pub(super) must_end: Option<u32>,
}

impl Scope {
    /// The numbers that need no findings; `open` holds what only counts tell.
    pub(super) fn numbers(&self, facts: &IterationFacts) -> IterationMetrics {
        let results = || facts.steps.iter().filter_map(|step| step.done.as_ref());
        let sum = |number: fn(&StepResult) -> Option<u32>| {
            let known = results().filter_map(|done| number(&done.value));
            known.reduce(u32::saturating_add)
        };
        let validation = facts.result(LoopStep::Validate);
        let validated = validation.and_then(|result| result.success);
        let severities = results().filter_map(|done| done.value.severities);
        let (started_at, ended_at) = facts.bounds();
        let complete =
            self.is_over || facts.iteration < self.last || facts.ended || validation.is_some();
        let is_whole = facts.ended || validated == Some(true);
        let cut = self.must_end == Some(facts.iteration) && !is_whole;
        let untold = self.untold(facts, complete);
        let (open, known) = told(facts);
        // What was not told, or could not be read, may be more.
        let open = open.filter(|open| untold.is_empty() && (*open > 0 || !self.refused));
        let known = known.filter(|_| untold.is_empty() && !self.refused);
        IterationMetrics {
            iteration: facts.iteration,
            findings: sum(|result| result.findings),
            fixes: sum(|result| result.fixes),
            open,
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
            complete,
            cut,
            started_at,
            ended_at,
            duration_seconds: seconds(started_at, ended_at).unwrap_or(0.0),
            steps: facts.steps.iter().map(step_numbers).collect(),
            untold,
        }
    }

    /// The steps of an iteration that look, and did not tell what they found.
    fn untold(&self, facts: &IterationFacts, is_complete: bool) -> Vec<LoopStep> {
        let is_untold = |step: &LoopStep| {
            let known = facts.steps.iter().find(|known| known.step == *step);
            match known.map(|known| &known.done) {
                Some(Some(done)) => !done.value.has_looked(),
                Some(None) => is_complete,
                None => {
                    let must = *step == LoopStep::Diagnose && self.diagnoses;
                    must && is_complete && !facts.steps.is_empty()
                }
            }
        };
        let looking = LoopStep::ALL.into_iter().filter(|step| step.looks());
        looking.filter(is_untold).collect()
    }
}

/// What is open by counts, and whether what is not listed is known to be nothing: only steps that look
/// know that.
fn told(facts: &IterationFacts) -> (Option<u32>, Option<u32>) {
    let done = facts.steps.iter().filter_map(|step| {
        let done = step.done.as_ref().map(|done| &done.value)?;
        let found = done.findings.filter(|_| done.has_looked())?;
        // A fix or a validation that found nothing did not look.
        let looks = step.step.looks();
        let counted = if done.listed { done.unlisted } else { found };
        (found > 0 || looks).then_some((counted, done.listed, looks))
    });
    let done: Vec<_> = done.collect();
    let counted = done.iter().map(|(counted, ..)| *counted);
    let counted = counted.fold(0, u32::saturating_add);
    let has_looked = done.iter().any(|(.., looks)| *looks);
    let any_listed = done.iter().any(|(_, listed, _)| *listed);
    let open = (has_looked || counted > 0).then_some(counted);
    // Where findings were only counted, nobody knows which of them are new.
    (open, (any_listed && counted == 0).then_some(0))
}

/// Where steps listed only a part of what they counted, nobody knows which of the others are new or
/// gone, and what was listed before may be among them: no more is open than they counted, unless the
/// ledger knows of more.
pub(super) fn bound(row: &mut IterationMetrics, facts: &IterationFacts) {
    let results = || {
        facts
            .steps
            .iter()
            .filter_map(|step| Some(&step.done.as_ref()?.value))
    };
    let unlisted: u32 = results()
        .map(|done| done.unlisted)
        .fold(0, u32::saturating_add);
    let Some(open) = row.open.filter(|_| unlisted > 0) else {
        return;
    };
    let found = results().filter_map(|done| done.findings);
    let found = found.fold(0, u32::saturating_add);
    let listed = open.saturating_sub(unlisted);
    row.open = Some(open.min(found.max(listed)));
    (row.new, row.repeated, row.regressed, row.fixed) = (None, None, None, None);
}

fn step_numbers(facts: &StepFacts) -> StepMetrics {
    let ended_at = facts.done.as_ref().map(|done| done.stamp.at);
    let result = facts.done.as_ref().map(|done| &done.value);
    let took = seconds(facts.started, ended_at);
    StepMetrics {
        step: facts.step,
        started_at: facts.started,
        ended_at,
        duration_seconds: took
            .filter(|took| !(span::is_absurd(*took) || facts.is_undated && span::is_odd(*took)))
            .filter(|_| !facts.is_placed),
        success: result.and_then(|result| result.success),
        findings: result.and_then(|result| result.findings),
        fixes: result.and_then(|result| result.fixes),
        by_exit_status: result.is_some_and(|result| result.by_exit_status == Some(true)),
    }
}

fn seconds(from: Option<Timestamp>, to: Option<Timestamp>) -> Option<f64> {
    Some(to?.seconds_since(from?).max(0.0))
}
