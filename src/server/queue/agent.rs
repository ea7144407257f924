//! What the server knows about an agent while it runs.

use std::collections::BTreeMap;

use super::rule::{Offers, Reach, Slots};
use crate::domain::{
    Agent, AgentKind, AgentMetrics, AgentStatus, Scope, TaskId, Timestamp, closed,
};
use crate::server::storage::agents::{AgentRecord, Out};

/// An agent elsewhere that was not heard of for this long counts as offline.
const SILENCE_SECONDS: i64 = 90;

/// What is said about one: nothing that can be done here brings it back.
const SILENT: &str = "nothing is heard of it; its worker has to claim a task or send a heartbeat";
/// What is said about one that only reports.
const UNHEARD: &str = "nothing is heard of it; it shows up when it reports on a task";
/// What is said about one that stood in the file.
const REMOVED: &str = "removed from dashboard.toml";

/// An agent with what it holds.
#[derive(Clone, Debug)]
pub(crate) struct AgentState {
    pub(crate) record: AgentRecord,
    /// When it was last heard of, on the lease clock.
    pub(super) heard: Option<Timestamp>,
    pub(super) held: BTreeMap<i64, HeldTask>,
    /// Tasks that are being handed to it.
    pub(super) reserved: Vec<i64>,
    /// The projects that it cannot work in, and why; this server has found out.
    pub(super) displaced: BTreeMap<String, String>,
    /// Requests of it that wait for a task right now.
    pub(super) polling: u32,
    pub(super) completed: u64,
    pub(super) failed: u64,
    pub(super) busy_seconds: f64,
}

#[derive(Clone, Debug)]
pub(super) struct HeldTask {
    pub(super) id: TaskId,
    pub(super) since: Timestamp,
    /// When it asked what it waits for an answer to, if it does.
    pub(super) asked_at: Option<Timestamp>,
    pub(super) project: String,
}

impl AgentState {
    pub(super) fn new(record: AgentRecord) -> Self {
        Self {
            record,
            heard: None,
            held: BTreeMap::new(),
            reserved: Vec::new(),
            displaced: BTreeMap::new(),
            polling: 0,
            completed: 0,
            failed: 0,
            busy_seconds: 0.0,
        }
    }

    /// The projects of the tasks that it runs, in the order of [`Agent::running`].
    pub(super) fn running_for(&self) -> Vec<String> {
        self.held
            .values()
            .map(|held| held.project.clone())
            .collect()
    }

    /// What was said before this server started is known by the wall clock alone.
    pub(super) fn heard_lately(&self, now: Timestamp) -> bool {
        let seen = self.record.last_seen;
        seen.is_some_and(|seen| seen.plus_seconds(SILENCE_SECONDS) >= now)
    }

    /// `running` is the lease clock.
    pub(super) fn status(&self, running: Timestamp) -> AgentStatus {
        let record = &self.record;
        if !record.is_on() {
            return if self.held.is_empty() {
                AgentStatus::Offline
            } else {
                AgentStatus::Draining
            };
        }
        if record.error.is_some() {
            AgentStatus::Error
        } else if self.is_silent(running) {
            AgentStatus::Offline
        } else if self.held.values().any(|held| held.asked_at.is_some()) {
            AgentStatus::NeedsInput
        } else if self.held.is_empty() {
            AgentStatus::Idle
        } else {
            AgentStatus::Busy
        }
    }

    /// True when it runs elsewhere and was not heard of for too long.
    fn is_silent(&self, running: Timestamp) -> bool {
        let elsewhere = matches!(self.record.kind, AgentKind::Remote | AgentKind::External);
        let heard = self.heard;
        let heard = heard.is_some_and(|heard| heard.plus_seconds(SILENCE_SECONDS) >= running);
        elsewhere && self.polling == 0 && !heard
    }

