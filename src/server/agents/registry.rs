//! The adapters of this server, by agent. They can be replaced while it runs: whoever runs a task
//! keeps the one that it began with.

use std::collections::HashMap;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::Duration;

use tokio::time::Instant;

use super::Adapter;
use super::fake::FakeAdapter;
use super::processes::Node;
use crate::domain::DEFAULT_TIMEOUT_SECONDS;
use crate::server::config::AgentConfig;

/// The longest pause before an agent that did not start is tried again.
const LONGEST_PAUSE: Duration = Duration::from_mins(1);

/// Finds the adapter of an agent.
pub(crate) struct Adapters {
    configured: RwLock<HashMap<String, Arc<Member>>>,
    /// Plays for fake agents that are not in the configuration: the demonstration agent.
    demo: Runner,
    /// Marks processes as this server's.
    node: Arc<Node>,
}

/// What runs an agent's tasks, and its limits.
#[derive(Clone)]
pub(crate) struct Runner {
    pub(crate) adapter: Arc<Adapter>,
    pub(crate) timeout_seconds: u32,
    /// Without a word for so long it is stopped.
    pub(crate) idle_timeout: Option<Duration>,
}

struct Member {
    config: AgentConfig,
    /// `None` for agents that run elsewhere.
    runner: Option<Runner>,
    trial: Mutex<Trial>,
}

/// How starting the agent has gone.
#[derive(Default)]
struct Trial {
    /// How often in a row it did not start.
    failures: u32,
    failed_at: Option<Instant>,
    /// Something that it needs was missing when it was last looked for.
    missing: bool,
}

impl Adapters {
    /// The adapters of the configured agents; `node` marks their processes as this server's.
    pub(crate) fn new(agents: &[AgentConfig], node: &Arc<Node>) -> Self {
        let adapters = Self {
            configured: RwLock::default(),
            demo: Runner {
                adapter: Arc::new(Adapter::Fake(FakeAdapter::default())),
                timeout_seconds: DEFAULT_TIMEOUT_SECONDS,
                idle_timeout: None,
            },
            node: Arc::clone(node),
        };
        for config in agents {
            adapters.replace(config.clone());
        }
        adapters
    }

    /// Brings an agent in, or gives it other settings from its next task on.
    pub(crate) fn replace(&self, config: AgentConfig) {
        let adapter = Adapter::from_config(&config, Arc::clone(&self.node));
        let idle = Duration::from_secs(config.idle_timeout_seconds.into());
        let runner = adapter.map(|adapter| Runner {
            adapter: Arc::new(adapter),
            timeout_seconds: config.timeout_seconds,
            idle_timeout: Some(idle).filter(|idle| !idle.is_zero()),
        });
        let name = config.name.clone();
        let member = Member {
            config,
            runner,
            trial: Mutex::default(),
        };
        let mut configured = self
            .configured
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        configured.insert(name, Arc::new(member));
    }

    /// Forgets an agent; what it runs goes on.
    pub(crate) fn remove(&self, name: &str) {
        let mut configured = self
            .configured
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        configured.remove(name);
    }

    /// The settings of every configured agent.
    pub(crate) fn configs(&self) -> Vec<AgentConfig> {
        let configured = self
            .configured
            .read()
            .unwrap_or_else(PoisonError::into_inner);
        configured.values().map(|it| it.config.clone()).collect()
    }

    /// What runs the tasks of a configured agent.
    pub(crate) fn get(&self, name: &str) -> Option<Runner> {
        self.member(name)?.runner.clone()
    }

    /// What runs the tasks of a fake agent that a person enabled.
    pub(crate) fn demo(&self) -> Runner {
        self.demo.clone()
    }

    /// Whether the agent could run; in words if not. Agents that run elsewhere always could.
    pub(crate) fn check(&self, name: &str) -> Result<(), String> {
        self.member(name).map_or(Ok(()), |member| member.check())
    }

    /// Whether the agent could work for a project that has this folder.
    pub(crate) fn check_project(&self, name: &str, folder: Option<&Path>) -> Result<(), String> {
        let runner = self.get(name);
        runner.map_or(Ok(()), |runner| runner.adapter.check_project(folder))
    }

    /// Notes how starting the agent went.
    pub(crate) fn note_start(&self, name: &str, started: bool) {
        let Some(member) = self.member(name) else {
            return;
        };
        // Looked at first: nobody waits for the disk with the lock in hand.
        let missing = !started && member.check().is_err();
        let mut trial = member.trial();
        if started {
            *trial = Trial::default();
        } else {
            trial.failures += 1;
            trial.failed_at = Some(Instant::now());
            trial.missing = missing;
        }
    }

    /// Whether an agent in error is to be tried again now: when what was missing has appeared, and
    /// otherwise after a pause that doubles with every failure.
    pub(crate) fn is_due(&self, name: &str) -> bool {
        let Some(member) = self.member(name) else {
            return false;
        };
        let found = member.check().is_ok();
        let now = Instant::now();
        let mut trial = member.trial();
        let appeared = found && trial.missing;
        trial.missing = !found;
        let since = *trial.failed_at.get_or_insert(now);
        found && (appeared || now >= since + pause(trial.failures))
    }

    fn member(&self, name: &str) -> Option<Arc<Member>> {
        let configured = self
            .configured
            .read()
            .unwrap_or_else(PoisonError::into_inner);
        configured.get(name).cloned()
    }
}

impl Member {
    fn check(&self) -> Result<(), String> {
        self.runner
            .as_ref()
            .map_or(Ok(()), |runner| runner.adapter.check())
    }

    fn trial(&self) -> MutexGuard<'_, Trial> {
        self.trial.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// 1, 2, 4, … 60 s.
fn pause(failures: u32) -> Duration {
    let doubled = failures.saturating_sub(1).min(6);
    Duration::from_secs(1 << doubled).min(LONGEST_PAUSE)
}

#[cfg(test)]
mod tests {
    use super::pause;

    #[test]
    fn the_pause_doubles_up_to_a_minute() {
        let seconds: Vec<u64> = (0..9).map(|failures| pause(failures).as_secs()).collect();
        assert_eq!(seconds, [1, 1, 2, 4, 8, 16, 32, 60, 60]);
    }
}
