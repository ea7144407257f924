//! What the board knows: a mirror of what is stored about pending and held tasks and agents.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::agent::{AgentState, HeldTask};
use super::estimate::Estimates;
use super::order::Queue;
use super::reasons::explain;
use super::rule::{Entry, Needs, Slots};
use super::versions::Versions;
use crate::domain::{Agent, Scope, StatusCounts, Task, TaskStatus, Timestamp, Waiting};
use crate::server::live::for_scope;
use crate::server::storage::agents::AgentRecord;
use crate::server::storage::tasks::StoredTask;

#[derive(Default)]
pub(super) struct State {
    pub(super) queue: Queue,
    pub(super) agents: BTreeMap<String, AgentState>,
    /// Which agent holds which task.
    pub(super) holders: HashMap<i64, String>,
    /// By project.
    pub(super) counts: BTreeMap<String, StatusCounts>,
    /// The lease clock.
    pub(super) running: Timestamp,
    pub(super) versions: Versions,
    pub(super) estimates: Estimates,
    /// What was last published about the head of the queue.
    pub(super) published: HashMap<i64, (u64, Vec<Waiting>)>,
    /// Pending tasks published by name since the head was last published.
    pub(super) touched: HashSet<i64>,
}

impl State {
    /// Takes over a task, and answers the agents whose state that changed.
    pub(super) fn follow_task(
        &mut self,
        before: Option<TaskStatus>,
        stored: &StoredTask,
        now: Timestamp,
    ) -> Vec<String> {
        let task = &stored.task;
        if before != Some(task.status) {
            let counts = self.counts_of(&task.project);
            if let Some(before) = before {
                let slot = counts.slot(before);
                *slot = slot.saturating_sub(1);
            }
            *counts.slot(task.status) += 1;
        }
        if task.status == TaskStatus::Pending {
            self.queue.put(entry(stored, now), now);
        } else if self.queue.remove(task.number) {
            self.published.remove(&task.number);
        }
        if let (None, Some(old)) = (before, task.retry_of) {
            self.queue.follow_retry(old, task.id, task.number);
        }
        if task.status.is_finished() {
            self.queue.settle(task.id, task.status);
        }
        let mut agents = Vec::new();
        if task.status.is_held() {
            agents.extend(self.hold(task));
        } else if let Some(name) = self.holders.remove(&task.number) {
            self.release(&name, task, now);
            agents.push(name);
        }
        agents
    }

    /// Where an unfinished task stands, as far as the board knows.
    pub(super) fn status_of(&self, number: i64) -> Option<TaskStatus> {
        if self.queue.get(number).is_some() {
            return Some(TaskStatus::Pending);
        }
        let agent = self.holders.get(&number)?;
        let held = self.agents.get(agent)?.held.get(&number)?;
        Some(if held.asked_at.is_some() {
            TaskStatus::NeedsInput
        } else {
            TaskStatus::Running
        })
    }

    pub(super) fn counts_of(&mut self, project: &str) -> &mut StatusCounts {
        if !self.counts.contains_key(project) {
            self.counts
                .insert(project.to_owned(), StatusCounts::default());
        }
        // Just made sure of.
        self.counts.entry(project.to_owned()).or_default()
    }

    pub(super) fn hold(&mut self, task: &Task) -> Option<String> {
        let name = task.agent.clone()?;
        self.holders.insert(task.number, name.clone());
        let agent = self.agents.get_mut(&name)?;
        let asked_at = task.asks_since();
        let since = task.started_at.unwrap_or(task.created_at);
        let held = HeldTask {
            id: task.id,
            since,
            asked_at,
            project: task.project.clone(),
        };
        let before = agent.held.insert(task.number, held);
        // Progress alone says nothing new about the agent.
        before
            .is_none_or(|before| before.asked_at.is_some() != asked_at.is_some())
            .then_some(name)
    }

    pub(super) fn release(&mut self, name: &str, task: &Task, now: Timestamp) {
        let Some(agent) = self.agents.get_mut(name) else {
            return;
        };
        let Some(held) = agent.held.remove(&task.number) else {
            return;
        };
        let seconds = now.seconds_since(held.since);
        agent.busy_seconds += seconds;
        match task.status {
            TaskStatus::Completed => {
                agent.completed += 1;
                self.estimates.learn(name, &task.title, seconds);
            }
            TaskStatus::Failed => agent.failed += 1,
            _ => {}
        }
    }

