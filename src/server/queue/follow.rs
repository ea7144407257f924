//! How the board follows a commit, one change after the other, and what is to be told of each.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::MutexGuard;

use super::board::Board;
use super::mirror::State;
use crate::domain::{LiveMessage, Scope, Task, TaskStatus, Timestamp};
use crate::server::live::Outgoing;
use crate::server::storage::agents::AgentRecord;
use crate::server::storage::tasks::StoredTask;

/// As somebody who sees everything sees it.
fn shown(state: &State, task: Task, now: Timestamp) -> Task {
    let everything = Scope::everything();
    let agents = if task.status == TaskStatus::Pending {
        state.slots(&everything)
    } else {
        BTreeMap::new()
    };
    state.shown(task, &agents, &everything, now)
}

/// The board while it follows a commit.
pub(crate) struct Following<'a> {
    board: &'a Board,
    state: MutexGuard<'a, State>,
    now: Timestamp,
    /// Agents that look different.
    agents: BTreeSet<String>,
    moved: bool,
}

impl<'a> Following<'a> {
    pub(super) fn new(board: &'a Board, state: MutexGuard<'a, State>, now: Timestamp) -> Self {
        Self {
            board,
            state,
            now,
            agents: BTreeSet::new(),
            moved: false,
        }
    }

    /// Takes over a task, and answers it as it is shown; `None` when the board has a newer one.
    pub(crate) fn task(
        &mut self,
        before: Option<TaskStatus>,
        stored: StoredTask,
    ) -> Option<Box<Task>> {
        let state = &mut *self.state;
        let (number, status) = (stored.task.number, stored.task.status);
        if !state.versions.note(number, stored.task.version) {
            return None;
        }
        self.agents
            .extend(state.follow_task(before, &stored, self.now));
        if status.is_finished() {
            state.versions.finish(number);
        }
        self.moved |= before != Some(status) || status == TaskStatus::Pending;
        let task = Box::new(shown(state, stored.task, self.now));
        state.touched.insert(number);
        state.note_published(&task);
        Some(task)
    }

    /// Takes over an agent, unless the board has a newer one.
    pub(crate) fn agent(&mut self, record: AgentRecord) {
        let known = self.state.agents.get(&record.name);
        if known.is_some_and(|known| known.record.version >= record.version) {
            return;
        }
        self.agents.insert(record.name.clone());
        self.state.put_agent(record, self.now);
        self.moved = true;
    }

    /// A pending task as it is shown now, unless something newer of it was published since the
    /// head of the queue was last looked at.
    pub(crate) fn refreshed(&mut self, stored: StoredTask) -> Option<Box<Task>> {
        let state = &mut *self.state;
        let number = stored.task.number;
        let known = state.versions.of(number);
        let is_current = known.is_none_or(|known| known <= stored.task.version);
        if state.queue.get(number).is_none() || state.touched.contains(&number) || !is_current {
            return None;
        }
        let task = Box::new(shown(state, stored.task, self.now));
        state.note_published(&task);
        Some(task)
    }

    /// Marks the agents that `differs` of, as all that follows from time alone.
    pub(crate) fn agents_that(&mut self, mut differs: impl FnMut(&crate::domain::Agent) -> bool) {
        let names: Vec<String> = self.state.agents.keys().cloned().collect();
        for name in names {
            let agent = self.state.agent(&name, self.now);
            if agent.is_some_and(|agent| differs(&agent)) {
                self.agents.insert(name);
                self.moved = true;
            }
        }
    }

    /// The agents that look different by now.
    pub(crate) fn agents(&mut self) -> Vec<Outgoing> {
        let mut told = Vec::with_capacity(self.agents.len());
        for name in std::mem::take(&mut self.agents) {
            let message = self.state.agent(&name, self.now);
            let known = self.state.agents.get(&name);
            if let (Some(agent), Some(known)) = (message, known) {
                told.push(Outgoing {
                    audience: known.record.audience(),
                    message: LiveMessage::Agent(Box::new(agent)),
                    running_for: known.running_for(),
                });
            }
        }
        told
    }

    /// Lets the board go, and has those who wait for a task look again where something moved.
    pub(crate) fn done(self) {
        let Self {
            board,
            state,
            moved,
            ..
        } = self;
        drop(state);
        if moved {
            board.nudge();
        }
    }
}
