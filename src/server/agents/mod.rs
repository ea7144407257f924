//! Agents as adapters: whatever runs a task speaks one stream of events.
//!
//! Read in this order: [`Adapter`], [`process`] (a command line), [`environment`] (what it may see),
//! [`supervisor`] (what keeps
//! its promises even when this server is killed), [`orphans`], [`record`] and [`processes`] (the other belts),
//! [`fake`] (a script, for demonstrations).

mod channel;
mod complaints;
pub(crate) mod descriptors;
mod document;
mod environment;
pub(crate) mod fake;
mod feed;
mod group;
mod lines;
pub(crate) mod orphans;
pub(crate) mod process;
pub(crate) mod processes;
mod pump;
mod record;
mod registry;
mod script;
pub(crate) mod supervised;
pub(crate) mod supervisor;
mod template;
#[cfg(test)]
mod tests;
mod wide;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::{Map, Value};

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use self::fake::FakeAdapter;
use self::process::ProcessAdapter;
use self::processes::Node;
use crate::domain::{Abilities, Ability, AgentEvent, Answer, Outcome, TaskId};
use crate::server::config::{AgentConfig, InputMode, KindConfig};

pub(crate) use self::registry::{Adapters, Runner};

/// What an agent is asked to do.
#[derive(Clone, Debug)]
pub(crate) struct Assignment {
    pub(crate) task: TaskId,
    pub(crate) number: i64,
    pub(crate) title: String,
    pub(crate) description: String,
    pub(crate) attempt: u32,
    pub(crate) project: String,
    /// Where agents of its project work unless they say otherwise.
    pub(crate) project_folder: Option<PathBuf>,
    pub(crate) labels: Vec<String>,
    pub(crate) metadata: Map<String, Value>,
    /// Where this server listens.
    pub(crate) dashboard_url: String,
}

/// How others reach into a run.
#[derive(Debug)]
pub(crate) struct Controls {
    /// Stop politely, and by force when the grace is over.
    pub(crate) cancel: CancellationToken,
    /// Stop by force now.
    pub(crate) kill: CancellationToken,
    /// What people answer.
    pub(crate) input: mpsc::UnboundedReceiver<Answer>,
}

/// The ways to run a task here. Remote agents have none: they come and claim.
#[derive(Debug)]
pub(crate) enum Adapter {
    Process(ProcessAdapter),
    Fake(FakeAdapter),
}

impl Adapter {
    /// `node` identifies this server and its successors, so that they can find what it left behind.
    pub(crate) fn from_config(config: &AgentConfig, node: Arc<Node>) -> Option<Self> {
        match &config.kind {
            KindConfig::Process(process) => {
                let adapter = ProcessAdapter::new(process, config.grace_seconds, node);
                Some(Self::Process(adapter))
            }
            KindConfig::Fake(fake) => Some(Self::Fake(FakeAdapter::new(fake))),
            KindConfig::Remote => None,
        }
    }

    /// Cheaply tells whether it could run; the error is for people.
    pub(crate) fn check(&self) -> Result<(), String> {
        match self {
            Self::Process(adapter) => adapter.check(),
            Self::Fake(adapter) => adapter.check(),
        }
    }

    /// Whether it can work for a project that has this folder; the error is for people.
    pub(crate) fn check_project(&self, folder: Option<&Path>) -> Result<(), String> {
        match self {
            Self::Process(adapter) => adapter.check_project(folder),
            Self::Fake(_) => Ok(()),
        }
    }

    /// Runs one assignment to its end. Events come in batches; a full channel slows the agent.
    /// When this answers, or is dropped, nothing of the run is left or it is being killed.
    pub(crate) async fn run(
        &self,
        assignment: Assignment,
        controls: Controls,
        events: mpsc::Sender<Vec<AgentEvent>>,
    ) -> Outcome {
        match self {
            Self::Process(adapter) => adapter.run(assignment, controls, events).await,
            Self::Fake(adapter) => adapter.run(assignment, controls, events).await,
        }
    }
}

/// What can be done with an agent that is configured so.
pub(crate) fn abilities(config: &AgentConfig) -> Abilities {
    let common = Abilities::of(config.kind());
    match &config.kind {
        KindConfig::Process(process) if process.input == InputMode::Lines => Abilities {
            questions: Ability::Yes,
            ..common
        },
        _ => common,
    }
}
