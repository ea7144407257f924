//! Why a task waits, in words for people: said by the rule that picks.

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::order::Rivals;
use super::rule::{Entry, Obstacle, Reach, Slots, may_take};
use crate::domain::{AgentStatus, Scope, Timestamp, Waiting, WaitingCode};
use crate::server::storage::tasks::{Blocker, Fate};

/// Why `entry` waits, given the tasks that compete with it and stand before it; said to somebody who
/// may see what `scope` covers. Empty when it is being handed out.
pub(crate) fn explain(
    entry: &Entry,
    rivals: Rivals,
    agents: &BTreeMap<String, Slots>,
    scope: &Scope,
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
    if let Some(moment) = entry.not_before.filter(|&moment| moment > now) {
        reasons.push(not_yet(entry, moment));
    }
    reasons.extend(entry.blockers.iter().map(|blocker| after(blocker, scope)));
    if reasons.is_empty() {
        reasons.extend(of_agents(entry, &verdicts, agents));
    }
    let Rivals { seen, hidden } = rivals;
    if (seen > 0 || hidden) && reasons.iter().all(|reason| reason.clears_itself) {
        let detail = match seen {
            0 => "other work is before it".to_owned(),
            1 => "1 task is before it".to_owned(),
            more => format!("{more} tasks are before it"),
        };
        reasons.push(reason(WaitingCode::Behind, detail, true));
    }
    reasons
}

/// An agent and what keeps the task from it.
type Verdict<'a> = (&'a Slots, Result<(), Obstacle>);

/// The reason that lies with the agents, if one does.
fn of_agents(
    entry: &Entry,
    verdicts: &[Verdict<'_>],
    agents: &BTreeMap<String, Slots>,
) -> Option<Waiting> {
    let with = |obstacle| {
        let found = verdicts
            .iter()
            .filter(move |(_, verdict)| *verdict == Err(obstacle));
        found.map(|(agent, _)| *agent).collect::<Vec<_>>()
    };
    let requested = entry.needs.agent.as_ref();
    if let Some(name) = requested.filter(|name| !agents.contains_key(*name)) {
        let detail = format!("there is no agent named {name}; add it or choose another");
        return Some(reason(WaitingCode::AgentMissing, detail, false));
    }
    if agents.is_empty() {
        let detail = "no agent is configured; add one to dashboard.toml or enable the demo agent";
        return Some(reason(WaitingCode::AgentMissing, detail.into(), false));
    }
    let free = verdicts.iter().filter(|(_, verdict)| verdict.is_ok());
    let free: Vec<_> = free.map(|(agent, _)| *agent).collect();
    if !free.is_empty() {
        let quiet = free.iter().all(|agent| agent.reach == Reach::Quiet);
        return quiet.then(|| has_to_ask(&free));
    }
    let busy = with(Obstacle::Busy);
    let unavailable = with(Obstacle::Unavailable);
    let asks = |agent: &&Slots| agent.held.iter().all(|task| agent.asking.contains(task));
    Some(if busy.is_empty() && unavailable.is_empty() {
        unsuited(entry, &with)
    } else if busy.is_empty() {
        trouble(&unavailable)
    } else if busy.iter().all(asks) {
        all_ask(&busy)
    } else {
        all_busy(&busy)
    })
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
        reason(WaitingCode::RetryBackoff, detail, true)
    } else {
        let detail = format!("not before {moment}");
        reason(WaitingCode::StartAfter, detail, true)
    }
}

fn after(blocker: &Blocker, scope: &Scope) -> Waiting {
    if !scope.covers(&blocker.project) {
        let detail = "it follows a task of another project".to_owned();
        return reason(WaitingCode::After, detail, blocker.fate == Fate::Open);
    }
    let number = blocker.number;
    let (detail, clears_itself) = match blocker.fate {
        Fate::Open => (format!("it follows #{number}"), true),
        Fate::Failed => (
            format!("it follows #{number}, which failed; retry #{number}, or cancel this one"),
            false,
        ),
        Fate::Cancelled => (
            format!(
                "it follows #{number}, which was cancelled; retry #{number}, or cancel this one"
            ),
            false,
        ),
    };
    reason(WaitingCode::After, detail, clears_itself)
}

fn has_to_ask(free: &[&Slots]) -> Waiting {
    let detail = format!("{} has to ask for it", shortened(&titles(free)));
    reason(WaitingCode::AgentBusy, detail, true)
}

