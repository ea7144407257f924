//! What is known of a session: the least that its events add up to. Each fact is a greatest, a
//! smallest or a latest value, so events may come in any order, late and twice. "Latest" is by
//! the time of the event, then by arrival.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::decode::text;
use super::ending::{End, error_of, names_a_limit};
use super::whole::truth;
use super::{
    Acceptance, EventType, LoopEvent, LoopState, LoopStep, Seen, SessionStatus, Sighting, Titles,
    span,
};
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
    /// The last time that a step succeeded: what went wrong before did not end it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub went_on: Option<Stamp>,
    /// The last time it converged.
    pub converged: Option<Stamp>,
    /// The last time that its end said that it did not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub denied: Option<Stamp>,
    /// The last time its state machine failed.
    pub failed: Option<Stamp>,
    /// The last error.
    pub error: Option<Latest<String>>,
    /// The last end; true when it was broken off.
    pub ended: Option<Latest<bool>>,
    /// The last time its loop said that it ended because it did not converge, and not because
    /// something went wrong.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gave_up: Option<Stamp>,
    /// Why it last ended or was broken off, where that is no error.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stopped: Option<Latest<String>>,
    /// What its loop calls it, and on which folder it works.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub titles: Option<Latest<Titles>>,
    /// The task that it works for, as its loop names it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub task: Option<Latest<String>>,
    /// How often an event of it came that could not be read.
    #[serde(skip_serializing_if = "is_nothing")]
    pub refused: u64,
}

fn is_nothing<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

/// What is known of one finding of a session.
#[derive(Clone, Debug, PartialEq)]
pub struct FindingFacts {
    /// As it was last seen.
    pub sighting: Latest<Sighting>,
    /// The iterations and steps in which it was seen; the step where it is known.
    pub seen: Seen,
    /// Who accepted it and why: a person, or its tool as it was last seen.
    pub accepted: Option<Acceptance>,
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
        let stamp = Stamp {
            at: event.order,
            arrival,
        };
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
            EventType::StepComplete
                if event.data().get("success").and_then(truth) == Some(true) =>
            {
                self.went_on = self.went_on.max(Some(stamp));
            }
            EventType::SessionEnded => self.end(&End::of(event), stamp),
            EventType::SessionStarted => {
                if let Some(titles) = Titles::of(event) {
                    set(&mut self.titles, stamp, titles);
                }
                if let Some(task) = event.data().get("task_id").and_then(task_of) {
                    set(&mut self.task, stamp, task);
                }
            }
            EventType::Error => set(&mut self.error, stamp, error_of(event)),
            _ => {}
        }
        if event.data().get("outcome").and_then(Value::as_str) == Some(NOT_CONVERGED) {
            self.gave_up = self.gave_up.max(Some(stamp));
        }
    }

    /// It ended, and said so.
    fn end(&mut self, end: &End, stamp: Stamp) {
        set(&mut self.ended, stamp, end.interrupted);
        if let Some(reason) = &end.reason {
            set(&mut self.stopped, stamp, reason.clone());
        }
        if let Some(words) = &end.failure {
            self.failed = self.failed.max(Some(stamp));
            set(&mut self.error, stamp, words.clone());
        }
        match end.converged {
            Some(true) => self.converged = self.converged.max(Some(stamp)),
            Some(false) => self.denied = self.denied.max(Some(stamp)),
            None => {}
        }
    }

    /// True when the last that went wrong is that it did not converge: it ran out of iterations or
    /// of time, as its loop says. A loop that says so in its own words is understood where these
    /// name a limit that was reached.
    fn has_given_up(&self) -> bool {
        let Some(error) = self.last_word() else {
            return self.gave_up.is_some() && self.gave_up >= self.worked;
        };
        names_a_limit(&error.value) || self.gave_up >= Some(error.stamp)
    }

    /// The last error, unless work went on after it: then it is not why the session ended.
    fn last_word(&self) -> Option<&Latest<String>> {
        let error = self.error.as_ref()?;
        (Some(error.stamp) >= self.worked.max(self.went_on)).then_some(error)
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
        let erred = self.last_word().is_some();
        let broken_off = self.ended.as_ref().is_some_and(|end| end.value);
        let undone = self.failed.max(self.denied);
        if after_work(self.converged) && self.converged >= undone {
            SessionStatus::Converged
        } else if (after_work(self.failed) || (self.has_ended() && erred)) && self.has_given_up() {
            SessionStatus::Ended
        } else if after_work(self.failed) {
            SessionStatus::Failed
        } else if self.has_ended() && broken_off {
            SessionStatus::Interrupted
        } else if self.has_ended() && erred {
            SessionStatus::Failed
        } else if self.has_ended() {
            SessionStatus::Ended
        } else if silent {
            SessionStatus::Interrupted
        } else {
            SessionStatus::Running
        }
    }

    /// Why it ended, where that is known: what its loop last said that went wrong, or who broke
    /// it off.
    #[must_use]
    pub fn why(&self, status: SessionStatus) -> Option<&str> {
        let why = match status {
            SessionStatus::Interrupted if self.has_ended() => self.stopped.as_ref(),
            SessionStatus::Failed => self.last_word(),
            SessionStatus::Ended if self.has_given_up() => self.last_word(),
            _ => None,
        };
        why.map(|why| why.value.as_str())
    }

    /// Why its loop says that it ended, where that is no error.
    #[must_use]
    pub fn end_reason(&self) -> Option<&str> {
        let reason = self.stopped.as_ref().filter(|_| self.has_ended())?;
        Some(&reason.value)
    }

    /// The state of its loop, and since when. A loop that gave up or failed ends in its own state.
    #[must_use]
    pub fn state(&self) -> (LoopState, Option<Timestamp>) {
        let last = self.state.as_ref().or(self.written.as_ref());
        let since = last.map(|last| last.stamp.at).or(self.bounds().0);
        let status = self.status(false);
        match status {
            SessionStatus::Converged => {
                (LoopState::Converged, self.converged.map(|stamp| stamp.at))
            }
            SessionStatus::Failed | SessionStatus::Ended
                if status == SessionStatus::Failed || self.has_given_up() =>
            {
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

/// `data.outcome` of a loop that ended because it did not converge.
pub const NOT_CONVERGED: &str = "not_converged";

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

impl FindingFacts {
    /// A finding that was just seen for the first time.
    #[must_use]
    pub fn new(sighting: Sighting, stamp: Stamp) -> Self {
        Self {
            accepted: by_tool(&sighting, stamp),
            sighting: Latest {
                stamp,
                value: sighting,
            },
            seen: Seen::default(),
        }
    }

    /// It was seen.
    pub fn see(&mut self, sighting: Sighting, stamp: Stamp, place: (u32, Option<LoopStep>)) {
        // Of several in one event, one that nobody suppressed decides.
        let is_open = self.sighting.stamp == stamp && self.sighting.value.suppressed.is_none();
        let is_weaker = is_open && sighting.suppressed.is_some();
        if self.sighting.stamp <= stamp && !is_weaker {
            if self.accepted.as_ref().is_none_or(Acceptance::is_by_tool) {
                self.accepted = by_tool(&sighting, stamp);
            }
            self.sighting = Latest {
                stamp,
                value: sighting,
            };
        }
        self.seen.insert(place.0, place.1);
    }
}

fn by_tool(sighting: &Sighting, stamp: Stamp) -> Option<Acceptance> {
    let suppressed = sighting.suppressed.as_ref()?;
    Some(Acceptance {
        by: suppressed.by().to_owned(),
        reason: suppressed.reason.clone(),
        at: stamp.at,
    })
}
