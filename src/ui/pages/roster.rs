//! The agents of a page, each of which changes by itself.

use leptos::prelude::*;

use super::rows::Book;
use crate::domain::{Agent, AgentStatus};
use crate::ui::components::Current;
use crate::ui::dynamic::memo;

#[derive(Clone)]
pub(crate) struct Member {
    pub(crate) name: String,
    pub(crate) agent: ArcRwSignal<Agent>,
    /// Its place on the page of all agents, decided once: a card that moves when its agent changes
    /// puts another one's buttons under the pointer.
    turn: Turn,
}

/// Which agents come first on the page of all agents.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
enum Turn {
    /// It waited for a person when the page was read.
    Needed,
    /// It was there when the page was read.
    There,
    /// It came later.
    Later,
}

/// Agents by name: all of them, or as many as the page holds.
#[derive(Clone, Copy)]
pub(crate) struct Roster {
    members: RwSignal<Vec<Member>>,
    /// How many agents there are besides.
    more: RwSignal<u64>,
    book: Book,
}

impl Roster {
    pub(crate) fn new(book: Book) -> Self {
        Self {
            members: RwSignal::new(Vec::new()),
            more: RwSignal::new(0),
            book,
        }
    }

    /// Shows exactly these; there are so many `more`.
    pub(crate) fn load(&self, agents: &[Agent], more: u64) {
        if self.more.get_untracked() != more {
            self.more.set(more);
        }
        let is_gone = |member: &Member| agents.iter().all(|agent| agent.name != member.name);
        if self.members.read_untracked().iter().any(is_gone) {
            self.members.write().retain(|member| !is_gone(member));
        }
        let is_first = self.members.read_untracked().is_empty();
        for agent in agents {
            let needed = agent.status == AgentStatus::NeedsInput;
            let turn = match (is_first, needed) {
                (true, true) => Turn::Needed,
                (true, false) => Turn::There,
                (false, _) => Turn::Later,
            };
            self.put(agent, turn);
        }
    }

    /// Shows what became of one.
    pub(crate) fn apply(&self, agent: &Agent) {
        // Where there are others that are not shown, one that was heard of is no reason to show it.
        if self.more.get_untracked() == 0 || self.shows(&agent.name) {
            self.put(agent, Turn::Later);
        }
    }

    fn shows(&self, name: &str) -> bool {
        let members = self.members.read_untracked();
        members.iter().any(|member| member.name == name)
    }

    /// How many agents there are that are not shown.
    pub(crate) fn more(&self) -> u64 {
        self.more.get()
    }

    fn put(&self, agent: &Agent, turn: Turn) {
        let is_it = |member: &&Member| member.name == agent.name;
        let found = self.members.read_untracked().iter().find(is_it).cloned();
        let Some(member) = found else {
            let member = Member {
                name: agent.name.clone(),
                agent: ArcRwSignal::new(agent.clone()),
                turn,
            };
            let mut members = self.members.write();
            let at = members.partition_point(|other| other.name < member.name);
            members.insert(at, member);
            return;
        };
        if *member.agent.read_untracked() != *agent {
            member.agent.set(agent.clone());
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.members.read().is_empty()
    }

    pub(crate) fn names(&self) -> Vec<String> {
        let members = self.members.read();
        members.iter().map(|member| member.name.clone()).collect()
    }

    /// By name.
    pub(crate) fn members(&self) -> Vec<Member> {
        self.members.get()
    }

    /// Those first that waited for a person when the page was read, then by name; who comes later
    /// is last.
    pub(crate) fn by_need(&self) -> Vec<Member> {
        let mut members = self.members.get();
        members.sort_by_key(|member| member.turn);
        members
    }

    /// The tasks that an agent holds.
    pub(crate) fn current(self, agent: Signal<Agent>) -> Signal<Current> {
        let held = memo(move || agent.read().running.clone());
        memo(move || self.book.current(&held.read())).into()
    }
}