    fn reach(&self, running: Timestamp) -> Reach {
        let record = &self.record;
        if record.out == Some(Out::Removed) {
            Reach::Removed
        } else if record.kind == AgentKind::External {
            Reach::Reports
        } else if !record.is_on() || record.kind != AgentKind::Remote || self.polling > 0 {
            // What a person stopped waits for a person, whatever its worker does.
            Reach::Direct
        } else if self.is_silent(running) {
            Reach::Silent
        } else {
            Reach::Quiet
        }
    }

    /// What the queue knows of it; `hidden` is what somebody with `scope` may not see.
    pub(super) fn slots(&self, scope: &Scope, running: Timestamp) -> Slots {
        let mut held: Vec<i64> = self.held.keys().copied().collect();
        held.extend(
            self.reserved
                .iter()
                .filter(|number| !self.held.contains_key(number)),
        );
        let asking = self.held.iter().filter(|(_, held)| held.asked_at.is_some());
        let hides = |number: &&i64| {
            let held = self.held.get(number);
            scope.projects().is_some() && held.is_none_or(|held| !scope.covers(&held.project))
        };
        Slots {
            hidden: held.iter().filter(hides).copied().collect(),
            // It stands in a sentence of ours, which is not to be turned around.
            title: closed(self.record.title.clone()),
            asking: asking.map(|(number, _)| *number).collect(),
            error: self.record.error.clone(),
            displaced: self.displaced.clone(),
            reach: self.reach(running),
            offers: Offers {
                takes: self.record.takes,
                capabilities: self.record.capabilities.clone(),
                projects: self.record.projects.clone(),
            },
            status: self.status(running),
            concurrency: usize::try_from(self.record.concurrency).unwrap_or(usize::MAX),
            held,
        }
    }

    /// The agent as everybody sees it.
    pub(super) fn agent(
        &self,
        median_seconds: Option<f64>,
        running: Timestamp,
        now: Timestamp,
    ) -> Agent {
        let record = &self.record;
        let status = self.status(running);
        let held: Vec<TaskId> = self.held.values().map(|held| held.id).collect();
        // An agent that this server runs itself is seen for as long as it is on.
        let runs_here = matches!(record.kind, AgentKind::Process | AgentKind::Fake);
        let local = runs_here && status != AgentStatus::Offline;
        let last_seen = if local || self.polling > 0 {
            Some(now)
        } else {
            record.last_seen
        };
        Agent {
            name: record.name.clone(),
            title: record.title.clone(),
            kind: record.kind,
            profile: (record.kind == AgentKind::Process).then(|| "lines".to_owned()),
            source: record.source,
            status,
            running: held,
            concurrency: record.concurrency,
            capabilities: record.capabilities.clone(),
            abilities: record.abilities,
            last_seen,
            started_at: record.started_at.filter(|_| status != AgentStatus::Offline),
            error: self.complaint(running),
            quota: Vec::new(),
            metrics: AgentMetrics {
                completed: self.completed,
                failed: self.failed,
                median_seconds,
                busy_ratio: self.busy_ratio(now),
            },
        }
    }

    /// Why it does not work, in words.
    fn complaint(&self, running: Timestamp) -> Option<String> {
        let record = &self.record;
        if record.out == Some(Out::Removed) {
            return Some(REMOVED.to_owned());
        }
        let silent = record.is_on() && self.is_silent(running);
        let silence = match record.kind {
            AgentKind::External => UNHEARD,
            _ => SILENT,
        };
        let error = record.error.clone();
        error.or_else(|| silent.then(|| silence.to_owned()))
    }

    fn busy_ratio(&self, now: Timestamp) -> Option<f64> {
        let span = now.seconds_since(self.record.started_at?) * f64::from(self.record.concurrency);
        let held: f64 = self
            .held
            .values()
            .map(|held| now.seconds_since(held.since))
            .sum();
        (span > 0.0).then(|| ((self.busy_seconds + held) / span).clamp(0.0, 1.0))
    }
}
