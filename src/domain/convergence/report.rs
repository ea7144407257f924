//! What the end of a step reports: lists where the loop sends lists, else counts, else nothing.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use super::{EventType, LoopEvent, LoopStep, Severity, Sighting};

/// How many findings there are of each severity.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, Serialize, Deserialize, ToSchema)]
#[expect(missing_docs, reason = "the names say it")]
pub struct SeverityCounts {
    pub critical: u32,
    pub high: u32,
    pub medium: u32,
    pub low: u32,
    pub unknown: u32,
}

/// What an event reports besides that it happened.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct StepReport {
    /// The step that reports, where the event names one.
    pub step: Option<LoopStep>,
    /// `false` for a step that failed.
    pub success: Option<bool>,
    /// Every finding and vulnerability that is listed; `None` when the event has no list.
    pub sightings: Option<Vec<Sighting>>,
    /// True where it may have stopped before it had looked at everything.
    pub incomplete: bool,
    /// How many were found that are not suppressed, by list or by count.
    pub findings: Option<u32>,
    /// How many of these stand in a list of vulnerabilities.
    pub vulnerabilities: Option<u32>,
    /// How many were mended, by list or by count.
    pub fixes: Option<u32>,
    /// The findings by severity, where the event tells.
    pub severities: Option<SeverityCounts>,
}

impl SeverityCounts {
    /// Counts one more.
    pub fn add(&mut self, severity: Severity) {
        let slot = match severity {
            Severity::Critical => &mut self.critical,
            Severity::High => &mut self.high,
            Severity::Medium => &mut self.medium,
            Severity::Low => &mut self.low,
            Severity::Unknown => &mut self.unknown,
        };
        *slot = slot.saturating_add(1);
    }
}

impl LoopEvent {
    /// True when its data holds any of the lists that `GET /api/state` passes on.
    #[must_use]
    pub fn has_lists(&self) -> bool {
        let list = |name: &str| self.data().get(name).is_some_and(Value::is_array);
        list("findings") || list("fixes") || list("vulnerabilities")
    }

    /// What it reports. Lists are read from any event, counts only from the end of a step.
    #[must_use]
    pub fn report(&self) -> StepReport {
        let data = self.data();
        let list = |name: &str| data.get(name).and_then(Value::as_array);
        let (found, broken) = (list("findings"), list("vulnerabilities"));
        let read = |list: Option<&Vec<Value>>, kind: &str| {
            let entries = list.into_iter().flatten();
            let read = entries.filter_map(|entry| Sighting::read(entry, kind));
            read.collect::<Vec<_>>()
        };
        let listed = found.is_some() || broken.is_some();
        let sightings = listed.then(|| {
            let mut all = read(found, "finding");
            all.extend(read(broken, "vulnerability"));
            all
        });
        let open = |all: &[Sighting]| {
            let open = all.iter().filter(|it| it.suppressed.is_none());
            size(open.count())
        };
        let fixed = list("fixes").map(|fixes| size(fixes.len()));
        let vulnerabilities = broken.map(|broken| open(&read(Some(broken), "vulnerability")));
        let incomplete = data.get("incomplete").and_then(Value::as_bool);
        let incomplete = incomplete.unwrap_or(false);
        if self.event_type != EventType::StepComplete {
            return StepReport {
                step: self.step(),
                findings: sightings.as_deref().map(open),
                severities: sightings.as_deref().map(by_severity),
                sightings,
                incomplete,
                vulnerabilities,
                fixes: fixed,
                success: None,
            };
        }
        let count = |name: &str| data.get(name).and_then(Value::as_u64).map(capped);
        let metrics = data.get("metrics").filter(|metrics| metrics.is_object());
        let measured = metrics.map(measured).filter(|_| sightings.is_none());
        let success = data.get("success").and_then(Value::as_bool);
        let looks = matches!(self.step(), Some(LoopStep::Diagnose | LoopStep::Attack));
        // Who failed to look has not found that there is nothing.
        let is_known = |found: &u32| *found > 0 || success != Some(false) || !looks;
        let listed = sightings.as_deref().map(open);
        let listed = listed.filter(|found| *found > 0 || !incomplete);
        let findings = listed.or_else(|| count("findings_count").filter(is_known));
        let severities = sightings.as_deref().map(by_severity).or(measured.flatten());
        let severities =
            severities.filter(|_| findings.is_some() || success != Some(false) || !looks);
        StepReport {
            step: self.step(),
            success,
            findings,
            incomplete,
            vulnerabilities,
            fixes: fixed.or_else(|| count("fixes_count")),
            severities,
            sightings,
        }
    }
}

fn by_severity(sightings: &[Sighting]) -> SeverityCounts {
    let mut counts = SeverityCounts::default();
    let open = sightings.iter().filter(|it| it.suppressed.is_none());
    for sighting in open {
        counts.add(sighting.severity);
    }
    counts
}

/// The severities among the metrics of a step; nothing when none is named.
fn measured(metrics: &Value) -> Option<SeverityCounts> {
    let names = ["critical", "high", "medium", "low"];
    let count = |name: &str| metrics.get(name).and_then(Value::as_u64).map(capped);
    names
        .iter()
        .any(|name| count(name).is_some())
        .then(|| SeverityCounts {
            critical: count("critical").unwrap_or(0),
            high: count("high").unwrap_or(0),
            medium: count("medium").unwrap_or(0),
            low: count("low").unwrap_or(0),
            unknown: 0,
        })
}

fn capped(number: u64) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

fn size(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}
