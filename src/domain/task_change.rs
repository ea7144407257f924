//! What comes in about a task: a new one, and a change to one.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::patch::{given, or_cleared};
use super::{NewQuestion, Priority, TaskLink, TaskStatus, Timestamp, UsageReport};

/// A task on its way in. Only `description` is required.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewTask {
    /// 1 to 100,000 characters.
    pub description: String,
    /// The first line of the description when absent.
    #[serde(default)]
    pub title: Option<String>,
    /// `default` when absent.
    #[serde(default)]
    pub project: Option<String>,
    /// `normal` when absent.
    #[serde(default)]
    pub priority: Option<Priority>,
    /// The only agent that may take it.
    #[serde(default)]
    pub agent: Option<String>,
    /// At most 20, of 1 to 50 characters each.
    #[serde(default)]
    pub labels: Vec<String>,
    /// 1 second to 7 days; the agent's own limit when absent.
    #[serde(default)]
    pub timeout_seconds: Option<u32>,
    /// 1 to 20.
    #[serde(default)]
    pub max_attempts: Option<u32>,
    /// Any JSON object up to 64 KiB.
    #[serde(default)]
    #[schema(value_type = Object)]
    pub metadata: Map<String, Value>,
    /// What is checked when it ends: nothing yet.
    #[serde(default)]
    #[schema(value_type = Vec<Object>, max_items = 0)]
    pub checks: Vec<Value>,
    /// What follows when a check fails: `show`, yet.
    #[serde(default)]
    pub on_gaps: Option<String>,
    /// What it may cost: no bound yet.
    #[serde(default)]
    #[schema(ignore)]
    pub max_cost_usd: Option<Value>,
    /// Not before this moment.
    #[serde(default)]
    pub start_after: Option<Timestamp>,
    /// The capabilities that its agent must have; at most 20, of 1 to 200 characters each.
    #[serde(default)]
    pub requires: Vec<String>,
    /// Ids or numbers of at most 50 tasks that must be completed before it runs.
    #[serde(default)]
    pub after: Vec<TaskLink>,
    /// It may wait for an `agent` that nobody knows yet.
    #[serde(default)]
    pub agent_may_come: bool,
    /// `running` makes the task *external*: its `agent` runs it already and only reports.
    #[serde(default)]
    pub status: Option<TaskStatus>,
}

/// A change to a task; what is absent stays, `null` clears.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct TaskChange {
    /// A legal next status.
    pub status: Option<TaskStatus>,
    /// What a person is asked, together with the status `needs_input`.
    pub question: Option<NewQuestion>,
    /// 0 to 1.
    #[serde(deserialize_with = "or_cleared")]
    pub progress: Option<f64>,
    /// Becomes a line of the log.
    pub message: Option<String>,
    /// What the agent answers, any JSON.
    #[serde(deserialize_with = "given")]
    #[schema(value_type = Value)]
    pub result: Option<Value>,
    /// Why it failed.
    #[serde(deserialize_with = "given")]
    #[schema(value_type = Option<String>)]
    pub error: Option<Option<String>>,
    /// A few words; the first line of the description when cleared.
    #[serde(deserialize_with = "or_cleared")]
    pub title: Option<String>,
    /// Only while the task is pending.
    #[serde(deserialize_with = "or_cleared")]
    pub description: Option<String>,
    /// Moves a pending task in the queue.
    #[serde(deserialize_with = "or_cleared")]
    pub priority: Option<Priority>,
    /// Replaces all labels.
    #[serde(deserialize_with = "or_cleared")]
    pub labels: Option<Vec<String>>,
    /// Replaces all of it; any JSON object up to 64 KiB.
    #[serde(deserialize_with = "or_cleared")]
    #[schema(value_type = Option<Object>)]
    pub metadata: Option<Map<String, Value>>,
    /// A record of what it consumed; one with the same id is replaced.
    pub usage: Option<UsageReport>,
}

impl TaskChange {
    /// True when it holds what only the task's agent may say.
    #[must_use]
    pub fn is_report(&self) -> bool {
        self.status
            .is_some_and(|status| status != TaskStatus::Cancelled)
            || self.progress.is_some()
            || self.result.is_some()
            || self.error.is_some()
            || self.question.is_some()
            || self.usage.is_some()
    }
}
