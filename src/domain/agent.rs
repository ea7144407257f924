//! Agents: the programs that do tasks.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{TaskId, Timestamp, title_or_name};

/// An agent as everybody sees it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Agent {
    /// Letters, digits, `.`, `-` and `_`; unique.
    pub name: String,
    /// What people call it.
    pub title: String,
    /// How it is reached.
    pub kind: AgentKind,
    /// How the output of a process is read.
    #[serde(default)]
    pub profile: Option<String>,
    /// Who told of it.
    #[serde(default)]
    pub source: AgentSource,
    /// What it is doing.
    pub status: AgentStatus,
    /// The tasks that it holds now, oldest first.
    pub running: Vec<TaskId>,
    /// How many tasks it may hold at once.
    pub concurrency: u32,
    /// What it says it can do. A task that `requires` something waits for an agent that has it.
    pub capabilities: Vec<String>,
    /// What can be done with it.
    #[serde(default)]
    pub abilities: Abilities,
    /// When it last gave a sign of life.
    pub last_seen: Option<Timestamp>,
    /// When it was started, unless it is offline.
    pub started_at: Option<Timestamp>,
    /// Why it is in error, not heard of or removed, in words.
    pub error: Option<String>,
    /// How much of its allowance is used up, where it is known.
    #[serde(default)]
    pub quota: Vec<Quota>,
    /// What it has done so far.
    pub metrics: AgentMetrics,
}

impl Agent {
    /// What people see of its title: its name, where that is nothing.
    #[must_use]
    pub fn shown_title(&self) -> &str {
        title_or_name(&self.title, &self.name)
    }
}

/// How an agent is reached.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum AgentKind {
    /// A command line on this machine.
    Process,
    /// A worker that claims tasks over HTTP.
    Remote,
    /// One that runs elsewhere and only reports what it does.
    External,
    /// A scripted agent for demonstrations and tests; it runs nothing real.
    Fake,
}

impl AgentKind {
    /// All kinds.
    pub const ALL: [Self; 4] = [Self::Process, Self::Remote, Self::External, Self::Fake];

    /// The name on the wire and in the configuration.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Process => "process",
            Self::Remote => "remote",
            Self::External => "external",
            Self::Fake => "fake",
        }
    }
}

/// Who told of an agent.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum AgentSource {
    /// `dashboard.toml`.
    File,
    /// A person, on a page.
    Page,
    /// Its worker, which registered itself.
    #[default]
    Registered,
    /// A task that it reported.
    Reported,
}

impl AgentSource {
    /// All sources.
    pub const ALL: [Self; 4] = [Self::File, Self::Page, Self::Registered, Self::Reported];

    /// The name on the wire.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::File => "file",
            Self::Page => "page",
            Self::Registered => "registered",
            Self::Reported => "reported",
        }
    }
}

/// Which tasks an agent takes.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Takes {
    /// Those that name it, and those that name none.
    #[default]
    Any,
    /// Only those that name it.
    Requested,
}

impl Takes {
    /// The name in the configuration.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Any => "any",
            Self::Requested => "requested",
        }
    }
}

/// Whether something can be done with an agent.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Ability {
    /// It can.
    Yes,
    /// It cannot.
    #[default]
    No,
    /// In part, or only in some cases.
    Partly,
}

/// What can be done with an agent, by the way in which it is reached.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct Abilities {
    /// Its tasks are really stopped when they are cancelled.
    pub cancel: Ability,
    /// It asks, and learns the answer.
    pub questions: Ability,
    /// It asks before it does something, and learns whether it may.
    pub approvals: Ability,
    /// It says how far it is.
    pub progress: Ability,
    /// It says how many tokens it consumed.
    pub usage: Ability,
    /// It says what that costs.
    pub cost: Ability,
    /// It hands over evidence.
    pub evidence: Ability,
    /// It takes messages while it works.
    pub messages: Ability,
    /// It says how much of its allowance is left.
    pub quota: Ability,
}

impl Abilities {
    /// What every agent of this kind can do. Whether a process learns answers depends on its
    /// settings.
    #[must_use]
    pub fn of(kind: AgentKind) -> Self {
        let reports = Self {
            progress: Ability::Yes,
            usage: Ability::Yes,
            cost: Ability::Yes,
            ..Self::default()
        };
        match kind {
            AgentKind::Process => Self {
                cancel: Ability::Yes,
                ..reports
            },
            AgentKind::Remote | AgentKind::Fake => Self {
                cancel: Ability::Yes,
                questions: Ability::Yes,
                ..reports
            },
            // Nobody tells it of answers: it has to look for them in the log of its task.
            AgentKind::External => Self {
                questions: Ability::Partly,
                ..reports
            },
        }
    }
}

/// A window of time in which an agent may consume so much.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Quota {
    /// How long it is, such as `5h`.
    pub window: String,
    /// How much of it is used, 0 to 1.
    pub used_ratio: f64,
    /// When it begins anew.
    pub resets_at: Option<Timestamp>,
    /// Who says so.
    pub source: String,
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
