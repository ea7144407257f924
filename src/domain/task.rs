//! A task: what a person asks an agent to do.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::{DEEPEST, FieldError, TaskId, Timestamp, Usage, Waiting, is_too_deep};

/// A task as everybody sees it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Task {
    /// Sorts by creation time.
    pub id: TaskId,
    /// What people say: `#17`. Counts up.
    pub number: i64,
    /// A few words.
    pub title: String,
    /// What the agent is asked to do.
    pub description: String,
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
    /// Counts from 1 among pending tasks.
    pub queue_position: Option<u64>,
    /// Why a pending task does not run.
    pub waiting: Vec<Waiting>,
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
    /// What its agent answered, any JSON.
    #[schema(value_type = Option<Object>)]
    pub result: Option<Value>,
    /// Why it failed or went back to the queue.
    pub error: Option<String>,
    /// The task that this one tries again.
    pub retry_of: Option<TaskId>,
    /// True when its agent only reports it and the queue never hands it out.
    pub external: bool,
    /// What it consumed.
    pub usage: Usage,
    /// How many pieces of evidence it has.
    pub evidence_count: u32,
    /// Whatever its creator wants kept with it.
    #[schema(value_type = Object)]
    pub metadata: Map<String, Value>,
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

/// A task on its way in. Only `description` is required.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewTask {
    /// 1 to 100,000 characters.
    pub description: String,
    /// The first line of the description when absent.
    #[serde(default)]
    pub title: Option<String>,
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
    /// Not before this moment.
    #[serde(default)]
    pub start_after: Option<Timestamp>,
    /// `running` makes the task *external*: its `agent` runs it already and only reports.
    #[serde(default)]
    pub status: Option<TaskStatus>,
}

