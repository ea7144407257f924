//! What is known of one iteration: like the facts of a session, whatever the order of events.

use serde::{Deserialize, Serialize};

use super::facts::set;
use super::{EventType, Latest, LoopEvent, LoopStep, SeverityCounts, Stamp};
use crate::domain::Timestamp;

/// What is known of one iteration of a session.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct IterationFacts {
    /// Counts from 1.
    pub iteration: u32,
    /// Its first event.
    pub first: Option<Timestamp>,
    /// Its last event.
    pub last: Option<Timestamp>,
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
}

/// What the end of a step reported.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct StepResult {
    /// False for a step that failed.
    pub success: Option<bool>,
    /// How many findings; by list where there is one.
    pub findings: Option<u32>,
    /// How many fixes; by list where there is one.
    pub fixes: Option<u32>,
    /// The findings by severity.
    pub severities: Option<SeverityCounts>,
    /// True when the findings were listed, or there were none to list.
    pub listed: bool,
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

    /// Adds an event of this iteration that was not added before.
    pub fn add(&mut self, event: &LoopEvent, arrival: i64) {
        let at = event.timestamp;
        self.first = Some(self.first.map_or(at, |first| first.min(at)));
        self.last = self.last.max(Some(at));
        match (&event.event_type, event.step()) {
            (EventType::IterationEnded | EventType::ConvergenceReached, _) => self.ended = true,
            (EventType::StepStarted, Some(step)) => {
                let started = &mut self.step(step).started;
                *started = Some(started.map_or(at, |first| first.min(at)));
            }
            (EventType::StepComplete, Some(step)) => {
                let stamp = Stamp { at, arrival };
                set(&mut self.step(step).done, stamp, StepResult::of(event));
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
                };
                self.steps.insert(place, new);
                place
            }
        };
        &mut self.steps[place]
    }

    /// What the end of `step` reported.
    #[must_use]
    pub fn result(&self, step: LoopStep) -> Option<&StepResult> {
        let known = self.steps.iter().find(|known| known.step == step)?;
        known.done.as_ref().map(|done| &done.value)
    }
}

impl StepResult {
    fn of(event: &LoopEvent) -> Self {
        let report = event.report();
        // A step that failed without a list may have stopped before it looked.
        let none_found = report.findings == Some(0) && report.success != Some(false);
        Self {
            success: report.success,
            findings: report.findings,
            fixes: report.fixes,
            severities: report.severities,
            listed: report.sightings.is_some() || none_found,
        }
    }
}
