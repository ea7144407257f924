//! What each page shows: a snapshot, and the point of the feed to go on from.

use serde::{Deserialize, Serialize};

use super::{
    Activity, Agent, AgentStatus, Epoch, Excerpt, Finding, FindingState, IterationMetrics, LogPage,
    LoopLink, OpenQuestions, Page, Project, Seq, Session, SessionEvent, SessionNumbers,
    SessionStats, StatusCounts, Task, TaskTexts, Timestamp,
};

/// The point of the feed at which a page was read: go on from here and nothing is missing.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub struct FeedPoint {
    /// The feed's life.
    pub epoch: Epoch,
    /// The last message that the page may rely on having seen.
    pub seq: Seq,
}

/// What the tasks page shows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TasksView {
    /// The rows, newest first.
    pub tasks: Page<Task>,
    /// The numbers on the tabs.
    pub counts: StatusCounts,
    /// The strip beside the list: the first agents, by name.
    pub agents: Vec<Agent>,
    /// How many agents there are besides.
    pub more_agents: u64,
    /// Recent activity, newest first.
    pub activity: Vec<Activity>,
    /// The file in which the server looks for agents.
    pub configuration: String,
    /// Where to go on from.
    pub feed: FeedPoint,
    /// The server's clock when it answered, for ages and elapsed times.
    pub now: Timestamp,
}

/// What was typed into the form for a new task, and why it was refused.
#[derive(Clone, Debug, Default, Eq, PartialEq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the names are those of the form's fields")]
pub struct TaskDraft {
    pub project: String,
    pub description: String,
    pub title: String,
    pub priority: String,
    pub agent: String,
    pub labels: String,
    /// What was wrong with it; empty when nothing was.
    pub error: String,
}

/// What the page of one task shows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TaskView {
    /// The task without description, result, error and metadata.
    pub task: Task,
    /// Its long texts.
    pub texts: TaskTexts,
    /// The end of its log.
    pub logs: LogPage,
    /// What happened to it lately, oldest first, and where what happened before that is.
    pub timeline: Page<Activity>,
    /// The task that it tries again, if any.
    pub retry_of: Option<i64>,
    /// The tasks that tried it again.
    pub retried_by: Vec<i64>,
    /// The sessions of loops that work for it, latest first: the id, what it is called, and how it
    /// stands.
    pub sessions: Vec<(String, String, String)>,
    /// True while its agent is being stopped.
    pub cancelling: bool,
    /// The question that it waits for an answer to.
    pub question: Option<Excerpt>,
    /// How many of its options are left out.
    pub more_options: u64,
    /// Where to go on from.
    pub feed: FeedPoint,
    /// The server's clock when it answered.
    pub now: Timestamp,
}

/// What the agents page shows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AgentsView {
    /// The agents that were asked for, by name, as many as fit.
    pub agents: Vec<Agent>,
    /// The name after which the next page begins.
    pub next: Option<String>,
    /// How many agents there are in each status, of all.
    pub counts: Vec<(AgentStatus, u64)>,
    /// The tasks that they hold, the first few of each.
    pub tasks: Vec<Task>,
    /// Where to go on from.
    pub feed: FeedPoint,
    /// The server's clock when it answered.
    pub now: Timestamp,
}

/// Which agents to list. Empty means all.
#[derive(Clone, Debug, Default, Eq, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct AgentFilter {
    /// With this status.
    pub status: Option<AgentStatus>,
    /// With these letters in name or title.
    pub q: Option<String>,
    /// Only those after this name.
    pub after: Option<String>,
}

impl AgentFilter {
    /// True when `agent` belongs on a list with this filter.
    #[must_use]
    pub fn matches(&self, agent: &Agent) -> bool {
        let named = |words: &String| {
            let words = words.trim().to_lowercase();
            agent.name.to_lowercase().contains(&words)
                || agent.title.to_lowercase().contains(&words)
        };
        self.status.is_none_or(|status| status == agent.status)
            && self.q.as_ref().is_none_or(named)
            && self.after.as_ref().is_none_or(|after| agent.name > *after)
    }
}

/// An agent to choose.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub struct AgentChoice {
    /// Its name.
    pub name: String,
    /// What people call it, and what it is doing.
    pub label: String,
}

