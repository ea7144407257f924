//! A session of a convergence loop, as lists and pages show it.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{LoopState, SessionFacts, Verdict};
use crate::domain::{FieldError, LONGEST_PARAMETER, Timestamp};

/// A session of a convergence loop.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Session {
    /// The id that its loop gave it.
    pub session_id: String,
    /// What people call it: by its folder and a number, by what its loop calls it, or by its task.
    #[serde(default)]
    pub name: String,
    /// Its first event.
    pub start_time: Timestamp,
    /// Its end; absent while it runs and when its loop vanished.
    pub end_time: Option<Timestamp>,
    /// The last state of its loop.
    pub final_state: LoopState,
    /// The highest iteration.
    pub iterations: u32,
    /// True when it converged.
    pub convergence_reached: bool,
    /// From its first event to its end, or to its last event.
    pub duration_seconds: f64,
    /// How it stands.
    pub status: SessionStatus,
    /// Since when its loop is in its last state.
    pub state_since: Timestamp,
    /// Its last event.
    pub last_event_at: Timestamp,
    /// How many different events it has.
    pub events: u64,
    /// The last error that its loop reported.
    pub error: Option<String>,
    /// Why it ended or was broken off, as its loop says, where that is no error.
    #[serde(default)]
    pub end_reason: Option<String>,
    /// Where it was heard first: the address of its loop, or `webhook`.
    pub source: String,
    /// The task that it works for, as its loop named it (`TASK_ID`): an id or a number where that is
    /// a task of this dashboard.
    #[serde(default)]
    pub task_id: Option<String>,
    /// The number of that task; null where there is none that the asker may see.
    #[serde(default)]
    pub task_number: Option<i64>,
    /// Its number, where it has no name of its own: its task may name it.
    #[serde(skip)]
    pub nameless: Option<i64>,
    /// True where what is known of it cannot be read: `error` says why, and nothing else counts.
    #[serde(default)]
    pub unreadable: bool,
    /// How often an event of it came that could not be read: its numbers are not all there is.
    #[serde(default)]
    pub refused_events: u64,
    /// Whether it gets anywhere, or how it ended; absent in lists of long sessions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verdict: Option<Verdict>,
}

/// How a session stands.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum SessionStatus {
    /// Its loop is at work.
    Running,
    /// It converged.
    Converged,
    /// Its loop could not go on.
    Failed,
    /// It ended and did not converge: it ran out of iterations or time, or did not say why.
    Ended,
    /// Its loop vanished or was broken off.
    Interrupted,
}

/// Which sessions to list. Empty means all.
#[derive(Clone, Debug, Default, Eq, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct SessionFilter {
    /// Any of these states.
    pub state: Vec<LoopState>,
    /// Any of these.
    pub status: Vec<SessionStatus>,
    /// Part of the name, the id, the source or the last error.
    pub q: Option<String>,
}

/// Which events of a session to list. Empty means all, oldest first.
#[derive(Clone, Debug, Default, Eq, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct EventFilter {
    /// Of this type, in any case.
    pub event_type: Option<String>,
    /// Of this iteration.
    pub iteration: Option<u32>,
    /// With this text anywhere in what was sent.
    pub q: Option<String>,
    /// Newest first.
    pub newest_first: bool,
}

/// All sessions in numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct SessionStats {
    /// All of them.
    pub total_sessions: u64,
    /// Those that converged.
    pub converged_sessions: u64,
    /// The part of all that converged, 0 to 1.
    pub convergence_rate: f64,
    /// Iterations of a session, on average.
    pub avg_iterations: f64,
    /// Events of all sessions.
    pub total_events: u64,
    /// Half of the sessions that are over took longer; absent when none is.
    pub median_duration_seconds: Option<f64>,
}

