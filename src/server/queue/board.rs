//! The board: pending tasks in order and agents with what they hold, in memory.
//!
//! It follows every commit in commit order (`follow.rs`), so it equals storage at any time.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

use super::follow::Following;
use super::mirror::{State, position};
use super::reasons::explain;
use crate::domain::{
    Agent, OpenQuestions, Scope, StatusCounts, Task, TaskStatus, Timestamp, Waiting,
};
use crate::server::storage::agents::AgentRecord;
use crate::server::storage::tasks::{FinishedRun, StoredTask, TaskCounts};

/// A cheap handle to the board.
#[derive(Clone)]
pub(crate) struct Board {
    state: Arc<Mutex<State>>,
    /// Rises when a task became ready or a slot free.
    opportunity: watch::Sender<u64>,
    /// Rises when positions or waiting reasons changed.
    shuffled: watch::Sender<u64>,
}

/// What is counted in storage once, at start.
pub(crate) struct Totals {
    pub(crate) counts: TaskCounts,
    pub(crate) runs: Vec<FinishedRun>,
}

impl Board {
    pub(crate) fn new() -> Self {
        let (opportunity, _) = watch::channel(0);
        let (shuffled, _) = watch::channel(0);
        Self {
            state: Arc::default(),
            opportunity,
            shuffled,
        }
    }

