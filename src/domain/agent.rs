//! Agents: the programs that do tasks.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{TaskId, Timestamp};

/// An agent as everybody sees it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Agent {
    /// Letters, digits, `-` and `_`; unique.
    pub name: String,
    /// What people call it.
    pub title: String,
    /// How it is reached.
    pub kind: AgentKind,
    /// What it is doing.
    pub status: AgentStatus,
    /// The tasks that it holds now, oldest first.
    pub running: Vec<TaskId>,
    /// How many tasks it may hold at once.
    pub concurrency: u32,
    /// What it says it can do.
    pub capabilities: Vec<String>,
    /// When it last gave a sign of life.
    pub last_seen: Option<Timestamp>,
    /// When it was started, unless it is offline.
    pub started_at: Option<Timestamp>,
    /// Why it is in error or not heard of, in words.
    pub error: Option<String>,
    /// What it has done so far.
    pub metrics: AgentMetrics,
}

/// How an agent is reached.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum AgentKind {
    /// A command line on this machine.
    Process,
    /// A worker that claims tasks over HTTP.
    Remote,
    /// A scripted agent for demonstrations and tests; it runs nothing real.
    Fake,
}

impl AgentKind {
    /// The name on the wire and in the configuration.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Process => "process",
            Self::Remote => "remote",
            Self::Fake => "fake",
        }
    }
}

/// What an agent is doing.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum AgentStatus {
    /// Ready for a task.
    Idle,
    /// At work on at least one task.
    Busy,
    /// At least one of its tasks waits for a person.
    NeedsInput,
    /// Finishes what it holds and takes nothing new.
    Draining,
    /// Could not be started; `error` says why.
    Error,
    /// Stopped, or not heard of for too long.
    Offline,
}

impl AgentStatus {
    /// All statuses, those first that ask for a person.
    pub const ALL: [Self; 6] = [
        Self::NeedsInput,
        Self::Busy,
        Self::Idle,
        Self::Draining,
        Self::Error,
        Self::Offline,
    ];

    /// The name on the wire.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NeedsInput => "needs_input",
            other => other.label(),
        }
    }

    /// Reads the name on the wire.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == text)
    }

    /// The words a person reads.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::Idle => "idle",
            Self::Busy => "busy",
            Self::NeedsInput => "needs input",
            Self::Draining => "draining",
            Self::Error => "error",
            Self::Offline => "offline",
        }
    }

    /// True when it accepts new tasks as soon as a slot is free.
    #[must_use]
    pub fn takes_tasks(self) -> bool {
        matches!(self, Self::Idle | Self::Busy | Self::NeedsInput)
    }
}

/// What an agent has done. Ratios and medians are `null` while there is nothing to divide.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct AgentMetrics {
    /// Tasks completed.
    pub completed: u64,
    /// Tasks failed.
    pub failed: u64,
    /// Median duration of its latest completed tasks.
    pub median_seconds: Option<f64>,
    /// Share of its slots' time spent on tasks since it was started, 0 to 1.
    pub busy_ratio: Option<f64>,
}

impl AgentMetrics {
    /// Share of finished tasks that completed, 0 to 1.
    #[must_use]
    #[expect(
        clippy::as_conversions,
        clippy::cast_precision_loss,
        reason = "counts fit 52 bits"
    )]
    pub fn success_rate(&self) -> Option<f64> {
        let total = self.completed + self.failed;
        (total > 0).then(|| self.completed as f64 / total as f64)
    }
}

/// The two ways to stop an agent.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum StopMode {
    /// Let it finish what it holds; give it nothing new.
    #[default]
    Drain,
    /// Cancel what it holds, now.
    Kill,
}