/// A change to a task; what is absent stays.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct TaskChange {
    /// A legal next status.
    pub status: Option<TaskStatus>,
    /// 0 to 1.
    pub progress: Option<f64>,
    /// What the agent answers, any JSON.
    #[schema(value_type = Option<Object>)]
    pub result: Option<Value>,
    /// Why it failed.
    pub error: Option<String>,
    /// A few words.
    pub title: Option<String>,
    /// Only while the task is pending.
    pub description: Option<String>,
    /// Moves a pending task in the queue.
    pub priority: Option<Priority>,
    /// Replaces all labels.
    pub labels: Option<Vec<String>>,
    /// Replaces what it consumed so far.
    pub usage: Option<Usage>,
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
            || self.usage.is_some()
    }
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
        if let Ok(number) = digits.parse() {
            return Some(Self::Number(number));
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

/// What a task may hold.
#[derive(Clone, Copy, Debug)]
#[expect(missing_docs, reason = "the names say it; characters and seconds")]
pub struct TaskLimits {
    pub description: usize,
    pub title: usize,
    pub labels: usize,
    pub label: usize,
    pub timeout_seconds: u32,
    pub max_attempts: u32,
    pub metadata_bytes: usize,
}

/// The limits in force.
pub const LIMITS: TaskLimits = TaskLimits {
    description: 100_000,
    title: 200,
    labels: 20,
    label: 50,
    timeout_seconds: 7 * 24 * 3600,
    max_attempts: 20,
    metadata_bytes: 64 * 1024,
};

impl NewTask {
    /// Everything that is wrong with it, at once; empty when it may be created.
    #[must_use]
    pub fn problems(&self) -> Vec<FieldError> {
        let mut found = Vec::new();
        check_description(&mut found, &self.description);
        if let Some(title) = &self.title {
            check_title(&mut found, title);
        }
        check_labels(&mut found, &self.labels);
        let mut check = |wrong: bool, field: &str, message: String| {
            if wrong {
                found.push(FieldError::new(field, message));
            }
        };
        let outside = |value: Option<u32>, max| value.is_some_and(|v| v == 0 || v > max);
        check(
            outside(self.timeout_seconds, LIMITS.timeout_seconds),
            "timeout_seconds",
            format!("must be from 1 to {}", LIMITS.timeout_seconds),
        );
        check(
            outside(self.max_attempts, LIMITS.max_attempts),
            "max_attempts",
            format!("must be from 1 to {}", LIMITS.max_attempts),
        );
        let metadata = serde_json::to_string(&self.metadata).map_or(0, |text| text.len());
        check(
            metadata > LIMITS.metadata_bytes,
            "metadata",
            format!("must be at most {} bytes as JSON", LIMITS.metadata_bytes),
        );
        check(
            self.metadata.values().any(is_too_deep),
            "metadata",
            format!("must be nested at most {DEEPEST} levels deep"),
        );
        let external = self.status == Some(TaskStatus::Running);
        check(
            !matches!(
                self.status,
                None | Some(TaskStatus::Pending | TaskStatus::Running)
            ),
            "status",
            "a new task is pending, or running when it is external".into(),
        );
        check(
            external && self.agent.is_none(),
            "agent",
            "an external task names the agent that runs it".into(),
        );
        check(
            external && self.start_after.is_some(),
            "start_after",
            "an external task runs already".into(),
        );
        check(
            self.agent
                .as_deref()
                .is_some_and(|name| !is_agent_name(name)),
            "agent",
            "letters, digits, \"-\" and \"_\", at most 64".into(),
        );
        found
    }

    /// The title given, or the first line of the description, cut to 80 characters.
    #[must_use]
    pub fn title_or_first_line(&self) -> String {
        let given = self
            .title
            .as_deref()
            .map(str::trim)
            .filter(|title| !title.is_empty());
        if let Some(title) = given {
            return title.to_owned();
        }
        let line = self.description.trim().lines().next().unwrap_or_default();
        // A tab or a colour is welcome in a description; a title is one plain line.
        let line = line.replace(char::is_control, " ");
        let line = line.trim();
        match line.char_indices().nth(80) {
            Some((end, _)) => format!("{}…", line[..end].trim_end()),
            None => line.to_owned(),
        }
    }
}

impl TaskChange {
    /// Everything that is wrong with it, at once; empty when it may be applied.
    #[must_use]
    pub fn problems(&self) -> Vec<FieldError> {
        let mut found = Vec::new();
        if let Some(description) = &self.description {
            check_description(&mut found, description);
        }
        if let Some(title) = &self.title {
            check_title(&mut found, title);
        }
        if let Some(labels) = &self.labels {
            check_labels(&mut found, labels);
        }
        if self
            .progress
            .is_some_and(|value| !(0.0..=1.0).contains(&value))
        {
            found.push(FieldError::new("progress", "must be from 0 to 1"));
        }
        if self.result.as_ref().is_some_and(is_too_deep) {
            let message = format!("must be nested at most {DEEPEST} levels deep");
            found.push(FieldError::new("result", message));
        }
        if self
            .error
            .as_deref()
            .is_some_and(|error| error.contains('\0'))
        {
            found.push(FieldError::new("error", "must not contain NUL characters"));
        }
        found
    }
}

/// True for letters, digits, `-` and `_`, 1 to 64 of them.
#[must_use]
pub fn is_agent_name(name: &str) -> bool {
    let legal = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    (1..=64).contains(&name.len()) && name.bytes().all(legal)
}

fn check_description(found: &mut Vec<FieldError>, description: &str) {
    if description.trim().is_empty() {
        found.push(FieldError::new(
            "description",
            "say what the agent is to do",
        ));
    } else if description.chars().count() > LIMITS.description {
        let message = format!("must be at most {} characters", LIMITS.description);
        found.push(FieldError::new("description", message));
    } else if description.contains('\0') {
        found.push(FieldError::new(
            "description",
            "must not contain NUL characters",
        ));
    }
}

fn check_title(found: &mut Vec<FieldError>, title: &str) {
    if title.chars().count() > LIMITS.title || title.chars().any(char::is_control) {
        let message = format!("must be one line of at most {} characters", LIMITS.title);
        found.push(FieldError::new("title", message));
    }
}

fn check_labels(found: &mut Vec<FieldError>, labels: &[String]) {
    let legal = |label: &String| {
        let length = label.chars().count();
        (1..=LIMITS.label).contains(&length)
            && label.trim() == label
            && !label
                .chars()
                .any(|c| c.is_control() || matches!(c, ',' | '"' | '\\'))
    };
    if labels.len() > LIMITS.labels || !labels.iter().all(legal) {
        let message = format!(
            "at most {} labels of 1 to {} characters without commas and quotes",
            LIMITS.labels, LIMITS.label
        );
        found.push(FieldError::new("labels", message));
    }
}
