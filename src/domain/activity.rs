//! What happened, in order: the timeline of a task and the recent activity of all.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{TaskId, Timestamp};

/// One thing that happened to a task or an agent.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Activity {
    /// Rises by insertion.
    pub id: i64,
    /// When it happened.
    pub time: Timestamp,
    /// What happened.
    pub kind: ActivityKind,
    /// The task it happened to.
    pub task_id: Option<TaskId>,
    /// The task's number.
    pub task_number: Option<i64>,
    /// The task's title at that time.
    pub title: Option<String>,
    /// The agent that had a part in it.
    pub agent: Option<String>,
    /// Who did it: a person, an agent, or `system`.
    pub actor: String,
    /// More words, such as an error.
    pub detail: Option<String>,
}

/// The kinds of things that happen.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ActivityKind {
    /// A task was created.
    Created,
    /// An agent began a task.
    Started,
    /// A task went back to the queue.
    Requeued,
    /// A task was moved to the head of the queue.
    Expedited,
    /// Title, description, priority or labels were changed.
    Edited,
    /// An agent asks a person.
    NeedsInput,
    /// A person answered.
    InputGiven,
    /// Somebody asked to cancel a running task.
    CancelRequested,
    /// A task completed.
    Completed,
    /// A task failed.
    Failed,
    /// A task was cancelled.
    Cancelled,
    /// An agent was registered or enabled.
    AgentStarted,
    /// An agent was told to stop.
    AgentStopped,
    /// An agent could not be started.
    AgentError,
}

impl ActivityKind {
    /// All kinds.
    pub const ALL: [Self; 14] = [
        Self::Created,
        Self::Started,
        Self::Requeued,
        Self::Expedited,
        Self::Edited,
        Self::NeedsInput,
        Self::InputGiven,
        Self::CancelRequested,
        Self::Completed,
        Self::Failed,
        Self::Cancelled,
        Self::AgentStarted,
        Self::AgentStopped,
        Self::AgentError,
    ];

    /// The name on the wire.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Started => "started",
            Self::Requeued => "requeued",
            Self::Expedited => "expedited",
            Self::Edited => "edited",
            Self::NeedsInput => "needs_input",
            Self::InputGiven => "input_given",
            Self::CancelRequested => "cancel_requested",
            Self::Completed => "completed",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
            Self::AgentStarted => "agent_started",
            Self::AgentStopped => "agent_stopped",
            Self::AgentError => "agent_error",
        }
    }
}