/// How the dashboard stands with one loop that it follows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct LoopLink {
    /// The address of its event server, without any password.
    pub url: String,
    /// True while the socket is open.
    pub connected: bool,
    /// Since when that is so.
    pub since: Timestamp,
    /// When its last event arrived.
    pub last_event_at: Option<Timestamp>,
    /// Events that arrived and were new.
    pub events: u64,
    /// Events that were known already.
    pub duplicates: u64,
    /// Frames, or parts of frames, that could not be read.
    pub malformed: u64,
    /// How often a connection was made.
    pub connections: u64,
    /// Why it is not connected.
    pub error: Option<String>,
}

impl SessionStatus {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::Running,
        Self::Converged,
        Self::Failed,
        Self::Ended,
        Self::Interrupted,
    ];

    /// The name on the wire.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Converged => "converged",
            Self::Failed => "failed",
            Self::Ended => "ended",
            Self::Interrupted => "interrupted",
        }
    }

    /// The words for people. One that ended did not converge, whatever else is known of it.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::Ended => "not converged",
            other => other.as_str(),
        }
    }

    /// Reads the name on the wire.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == text)
    }

    /// True when its loop said that it is over.
    #[must_use]
    pub fn is_over(self) -> bool {
        matches!(self, Self::Converged | Self::Failed | Self::Ended)
    }
}

impl SessionFilter {
    /// Everything that is wrong with it, at once.
    #[must_use]
    pub fn problems(&self) -> Vec<FieldError> {
        text_problems(&[("q", &self.q)])
    }
}

impl EventFilter {
    /// Everything that is wrong with it, at once.
    #[must_use]
    pub fn problems(&self) -> Vec<FieldError> {
        text_problems(&[("type", &self.event_type), ("q", &self.q)])
    }
}

fn text_problems(texts: &[(&str, &Option<String>)]) -> Vec<FieldError> {
    let bad = |text: &String| text.contains('\0') || text.chars().count() > LONGEST_PARAMETER;
    let message = "must be at most 2000 characters without NUL";
    let wrong = texts
        .iter()
        .filter(|(_, text)| text.as_ref().is_some_and(bad));
    wrong
        .map(|(field, _)| FieldError::new(*field, message))
        .collect()
}

impl Session {
    /// What `facts` add up to, but for its name; `silent` when its loop has vanished.
    #[must_use]
    pub fn of(session_id: String, source: String, facts: &SessionFacts, silent: bool) -> Self {
        let status = facts.status(silent);
        let (final_state, since) = facts.state();
        let (first, last) = facts.bounds();
        let start_time = first.unwrap_or_default();
        let last_event_at = last.unwrap_or(start_time);
        let end = facts.ended.as_ref().filter(|_| facts.has_ended());
        let end = end.map(|end| end.stamp.at);
        let within = |at: Timestamp| at.min(last_event_at).max(start_time);
        let since = since.map(within);
        let end_time = end.or_else(|| status.is_over().then(|| since.unwrap_or(last_event_at)));
        // An end that came without a time is no later than the rest allows.
        let end_time = end_time.map(within);
        let until = end_time.unwrap_or(last_event_at);
        Self {
            name: String::new(),
            session_id,
            start_time,
            end_time,
            final_state,
            iterations: facts.iteration,
            convergence_reached: status == SessionStatus::Converged,
            duration_seconds: until.seconds_since(start_time).max(0.0),
            status,
            state_since: since.unwrap_or(start_time),
            last_event_at,
            events: facts.events,
            error: facts.error.as_ref().map(|error| error.value.clone()),
            end_reason: facts.end_reason().map(str::to_owned),
            source,
            task_id: facts.task.as_ref().map(|task| task.value.clone()),
            task_number: None,
            nameless: None,
            unreadable: false,
            refused_events: facts.refused,
            verdict: None,
        }
    }

    /// One of which nothing but its id can be read, and why.
    #[must_use]
    pub fn unreadable(session_id: String, source: String, why: String) -> Self {
        let mut session = Self::of(session_id, source, &SessionFacts::default(), true);
        session.error = Some(why);
        session.unreadable = true;
        session
    }
}
