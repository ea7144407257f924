//! The rule: which task is next for an agent, and, by the same rule, why another waits.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::domain::{AgentStatus, Timestamp, Waiting, WaitingCode};

/// A pending task, as far as the queue cares.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) number: i64,
    /// Lower is earlier.
    pub(crate) key: i64,
    pub(crate) requested_agent: Option<String>,
    pub(crate) not_before: Option<Timestamp>,
    pub(crate) attempt: u32,
}

/// An agent, as far as the queue cares.
#[derive(Clone, Debug)]
pub(crate) struct Slots {
    pub(crate) title: String,
    pub(crate) status: AgentStatus,
    pub(crate) concurrency: usize,
    /// The tasks that it holds or is about to, by number.
    pub(crate) held: Vec<i64>,
}

/// What keeps one task from one agent.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Obstacle {
    NotYet(Timestamp),
    OtherAgent,
    Unavailable,
    Busy,
}

/// May `agent` take `entry` now? Everything else follows from this.
fn may_take(entry: &Entry, name: &str, agent: &Slots, now: Timestamp) -> Result<(), Obstacle> {
    if let Some(moment) = entry.not_before.filter(|&moment| moment > now) {
        return Err(Obstacle::NotYet(moment));
    }
    if entry
        .requested_agent
        .as_deref()
        .is_some_and(|requested| requested != name)
    {
        return Err(Obstacle::OtherAgent);
    }
    if !agent.status.takes_tasks() {
        return Err(Obstacle::Unavailable);
    }
    if agent.held.len() >= agent.concurrency {
        Err(Obstacle::Busy)
    } else {
        Ok(())
    }
}

/// Why `entry` waits, given how many tasks stand before it. Never empty.
pub(crate) fn explain(
    entry: &Entry,
    ahead: usize,
    agents: &BTreeMap<String, Slots>,
    now: Timestamp,
) -> Vec<Waiting> {
    let mut reasons = Vec::new();
    let verdicts: Vec<_> = agents
        .iter()
        .map(|(name, agent)| (agent, may_take(entry, name, agent, now)))
        .collect();
    let with = |obstacle| {
        let found = verdicts
            .iter()
            .filter(move |(_, verdict)| *verdict == Err(obstacle));
        found.map(|(agent, _)| *agent).collect::<Vec<_>>()
    };
    if let Some(moment) = entry.not_before.filter(|&moment| moment > now) {
        reasons.push(not_yet(entry, moment));
    } else if let Some(name) = entry
        .requested_agent
        .as_ref()
        .filter(|n| !agents.contains_key(*n))
    {
        let detail = format!("there is no agent named {name}; add it or choose another");
        reasons.push(reason(WaitingCode::UnknownAgent, detail, false));
    } else if agents.is_empty() {
        let detail = "no agent is configured; add one to dashboard.toml or enable the demo agent";
        reasons.push(reason(WaitingCode::NoAgent, detail.into(), false));
    } else if verdicts.iter().any(|(_, verdict)| verdict.is_ok()) {
        if ahead == 0 {
            let detail = "it is being handed out".to_owned();
            reasons.push(reason(WaitingCode::Starting, detail, true));
        }
    } else {
        let busy = with(Obstacle::Busy);
        if busy.is_empty() {
            reasons.push(unavailable(&with(Obstacle::Unavailable)));
        } else {
            reasons.push(all_busy(&busy));
        }
    }
    if ahead > 0 && reasons.iter().all(|reason| reason.clears_itself) {
        let (tasks, verb) = if ahead == 1 {
            ("task", "is")
        } else {
            ("tasks", "are")
        };
        let detail = format!("{ahead} {tasks} {verb} before it");
        reasons.push(reason(WaitingCode::Behind, detail, true));
    }
    reasons
}

fn reason(code: WaitingCode, detail: String, clears_itself: bool) -> Waiting {
    Waiting {
        code,
        detail,
        clears_itself,
    }
}

fn not_yet(entry: &Entry, moment: Timestamp) -> Waiting {
    if entry.attempt > 1 {
        let detail = format!(
            "attempt {} follows after a pause, at {moment}",
            entry.attempt
        );
        reason(WaitingCode::BackOff, detail, true)
    } else {
        reason(WaitingCode::NotBefore, format!("not before {moment}"), true)
    }
}

fn unavailable(agents: &[&Slots]) -> Waiting {
    let words: Vec<_> = agents
        .iter()
        .map(|agent| format!("{} is {}", agent.title, agent.status.label()))
        .collect();
    reason(WaitingCode::AgentUnavailable, shortened(&words), false)
}

