//! One session and what it says: its state machine moves only as `domain` allows, and every event
//! carries the state that the loop is really in. Names and shapes are those of the Python loop.

use std::io;
use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::journal::Journal;
use super::outcome::{SessionTotals, StepOutcome};
use crate::domain::{
    EventType, IllegalMove, LoopEvent, LoopMove, LoopState, LoopStep, NOT_CONVERGED, Session,
    SessionBook, Timestamp, Verdict,
};
use crate::server::clock::Clock;

/// Why a session cannot go on.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SessionError {
    #[error("the events cannot be kept: {0}")]
    Journal(#[from] io::Error),
    #[error(transparent)]
    Move(#[from] IllegalMove),
}

/// A session that is under way.
pub(crate) struct RunningSession {
    id: String,
    journal: Arc<Journal>,
    clock: Clock,
    /// The time of a session that is told afterwards; the clock's otherwise.
    pub(crate) past: Option<Timestamp>,
    /// Of the last event. No event is earlier, whatever is done to the clock.
    last: Timestamp,
    state: LoopState,
    iteration: u32,
    /// What was said so far, added up as a dashboard does.
    book: SessionBook,
}

/// What is said of a session when it begins.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Beginning<'a> {
    /// The webhook as it may be shown; empty without one.
    pub(crate) webhook: &'a str,
    /// The folder that is worked on.
    pub(crate) target: &'a str,
    /// What its owner calls it.
    pub(crate) name: Option<&'a str>,
    /// The task that it works for, as it is named to us.
    pub(crate) task: Option<&'a str>,
}

impl RunningSession {
    pub(crate) fn new(journal: Arc<Journal>, clock: Clock, id: String) -> Self {
        Self {
            id,
            journal,
            clock,
            past: None,
            last: Timestamp(0),
            state: LoopState::Idle,
            iteration: 0,
            book: SessionBook::default(),
        }
    }

    pub(crate) fn id(&self) -> &str {
        &self.id
    }

    pub(crate) fn iteration(&self) -> u32 {
        self.iteration
    }

    /// The present moment, as its events tell it.
    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    pub(crate) fn start(&mut self, beginning: Beginning<'_>) -> Result<(), SessionError> {
        let Beginning {
            webhook, target, ..
        } = beginning;
        let mut data = json!({"session_id": self.id, "webhook_url": webhook, "target": target});
        if let Some(name) = beginning.name {
            data["name"] = json!(name);
        }
        if let Some(task) = beginning.task {
            data["task_id"] = json!(task);
        }
        self.emit(EventType::SessionStarted, data)
    }

    pub(crate) fn begin_iteration(&mut self) -> Result<(), SessionError> {
        self.iteration += 1;
        let data = json!({"iteration": self.iteration});
        self.emit(EventType::IterationStarted, data)
    }

    pub(crate) fn go(&mut self, tried: LoopMove) -> Result<(), SessionError> {
        let from = self.state;
        self.state = from.after(tried)?;
        let (from, to) = (from.as_str(), self.state.as_str());
        let data = json!({"from": from, "to": to, "transition": tried.as_str()});
        self.emit(EventType::StateChanged, data)
    }

    pub(crate) fn begin_step(
        &mut self,
        step: LoopStep,
        tool: &str,
        args: &[String],
    ) -> Result<(), SessionError> {
        let data = json!({"step": step.as_str(), "tool": tool, "args": args});
        self.emit(EventType::StepStarted, data)
    }

    pub(crate) fn end_step(
        &mut self,
        step: LoopStep,
        outcome: &StepOutcome,
    ) -> Result<(), SessionError> {
        self.emit(EventType::StepComplete, outcome.data(step))
    }

    pub(crate) fn end_iteration(&mut self) -> Result<(), SessionError> {
        let data = json!({"iteration": self.iteration, "state": self.state.as_str()});
        self.emit(EventType::IterationEnded, data)
    }

    pub(crate) fn converge(&mut self, totals: SessionTotals) -> Result<(), SessionError> {
        self.go(LoopMove::Converge)?;
        let metrics = json!({
            "total_findings": totals.findings,
            "total_fixes": totals.fixes,
            "total_vulnerabilities": totals.vulnerabilities,
            "tests_passed": totals.passed,
            "tests_failed": totals.failed,
            "iterations": self.iteration,
        });
        let data = json!({"iterations": self.iteration, "metrics": metrics});
        self.emit(EventType::ConvergenceReached, data)
    }

    pub(crate) fn fail(&mut self, why: &str) -> Result<(), SessionError> {
        self.emit(EventType::Error, json!({"error": why}))?;
        self.go(LoopMove::Fail)
    }

    /// It ran out of iterations or of time: nothing went wrong, but it did not converge.
    pub(crate) fn give_up(&mut self, why: &str) -> Result<(), SessionError> {
        let data = json!({"error": why, "outcome": NOT_CONVERGED});
        self.emit(EventType::Error, data)?;
        self.go(LoopMove::Fail)
    }

    /// What a dashboard says of it.
    pub(crate) fn verdict(&self) -> Option<Verdict> {
        let (id, source) = (self.id.clone(), String::new());
        let session = Session::of(id, source, &self.book.facts, false);
        self.book.judged(session).0.verdict
    }

    /// The last event. `broken_off` says who or what ended the session from outside.
    pub(crate) fn end(&mut self, broken_off: Option<&str>) -> Result<(), SessionError> {
        let mut data = json!({"session_id": self.id});
        if let Some(reason) = broken_off {
            data["interrupted"] = json!(true);
            data["reason"] = json!(reason);
        }
        self.emit(EventType::SessionEnded, data)
    }

    /// Nothing will be said any more.
    pub(crate) fn close(&self) {
        self.journal.close();
    }

    fn emit(&mut self, event_type: EventType, data: Value) -> Result<(), SessionError> {
        let now = self.past.unwrap_or_else(|| self.clock.now());
        self.last = now.max(Timestamp(self.last.0 + 1));
        let data: Map<String, Value> = match data {
            Value::Object(data) => data,
            _ => Map::new(),
        };
        let id = self.clock.uuid().to_string();
        let place = (self.iteration, self.state);
        let event = LoopEvent::new(id, self.last, &self.id, place, event_type, data);
        self.journal.append(&event)?;
        let mut report = event.report();
        for sighting in report.sightings.iter_mut().flatten() {
            // Only what became of it is asked for: its texts may be long.
            (sighting.kind, sighting.area, sighting.description) = Default::default();
        }
        let arrival = i64::try_from(self.book.facts.events).unwrap_or(i64::MAX);
        self.book.add_reported(&event, &report, arrival);
        Ok(())
    }
}