/// The agents to choose from; empty when there are too many to choose from a list.
#[derive(Clone, Debug, Default, Eq, PartialEq, Serialize, Deserialize)]
pub struct AgentChoices {
    /// By name.
    pub agents: Vec<AgentChoice>,
    /// True when they are too many to list.
    pub too_many: bool,
}

/// What the page of one agent shows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AgentView {
    /// The agent.
    pub agent: Agent,
    /// Its latest tasks, newest first.
    pub tasks: Page<Task>,
    /// The first few of the tasks that it holds.
    pub held: Vec<Task>,
    /// Where to go on from.
    pub feed: FeedPoint,
    /// The server's clock when it answered.
    pub now: Timestamp,
}

/// What the convergence page shows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ConvergenceView {
    /// The loops that are followed, in the order of the configuration.
    pub loops: Vec<LoopLink>,
    /// The first sessions that run, newest first; when none does, the one heard from last.
    pub live: Vec<LiveSession>,
    /// True when more run than these.
    pub more_live: bool,
    /// The session heard from last.
    pub latest: Option<String>,
    /// Its last events, oldest first, with the beginning of their data.
    pub events: Vec<SessionEvent>,
    /// All sessions in numbers.
    pub stats: SessionStats,
    /// The history, newest first.
    pub sessions: Page<Session>,
    /// Where to go on from.
    pub feed: FeedPoint,
    /// The server's clock when it answered.
    pub now: Timestamp,
}

/// A session on the convergence page.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LiveSession {
    /// The session with its verdict.
    pub session: Session,
    /// The numbers of its last iterations, in order.
    pub iterations: Vec<IterationMetrics>,
    /// Their findings as an `ECharts` option; absent before the first iteration.
    pub chart: Option<String>,
}

/// What two sessions have in common, and what not.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ComparisonView {
    /// The sessions, in the order in which they were named.
    pub sides: [ComparedSession; 2],
    /// Findings of either, as asked for.
    pub findings: Page<ComparedFinding>,
    /// What was open in the last iterations of both, as an `ECharts` option.
    pub chart: Option<String>,
    /// Where the feed goes on.
    pub feed: FeedPoint,
    /// The server's clock when it answered.
    pub now: Timestamp,
}

/// One of two sessions in numbers. Absent numbers were not reported.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ComparedSession {
    /// The session with its verdict.
    pub session: Session,
    /// Its numbers as a whole.
    pub numbers: SessionNumbers,
}

/// A finding of two sessions.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ComparedFinding {
    /// As the first session that has it last said.
    pub finding: Finding,
    /// What became of it in each; absent where it was never seen.
    pub states: [Option<FindingState>; 2],
}

/// What the page of one session shows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SessionView {
    /// The session with its verdict.
    pub session: Session,
    /// Some of its iterations.
    pub rounds: RoundsView,
    /// The findings of its last iterations as an `ECharts` option; absent before the first.
    pub chart: Option<String>,
    /// What was found, and what became of it.
    pub findings: FindingsView,
    /// Its events, as asked for, with the beginning of their data.
    pub events: Page<SessionEvent>,
    /// Where to go on from.
    pub feed: FeedPoint,
    /// The server's clock when it answered.
    pub now: Timestamp,
}

/// Iterations of a session.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct RoundsView {
    /// Their numbers, in order.
    pub items: Vec<IterationMetrics>,
    /// How many there are in all.
    pub total: u32,
    /// The iteration before which there are more.
    pub before: Option<u32>,
    /// The iterations that the chart shows.
    pub charted: u32,
}

/// Findings of a session.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FindingsView {
    /// What needs someone first, with the beginning of long texts; `next` leads to more.
    pub page: Page<Finding>,
    /// How many there are, and what else is known of them as a whole.
    pub numbers: SessionNumbers,
}

/// What every page shows of the questions that wait for a person.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct QuestionsView {
    /// The questions.
    pub open: OpenQuestions,
    /// Where to go on from.
    pub feed: FeedPoint,
    /// The server's clock when it answered.
    pub now: Timestamp,
}

/// A project, and how many tasks it has.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ProjectView {
    /// The project.
    pub project: Project,
    /// Its tasks by status.
    pub counts: StatusCounts,
}
