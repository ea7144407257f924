//! A task: what a person asks an agent to do.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::{Question, TaskId, Timestamp, Usage, Waiting};

/// A task as lists and the feed carry it: everything but what may be large.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Task {
    /// Sorts by creation time.
    pub id: TaskId,
    /// What people say: `#17`. Counts up.
    pub number: i64,
    /// What it belongs to.
    pub project: String,
    /// Rises with every change of it: of two, the one with the higher is the newer.
    pub version: i64,
    /// Rises when people's fields change; the `ETag` carries it.
    pub edit_version: i64,
    /// A few words.
    pub title: String,
    /// The first [`EXCERPT`] characters of the description.
    pub excerpt: String,
    /// How urgent it is.
    pub priority: Priority,
    /// Where it stands.
    pub status: TaskStatus,
    /// 0 to 1, as its agent reports it.
    pub progress: f64,
    /// The agent that holds or held it.
    pub agent: Option<String>,
    /// The only agent that may take it; any may when absent.
    pub requested_agent: Option<String>,
    /// The capabilities that its agent must have.
    #[serde(default)]
    pub requires: Vec<String>,
    /// The tasks that must be completed before it runs.
    #[serde(default)]
    pub after: Vec<TaskId>,
    /// Counts from 1 among pending tasks.
    pub queue_position: Option<u64>,
    /// Why a pending task does not run.
    pub waiting: Vec<Waiting>,
    /// What its agent asks a person, while it needs input.
    #[serde(default)]
    pub question: Option<Question>,
    /// Which attempt this is; counts from 1.
    pub attempt: u32,
    /// How often it may be attempted without a person asking.
    pub max_attempts: u32,
    /// Free words to find it by.
    pub labels: Vec<String>,
    /// Who created it.
    pub created_by: String,
    /// When it was created.
    pub created_at: Timestamp,
    /// When its present attempt began.
    pub started_at: Option<Timestamp>,
    /// When it ended.
    pub completed_at: Option<Timestamp>,
    /// How long it may take in all, from similar finished tasks.
    pub estimated_seconds: Option<f64>,
    /// An attempt longer than this is stopped and counts as failed.
    pub timeout_seconds: u32,
    /// Why it failed or went back to the queue.
    pub error: Option<String>,
    /// The task that this one tries again.
    pub retry_of: Option<TaskId>,
    /// The latest task that tries this one again.
    #[serde(default)]
    pub retried_by: Option<TaskId>,
    /// True when its agent only reports it and the queue never hands it out.
    pub external: bool,
    /// What it consumed.
    pub usage: Usage,
    /// How many pieces of evidence it has.
    pub evidence_count: u32,
}

/// The characters of a description that lists show.
pub const EXCERPT: usize = 200;

/// The beginning of a description, as lists show it.
#[must_use]
pub fn excerpt(description: &str) -> String {
    let end = description.char_indices().nth(EXCERPT);
    let end = end.map_or(description.len(), |(end, _)| end);
    description[..end].to_owned()
}

/// What may be large about a task: only the single task has it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct TaskBody {
    /// What the agent is asked to do.
    pub description: String,
    /// What its agent answered, any JSON.
    #[schema(value_type = Value)]
    pub result: Option<Value>,
    /// Whatever its creator wants kept with it.
    #[schema(value_type = Object)]
    pub metadata: Map<String, Value>,
}

/// A single task, whole.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct TaskDetail {
    /// What lists have.
    #[serde(flatten)]
    pub task: Task,
    /// What they leave out.
    #[serde(flatten)]
    pub body: TaskBody,
}

/// Where a task stands. See [`super::Transition`] for the legal moves.
#[derive(
    Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize, Deserialize, ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum TaskStatus {
    /// Waits in the queue.
    Pending,
    /// An agent works on it.
    Running,
    /// Its agent waits for a person.
    NeedsInput,
    /// Done.
    Completed,
    /// Ended with an error.
    Failed,
    /// Ended by a person.
    Cancelled,
}

