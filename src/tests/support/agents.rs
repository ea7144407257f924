//! Agents for tests, as the configuration would describe them.

use crate::domain::Takes;
use crate::server::config::{AgentConfig, FakeConfig, KindConfig, ProcessConfig};

fn agent(name: &str, kind: KindConfig) -> AgentConfig {
    AgentConfig {
        name: name.to_owned(),
        title: name.to_owned(),
        kind,
        concurrency: 1,
        capabilities: Vec::new(),
        takes: Takes::Any,
        projects: Vec::new(),
        timeout_seconds: 3600,
        idle_timeout_seconds: 0,
        grace_seconds: 5,
        enabled: true,
    }
}

/// Plays the script of its task.
pub(crate) fn fake(name: &str, concurrency: u32) -> AgentConfig {
    AgentConfig {
        concurrency,
        ..agent(name, KindConfig::Fake(FakeConfig::default()))
    }
}

/// Runs a command line.
pub(crate) fn process(name: &str, command: &[&str]) -> AgentConfig {
    configured(
        name,
        ProcessConfig {
            command: command.iter().map(|part| (*part).to_owned()).collect(),
            ..ProcessConfig::default()
        },
    )
}

/// Runs a command line with these settings.
pub(crate) fn configured(name: &str, process: ProcessConfig) -> AgentConfig {
    agent(name, KindConfig::Process(process))
}

/// Runs its task's description with bash.
pub(crate) fn shell(name: &str, concurrency: u32) -> AgentConfig {
    AgentConfig {
        concurrency,
        ..process(name, &["bash", "-c", "{description}"])
    }
}

/// Claims over HTTP.
pub(crate) fn remote(name: &str, concurrency: u32) -> AgentConfig {
    AgentConfig {
        concurrency,
        ..agent(name, KindConfig::Remote)
    }
}
