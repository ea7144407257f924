//! Why a pending task does not run.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// One reason, computed by the rule that picks the next task.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Waiting {
    /// What kind of reason it is, for programs.
    pub code: WaitingCode,
    /// The reason in words, for people.
    pub detail: String,
    /// True when time alone removes it; false when somebody has to act.
    pub clears_itself: bool,
}

/// The kinds of reasons.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum WaitingCode {
    /// `start_after` lies ahead.
    NotBefore,
    /// A failed attempt is followed by a pause before the next.
    BackOff,
    /// No agent is configured or registered.
    NoAgent,
    /// The requested agent does not exist.
    UnknownAgent,
    /// The agent is stopped, draining, offline or in error.
    AgentUnavailable,
    /// Every slot of the agents that could run it is taken.
    AgentBusy,
    /// Every slot of the agents that could run it is held by a task that waits for a person.
    AgentAsks,
    /// Other tasks stand before it.
    Behind,
    /// It is next, and is about to be handed out.
    Starting,
}