/// No agent could ever take it as it is.
fn unsuited<'a>(entry: &Entry, with: &impl Fn(Obstacle) -> Vec<&'a Slots>) -> Waiting {
    let needs = &entry.needs;
    let reporting = with(Obstacle::Reports);
    if let (Some(_), [agent]) = (&needs.agent, &reporting[..]) {
        let title = &agent.title;
        let detail = format!("{title} takes tasks by itself, and has not reported this one yet");
        return reason(WaitingCode::AgentBusy, detail, true);
    }
    if let [agent, ..] = &with(Obstacle::Place)[..]
        && let Some(why) = agent.displaced.get(&needs.project)
    {
        let detail = format!(
            "{} cannot work in project {}: {why}; it is looked for again by itself",
            agent.title, needs.project
        );
        return reason(WaitingCode::Project, detail, false);
    }
    let elsewhere = with(Obstacle::Project);
    if !elsewhere.is_empty() {
        let detail = format!(
            "{} {} no tasks of project {}",
            shortened(&titles(&elsewhere)),
            takes(&elsewhere),
            needs.project
        );
        return reason(WaitingCode::Project, detail, false);
    }
    let unnamed = with(Obstacle::Unnamed);
    let unable = with(Obstacle::Capability);
    if unnamed.is_empty() && !unable.is_empty() {
        let detail = format!(
            "it requires {}, which {} cannot do",
            needs.requires.join(" and "),
            shortened(&titles(&unable))
        );
        return reason(WaitingCode::Capability, detail, false);
    }
    let detail = if unnamed.is_empty() {
        "no agent takes tasks that name none; choose one".to_owned()
    } else {
        let them = if unnamed.len() == 1 { "it" } else { "them" };
        let (titles, takes) = (shortened(&titles(&unnamed)), takes(&unnamed));
        format!("{titles} {takes} only tasks that name {them}; choose an agent")
    };
    reason(WaitingCode::AgentMissing, detail, false)
}

fn trouble(agents: &[&Slots]) -> Waiting {
    let words: Vec<_> = agents.iter().map(|agent| agent.trouble()).collect();
    let (code, action) = match agents {
        [agent] if agent.reach == Reach::Removed => (
            WaitingCode::AgentMissing,
            "; put it back, or cancel the task",
        ),
        [agent] if agent.reach == Reach::Silent => (
            WaitingCode::AgentOffline,
            "; its worker has to claim a task or send a heartbeat",
        ),
        [agent] if agent.status == AgentStatus::Error => (
            WaitingCode::AgentError,
            "; it is tried again by itself, or start it again",
        ),
        [agent] if agent.status == AgentStatus::Draining => {
            (WaitingCode::AgentOffline, "; start it to undo that")
        }
        [_] => (WaitingCode::AgentOffline, "; start it"),
        several if several.iter().all(|it| it.status == AgentStatus::Error) => (
            WaitingCode::AgentError,
            "; they are tried again by themselves",
        ),
        _ => (WaitingCode::AgentOffline, "; start one of them"),
    };
    reason(code, shortened(&words) + action, false)
}

fn all_busy(agents: &[&Slots]) -> Waiting {
    let detail = match agents {
        [agent] => match numbers(agent, &agent.held) {
            Some(tasks) => format!("{} is busy with {tasks}", agent.title),
            None => format!("{} is busy", agent.title),
        },
        several => format!("{} are busy", shortened(&titles(several))),
    };
    reason(WaitingCode::AgentBusy, detail, true)
}

/// Every slot is held by a task that waits for a person: nothing moves until somebody answers.
fn all_ask(agents: &[&Slots]) -> Waiting {
    let words: Vec<_> = agents
        .iter()
        .map(|agent| match numbers(agent, &agent.asking) {
            Some(tasks) => format!("{} waits for an answer on {tasks}", agent.title),
            None => format!("{} waits for an answer", agent.title),
        })
        .collect();
    reason(WaitingCode::AgentAsks, shortened(&words), false)
}

fn takes(agents: &[&Slots]) -> &'static str {
    if agents.len() == 1 { "takes" } else { "take" }
}

fn titles(agents: &[&Slots]) -> Vec<String> {
    agents.iter().map(|agent| agent.title.clone()).collect()
}

/// Those of the agent's `tasks` that whoever asks may see, if any.
fn numbers(agent: &Slots, tasks: &[i64]) -> Option<String> {
    let seen = tasks.iter().filter(|number| !agent.hidden.contains(number));
    let words: Vec<_> = seen.map(|number| format!("#{number}")).collect();
    (!words.is_empty()).then(|| shortened(&words))
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
            _ if self.reach == Reach::Removed => format!("{title} was removed from dashboard.toml"),
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
