//! The rule: may this agent take this task now? What is next, and why the rest waits, follow from it.

use std::collections::BTreeMap;

use crate::domain::{AgentStatus, LONGEST_BACK_OFF_SECONDS, Takes, Timestamp};
use crate::server::storage::tasks::Blocker;

/// A pending task, as far as the queue cares.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) number: i64,
    /// Lower is earlier.
    pub(crate) key: i64,
    pub(crate) not_before: Option<Timestamp>,
    pub(crate) attempt: u32,
    /// What it needs of an agent.
    pub(crate) needs: Needs,
    /// The tasks that must be completed first and are not.
    pub(crate) blockers: Vec<Blocker>,
}

/// What a task needs of an agent. Tasks that need the same wait in one lane.
#[derive(Clone, Debug, Default, Eq, Hash, PartialEq)]
pub(crate) struct Needs {
    pub(crate) agent: Option<String>,
    /// Capabilities, sorted.
    pub(crate) requires: Vec<String>,
    pub(crate) project: String,
}

impl Entry {
    /// The pause before a further attempt has a longest; when more seems to be left of it, the wall
    /// clock was set back. A moment that a person chose stays what it is.
    pub(crate) fn shorten_pause(&mut self, now: Timestamp) {
        if self.attempt > 1 {
            let latest = now.plus_seconds(LONGEST_BACK_OFF_SECONDS);
            self.not_before = self.not_before.map(|moment| moment.min(latest));
        }
    }
}

/// An agent, as far as the queue cares.
#[derive(Clone, Debug)]
pub(crate) struct Slots {
    pub(crate) title: String,
    pub(crate) status: AgentStatus,
    pub(crate) concurrency: usize,
    /// The tasks that it holds or is about to, by number.
    pub(crate) held: Vec<i64>,
    /// Those of them that wait for a person.
    pub(crate) asking: Vec<i64>,
    /// Those of them that whoever asks may not see.
    pub(crate) hidden: Vec<i64>,
    /// Why it is in error.
    pub(crate) error: Option<String>,
    /// The projects that it cannot work in, and why.
    pub(crate) displaced: BTreeMap<String, String>,
    pub(crate) reach: Reach,
    pub(crate) offers: Offers,
}

/// What an agent offers to tasks.
#[derive(Clone, Debug, Default)]
pub(crate) struct Offers {
    pub(crate) takes: Takes,
    pub(crate) capabilities: Vec<String>,
    /// Only tasks of these; of all projects when empty.
    pub(crate) projects: Vec<String>,
}

/// How a task comes to an agent.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Reach {
    /// It is handed over at once.
    Direct,
    /// Its worker has to ask, and does not at the moment.
    Quiet,
    /// Its worker was not heard of for too long.
    Silent,
    /// It only reports what it does: nothing is handed to it.
    Reports,
    /// It stood in the configuration, and does so no more.
    Removed,
}

/// What keeps one task from one agent.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Obstacle {
    NotYet(Timestamp),
    /// Another task has to be completed first.
    After,
    OtherAgent,
    /// The agent takes only tasks that name it.
    Unnamed,
    Project,
    /// It cannot work in the folder of the project.
    Place,
    Capability,
    /// The agent takes what it does by itself, elsewhere.
    Reports,
    Unavailable,
    Busy,
}

/// May `agent` take `entry` now? Everything else follows from this.
pub(super) fn may_take(
    entry: &Entry,
    name: &str,
    agent: &Slots,
    now: Timestamp,
) -> Result<(), Obstacle> {
    if let Some(moment) = entry.not_before.filter(|&moment| moment > now) {
        return Err(Obstacle::NotYet(moment));
    }
    if !entry.blockers.is_empty() {
        return Err(Obstacle::After);
    }
    suits(&entry.needs, name, agent)?;
    if !agent.status.takes_tasks() || agent.reach == Reach::Removed {
        return Err(Obstacle::Unavailable);
    }
    if agent.held.len() >= agent.concurrency {
        Err(Obstacle::Busy)
    } else {
        Ok(())
    }
}

/// Could `agent` ever take what has these needs? What a person can change least is told first.
pub(super) fn suits(needs: &Needs, name: &str, agent: &Slots) -> Result<(), Obstacle> {
    let offers = &agent.offers;
    if needs
        .agent
        .as_deref()
        .is_some_and(|requested| requested != name)
    {
        return Err(Obstacle::OtherAgent);
    }
    if agent.reach == Reach::Reports {
        return Err(Obstacle::Reports);
    }
    let has = |capability: &String| offers.capabilities.contains(capability);
    if !needs.requires.iter().all(has) {
        return Err(Obstacle::Capability);
    }
    if !offers.projects.is_empty() && !offers.projects.contains(&needs.project) {
        return Err(Obstacle::Project);
    }
    if agent.displaced.contains_key(&needs.project) {
        return Err(Obstacle::Place);
    }
    if needs.agent.is_none() && offers.takes == Takes::Requested {
        return Err(Obstacle::Unnamed);
    }
    Ok(())
}
