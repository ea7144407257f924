//! What a loop reports, one event at a time, and how an event is written on the wire.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use utoipa::ToSchema;

use super::cut::cut_event;
use super::{LoopState, LoopStep};
use crate::domain::Timestamp;

/// An event as it was understood, together with what its sender wrote.
#[derive(Clone, Debug, PartialEq)]
pub struct LoopEvent {
    /// Identifies it within its session; a digest of its content when the sender gave none.
    pub event_id: String,
    /// When it happened; when it came, where its sender names no time that can be.
    pub timestamp: Timestamp,
    /// False where that is when it came, or where it cannot be: an event comes after it happened.
    pub is_dated: bool,
    /// When it came.
    pub came: Timestamp,
    /// The time by which it is before or after others. One that does not say when it happened stands
    /// beside its neighbours: see [`super::EventOrder`].
    pub order: Timestamp,
    /// The session it belongs to.
    pub session_id: String,
    /// Counts from 1; 0 before the first iteration.
    pub iteration: u32,
    /// The state that the sender wrote; not every loop maintains it.
    pub state: Option<LoopState>,
    /// What happened.
    pub event_type: EventType,
    /// The object as it was sent.
    pub sent: Value,
    /// What is kept of it, where that is too long.
    pub kept: Option<Value>,
}

/// Bytes of JSON of an event; of a larger one its head is kept.
pub const LARGEST_EVENT: usize = 1024 * 1024;

/// What an event says has happened. Names are written in capitals; senders may use any case.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum EventType {
    /// A session begins.
    SessionStarted,
    /// An iteration begins.
    IterationStarted,
    /// A step begins; `data.step` names it.
    StepStarted,
    /// A step is done; `data` says with what.
    StepComplete,
    /// The state machine moved; `data.to` is the new state.
    StateChanged,
    /// An iteration is over.
    IterationEnded,
    /// The loop converged.
    ConvergenceReached,
    /// The session is over, whatever came of it.
    SessionEnded,
    /// Something went wrong; `data.error` says what.
    Error,
    /// A type that we do not know, in capitals.
    Other(String),
}

/// An event of a session, as `GET /api/sessions/{id}/events` lists it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct SessionEvent {
    /// Identifies it within its session.
    pub event_id: String,
    /// When it happened.
    pub timestamp: Timestamp,
    /// Counts from 1; 0 before the first iteration.
    pub iteration: u32,
    /// The state as its sender wrote it; not every loop maintains it.
    pub state: String,
    /// In capitals.
    pub event_type: String,
    /// Whatever its sender put there.
    pub data: Value,
}

impl EventType {
    const KNOWN: [Self; 9] = [
        Self::SessionStarted,
        Self::IterationStarted,
        Self::StepStarted,
        Self::StepComplete,
        Self::StateChanged,
        Self::IterationEnded,
        Self::ConvergenceReached,
        Self::SessionEnded,
        Self::Error,
    ];

    /// The names of the known types.
    pub const NAMES: [&str; 9] = [
        "SESSION_STARTED",
        "ITERATION_STARTED",
        "STEP_STARTED",
        "STEP_COMPLETE",
        "STATE_CHANGED",
        "ITERATION_ENDED",
        "CONVERGENCE_REACHED",
        "SESSION_ENDED",
        "ERROR",
    ];

