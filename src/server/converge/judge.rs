//! What a step came to, and what it leaves for the next fix. Pure.

use std::time::Duration;

use serde_json::{Value, json};

use super::output::Report;
use super::rules::Iteration;
use super::session::StepOutcome;
use super::settings::StepSettings;
use super::step::{StepEnd, StepRun};
use super::terminal::span;
use crate::domain::LoopStep;

/// What a step came to, by its report and else by its exit status. Its report is all there is, or
/// the step failed.
pub(super) fn judge(settings: &StepSettings, run: StepRun, limit: Duration) -> StepOutcome {
    let tool = &settings.tool;
    let looks = matches!(settings.step, LoopStep::Diagnose | LoopStep::Attack);
    let Report {
        findings,
        fixes,
        troubles,
        foreign,
    } = run.report;
    let found = findings.as_ref().is_some_and(|it| !it.entries.is_empty());
    let last = run.tail.last_line();
    // A report is told by itself, and does not explain a status.
    let last = last.filter(|line| !line.starts_with(['{', '[', '}', ']']));
    let told = |error: String| match &last {
        Some(last) => format!("{error}: {last}"),
        None => error,
    };
    let (code, ended) = match run.end {
        StepEnd::Exited(0) => (Some(0), None),
        StepEnd::Exited(code) => {
            let nothing = match &findings {
                Some(it) if looks && !it.suppressed.is_empty() && !found => {
                    " and reported nothing that is not suppressed"
                }
                Some(_) if looks && !found => " and reported nothing",
                _ => "",
            };
            let words = format!("{tool} exited with status {code}{nothing}");
            (Some(code), Some(words))
        }
        StepEnd::Signalled(number) => {
            let name = signal_hook::low_level::signal_name(number).unwrap_or("unknown");
            (None, Some(format!("{tool} was killed by {name}")))
        }
        _ => {
            let limit = span(limit);
            (None, Some(format!("{tool} took longer than {limit}")))
        }
    };
    let trouble = match (troubles.words(), foreign) {
        (Some(trouble), Some(foreign)) => Some(format!("{trouble}; {foreign}")),
        (trouble, foreign) => trouble.or(foreign),
    };
    // Many tools exit with an error because they found something: that is their work.
    let as_usual = code.is_some() && looks && found;
    let ended = ended.filter(|_| !as_usual);
    let is_complete = trouble.is_none() && (ended.is_none() || (code.is_some() && found));
    let error = match (&ended, trouble) {
        (Some(ended), Some(trouble)) => Some(format!("{ended}: {trouble}")),
        (Some(ended), None) => Some(told(ended.clone())),
        (None, trouble) => trouble,
    };
    let mut findings = findings;
    if let (Some(ended), Some(_), true) = (&ended, code, looks && !found) {
        // Without a word of its own, the exit status is what it found.
        let mut finding = json!({"type": settings.step.as_str(), "description": ended});
        if let Some(last) = &last {
            finding["detail"] = json!(last);
        }
        findings.get_or_insert_default().find(finding);
    } else if error.is_none() {
        findings.get_or_insert_default();
    }
    let fixes = fixes.unwrap_or_default();
    let listed = findings.is_some();
    let found = findings.unwrap_or_default();
    StepOutcome {
        success: error.is_none(),
        findings: listed.then_some(found.entries),
        suppressed: found.suppressed,
        incomplete: !is_complete,
        fixes: match settings.step {
            LoopStep::Fix => fixes.entries,
            _ => Vec::new(),
        },
        omitted: fixes.omitted + found.omitted,
        worst_omitted: found.worst_omitted,
        addressed: 0,
        return_code: code,
        error,
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
