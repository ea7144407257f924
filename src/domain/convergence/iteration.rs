//! What is known of one iteration: like the facts of a session, whatever the order of events.

use serde::{Deserialize, Serialize};

use super::facts::set;
use super::{EventType, Latest, LoopEvent, LoopStep, SeverityCounts, Stamp, StepReport, span};
use crate::domain::Timestamp;

/// What is known of one iteration of a session.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct IterationFacts {
    /// Counts from 1.
    pub iteration: u32,
    /// Its first event that says when it happened.
    pub first: Option<Timestamp>,
    /// The last one.
    pub last: Option<Timestamp>,
    /// When its first event came that does not say when it happened.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub came_first: Option<Timestamp>,
    /// The same of the last one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub came_last: Option<Timestamp>,
    /// When the first of all its events came.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub heard_first: Option<Timestamp>,
    /// The same of the last one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub heard_last: Option<Timestamp>,
    /// True once its end was reported.
    pub ended: bool,
    /// The steps heard of, by step.
    pub steps: Vec<StepFacts>,
}

/// What is known of one step of an iteration.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StepFacts {
    /// Which step.
    pub step: LoopStep,
    /// Its first beginning.
    pub started: Option<Timestamp>,
    /// Its last end.
    pub done: Option<Latest<StepResult>>,
    /// True when its beginning or its end did not say when it happened.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_undated: bool,
    /// True when one of them stands where its neighbours do: nobody knows how long it took.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_placed: bool,
}

/// What the end of a step reported.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct StepResult {
    /// False for a step that failed.
    pub success: Option<bool>,
    /// How many findings; by list where there is one.
    pub findings: Option<u32>,
    /// How many of these are vulnerabilities, where they have a list of their own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub vulnerabilities: Option<u32>,
    /// How many fixes; by list where there is one.
    pub fixes: Option<u32>,
    /// The findings by severity.
    pub severities: Option<SeverityCounts>,
    /// True when the findings were listed, or there were none to list.
    pub listed: bool,
    /// How many findings it counted beyond those that it listed.
    #[serde(skip_serializing_if = "is_none")]
    pub unlisted: u32,
    /// True when what it does not list may be there nevertheless.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub incomplete: bool,
    /// True where it counted or listed what cannot be read.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub unread: bool,
    /// True where its exit status alone says that it found nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub by_exit_status: Option<bool>,
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde passes a reference"
)]
fn is_none(number: &u32) -> bool {
    *number == 0
}

impl IterationFacts {
    /// Iteration `iteration`, of which nothing is known yet.
    #[must_use]
    pub fn new(iteration: u32) -> Self {
        Self {
            iteration,
            ..Self::default()
        }
    }

    /// Adds an event of this iteration that was not added before, and what it reports.
    pub fn add(&mut self, event: &LoopEvent, report: &StepReport, arrival: i64) {
        let at = event.counted();
        if event.is_dated {
            span::widen(&mut self.first, &mut self.last, at);
        } else {
            span::widen(&mut self.came_first, &mut self.came_last, at);
        }
        span::widen(&mut self.heard_first, &mut self.heard_last, event.came);
        match (&event.event_type, event.step()) {
            (EventType::IterationEnded | EventType::ConvergenceReached, _) => self.ended = true,
            (EventType::StepStarted, Some(step)) => {
                let step = self.step(step);
                let at = event.order;
                step.started = Some(step.started.map_or(at, |first| first.min(at)));
                step.is_undated |= !event.is_dated;
                step.is_placed |= event.is_placed();
            }
            (EventType::StepComplete, Some(step)) => {
                let stamp = Stamp {
                    at: event.order,
                    arrival,
                };
                let step = self.step(step);
                set(&mut step.done, stamp, StepResult::of(report));
                step.is_undated |= !event.is_dated;
                step.is_placed |= event.is_placed();
            }
            _ => {}
        }
    }

    fn step(&mut self, step: LoopStep) -> &mut StepFacts {
        let place = match self.steps.binary_search_by_key(&step, |known| known.step) {
            Ok(place) => place,
            Err(place) => {
                let new = StepFacts {
                    step,
                    started: None,
                    done: None,
                    is_undated: false,
                    is_placed: false,
                };
                self.steps.insert(place, new);
                place
            }
        };
        &mut self.steps[place]
    }

    /// Its first and its last event.
    #[must_use]
    pub fn bounds(&self) -> (Option<Timestamp>, Option<Timestamp>) {
        let (told, came) = ((self.first, self.last), (self.came_first, self.came_last));
        span::bounds(told, came, (self.heard_first, self.heard_last))
    }

    /// How many findings, fixes and vulnerabilities its steps reported. What an attack finds are
    /// vulnerabilities.
    #[must_use]
    pub fn totals(&self) -> [u64; 3] {
        let mut totals = [0; 3];
        for step in &self.steps {
            let Some(done) = step.done.as_ref().map(|done| &done.value) else {
                continue;
            };
            let all = done.findings.unwrap_or(0);
            let attacked = step.step == LoopStep::Attack;
            let vulnerabilities = match done.vulnerabilities {
                _ if attacked => all,
                listed => listed.unwrap_or(0),
            };
            totals[0] += u64::from(all.saturating_sub(vulnerabilities));
            totals[1] += u64::from(done.fixes.unwrap_or(0));
            totals[2] += u64::from(vulnerabilities);
        }
        totals
    }

    /// True when more may be there than [`Self::totals`] says: a step that looks failed, or told what
    /// cannot be read.
    #[must_use]
    pub fn is_partial(&self) -> bool {
        self.steps.iter().any(|step| {
            let done = step.done.as_ref().map(|done| &done.value);
            done.is_some_and(|done| done.unread || (step.step.looks() && !done.has_looked()))
        })
    }

    /// What the end of `step` reported.
    #[must_use]
    pub fn result(&self, step: LoopStep) -> Option<&StepResult> {
        let known = self.steps.iter().find(|known| known.step == step)?;
        known.done.as_ref().map(|done| &done.value)
    }
}

impl StepResult {
    fn of(report: &StepReport) -> Self {
        // A step that failed without a list may have stopped before it looked.
        let none_found = report.findings == Some(0) && report.success != Some(false);
        Self {
            success: report.success,
            findings: report.findings,
            vulnerabilities: report.vulnerabilities,
            fixes: report.fixes,
            severities: report.severities,
            listed: report.sightings.is_some() || none_found,
            unlisted: report.unlisted,
            incomplete: report.incomplete,
            unread: report.unread,
            by_exit_status: report.by_exit_status.then_some(true),
        }
    }

    /// True for a step that listed all that it found: what is not there is gone.
    pub(super) fn lists_all(&self) -> bool {
        self.listed && !self.incomplete && self.unlisted == 0
    }

    /// True for a step that looked and told how much it found. One that failed and found nothing may
    /// have stopped before it looked.
    pub(super) fn has_looked(&self) -> bool {
        let found = self.findings;
        found.is_some_and(|found| found > 0 || self.success != Some(false))
    }
}
