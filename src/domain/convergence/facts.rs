//! What is known of a session: the least that its events add up to. Each fact is a greatest, a
//! smallest or a latest value, so events may come in any order, late and twice. "Latest" is by
//! the time of the event, then by arrival.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::decode::text;
use super::{EventType, LoopEvent, LoopState, LoopStep, Seen, SessionStatus, Sighting, span};
use crate::domain::{TaskId, Timestamp};

/// When something happened, and as which event of all it arrived.
#[derive(Clone, Copy, Debug, Default, Eq, Ord, PartialEq, PartialOrd, Serialize, Deserialize)]
pub struct Stamp {
    /// When it happened.
    pub at: Timestamp,
    /// Rises with every event that arrives.
    pub arrival: i64,
}

/// A value, and when it was last set.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Latest<T> {
    /// When it was set.
    pub stamp: Stamp,
    /// What it was set to.
    pub value: T,
}

/// What is known of a session as a whole.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct SessionFacts {
    /// The first event that says when it happened.
    pub first: Option<Timestamp>,
    /// The last one.
    pub last: Option<Timestamp>,
    /// When the first event came that does not say when it happened.
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
    /// How many different events there are.
    pub events: u64,
    /// The highest iteration.
    pub iteration: u32,
    /// The state by what events are.
    pub state: Option<Latest<LoopState>>,
    /// The state as senders wrote it: for loops whose events say it in no other way.
    pub written: Option<Latest<LoopState>>,
    /// The last beginning of an iteration or step.
    pub worked: Option<Stamp>,
    /// The last time it converged.
    pub converged: Option<Stamp>,
    /// The last time its state machine failed.
    pub failed: Option<Stamp>,
    /// The last error.
    pub error: Option<Latest<String>>,
    /// The last end; true when it was broken off.
    pub ended: Option<Latest<bool>>,
    /// The task that it works for, as its loop names it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub task: Option<Latest<String>>,
}

/// What is known of one finding of a session.
#[derive(Clone, Debug, PartialEq)]
pub struct FindingFacts {
    /// As it was last seen.
    pub sighting: Latest<Sighting>,
    /// The iterations and steps in which it was seen; the step where it is known.
    pub seen: Seen,
    /// Who accepted it and why.
    pub accepted: Option<super::Acceptance>,
}

/// Sets `known` to `value` if that is later.
pub(super) fn set<T>(known: &mut Option<Latest<T>>, stamp: Stamp, value: T) {
    if known.as_ref().is_none_or(|known| known.stamp <= stamp) {
        *known = Some(Latest { stamp, value });
    }
}

impl SessionFacts {
    /// Adds an event that was not added before.
    pub fn add(&mut self, event: &LoopEvent, arrival: i64) {
        let at = event.counted();
        let stamp = Stamp { at, arrival };
        if event.is_dated {
            span::widen(&mut self.first, &mut self.last, at);
        } else {
            span::widen(&mut self.came_first, &mut self.came_last, at);
        }
        span::widen(&mut self.heard_first, &mut self.heard_last, event.came);
        self.events += 1;
        self.iteration = self.iteration.max(event.iteration);
        let state = event.state_after();
        if let Some(state) = state {
            set(&mut self.state, stamp, state);
        }
        if let Some(written) = event.state.filter(|state| *state != LoopState::Idle) {
            set(&mut self.written, stamp, written);
        }
        match state.or(event.state) {
            Some(LoopState::Converged) => self.converged = self.converged.max(Some(stamp)),
            Some(LoopState::Failed) => self.failed = self.failed.max(Some(stamp)),
            _ => {}
        }
        match &event.event_type {
            EventType::IterationStarted | EventType::StepStarted => {
                self.worked = self.worked.max(Some(stamp));
            }
            EventType::SessionEnded => {
                let broken_off = event.data().get("interrupted");
                let broken_off = broken_off.and_then(Value::as_bool);
                set(&mut self.ended, stamp, broken_off.unwrap_or(false));
            }
            EventType::Error => set(&mut self.error, stamp, error_of(event)),
            EventType::SessionStarted => {
                if let Some(task) = event.data().get("task_id").and_then(task_of) {
                    set(&mut self.task, stamp, task);
                }
            }
            _ => {}
        }
    }

