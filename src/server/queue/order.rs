//! The rule: which task is next for an agent, and, by the same rule, why another waits.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::domain::{AgentStatus, LONGEST_BACK_OFF_SECONDS, Timestamp, Waiting, WaitingCode};

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
    /// Why it is in error.
    pub(crate) error: Option<String>,
    pub(crate) reach: Reach,
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

/// Why `entry` waits, given how many tasks compete with it and stand before it. Never empty.
pub(crate) fn explain(
    entry: &Entry,
    ahead: usize,
    agents: &BTreeMap<String, Slots>,
    now: Timestamp,
) -> Vec<Waiting> {
    let mut reasons = Vec::new();
    // The slot that is kept for a task while it is handed over does not keep it waiting.
    let others: Vec<(&String, Cow<'_, Slots>)> = agents
        .iter()
        .map(|(name, agent)| (name, agent.without(entry.number)))
        .collect();
    let verdicts: Vec<_> = others
        .iter()
        .map(|(name, agent)| (&**agent, may_take(entry, name, agent, now)))
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
        let free = verdicts.iter().filter(|(_, verdict)| verdict.is_ok());
        let free: Vec<_> = free.map(|(agent, _)| *agent).collect();
        let quiet = free.iter().all(|agent| agent.reach == Reach::Quiet);
        if quiet || ahead == 0 {
            reasons.push(starting(&free, quiet));
        }
    } else {
        let busy = with(Obstacle::Busy);
        let asks = |agent: &&Slots| agent.held.iter().all(|task| agent.asking.contains(task));
        if busy.is_empty() {
            reasons.push(unavailable(&with(Obstacle::Unavailable)));
        } else if busy.iter().all(asks) {
            reasons.push(all_ask(&busy));
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
    let moment = moment.in_words();
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

fn starting(free: &[&Slots], quiet: bool) -> Waiting {
    let titles: Vec<_> = free.iter().map(|agent| agent.title.clone()).collect();
    let detail = if quiet {
        format!("{} has to ask for it", shortened(&titles))
    } else {
        "it is being handed out".to_owned()
    };
    reason(WaitingCode::Starting, detail, true)
}

fn unavailable(agents: &[&Slots]) -> Waiting {
    let words: Vec<_> = agents.iter().map(|agent| agent.trouble()).collect();
    let action = match agents {
        [agent] if agent.reach == Reach::Silent => {
            "; its worker has to claim a task or send a heartbeat"
        }
        [agent] if agent.status == AgentStatus::Error => "; start it again",
        [agent] if agent.status == AgentStatus::Draining => "; start it to undo that",
        [_] => "; start it",
        _ => "; start one of them",
    };
    let detail = shortened(&words) + action;
    reason(WaitingCode::AgentUnavailable, detail, false)
}

fn all_busy(agents: &[&Slots]) -> Waiting {
    let detail = match agents {
        [agent] => format!("{} is busy with {}", agent.title, numbers(&agent.held)),
        several => {
            let titles: Vec<_> = several.iter().map(|agent| agent.title.clone()).collect();
            format!("{} are busy", shortened(&titles))
        }
    };
    reason(WaitingCode::AgentBusy, detail, true)
}

/// Every slot is held by a task that waits for a person: nothing moves until somebody answers.
fn all_ask(agents: &[&Slots]) -> Waiting {
    let words: Vec<_> = agents
        .iter()
        .map(|agent| {
            let tasks = numbers(&agent.asking);
            format!("{} waits for an answer on {tasks}", agent.title)
        })
        .collect();
    reason(WaitingCode::AgentAsks, shortened(&words), false)
}

fn numbers(tasks: &[i64]) -> String {
    let words: Vec<_> = tasks.iter().map(|number| format!("#{number}")).collect();
    shortened(&words)
}

impl Slots {
    /// The same agent as if it had nothing to do with `task`.
    fn without(&self, task: i64) -> Cow<'_, Self> {
        if !self.held.contains(&task) {
            return Cow::Borrowed(self);
        }
        let mut other = self.clone();
        other.held.retain(|held| *held != task);
        other.asking.retain(|held| *held != task);
        Cow::Owned(other)
    }

    /// Why it takes no task.
    fn trouble(&self) -> String {
        let title = &self.title;
        match (self.status, &self.error) {
            (AgentStatus::Error, Some(error)) => format!("{title} is in error: {error}"),
            (AgentStatus::Error, None) => format!("{title} is in error"),
            _ if self.reach == Reach::Silent => format!("nothing is heard of {title}"),
            (status, _) => format!("{title} is {}", status.label()),
        }
    }
}

fn shortened(words: &[String]) -> String {
    match words.len() {
        0..=3 => words.join(", "),
        more => format!("{} and {} more", words[..3].join(", "), more - 3),
    }
}

/// The tasks that may run now, by place. It knows how many stand before a place.
type Lane = indexset::BTreeSet<(i64, i64)>;

/// The pending tasks in the order in which they are handed out.
#[derive(Default)]
pub(crate) struct Queue {
    entries: HashMap<i64, Entry>,
    /// All of them by place, for positions.
    places: indexset::BTreeSet<(i64, i64)>,
    /// Those that may run now, by requested agent and place.
    lanes: HashMap<Option<String>, Lane>,
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

    /// Puts a task that was set aside back into its lane, if it is still pending and has not
    /// come back meanwhile with a moment to wait for: that one would block the lane.
    pub(crate) fn put_back(&mut self, number: i64) {
        let Some(entry) = self.entries.get(&number).cloned() else {
            return;
        };
        let waits = |moment| self.later.contains(&(moment, number));
        if !entry.not_before.is_some_and(waits) {
            self.line_up(&entry);
        }
    }

    /// The next task for the agent `name`, if it may take one now, of those that were lined up.
    pub(crate) fn next_for(&self, name: &str, agent: &Slots, now: Timestamp) -> Option<i64> {
        let own = self.lanes.get(&Some(name.to_owned())).and_then(Lane::first);
        let any = self.lanes.get(&None).and_then(Lane::first);
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

    /// How many tasks that may run now stand before `entry` and want what it wants: a slot of an
    /// agent that could take either.
    pub(crate) fn rivals_of(&self, entry: &Entry, agents: &BTreeMap<String, Slots>) -> usize {
        let place = (entry.key, entry.number);
        let takes = |name: &String| agents.get(name).is_some_and(|a| a.status.takes_tasks());
        let rivals = |(wanted, lane): (&Option<String>, &Lane)| {
            let same = match (wanted, &entry.requested_agent) {
                (Some(theirs), Some(own)) => theirs == own,
                (Some(theirs), None) => takes(theirs),
                (None, _) => true,
            };
            if same { lane.rank(&place) } else { 0 }
        };
        self.lanes.iter().map(rivals).sum()
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

    /// Has no pause between attempts last longer than it may, after the clock was set.
    pub(crate) fn shorten_pauses(&mut self, now: Timestamp) {
        let entries = self
            .later
            .iter()
            .filter_map(|(_, number)| self.entries.get(number));
        for mut entry in entries.cloned().collect::<Vec<_>>() {
            entry.shorten_pause(now);
            self.put(entry, now);
        }
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
