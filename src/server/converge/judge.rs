//! What a step came to, and what it leaves for the next fix. Pure.

use std::time::Duration;

use serde_json::{Value, json};

use super::outcome::{StepOutcome, Unlisted};
use super::output::{Listed, Report};
use super::rules::Iteration;
use super::settings::StepSettings;
use super::step::{StepEnd, StepRun};
use super::terminal::span;
use crate::domain::LoopStep;

/// What a step came to, by its report and else by its exit status. Its report is all there is, or
/// the step failed.
pub(super) fn judge(settings: &StepSettings, run: StepRun, limit: Duration) -> StepOutcome {
    let looks = looks(settings);
    let unlisted = Unlisted::of(settings.step, &run.report);
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
    let code = match run.end {
        StepEnd::Exited(code) => Some(code),
        _ => None,
    };
    let ended = ended(settings, &run.end, findings.as_ref(), limit);
    let trouble = match (troubles.words(), foreign) {
        (Some(trouble), Some(foreign)) => Some(format!("{trouble}; {foreign}")),
        (trouble, foreign) => trouble.or(foreign),
    };
    // Many tools exit with an error because they found something: that is their work.
    let by_itself = code.is_some_and(|code| !is_death(code));
    let as_usual = by_itself && looks && found;
    let ended = ended.filter(|_| !as_usual);
    let is_complete = trouble.is_none() && (ended.is_none() || (by_itself && found));
    let error = match (&ended, &trouble) {
        (Some(ended), Some(trouble)) => Some(format!("{ended}: {trouble}")),
        (Some(ended), None) => Some(told(ended.clone())),
        (None, trouble) => trouble.clone(),
    };
    let by_exit_status = looks && error.is_none() && findings.is_none();
    let mut findings = findings;
    if let (Some(ended), Some(_), true) = (&ended, code, looks && !found) {
        // Without a word of its own, the exit status is what it found.
        let mut finding = json!({"type": settings.step.as_str(), "description": ended});
        if let Some(detail) = trouble.or(last.clone()) {
            finding["detail"] = json!(detail);
        }
        findings.get_or_insert_default().find(finding);
    } else if error.is_none() {
        findings.get_or_insert_default();
    }
    let fixes = fixes.unwrap_or_default();
    // What failed has not found that there is nothing.
    let says = |it: &Listed| !(it.entries.is_empty() && it.suppressed.is_empty());
    let listed = findings
        .as_ref()
        .is_some_and(|it| error.is_none() || says(it));
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
        unlisted,
        by_exit_status,
    }
}

/// How the program ended, if not well.
fn ended(
    settings: &StepSettings,
    end: &StepEnd,
    findings: Option<&Listed>,
    limit: Duration,
) -> Option<String> {
    let tool = &settings.tool;
    match end {
        StepEnd::Exited(0) => None,
        StepEnd::Exited(code) => {
            let empty = findings.filter(|it| looks(settings) && it.entries.is_empty());
            let nothing = match empty {
                Some(it) if it.suppressed.is_empty() => " and reported nothing",
                Some(_) => " and reported nothing that is not suppressed",
                None => "",
            };
            Some(format!("{tool} exited with status {code}{nothing}"))
        }
        StepEnd::Signalled(number) => {
            let name = signal_hook::low_level::signal_name(*number).unwrap_or("unknown");
            Some(format!("{tool} was killed by {name}"))
        }
        _ => Some(format!("{tool} took longer than {}", span(limit))),
    }
}

/// True for the statuses by which `timeout`, containers and shells say that a program was stopped
/// (124), was not started (125 to 127) or was killed (128 and more): it did not say them itself.
fn is_death(code: i32) -> bool {
    code >= 124
}

fn looks(settings: &StepSettings) -> bool {
    matches!(settings.step, LoopStep::Diagnose | LoopStep::Attack)
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
