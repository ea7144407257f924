//! The adapters of this server, by agent.

use std::collections::HashMap;
use std::sync::Arc;

use super::Adapter;
use super::fake::FakeAdapter;
use crate::domain::DEFAULT_TIMEOUT_SECONDS;
use crate::server::config::AgentConfig;

/// Finds the adapter of an agent.
pub(crate) struct Adapters {
    configured: HashMap<String, (Arc<Adapter>, u32)>,
    /// Plays for fake agents that are not in the configuration: the demonstration agent.
    demo: Arc<Adapter>,
}

impl Adapters {
    /// The adapters of the configured agents; `node` marks their processes as this server's.
    pub(crate) fn new(agents: &[AgentConfig], node: &Arc<str>) -> Self {
        let adapters = agents.iter().filter_map(|config| {
            let adapter = Adapter::from_config(config, Arc::clone(node))?;
            Some((
                config.name.clone(),
                (Arc::new(adapter), config.timeout_seconds),
            ))
        });
        Self {
            configured: adapters.collect(),
            demo: Arc::new(Adapter::Fake(FakeAdapter::default())),
        }
    }

    /// The adapter of a configured agent and its timeout in seconds.
    pub(crate) fn get(&self, name: &str) -> Option<(Arc<Adapter>, u32)> {
        self.configured.get(name).cloned()
    }

    /// The adapter of a fake agent that a person enabled.
    pub(crate) fn demo(&self) -> (Arc<Adapter>, u32) {
        (Arc::clone(&self.demo), DEFAULT_TIMEOUT_SECONDS)
    }

    /// Whether the agent could run; in words if not. Agents that run elsewhere always could.
    pub(crate) fn check(&self, name: &str) -> Result<(), String> {
        self.configured
            .get(name)
            .map_or(Ok(()), |(adapter, _)| adapter.check())
    }
}
