//! What a step came to, and what it leaves for the next fix. Pure.

use std::time::Duration;

use serde_json::{Value, json};

use super::output::{Listed, Report};
use super::rules::Iteration;
use super::session::StepOutcome;
use super::settings::StepSettings;
use super::step::{StepEnd, StepRun};
use super::terminal::span;
use crate::domain::LoopStep;

/// What a step came to, by its report and else by its exit status.
pub(super) fn judge(settings: &StepSettings, run: StepRun, limit: Duration) -> StepOutcome {
    let tool = &settings.tool;
    let last = run.tail.last_line();
    let (code, error) = match run.end {
        StepEnd::Exited(0) => (Some(0), None),
        StepEnd::Exited(code) => (
            Some(code),
            Some(format!("{tool} exited with status {code}")),
        ),
        StepEnd::Signalled(number) => {
            let name = signal_hook::low_level::signal_name(number).unwrap_or("unknown");
            (None, Some(format!("{tool} was killed by {name}")))
        }
        _ => (
            None,
            Some(format!("{tool} took longer than {}", span(limit))),
        ),
    };
    let Report { findings, fixes } = run.report;
    let looks = matches!(settings.step, LoopStep::Diagnose | LoopStep::Attack);
    let reported = findings.is_some();
    let mut findings = findings.or_else(|| match (&error, code) {
        (None, _) => Some(Listed::default()),
        // Without a word of its own, the exit status is what it found.
        (Some(error), Some(_)) if looks => {
            let mut finding = json!({"type": settings.step.as_str(), "description": error});
            if let Some(last) = &last {
                finding["detail"] = json!(last);
            }
            Some(Listed {
                entries: vec![finding],
                omitted: 0,
            })
        }
        _ => None,
    });
    // Many tools exit with an error because they found something: that is their work.
    let success = error.is_none() || (looks && reported && code.is_some());
    let fixes = fixes.unwrap_or_default();
    let omitted = fixes.omitted + findings.as_ref().map_or(0, |found| found.omitted);
    StepOutcome {
        success,
        findings: findings.take().map(|found| found.entries),
        fixes: match settings.step {
            LoopStep::Fix => fixes.entries,
            _ => Vec::new(),
        },
        omitted,
        addressed: 0,
        return_code: code,
        error: error.filter(|_| !success).map(|error| match last {
            Some(last) => format!("{error}: {last}"),
            None => error,
        }),
    }
}

/// What is left for the next fix: what was found after this one, and a validation that failed.
/// The next diagnosis looks for everything else itself.
pub(super) fn left(iteration: &Iteration) -> Vec<Value> {
    let found = iteration.open();
    let after = found.filter(|(step, _)| *step > LoopStep::Fix);
    let mut left: Vec<Value> = after.map(with_step).collect();
    if let Some(failed) = iteration.validation().filter(|it| !it.success) {
        let words = failed.error.as_deref().unwrap_or("the validation failed");
        left.push(
            json!({"step": "validate", "type": "validation", "severity": "high",
            "description": words}),
        );
    }
    left
}

/// An entry that says which step found it.
pub(super) fn with_step((step, entry): (LoopStep, &Value)) -> Value {
    match entry {
        Value::Object(_) => {
            let mut entry = entry.clone();
            entry["step"] = json!(step.as_str());
            entry
        }
        text => json!({"step": step.as_str(), "description": text}),
    }
}