    /// Begins to follow a commit. While this is held nothing else moves the board, so that what is
    /// published meanwhile is never older than what was published before.
    pub(crate) fn follow(&self, now: Timestamp) -> Following<'_> {
        Following::new(self, self.state(), now)
    }

    /// Fills in what was stored before this server started.
    pub(crate) fn restore(&self, agents: Vec<AgentRecord>, active: &[StoredTask], now: Timestamp) {
        let mut state = self.state();
        for record in agents {
            state.put_agent(record, now);
        }
        for task in active {
            // Counted by `set_totals`.
            state.follow_task(Some(task.task.status), task, now);
            state.versions.note(task.task.number, task.task.version);
        }
    }

    /// Takes over what is counted once, while nothing is committed in between. It has everything
    /// in it, also what was committed and followed before.
    pub(crate) fn set_totals(&self, totals: Totals) {
        let mut state = self.state();
        state.counts.clear();
        for (project, status, n) in totals.counts.by_project {
            *state.counts_of(&project).slot(status) += n;
        }
        for (agent, status, n) in totals.counts.by_agent {
            let known = state.agents.get_mut(&agent);
            match (known, status) {
                (Some(agent), TaskStatus::Completed) => agent.completed = n,
                (Some(agent), TaskStatus::Failed) => agent.failed = n,
                _ => {}
            }
        }
        for run in totals.runs.iter().rev() {
            if let (Some(agent), Some(from), Some(to)) =
                (&run.agent, run.started_at, run.completed_at)
            {
                let seconds = Timestamp(to).seconds_since(Timestamp(from));
                state.estimates.learn(agent, &run.title, seconds);
            }
        }
    }

    /// `stored` with its queue position, waiting reasons and estimate, for somebody who asked.
    /// What is shown may be gone before it is told to anybody else; who saw it must hear so, even
    /// if all is then as it was when last told.
    pub(crate) fn shown(&self, scope: &Scope, stored: StoredTask, now: Timestamp) -> Task {
        let mut state = self.state();
        let agents = match stored.task.status {
            TaskStatus::Pending => state.slots(scope),
            _ => BTreeMap::new(),
        };
        state.show(stored.task, &agents, scope, now)
    }

    /// Many of them, in their order.
    pub(crate) fn all_shown(&self, scope: &Scope, tasks: Vec<Task>, now: Timestamp) -> Vec<Task> {
        let mut state = self.state();
        let agents = if tasks.iter().any(|it| it.status == TaskStatus::Pending) {
            state.slots(scope)
        } else {
            BTreeMap::new()
        };
        let tasks = tasks.into_iter();
        tasks
            .map(|task| state.show(task, &agents, scope, now))
            .collect()
    }

    /// A task that was published, as somebody who does not see everything sees it now. One that
    /// has changed since is told again anyway; of it no place is told.
    pub(crate) fn reshown(&self, scope: &Scope, task: &Task, now: Timestamp) -> Task {
        let state = self.state();
        let mut task = task.clone();
        (task.queue_position, task.waiting) = (None, Vec::new());
        if state.versions.of(task.number) == Some(task.version) {
            let agents = state.slots(scope);
            task = state.shown(task, &agents, scope, now);
        }
        task
    }

    /// How many tasks there are of each status, of those that `scope` covers.
    pub(crate) fn counts(&self, scope: &Scope) -> StatusCounts {
        let state = self.state();
        let mut sum = StatusCounts::default();
        for (_, counts) in state.counts.iter().filter(|(name, _)| scope.covers(name)) {
            for status in TaskStatus::ALL {
                *sum.slot(status) += counts.of(status);
            }
        }
        sum
    }

    /// The questions that wait for a person, of the tasks that `scope` covers.
    pub(crate) fn questions(&self, scope: &Scope) -> OpenQuestions {
        let state = self.state();
        let held = state.agents.values().flat_map(|agent| &agent.held);
        let asked = held
            .filter(|(_, held)| scope.covers(&held.project))
            .filter_map(|(number, held)| Some((*number, held.asked_at?)));
        OpenQuestions::of(asked.collect())
    }

    /// Takes over how many tasks there really are; answers in how many places it was otherwise.
    pub(crate) fn mend_counts(&self, counts: &[(String, TaskStatus, u64)]) -> usize {
        let mut state = self.state();
        let mut mended = 0;
        for (project, status, count) in counts {
            let slot = state.counts_of(project).slot(*status);
            mended += usize::from(*slot != *count);
            *slot = *count;
        }
        mended
    }

    /// The version of every pending and held task.
    pub(crate) fn active_versions(&self) -> HashMap<i64, i64> {
        let state = self.state();
        let numbers = state.queue.numbers().chain(state.holders.keys().copied());
        numbers
            .map(|number| (number, state.versions.of(number).unwrap_or(0)))
            .collect()
    }

    /// The agents that somebody with this scope may use, by name, without what they run for others.
    pub(crate) fn agents(&self, scope: &Scope, now: Timestamp) -> Vec<Agent> {
        let state = self.state();
        let names = state.agents.keys();
        names
            .filter_map(|name| state.seen_agent(name, scope, now))
            .collect()
    }

    pub(crate) fn agent(&self, scope: &Scope, name: &str, now: Timestamp) -> Option<Agent> {
        self.state().seen_agent(name, scope, now)
    }

    /// An agent's stored record, as it is now, and the numbers of the tasks that it holds.
    pub(crate) fn record(&self, name: &str) -> Option<(AgentRecord, Vec<i64>)> {
        let state = self.state();
        let agent = state.agents.get(name)?;
        Some((agent.record.clone(), agent.held.keys().copied().collect()))
    }

    /// Notes a sign of life.
    pub(crate) fn touch(&self, name: &str, now: Timestamp) {
        let mut state = self.state();
        let running = state.running;
        if let Some(agent) = state.agents.get_mut(name) {
            agent.heard = Some(running);
            agent.record.last_seen = Some(now);
        }
    }

    /// Tells what the lease clock says: silence is measured on it. With `jumped`, the wall clock
    /// may have been set, and no pause between attempts lasts longer for that.
    pub(crate) fn pass(&self, running: Timestamp, jumped: bool, now: Timestamp) {
        let mut state = self.state();
        state.running = running;
        if jumped {
            state.queue.shorten_pauses(now);
            drop(state);
            self.nudge();
        }
    }

    /// Counts a request of agent `name` that waits for a task; dropping the guard ends it.
    pub(crate) fn poll(&self, name: &str) -> Polling {
        self.change_polling(name, true);
        Polling {
            board: self.clone(),
            name: name.to_owned(),
        }
    }

    /// Lines up the tasks whose moment has come, and tells everybody who waits for one.
    pub(crate) fn ripen(&self, now: Timestamp) {
        let ripe = self.state().queue.promote(now);
        if ripe {
            self.nudge();
        }
    }

    /// The next task for agent `name`, set aside until the reservation ends.
    pub(crate) fn reserve(&self, name: &str, now: Timestamp) -> Option<Reservation> {
        self.ripen(now);
        let mut state = self.state();
        let slots = state.agents.get(name)?;
        let slots = slots.slots(&Scope::everything(), state.running);
        let number = state.queue.next_for(name, &slots, now)?;
        let attempt = state.queue.get(number)?.attempt;
        state.queue.set_aside(number);
        if let Some(agent) = state.agents.get_mut(name) {
            agent.reserved.push(number);
        }
        Some(Reservation {
            board: self.clone(),
            agent: name.to_owned(),
            number,
            attempt,
        })
    }

    /// Drops a task that turned out not to be pending, unless it has come back since.
    pub(crate) fn forget(&self, reservation: &Reservation) {
        let queue = &mut self.state().queue;
        let entry = queue.get(reservation.number);
        if entry.is_some_and(|entry| entry.attempt == reservation.attempt) {
            queue.remove(reservation.number);
        }
    }

    /// Rises when a task became ready or a slot free.
    pub(crate) fn opportunities(&self) -> watch::Receiver<u64> {
        self.opportunity.subscribe()
    }

    /// Rises when positions or waiting reasons may have changed.
    pub(crate) fn shuffles(&self) -> watch::Receiver<u64> {
        self.shuffled.subscribe()
    }

    /// Has the dispatcher and everybody who waits look again: time has passed.
    pub(crate) fn nudge(&self) {
        self.opportunity.send_modify(|version| *version += 1);
        self.shuffled.send_modify(|version| *version += 1);
    }

    /// The next moment at which a task becomes ready by itself.
    pub(crate) fn next_moment(&self) -> Option<Timestamp> {
        self.state().queue.next_moment()
    }

    /// The numbers of the first `limit` pending tasks whose position or reasons differ from
    /// what was last published.
    pub(crate) fn stale_head(&self, limit: usize, now: Timestamp) -> Vec<i64> {
        let mut state = self.state();
        let everything = Scope::everything();
        let slots = state.slots(&everything);
        let head: Vec<_> = state
            .queue
            .head(limit)
            .zip(0_usize..)
            .map(|(entry, ahead)| {
                let rivals = state.queue.rivals_of(entry, &slots, &everything);
                let reasons = explain(entry, rivals, &slots, &everything, now);
                (entry.number, (position(ahead), reasons))
            })
            .collect();
        let differs = |(number, shown): &&(i64, (u64, Vec<Waiting>))| {
            state.published.get(number) != Some(shown)
        };
        let outdated = head
            .iter()
            .filter(differs)
            .map(|(number, _)| *number)
            .collect();
        // What is published of others is not kept up; it is told when they come into the head.
        let head: HashSet<i64> = head.into_iter().map(|(number, _)| number).collect();
        state.published.retain(|number, _| head.contains(number));
        state.touched.clear();
        outdated
    }

    fn change_polling(&self, name: &str, begins: bool) {
        if let Some(agent) = self.state().agents.get_mut(name) {
            agent.polling = if begins {
                agent.polling + 1
            } else {
                agent.polling.saturating_sub(1)
            };
        }
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A request that waits for a task.
pub(crate) struct Polling {
    board: Board,
    name: String,
}

impl Drop for Polling {
    fn drop(&mut self) {
        self.board.change_polling(&self.name, false);
    }
}

/// A task that is being handed to an agent. Dropping it ends that: a task that is still
/// pending goes back into its lane.
pub(crate) struct Reservation {
    board: Board,
    agent: String,
    pub(crate) number: i64,
    attempt: u32,
}

impl Drop for Reservation {
    fn drop(&mut self) {
        let mut state = self.board.state();
        if let Some(agent) = state.agents.get_mut(&self.agent) {
            agent.reserved.retain(|number| *number != self.number);
        }
        state.queue.put_back(self.number);
    }
}