    pub(super) fn put_agent(&mut self, mut record: AgentRecord, now: Timestamp) {
        let running = self.running;
        if let Some(agent) = self.agents.get_mut(&record.name) {
            if record.last_seen != agent.record.last_seen {
                agent.heard = Some(running);
            }
            // Signs of life are noted here first.
            record.last_seen = record.last_seen.max(agent.record.last_seen);
            agent.record = record;
        } else {
            let mut agent = AgentState::new(record);
            agent.heard = agent.heard_lately(now).then_some(running);
            self.agents.insert(agent.record.name.clone(), agent);
        }
    }

    pub(super) fn agent(&self, name: &str, now: Timestamp) -> Option<Agent> {
        let median = self.estimates.median_of(name);
        let agent = self.agents.get(name)?;
        Some(agent.agent(median, self.running, now))
    }

    /// The agent as somebody with `scope` sees it, if at all.
    pub(super) fn seen_agent(&self, name: &str, scope: &Scope, now: Timestamp) -> Option<Agent> {
        let state = self.agents.get(name)?;
        let agent = self
            .agent(name, now)
            .filter(|_| scope.sees(&state.record.audience()))?;
        Some(match scope.projects() {
            None => agent,
            Some(_) => for_scope(&agent, &state.running_for(), scope),
        })
    }

    /// The agents that somebody with `scope` may use. Nobody else's could take what they see.
    pub(super) fn slots(&self, scope: &Scope) -> BTreeMap<String, Slots> {
        let seen = self.agents.iter();
        seen.filter(|(_, agent)| scope.sees(&agent.record.audience()))
            .map(|(name, agent)| (name.clone(), agent.slots(scope, self.running)))
            .collect()
    }

    /// Remembers what is told about a pending task, to notice when it is no longer true.
    pub(super) fn note_published(&mut self, task: &Task) {
        if let Some(position) = task.queue_position {
            let told = (position, task.waiting.clone());
            self.published.insert(task.number, told);
        }
    }

    /// A task for somebody who asked. Who sees everything is told of it by the feed, too.
    pub(super) fn show(
        &mut self,
        task: Task,
        agents: &BTreeMap<String, Slots>,
        scope: &Scope,
        now: Timestamp,
    ) -> Task {
        let task = self.shown(task, agents, scope, now);
        if scope.projects().is_none() {
            self.note_shown(&task);
        }
        task
    }

    /// Forgets what was told about a task that somebody has now seen otherwise.
    fn note_shown(&mut self, task: &Task) {
        let told = self.published.get(&task.number);
        let same = |(position, waiting): &(u64, Vec<Waiting>)| {
            task.queue_position == Some(*position) && task.waiting == *waiting
        };
        if told.is_some_and(|told| !same(told)) {
            self.published.remove(&task.number);
        }
    }

    /// A task as somebody with `scope` sees it; `agents` are what [`State::slots`] says to them.
    pub(super) fn shown(
        &self,
        mut task: Task,
        agents: &BTreeMap<String, Slots>,
        scope: &Scope,
        now: Timestamp,
    ) -> Task {
        let pending = task.status == TaskStatus::Pending;
        if let Some(entry) = self.queue.get(task.number).filter(|_| pending) {
            task.queue_position = Some(position(self.queue.ahead_of(entry, scope)));
            let rivals = self.queue.rivals_of(entry, agents, scope);
            task.waiting = explain(entry, rivals, agents, scope, now);
        }
        if !task.status.is_finished() {
            let agent = task.agent.as_deref().or(task.requested_agent.as_deref());
            task.estimated_seconds = self.estimates.estimate(agent, &task.title);
        }
        task
    }
}

pub(super) fn entry(stored: &StoredTask, now: Timestamp) -> Entry {
    let task = &stored.task;
    let mut entry = Entry {
        number: task.number,
        key: stored.order_key,
        not_before: stored.not_before,
        attempt: task.attempt,
        needs: Needs {
            agent: task.requested_agent.clone(),
            requires: task.requires.clone(),
            project: stored.task.project.clone(),
        },
        blockers: stored.blockers.clone(),
    };
    entry.shorten_pause(now);
    entry
}

pub(super) fn position(ahead: usize) -> u64 {
    u64::try_from(ahead).unwrap_or(u64::MAX).saturating_add(1)
}
