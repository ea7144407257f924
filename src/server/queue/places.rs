//! Projects that an agent cannot work in, since their folder is not there: its other tasks go on.

use super::Board;

impl Board {
    /// Hands the agent no more tasks of the project, until it has a place there again.
    pub(crate) fn displace(&self, agent: &str, project: &str, reason: &str) {
        if let Some(agent) = self.state().agents.get_mut(agent) {
            let (project, reason) = (project.to_owned(), reason.to_owned());
            agent.displaced.insert(project, reason);
        }
        self.nudge();
    }

    /// Every agent, with a project that it cannot work in.
    pub(crate) fn displaced(&self) -> Vec<(String, String)> {
        let state = self.state();
        let agents = state.agents.iter();
        agents
            .flat_map(|(name, agent)| {
                let projects = agent.displaced.keys();
                projects.map(|project| (name.clone(), project.clone()))
            })
            .collect()
    }

    /// It can work there again.
    pub(crate) fn place(&self, agent: &str, project: &str) {
        if let Some(agent) = self.state().agents.get_mut(agent) {
            agent.displaced.remove(project);
        }
        self.nudge();
    }
}
