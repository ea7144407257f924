//! Adapters at work: what all tests of them need.

mod endings;
mod fake;
mod output;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use rustix::process::Pid;
use serde_json::Map;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::processes::Node;
use super::{Adapter, Assignment, Controls};
use crate::domain::{AgentEvent, Answer, LogStream, NewLog, Outcome, Takes, TaskId};
use crate::server::config::{AgentConfig, KindConfig, ProcessConfig};

/// Far longer than anything here takes, so that a hang is a failure.
const PATIENCE: Duration = Duration::from_secs(30);

/// Runs a command line.
fn process(command: &[&str]) -> ProcessConfig {
    ProcessConfig {
        command: command.iter().map(|part| (*part).to_owned()).collect(),
        ..ProcessConfig::default()
    }
}

impl From<ProcessConfig> for AgentConfig {
    fn from(config: ProcessConfig) -> Self {
        agent(KindConfig::Process(config))
    }
}

fn agent(kind: KindConfig) -> AgentConfig {
    AgentConfig {
        name: "test".to_owned(),
        title: "Test".to_owned(),
        kind,
        concurrency: 1,
        capabilities: Vec::new(),
        takes: Takes::Any,
        projects: Vec::new(),
        timeout_seconds: 3600,
        idle_timeout_seconds: 0,
        grace_seconds: 60,
        enabled: true,
    }
}

/// Each has an id of its own, by which the processes of one run are told from others.
pub(super) fn assignment(description: &str) -> Assignment {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    let id = NEXT.fetch_add(1, Ordering::Relaxed);
    Assignment {
        task: TaskId(Uuid::from_u128(id.into())),
        number: 7,
        title: "a title".to_owned(),
        description: description.to_owned(),
        attempt: 1,
        project: "default".to_owned(),
        project_folder: None,
        labels: vec!["a".to_owned()],
        metadata: Map::new(),
        dashboard_url: "http://127.0.0.1:1".to_owned(),
    }
}

/// A server that writes nothing down.
fn node(name: &str) -> Node {
    Node {
        name: name.to_owned(),
        runs: None,
    }
}

/// A run that is under way.
struct Running {
    outcome: JoinSet<Outcome>,
    events: mpsc::Receiver<Vec<AgentEvent>>,
    seen: Vec<AgentEvent>,
    cancel: CancellationToken,
    kill: CancellationToken,
    input: mpsc::UnboundedSender<Answer>,
}

impl Running {
    fn start(config: impl Into<AgentConfig>, assignment: Assignment) -> Self {
        let config = config.into();
        let adapter = Adapter::from_config(&config, Arc::new(node("test-node"))).unwrap();
        let (sender, events) = mpsc::channel(4);
        let (input, answers) = mpsc::unbounded_channel();
        let (cancel, kill) = (CancellationToken::new(), CancellationToken::new());
        let controls = Controls {
            cancel: cancel.clone(),
            kill: kill.clone(),
            input: answers,
        };
        let mut outcome = JoinSet::new();
        outcome.spawn(async move { adapter.run(assignment, controls, sender).await });
        Self {
            outcome,
            events,
            seen: Vec::new(),
            cancel,
            kill,
            input,
        }
    }

    /// Waits for a log entry with this beginning and answers the rest of it.
    async fn log(&mut self, beginning: &str) -> String {
        loop {
            let batch = timeout(PATIENCE, self.events.recv())
                .await
                .expect("in time");
            let batch = batch.unwrap_or_else(|| panic!("no {beginning:?} in {:?}", self.seen));
            self.seen.extend(batch.clone());
            for log in logs(&batch) {
                if let Some(rest) = log.message.strip_prefix(beginning) {
                    return rest.trim().to_owned();
                }
            }
        }
    }

    /// Waits for a log entry `name` followed by a process number.
    async fn pid(&mut self, name: &str) -> Pid {
        Pid::from_raw(self.log(name).await.parse().unwrap()).unwrap()
    }

    /// Everything up to the end.
    async fn end(mut self) -> (Outcome, Vec<AgentEvent>) {
        while let Some(batch) = timeout(PATIENCE, self.events.recv())
            .await
            .expect("in time")
        {
            self.seen.extend(batch);
        }
        let outcome = self.outcome.join_next().await.unwrap().unwrap();
        (outcome, self.seen)
    }
}

fn logs(events: &[AgentEvent]) -> Vec<NewLog> {
    let log = |event: &AgentEvent| match event {
        AgentEvent::Log(log) => Some(log.clone()),
        _ => None,
    };
    events.iter().filter_map(log).collect()
}

fn said(events: &[AgentEvent], stream: LogStream) -> Vec<String> {
    let logs = logs(events).into_iter();
    let logs = logs.filter(|log| log.stream == stream);
    logs.map(|log| log.message).collect()
}

async fn sh(script: &str) -> (Outcome, Vec<AgentEvent>) {
    let config = process(&["sh", "-c", script]);
    Running::start(config, assignment("nothing")).end().await
}

fn failed(reason: &str) -> Outcome {
    Outcome::failed(reason)
}
