//! Agents as adapters: whatever runs a task speaks one stream of events.
//!
//! Read in this order: [`Adapter`], [`process`] (a command line), [`supervisor`] (what keeps
//! its promises even when this server is killed), [`processes`] (the second belt),
//! [`fake`] (a script, for demonstrations).

pub(crate) mod descriptors;
pub(crate) mod fake;
mod lines;
pub(crate) mod process;
pub(crate) mod processes;
mod pump;
mod registry;
mod script;
pub(crate) mod supervised;
pub(crate) mod supervisor;
mod template;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use self::fake::FakeAdapter;
use self::process::ProcessAdapter;
use crate::domain::{AgentEvent, AgentKind, Outcome, TaskId};
use crate::server::config::AgentConfig;

pub(crate) use self::registry::Adapters;

/// What an agent is asked to do.
#[derive(Clone, Debug)]
pub(crate) struct Assignment {
    pub(crate) task: TaskId,
    pub(crate) number: i64,
    pub(crate) title: String,
    pub(crate) description: String,
    pub(crate) attempt: u32,
}

/// How others reach into a run.
#[derive(Debug)]
pub(crate) struct Controls {
    /// Stop politely, and by force when the grace is over.
    pub(crate) cancel: CancellationToken,
    /// Stop by force now.
    pub(crate) kill: CancellationToken,
    /// What people answer.
    pub(crate) input: mpsc::Receiver<String>,
}

/// The ways to run a task here. Remote agents have none: they come and claim.
#[derive(Debug)]
pub(crate) enum Adapter {
    Process(ProcessAdapter),
    Fake(FakeAdapter),
}

impl Adapter {
    /// `node` identifies this server and its successors, so that they can find what it left behind.
    pub(crate) fn from_config(config: &AgentConfig, node: Arc<str>) -> Option<Self> {
        match config.kind {
            AgentKind::Process => Some(Self::Process(ProcessAdapter::new(config, node))),
            AgentKind::Fake => Some(Self::Fake(FakeAdapter::new(config))),
            AgentKind::Remote => None,
        }
    }

    /// Cheaply tells whether it could run; the error is for people.
    pub(crate) fn check(&self) -> Result<(), String> {
        match self {
            Self::Process(adapter) => adapter.check(),
            Self::Fake(adapter) => adapter.check(),
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
