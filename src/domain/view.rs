//! What each page shows: a snapshot, and the point of the feed to go on from.

use serde::{Deserialize, Serialize};

use super::{
    Activity, Agent, Epoch, Finding, FindingState, IterationMetrics, LogEntry, LoopLink, Page, Seq,
    Session, SessionEvent, SessionStats, StatusCounts, Task, TaskBody, Timestamp,
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
    /// The strip beside the list.
    pub agents: Vec<Agent>,
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
    /// The task.
    pub task: Task,
    /// What lists leave out of it.
    pub body: TaskBody,
    /// The newest log entries, oldest first.
    pub logs: Vec<LogEntry>,
    /// True when there are older entries than those.
    pub more_logs: bool,
    /// What happened to it, oldest first.
    pub timeline: Vec<Activity>,
    /// The task that it tries again, if any.
    pub retry_of: Option<i64>,
    /// The tasks that tried it again.
    pub retried_by: Vec<i64>,
    /// True while its agent is being stopped.
    pub cancelling: bool,
    /// The question that it waits for an answer to.
    pub question: Option<String>,
    /// Where to go on from.
    pub feed: FeedPoint,
    /// The server's clock when it answered.
    pub now: Timestamp,
}

/// What the agents page shows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AgentsView {
    /// All agents, by name.
    pub agents: Vec<Agent>,
    /// The tasks that they hold.
    pub tasks: Vec<Task>,
    /// Where to go on from.
    pub feed: FeedPoint,
    /// The server's clock when it answered.
    pub now: Timestamp,
}

/// What the page of one agent shows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AgentView {
    /// The agent.
    pub agent: Agent,
    /// Its latest tasks, newest first.
    pub tasks: Page<Task>,
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
    /// The server's clock when it answered.
    pub now: Timestamp,
}

/// One of two sessions in numbers. Absent numbers were not reported.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ComparedSession {
    /// The session with its verdict.
    pub session: Session,
    /// What is wrong at the end.
    pub open: Option<u32>,
    /// How many findings its steps reported.
    pub findings: Option<u32>,
    /// How many fixes its steps reported.
    pub fixes: Option<u32>,
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
    /// How many there are in all.
    pub total: u64,
    /// How many of them are open.
    pub open: u64,
    /// True when its loop tells how many there are.
    pub counted: bool,
}
