//! Agents for tests, as the configuration would describe them.

use std::collections::BTreeMap;
use std::path::PathBuf;

use crate::domain::AgentKind;
use crate::server::config::AgentConfig;

fn agent(name: &str, kind: AgentKind) -> AgentConfig {
    AgentConfig {
        name: name.to_owned(),
        title: name.to_owned(),
        kind,
        command: Vec::new(),
        stdin: None,
        cwd: PathBuf::from("."),
        env: BTreeMap::new(),
        concurrency: 1,
        capabilities: Vec::new(),
        timeout_seconds: 3600,
        grace_seconds: 5,
        enabled: true,
        script: None,
    }
}

/// Plays the script of its task.
pub(crate) fn fake(name: &str, concurrency: u32) -> AgentConfig {
    AgentConfig {
        concurrency,
        ..agent(name, AgentKind::Fake)
    }
}

/// Runs a command line.
pub(crate) fn process(name: &str, command: &[&str]) -> AgentConfig {
    let command = command.iter().map(|part| (*part).to_owned()).collect();
    AgentConfig {
        command,
        ..agent(name, AgentKind::Process)
    }
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
        ..agent(name, AgentKind::Remote)
    }
}
