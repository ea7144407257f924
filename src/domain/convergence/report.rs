//! What the end of a step reports: lists where the loop sends lists, else counts, else nothing.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use super::whole::{truth, whole};
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
    /// How many were found that are not suppressed, by list or by count: the more of both.
    pub findings: Option<u32>,
    /// How many of these its lists leave out.
    pub unlisted: u32,
    /// How many of these stand in a list of vulnerabilities.
    pub vulnerabilities: Option<u32>,
    /// How many were mended, by list or by count.
    pub fixes: Option<u32>,
    /// The findings by severity, where the event tells.
    pub severities: Option<SeverityCounts>,
    /// True where it counts or lists what cannot be read: that is no zero.
    pub unread: bool,
    /// True where its output held no report: that it found nothing, its exit status says.
    pub by_exit_status: bool,
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
        let lists = [found, broken].into_iter().flatten();
        let entries: usize = lists.map(Vec::len).sum();
        let all_read = sightings.as_ref().is_none_or(|all| all.len() == entries);
        // Of a list of which nothing can be read nobody knows what it lists.
        let sightings = sightings.filter(|all| all_read || !all.is_empty());
        let fixed = list("fixes").map(|fixes| size(fixes.len()));
        let vulnerabilities = broken.map(|broken| open(&read(Some(broken), "vulnerability")));
        let incomplete = data.get("incomplete").and_then(truth);
        let report = StepReport {
            step: self.step(),
            success: None,
            findings: sightings.as_deref().map(open),
            unlisted: 0,
            severities: sightings.as_deref().map(by_severity),
            sightings,
            incomplete: incomplete.unwrap_or(false) || !all_read,
            vulnerabilities,
            fixes: fixed,
            unread: !all_read,
            by_exit_status: false,
        };
        if self.event_type == EventType::StepComplete {
            report.with_counts(data)
        } else {
            report
        }
    }
}

impl StepReport {
    /// The same with what the end of a step counts.
    fn with_counts(mut self, data: &Value) -> Self {
        let found = self.counted(data);
        let fixed = Count::of(data, "fixes_count").or(|| Count::of(data, "fixes"));
        let metrics = data.get("metrics").filter(|metrics| metrics.is_object());
        let measured = metrics.map(measured).filter(|_| self.sightings.is_none());
        self.success = success(data);
        let has_failed = self.success == Some(false) && self.step.is_some_and(LoopStep::looks);
        // Who failed to look has not found that there is nothing.
        let is_known = |found: &u32| *found > 0 || !has_failed;
        let entries = self.sightings.as_ref().map_or(0, |all| size(all.len()));
        // What it counts beyond what it lists is there, too.
        let more = found
            .known()
            .map_or(0, |found| found.saturating_sub(entries));
        let lists_nothing = self.sightings.as_ref().is_some_and(Vec::is_empty);
        self.incomplete |= lists_nothing && (has_failed || found.is_unread());
        let listed = self.findings.filter(|it| *it > 0 || !self.incomplete);
        self.unread |=
            (listed.is_none() && found.is_unread()) || (self.fixes.is_none() && fixed.is_unread());
        if listed.is_some() {
            self.unlisted = more;
        }
        let listed = listed.map(|listed| listed.saturating_add(self.unlisted));
        self.findings = listed.or_else(|| found.known().filter(is_known));
        let severities = self.severities.or(measured.flatten());
        self.severities = severities.filter(|_| self.findings.is_some() || !has_failed);
        if let Some(severities) = &mut self.severities {
            severities.unknown = severities.unknown.saturating_add(self.unlisted);
        }
        self.fixes = self.fixes.or(fixed.known());
        let by_exit_status = data.get("by_exit_status").and_then(truth);
        self.by_exit_status = by_exit_status == Some(true) && self.findings == Some(0);
        self
    }

    /// How many findings the end of a step counts, in any of its words: they may disagree, and the
    /// highest is believed.
    fn counted(&self, data: &Value) -> Count {
        let mut most = Count::of(data, "findings_count").highest(Count::of(data, "findings"));
        if !self.step.is_some_and(LoopStep::looks) {
            return most;
        }
        for name in ["vulnerabilities_count", "vulnerabilities"] {
            most = most.highest(Count::of(data, name));
        }
        if let Some(metrics) = data.get("metrics") {
            for name in ["issues_found", "vulnerabilities_found"] {
                most = most.highest(Count::of(metrics, name));
            }
        }
        // Its lists end where there were too many.
        match (&self.sightings, Count::of(data, "omitted")) {
            (Some(all), Count::Known(omitted)) if omitted > 0 => {
                most.highest(Count::Known(size(all.len()).saturating_add(omitted)))
            }
            _ => most,
        }
    }
}

/// Whether a step says that it succeeded.
fn success(data: &Value) -> Option<bool> {
    let names = ["success", "ok", "passed"];
    let told = names
        .iter()
        .find_map(|name| data.get(*name).and_then(truth));
    told.or_else(|| {
        let status = data.get("status").and_then(Value::as_str)?;
        let failed = [
            "failed", "failure", "error", "errored", "crashed", "timeout",
        ];
        let is_one = |word: &&str| status.trim().eq_ignore_ascii_case(word);
        failed.iter().any(is_one).then_some(false)
    })
}

/// A number that an event tells.
#[derive(Clone, Copy)]
enum Count {
    Untold,
    Known(u32),
    /// What is no number of things, or more than can be counted.
    Unread,
}

impl Count {
    fn of(data: &Value, name: &str) -> Self {
        match data.get(name) {
            // Lists are read as such.
            None | Some(Value::Null | Value::Array(_)) => Self::Untold,
            Some(value) => whole(value).map_or(Self::Unread, Self::Known),
        }
    }

    fn or(self, other: impl FnOnce() -> Self) -> Self {
        if matches!(self, Self::Untold) {
            other()
        } else {
            self
        }
    }

    /// The higher of two. A zero beside what cannot be read is none.
    fn highest(self, other: Self) -> Self {
        match (self, other) {
            (Self::Known(a), Self::Known(b)) => Self::Known(a.max(b)),
            (Self::Unread, Self::Known(0) | Self::Untold)
            | (Self::Known(0) | Self::Untold, Self::Unread) => Self::Unread,
            (known @ Self::Known(_), _) | (_, known @ Self::Known(_)) => known,
            (same, _) => same,
        }
    }

    fn known(self) -> Option<u32> {
        match self {
            Self::Known(number) => Some(number),
            _ => None,
        }
    }

    fn is_unread(self) -> bool {
        matches!(self, Self::Unread)
    }
}

fn open(all: &[Sighting]) -> u32 {
    let open = all.iter().filter(|it| it.suppressed.is_none());
    size(open.count())
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
    let count = |name: &str| metrics.get(name).and_then(whole);
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

fn size(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}
