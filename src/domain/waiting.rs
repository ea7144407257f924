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

/// The kinds of reasons. A task that is being handed out has none.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum WaitingCode {
    /// `start_after` lies ahead.
    StartAfter,
    /// A failed attempt is followed by a pause before the next.
    RetryBackoff,
    /// There is no agent that would take it: none at all, none of that name, or none that takes
    /// tasks which name none.
    AgentMissing,
    /// The agent is stopped, draining or not heard of.
    AgentOffline,
    /// The agent could not be started.
    AgentError,
    /// Every slot of the agents that could run it is taken, or its worker has to ask for it.
    AgentBusy,
    /// Every slot of the agents that could run it is held by a task that waits for a person.
    AgentAsks,
    /// No agent has what it requires.
    Capability,
    /// No agent takes tasks of its project.
    Project,
    /// Other tasks stand before it.
    Behind,
    /// Another task has to be completed first.
    After,
}
