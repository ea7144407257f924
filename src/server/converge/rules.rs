//! When a loop has converged. Pure.
//!
//! An iteration is clean when nothing changed (the fix step reports no fix, and left what is in the
//! files of the target as it was), the validation passed, every step did its work, and nothing at or
//! above `min_severity` was found that its tool does not say is to be lived with. So many clean
//! iterations in a row as `convergence_threshold` says converge.

use serde_json::Value;

use super::outcome::StepOutcome;
use crate::domain::{LoopStep, Severity};

/// What an iteration came to so far.
#[derive(Clone, Debug, Default)]
pub(crate) struct Iteration {
    outcomes: Vec<(LoopStep, StepOutcome)>,
}

/// Counts clean iterations.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rule {
    pub(crate) threshold: u32,
    pub(crate) min_severity: Severity,
    clean: u32,
}

impl Iteration {
    pub(crate) fn add(&mut self, step: LoopStep, outcome: StepOutcome) {
        self.outcomes.push((step, outcome));
    }

    /// True when nothing is left to do and nothing was done.
    pub(crate) fn is_clean(&self, min_severity: Severity) -> bool {
        self.outcomes.iter().all(|(_, outcome)| {
            outcome.success
                && outcome.fixes.is_empty()
                && !outcome
                    .found()
                    .any(|entry| counts(Severity::of(entry), min_severity))
                && !outcome
                    .worst_omitted
                    .is_some_and(|worst| counts(worst, min_severity))
        })
    }

    /// Everything that this iteration found and that is left for the next fix.
    pub(crate) fn open(&self) -> impl Iterator<Item = (LoopStep, &Value)> {
        let found = self.outcomes.iter();
        found.flat_map(|(step, outcome)| outcome.found().map(|entry| (*step, entry)))
    }

    /// What the validation came to, if it ran.
    pub(crate) fn validation(&self) -> Option<&StepOutcome> {
        let mut outcomes = self.outcomes.iter();
        let found = outcomes.find(|(step, _)| *step == LoopStep::Validate);
        found.map(|(_, outcome)| outcome)
    }
}

impl StepOutcome {
    fn found(&self) -> impl Iterator<Item = &Value> {
        self.findings.iter().flatten()
    }
}

/// What does not say how grave it is always counts.
fn counts(severity: Severity, min_severity: Severity) -> bool {
    severity == Severity::Unknown || severity >= min_severity
}

impl Rule {
    pub(crate) fn new(threshold: u32, min_severity: Severity) -> Self {
        Self {
            threshold,
            min_severity,
            clean: 0,
        }
    }

    /// Takes in an iteration that is over; true when the loop has converged.
    pub(crate) fn judge(&mut self, iteration: &Iteration) -> bool {
        self.clean = if iteration.is_clean(self.min_severity) {
            self.clean + 1
        } else {
            0
        };
        self.clean >= self.threshold
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{Iteration, Rule};
    use crate::domain::{LoopStep, Severity};
    use crate::server::converge::outcome::StepOutcome;

    fn ok() -> StepOutcome {
        StepOutcome {
            success: true,
            findings: Some(Vec::new()),
            ..StepOutcome::default()
        }
    }

    fn found(severity: &str) -> StepOutcome {
        let mut outcome = ok();
        let finding = json!({"description": "x", "severity": severity});
        outcome.findings = Some(vec![finding]);
        outcome
    }

    fn fixed() -> StepOutcome {
        StepOutcome {
            fixes: vec![json!({"file": "a"})],
            ..ok()
        }
    }

    fn failed() -> StepOutcome {
        StepOutcome {
            success: false,
            ..ok()
        }
    }

    fn iteration(outcomes: [StepOutcome; 4]) -> Iteration {
        let mut iteration = Iteration::default();
        for (step, outcome) in LoopStep::ALL.into_iter().zip(outcomes) {
            iteration.add(step, outcome);
        }
        iteration
    }

    #[test]
    fn an_iteration_is_clean_when_nothing_changed_and_validation_passed() {
        let cases = [
            ([ok(), ok(), ok(), ok()], true),
            ([ok(), fixed(), ok(), ok()], false),
            ([ok(), ok(), ok(), failed()], false),
            ([failed(), ok(), ok(), ok()], false),
            ([found("low"), ok(), ok(), ok()], true),
            ([found("medium"), ok(), ok(), ok()], false),
            ([ok(), ok(), found("critical"), ok()], false),
            ([ok(), ok(), found("whatever"), ok()], false),
        ];
        for (number, (outcomes, clean)) in cases.into_iter().enumerate() {
            let iteration = iteration(outcomes);
            assert_eq!(iteration.is_clean(Severity::Medium), clean, "case {number}");
        }
        let mut suppressed = ok();
        suppressed.suppressed = vec![json!({"description": "x", "severity": "critical"})];
        assert!(iteration([suppressed, ok(), ok(), ok()]).is_clean(Severity::Unknown));
        // What is left out of a long list counts as what is in it.
        for (worst, clean) in [(Severity::Low, true), (Severity::High, false)] {
            let mut long = found("low");
            (long.omitted, long.worst_omitted) = (7, Some(worst));
            let iteration = iteration([long, ok(), ok(), ok()]);
            assert_eq!(iteration.is_clean(Severity::Medium), clean);
        }
        let low = iteration([found("low"), ok(), ok(), ok()]);
        assert!(!low.is_clean(Severity::Unknown));
        assert!(Iteration::default().is_clean(Severity::Unknown));
    }

    #[test]
    fn so_many_clean_iterations_in_a_row_converge() {
        let clean = || iteration([ok(), ok(), ok(), ok()]);
        let unclean = || iteration([ok(), fixed(), ok(), ok()]);
        let mut once = Rule::new(1, Severity::Unknown);
        assert!(!once.judge(&unclean()));
        assert!(once.judge(&clean()));
        let mut thrice = Rule::new(3, Severity::Unknown);
        let series = [clean(), clean(), unclean(), clean(), clean(), clean()];
        let judged: Vec<_> = series.iter().map(|it| thrice.judge(it)).collect();
        assert_eq!(judged, [false, false, false, false, false, true]);
    }
}