fn all_busy(agents: &[&Slots]) -> Waiting {
    let detail = match agents {
        [agent] => {
            let tasks: Vec<_> = agent
                .held
                .iter()
                .map(|number| format!("#{number}"))
                .collect();
            format!("{} is busy with {}", agent.title, shortened(&tasks))
        }
        several => {
            let titles: Vec<_> = several.iter().map(|agent| agent.title.clone()).collect();
            format!("{} are busy", shortened(&titles))
        }
    };
    reason(WaitingCode::AgentBusy, detail, true)
}

fn shortened(words: &[String]) -> String {
    match words.len() {
        0..=3 => words.join(", "),
        more => format!("{} and {} more", words[..3].join(", "), more - 3),
    }
}

/// The pending tasks in the order in which they are handed out.
#[derive(Default)]
pub(crate) struct Queue {
    entries: HashMap<i64, Entry>,
    /// All of them by place, for positions.
    places: indexset::BTreeSet<(i64, i64)>,
    /// Those that may run now, by requested agent and place.
    lanes: HashMap<Option<String>, BTreeSet<(i64, i64)>>,
    /// Those whose moment has not come, by moment.
    later: BTreeSet<(Timestamp, i64)>,
}

impl Queue {
    /// Adds a task, or replaces what was known about it.
    pub(crate) fn put(&mut self, entry: Entry, now: Timestamp) {
        self.remove(entry.number);
        self.places.insert((entry.key, entry.number));
        match entry.not_before.filter(|&moment| moment > now) {
            Some(moment) => {
                self.later.insert((moment, entry.number));
            }
            None => self.line_up(&entry),
        }
        self.entries.insert(entry.number, entry);
    }

    /// Removes a task; true when it was there.
    pub(crate) fn remove(&mut self, number: i64) -> bool {
        let Some(entry) = self.entries.remove(&number) else {
            return false;
        };
        self.places.remove(&(entry.key, number));
        self.take_out(&entry);
        if let Some(moment) = entry.not_before {
            self.later.remove(&(moment, number));
        }
        true
    }

    /// Takes a task out of the lanes while it is being handed out; its place stays.
    pub(crate) fn set_aside(&mut self, number: i64) {
        if let Some(entry) = self.entries.get(&number).cloned() {
            self.take_out(&entry);
        }
    }

    /// Puts a task that was set aside back into its lane, if it is still pending.
    pub(crate) fn put_back(&mut self, number: i64) {
        if let Some(entry) = self.entries.get(&number).cloned() {
            self.line_up(&entry);
        }
    }

    /// The next task for the agent `name`, if it may take one now, of those that were lined up.
    pub(crate) fn next_for(&self, name: &str, agent: &Slots, now: Timestamp) -> Option<i64> {
        let own = self
            .lanes
            .get(&Some(name.to_owned()))
            .and_then(BTreeSet::first);
        let any = self.lanes.get(&None).and_then(BTreeSet::first);
        let (_, number) = own.into_iter().chain(any).min().copied()?;
        let entry = self.entries.get(&number)?;
        may_take(entry, name, agent, now).is_ok().then_some(number)
    }

    /// The next moment at which a task becomes ready by itself.
    pub(crate) fn next_moment(&self) -> Option<Timestamp> {
        self.later.first().map(|(moment, _)| *moment)
    }

    pub(crate) fn get(&self, number: i64) -> Option<&Entry> {
        self.entries.get(&number)
    }

    /// How many tasks stand before `entry`.
    pub(crate) fn ahead_of(&self, entry: &Entry) -> usize {
        self.places.rank(&(entry.key, entry.number))
    }

    /// The first `limit` tasks.
    pub(crate) fn head(&self, limit: usize) -> impl Iterator<Item = &Entry> {
        self.places
            .iter()
            .take(limit)
            .filter_map(|(_, number)| self.entries.get(number))
    }

    /// Lines up the tasks whose moment has come; true when there was one.
    pub(crate) fn promote(&mut self, now: Timestamp) -> bool {
        let mut any = false;
        while let Some(&(moment, number)) = self.later.first().filter(|(moment, _)| *moment <= now)
        {
            self.later.remove(&(moment, number));
            self.put_back(number);
            any = true;
        }
        any
    }

    fn line_up(&mut self, entry: &Entry) {
        let lane = self.lanes.entry(entry.requested_agent.clone()).or_default();
        lane.insert((entry.key, entry.number));
    }

    fn take_out(&mut self, entry: &Entry) {
        if let Some(lane) = self.lanes.get_mut(&entry.requested_agent) {
            lane.remove(&(entry.key, entry.number));
            if lane.is_empty() {
                self.lanes.remove(&entry.requested_agent);
            }
        }
    }
}
