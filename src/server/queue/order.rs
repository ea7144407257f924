//! The pending tasks in the order in which they are handed out, by what they need.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::rule::{Entry, Needs, Slots, may_take, suits};
use crate::domain::{Scope, TaskId, TaskStatus, Timestamp};
use crate::server::storage::tasks::Fate;

/// The tasks that stand before another and want what it wants.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct Rivals {
    /// How many, of those that whoever asks may see.
    pub(crate) seen: usize,
    /// True when there are others.
    pub(crate) hidden: bool,
}

/// The tasks that may run now, by place. It knows how many stand before a place.
type Lane = indexset::BTreeSet<(i64, i64)>;

/// The pending tasks in the order in which they are handed out.
#[derive(Default)]
pub(crate) struct Queue {
    entries: HashMap<i64, Entry>,
    /// All of them by project and place, for positions.
    places: BTreeMap<String, indexset::BTreeSet<(i64, i64)>>,
    /// Those that may run now, by requested agent, by what else they need, and by place.
    lanes: HashMap<Option<String>, HashMap<Needs, Lane>>,
    /// Those whose moment has not come, by moment.
    later: BTreeSet<(Timestamp, i64)>,
    /// Who waits for a task that is not completed.
    followers: HashMap<TaskId, BTreeSet<i64>>,
}

impl Queue {
    /// Adds a task, or replaces what was known about it. What keeps it waiting is kept as it was.
    pub(crate) fn put(&mut self, mut entry: Entry, now: Timestamp) {
        if let Some(known) = self.entries.get(&entry.number) {
            entry.blockers.clone_from(&known.blockers);
        }
        self.remove(entry.number);
        let places = self.places.entry(entry.needs.project.clone());
        places.or_default().insert((entry.key, entry.number));
        for blocker in &entry.blockers {
            self.followers
                .entry(blocker.id)
                .or_default()
                .insert(entry.number);
        }
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
        if let Some(places) = self.places.get_mut(&entry.needs.project) {
            places.remove(&(entry.key, number));
            if places.is_empty() {
                self.places.remove(&entry.needs.project);
            }
        }
        self.take_out(&entry);
        if let Some(moment) = entry.not_before {
            self.later.remove(&(moment, number));
        }
        for blocker in &entry.blockers {
            self.unfollow(blocker.id, number);
        }
        true
    }

    /// Tells those who wait for task `id` what became of it; answers their numbers.
    pub(crate) fn settle(&mut self, id: TaskId, status: TaskStatus) -> Vec<i64> {
        let fate = Fate::of(status);
        let waiting = self.followers.get(&id).cloned().unwrap_or_default();
        for number in &waiting {
            let Some(entry) = self.entries.get_mut(number) else {
                continue;
            };
            match fate {
                Some(fate) => {
                    let same = entry.blockers.iter_mut().filter(|it| it.id == id);
                    same.for_each(|blocker| blocker.fate = fate);
                }
                None => entry.blockers.retain(|blocker| blocker.id != id),
            }
        }
        if fate.is_none() {
            self.followers.remove(&id);
            // Those that also wait for their moment are lined up when it comes.
            for number in &waiting {
                self.put_back(*number);
            }
        }
        waiting.into_iter().collect()
    }

    /// Has those who wait for the task `old` wait for its retry instead.
    pub(crate) fn follow_retry(&mut self, old: TaskId, new: TaskId, number: i64) {
        let Some(waiting) = self.followers.remove(&old) else {
            return;
        };
        for follower in &waiting {
            let Some(entry) = self.entries.get_mut(follower) else {
                continue;
            };
            for blocker in entry.blockers.iter_mut().filter(|it| it.id == old) {
                let fate = Fate::Open;
                (blocker.id, blocker.number, blocker.fate) = (new, number, fate);
            }
        }
        self.followers.entry(new).or_default().extend(waiting);
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
        let own = self.lanes.get(&Some(name.to_owned()));
        let any = self.lanes.get(&None);
        let lanes = own.into_iter().chain(any).flatten();
        let suiting = lanes.filter(|(needs, _)| suits(needs, name, agent).is_ok());
        let (_, number) = suiting
            .filter_map(|(_, lane)| lane.first())
            .min()
            .copied()?;
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

    /// The numbers of all tasks, in no order.
    pub(crate) fn numbers(&self) -> impl Iterator<Item = i64> {
        self.entries.keys().copied()
    }

    /// How many tasks stand before `entry`.
    pub(crate) fn ahead_of(&self, entry: &Entry, scope: &Scope) -> usize {
        let place = (entry.key, entry.number);
        let seen = self
            .places
            .iter()
            .filter(|(project, _)| scope.covers(project));
        seen.map(|(_, places)| places.rank(&place)).sum()
    }

    /// How many tasks that may run now stand before `entry` and want what it wants: a slot of an
    /// agent that could take either.
    pub(crate) fn rivals_of(
        &self,
        entry: &Entry,
        agents: &BTreeMap<String, Slots>,
        scope: &Scope,
    ) -> Rivals {
        let place = (entry.key, entry.number);
        // One that is stopped has nothing to give, unless the task wants it and no other.
        let named = entry.needs.agent.is_some();
        let useful = agents.iter().filter(|(name, agent)| {
            let takes = named || agent.status.takes_tasks();
            takes && suits(&entry.needs, name, agent).is_ok()
        });
        let useful: Vec<_> = useful.collect();
        let competes = |needs: &Needs| {
            let same = *needs == entry.needs;
            same || useful
                .iter()
                .any(|(name, agent)| suits(needs, name, agent).is_ok())
        };
        let lanes = self.lanes.values().flatten();
        lanes.filter(|(needs, _)| competes(needs)).fold(
            Rivals::default(),
            |mut rivals, (needs, lane)| {
                if scope.covers(&needs.project) {
                    rivals.seen += lane.rank(&place);
                } else {
                    rivals.hidden |= lane.rank(&place) > 0;
                }
                rivals
            },
        )
    }

    /// The first `limit` tasks.
    pub(crate) fn head(&self, limit: usize) -> impl Iterator<Item = &Entry> {
        let heads = self
            .places
            .values()
            .flat_map(|places| places.iter().take(limit));
        let mut heads: Vec<_> = heads.copied().collect();
        heads.sort_unstable();
        heads.truncate(limit);
        heads
            .into_iter()
            .filter_map(|(_, number)| self.entries.get(&number))
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
        if entry.blockers.is_empty() {
            let lanes = self.lanes.entry(entry.needs.agent.clone()).or_default();
            let lane = lanes.entry(entry.needs.clone()).or_default();
            lane.insert((entry.key, entry.number));
        }
    }

    fn take_out(&mut self, entry: &Entry) {
        let Some(lanes) = self.lanes.get_mut(&entry.needs.agent) else {
            return;
        };
        if let Some(lane) = lanes.get_mut(&entry.needs) {
            lane.remove(&(entry.key, entry.number));
            if lane.is_empty() {
                lanes.remove(&entry.needs);
            }
        }
        if lanes.is_empty() {
            self.lanes.remove(&entry.needs.agent);
        }
    }

    fn unfollow(&mut self, id: TaskId, number: i64) {
        if let Some(waiting) = self.followers.get_mut(&id) {
            waiting.remove(&number);
            if waiting.is_empty() {
                self.followers.remove(&id);
            }
        }
    }
}