    /// Its first and its last event.
    #[must_use]
    pub fn bounds(&self) -> (Option<Timestamp>, Option<Timestamp>) {
        let (told, came) = ((self.first, self.last), (self.came_first, self.came_last));
        span::bounds(told, came, (self.heard_first, self.heard_last))
    }

    /// True when it ended, and nothing was begun since.
    #[must_use]
    pub fn has_ended(&self) -> bool {
        self.ended
            .as_ref()
            .is_some_and(|end| Some(end.stamp) >= self.worked)
    }

    /// How it stands; `silent` when its loop has vanished.
    #[must_use]
    pub fn status(&self, silent: bool) -> SessionStatus {
        let after_work = |stamp: Option<Stamp>| stamp.is_some() && stamp >= self.worked;
        let erred = self.error.as_ref().map(|error| error.stamp);
        let broken_off = self.ended.as_ref().is_some_and(|end| end.value);
        if after_work(self.converged) && self.converged >= self.failed {
            SessionStatus::Converged
        } else if after_work(self.failed) {
            SessionStatus::Failed
        } else if self.has_ended() && broken_off {
            SessionStatus::Interrupted
        } else if self.has_ended() && after_work(erred) {
            SessionStatus::Failed
        } else if self.has_ended() {
            SessionStatus::Ended
        } else if silent {
            SessionStatus::Interrupted
        } else {
            SessionStatus::Running
        }
    }

    /// The state of its loop, and since when.
    #[must_use]
    pub fn state(&self) -> (LoopState, Option<Timestamp>) {
        let last = self.state.as_ref().or(self.written.as_ref());
        let since = last.map(|last| last.stamp.at).or(self.bounds().0);
        match self.status(false) {
            SessionStatus::Converged => {
                (LoopState::Converged, self.converged.map(|stamp| stamp.at))
            }
            SessionStatus::Failed => {
                let erred = self.error.as_ref().map(|error| error.stamp);
                (
                    LoopState::Failed,
                    self.failed.max(erred).map(|stamp| stamp.at),
                )
            }
            _ => (last.map_or(LoopState::Idle, |last| last.value), since),
        }
    }
}

/// The name of a task: an id or a number, written as we write it, or whatever else it is.
fn task_of(name: &Value) -> Option<String> {
    let name = text(name)?;
    let name = name.trim();
    if let Ok(id) = name.parse::<TaskId>() {
        return Some(id.to_string());
    }
    let is_name = !name.is_empty() && name.len() <= 200 && !name.contains(char::is_control);
    is_name.then(|| name.to_owned())
}

/// The words of an `ERROR`.
fn error_of(event: &LoopEvent) -> String {
    let data = event.data();
    let mut words = ["error", "message", "detail"].iter();
    let words = words.find_map(|name| data.get(*name).and_then(Value::as_str));
    let words = words
        .or_else(|| data.as_str())
        .unwrap_or("the loop did not say why");
    words.chars().take(2000).collect()
}

impl FindingFacts {
    /// A finding that was just seen for the first time.
    #[must_use]
    pub fn new(sighting: Sighting, stamp: Stamp) -> Self {
        Self {
            sighting: Latest {
                stamp,
                value: sighting,
            },
            seen: Seen::default(),
            accepted: None,
        }
    }

    /// It was seen.
    pub fn see(&mut self, sighting: Sighting, stamp: Stamp, place: (u32, Option<LoopStep>)) {
        if self.sighting.stamp <= stamp {
            self.sighting = Latest {
                stamp,
                value: sighting,
            };
        }
        self.seen.insert(place.0, place.1);
    }
}