impl TaskStatus {
    /// All statuses, in the order a person thinks of them.
    pub const ALL: [Self; 6] = [
        Self::Pending,
        Self::Running,
        Self::NeedsInput,
        Self::Completed,
        Self::Failed,
        Self::Cancelled,
    ];

    /// The name on the wire.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Running => "running",
            Self::NeedsInput => "needs_input",
            Self::Completed => "completed",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }

    /// The words a person reads.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::NeedsInput => "needs input",
            other => other.as_str(),
        }
    }

    /// Reads the name on the wire.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == text)
    }

    /// True when nothing follows.
    #[must_use]
    pub fn is_finished(self) -> bool {
        matches!(self, Self::Completed | Self::Failed | Self::Cancelled)
    }

    /// True while an agent holds it.
    #[must_use]
    pub fn is_held(self) -> bool {
        matches!(self, Self::Running | Self::NeedsInput)
    }
}

/// How urgent a task is, in rising order.
#[derive(
    Clone, Copy, Debug, Default, Eq, Ord, PartialEq, PartialOrd, Serialize, Deserialize, ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Priority {
    /// When nothing else waits.
    Low,
    /// The usual.
    #[default]
    Normal,
    /// Before the usual.
    High,
    /// Before everything.
    Urgent,
}

impl Priority {
    /// All priorities, in rising order.
    pub const ALL: [Self; 4] = [Self::Low, Self::Normal, Self::High, Self::Urgent];

    /// The name on the wire.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Normal => "normal",
            Self::High => "high",
            Self::Urgent => "urgent",
        }
    }

    /// Reads the name on the wire.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|priority| priority.as_str() == text)
    }

    /// 0 for low to 3 for urgent.
    #[must_use]
    pub fn rank(self) -> i64 {
        match self {
            Self::Low => 0,
            Self::Normal => 1,
            Self::High => 2,
            Self::Urgent => 3,
        }
    }
}

/// What a caller sends so that a repeated request does nothing twice.
#[derive(Clone, Debug)]
pub struct IdempotencyKey {
    /// Chosen by the caller.
    pub key: String,
    /// Who the caller is: keys of others are other keys.
    pub actor: String,
    /// What was asked for, by method and address: there, too, a key is another.
    pub route: String,
    /// Tells a repetition from another request under the same key.
    pub digest: String,
}

/// How a door names a task: `17`, `#17` or the id.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum TaskRef {
    /// By id.
    Id(TaskId),
    /// By number.
    Number(i64),
}

impl TaskRef {
    /// Reads either form.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let digits = text.strip_prefix('#').unwrap_or(text);
        if let Ok(number) = digits.parse::<i64>() {
            // One address for one task: `01` and `+1` are no other way to say it.
            let is_plain = number.to_string() == digits;
            return is_plain.then_some(Self::Number(number));
        }
        text.parse().ok().map(Self::Id)
    }
}

/// How many tasks there are of each status.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, Serialize, Deserialize, ToSchema)]
#[expect(missing_docs, reason = "the names are the statuses")]
pub struct StatusCounts {
    pub pending: u64,
    pub running: u64,
    pub needs_input: u64,
    pub completed: u64,
    pub failed: u64,
    pub cancelled: u64,
}

impl StatusCounts {
    /// How many have this status.
    #[must_use]
    pub fn of(&self, status: TaskStatus) -> u64 {
        let mut copy = *self;
        *copy.slot(status)
    }

    /// All tasks.
    #[must_use]
    pub fn total(&self) -> u64 {
        TaskStatus::ALL
            .into_iter()
            .map(|status| self.of(status))
            .sum()
    }

    /// The counter of this status.
    pub fn slot(&mut self, status: TaskStatus) -> &mut u64 {
        match status {
            TaskStatus::Pending => &mut self.pending,
            TaskStatus::Running => &mut self.running,
            TaskStatus::NeedsInput => &mut self.needs_input,
            TaskStatus::Completed => &mut self.completed,
            TaskStatus::Failed => &mut self.failed,
            TaskStatus::Cancelled => &mut self.cancelled,
        }
    }
}
