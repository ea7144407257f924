//! The ground: plain data and rules, shared by server and browser. Nothing here does I/O,
//! asks the time, or knows a framework; what is defined here *is* the wire contract.
//!
//! Read in this order: [`task`], [`agent`], [`log`], [`activity`], [`convergence`], [`live`].

mod activity;
mod agent;
mod convergence;
mod error;
mod excerpt;
mod id;
mod limits;
mod live;
mod log;
mod nesting;
mod page;
mod queue;
mod stream;
mod task;
mod timestamp;
mod transition;
mod usage;
mod view;
mod waiting;

pub use activity::{Activity, ActivityKind};
pub use agent::{Agent, AgentKind, AgentMetrics, AgentStatus, StopMode};
pub use convergence::{
    Acceptance, Batch, EventFilter, EventType, Finding, FindingFacts, FindingState, IllegalMove,
    IterationFacts, IterationMetrics, Latest, Ledger, LoopEvent, LoopLink, LoopMove, LoopState,
    LoopStep, Session, SessionBook, SessionEvent, SessionFacts, SessionFilter, SessionStats,
    SessionStatus, Severity, SeverityCounts, Sighting, Stamp, StepFacts, StepMetrics, StepReport,
    StepResult, Verdict, VerdictKind, decode_batch, fingerprint, ledger, verdict,
};
pub use error::{AppError, ErrorKind, FieldError};
pub use excerpt::{
    Excerpt, LONGEST_LINE, LogExcerpt, LogPage, MOST_RUNS, TaskPart, TaskTexts, weight,
};
pub use id::TaskId;
pub use limits::{LIMITS, TaskLimits, is_agent_name};
pub use live::{ClientFrame, Epoch, LiveMessage, Problem, Seq, ServerFrame, Topic};
pub use log::{LogEntry, LogFilter, LogLevel, LogStream, NewLog};
pub use nesting::{DEEPEST, is_too_deep};
pub use page::{Page, TaskFilter};
pub use queue::{
    AGEING_SECONDS, DEFAULT_TIMEOUT_SECONDS, back_off_seconds, head_key, is_head_key, order_key,
};
pub use stream::{AgentEvent, Outcome, StreamLine};
pub use task::{
    IdempotencyKey, NewTask, Priority, StatusCounts, Task, TaskChange, TaskRef, TaskStatus,
};
pub use timestamp::Timestamp;
pub use transition::{Illegal, Transition};
pub use usage::{Cost, Usage, UsageReport};
pub use view::{
    AgentChoice, AgentChoices, AgentFilter, AgentView, AgentsView, ComparedFinding, ComparisonView,
    ConvergenceView, FeedPoint, LiveSession, SessionView, TaskDraft, TaskView, TasksView,
};
pub use waiting::{Waiting, WaitingCode};