    /// The name on the wire.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::SessionStarted => "SESSION_STARTED",
            Self::IterationStarted => "ITERATION_STARTED",
            Self::StepStarted => "STEP_STARTED",
            Self::StepComplete => "STEP_COMPLETE",
            Self::StateChanged => "STATE_CHANGED",
            Self::IterationEnded => "ITERATION_ENDED",
            Self::ConvergenceReached => "CONVERGENCE_REACHED",
            Self::SessionEnded => "SESSION_ENDED",
            Self::Error => "ERROR",
            Self::Other(name) => name,
        }
    }

    /// Reads a name in any case, with `-`, `.` or a space for `_`.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        let name = text.trim().to_uppercase().replace(['-', '.', ' '], "_");
        if let Some(known) = Self::KNOWN.into_iter().find(|it| it.as_str() == name) {
            return known;
        }
        match name.as_str() {
            "STEP_COMPLETED" | "STEP_ENDED" => Self::StepComplete,
            "ITERATION_COMPLETE" | "ITERATION_COMPLETED" => Self::IterationEnded,
            "SESSION_COMPLETE" | "SESSION_COMPLETED" => Self::SessionEnded,
            _ => Self::Other(name),
        }
    }
}

impl LoopEvent {
    /// An event of our own making, as `sent` will carry it.
    #[must_use]
    pub fn new(
        event_id: String,
        timestamp: Timestamp,
        session_id: &str,
        (iteration, state): (u32, LoopState),
        event_type: EventType,
        data: Map<String, Value>,
    ) -> Self {
        let sent = json!({
            "event_id": event_id,
            "timestamp": timestamp,
            "session_id": session_id,
            "iteration": iteration,
            "state": state.as_str(),
            "event_type": event_type.as_str(),
            "data": data,
        });
        Self {
            event_id,
            timestamp,
            is_dated: true,
            came: timestamp,
            order: timestamp,
            session_id: session_id.to_owned(),
            iteration,
            state: Some(state),
            event_type,
            sent,
            kept: None,
        }
    }

    /// The same, with its head if its text of `length` bytes is too long. What it reports counts
    /// as a whole.
    pub(super) fn cut(mut self, length: usize) -> Self {
        self.kept = (length > LARGEST_EVENT).then(|| cut_event(&self.sent, LARGEST_EVENT));
        self
    }

    /// The time that it counts with: when it happened, which is no later than it came; or else when it
    /// came.
    #[must_use]
    pub fn counted(&self) -> Timestamp {
        if self.is_dated { self.order } else { self.came }
    }

    /// True when it stands where its neighbours do, for it says nothing of its own.
    #[must_use]
    pub fn is_placed(&self) -> bool {
        !self.is_dated && self.order != self.came
    }

    /// What is stored and passed on of it.
    #[must_use]
    pub fn stored(&self) -> &Value {
        self.kept.as_ref().unwrap_or(&self.sent)
    }

    /// What the sender put under `data`; null when absent.
    #[must_use]
    pub fn data(&self) -> &Value {
        self.sent.get("data").unwrap_or(&Value::Null)
    }

    /// The step that it is about, if any.
    #[must_use]
    pub fn step(&self) -> Option<LoopStep> {
        let name = self.data().get("step").or_else(|| self.sent.get("step"))?;
        LoopStep::parse(name.as_str()?)
    }

    /// The state that the loop is in once this has happened, where the event says so by what it
    /// is. What stands under `state` is not asked: not every loop maintains it.
    #[must_use]
    pub fn state_after(&self) -> Option<LoopState> {
        match &self.event_type {
            EventType::StateChanged => LoopState::parse(self.data().get("to")?.as_str()?),
            EventType::StepStarted => self.step().map(LoopStep::state),
            EventType::ConvergenceReached => Some(LoopState::Converged),
            _ => None,
        }
    }

    /// As a list of events shows it.
    #[must_use]
    pub fn into_session_event(mut self) -> SessionEvent {
        let as_sent = self.sent.get("state").and_then(Value::as_str);
        let state = match self.state {
            Some(state) => state.as_str().to_owned(),
            None => as_sent.unwrap_or_default().to_owned(),
        };
        SessionEvent {
            state,
            event_type: self.event_type.as_str().to_owned(),
            data: self
                .sent
                .get_mut("data")
                .map_or_else(|| json!({}), Value::take),
            event_id: self.event_id,
            timestamp: self.timestamp,
            iteration: self.iteration,
        }
    }
}
