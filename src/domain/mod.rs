//! The ground: plain data and rules, shared by server and browser. Nothing here does I/O,
//! asks the time, or knows a framework; what is defined here *is* the wire contract.
//!
//! Read in this order: [`task`], [`agent`], [`log`], [`activity`], [`convergence`], [`live`].

mod activity;
mod agent;
mod code;
mod convergence;
mod error;
mod excerpt;
mod id;
mod json_lost;
mod json_remains;
mod json_scan;
mod json_words;
mod lenient_json;
mod limits;
mod link;
mod live;
mod log;
mod nesting;
mod open_questions;
mod page;
mod patch;
mod project;
mod question;
mod queue;
mod scope;
mod stream;
mod stream_document;
mod stream_line;
mod stream_object;
mod strict;
mod task;
mod task_change;
mod terminal;
mod text;
mod timestamp;
mod transition;
mod usage;
mod usage_report;
mod view;
mod waiting;

pub use activity::{Activity, ActivityKind};
pub use agent::{
    Abilities, Ability, Agent, AgentKind, AgentMetrics, AgentSource, AgentStatus, Quota, StopMode,
    Takes,
};
pub use code::Code;
#[cfg(test)]
pub use convergence::decode_batch;
pub use convergence::{
    Acceptance, Account, Batch, Envelope, EventFilter, EventOrder, EventType, Fellows, Finding,
    FindingFacts, FindingState, IllegalMove, IterationFacts, IterationMetrics, LARGEST_EVENT,
    LONGEST_SESSION_NAME, Latest, Ledger, LoopEvent, LoopLink, LoopMove, LoopState, LoopStep,
    NOT_CONVERGED, Seen, Session, SessionBook, SessionEvent, SessionFacts, SessionFilter,
    SessionNumbers, SessionStats, SessionStatus, Severity, SeverityCounts, Sighting, Stamp,
    StepFacts, StepMetrics, StepReport, StepResult, Suppressed, Titles, Unreadable, Verdict,
    VerdictKind, account, beginning, cut_data, cut_event, data_weight, fingerprint, ledger,
    session_name, verdict, weight,
};
pub use error::{AppError, ErrorKind, FieldError, shortened};
pub use excerpt::{
    Excerpt, LONGEST_LINE, LogExcerpt, LogPage, MOST_RUNS, TaskPart, TaskTexts, page_weight,
};
pub use id::TaskId;
pub use limits::{
    CAPABILITIES, CONCURRENCY, FOLDER, LARGEST_BATCH, LARGEST_BODY, LARGEST_NUMBER, LIMITS,
    LONGEST_MESSAGE, LONGEST_NAME, LONGEST_PARAMETER, MOST_ITEMS, TaskLimits, WORD, is_agent_name,
    is_word,
};
pub use link::TaskLink;
pub use live::{ClientFrame, Epoch, LiveMessage, Problem, Seq, ServerFrame, Topic};
pub use log::{LEVEL_WORDS, LogEntry, LogFilter, LogLevel, LogStream, NewLog};
pub use nesting::{DEEPEST, is_too_deep};
pub use open_questions::OpenQuestions;
pub use page::{Page, TaskFilter};
pub use project::{
    DEFAULT_PROJECT, NewProject, Project, ProjectChange, check_title, is_project_name,
};
pub use question::{
    Answer, NewQuestion, OPTION_TEXT, QUESTION_OPTIONS, QUESTION_TEXT, Question, QuestionKind,
    QuestionOption, Reply,
};
pub use queue::{
    AGEING_SECONDS, DEFAULT_TIMEOUT_SECONDS, LONGEST_BACK_OFF_SECONDS, back_off_seconds, head_key,
    is_head_key, order_key,
};
pub use scope::{Audience, Author, Role, Scope};
pub use stream::{AgentEvent, Outcome, Then};
pub use stream_document::{Ruin, RuinLine, StreamObject};
pub use stream_line::{Oddity, Reading, StreamLine};
pub use strict::{Strict, one_of};
pub use task::{
    EXCERPT, IdempotencyKey, Priority, StatusCounts, Task, TaskBody, TaskDetail, TaskRef,
    TaskStatus, excerpt,
};
pub use task_change::{NewTask, TaskChange};
pub use terminal::{Colour, Span, Terminal, TextLook, Underline, text_of};
pub use text::{closed, is_invisible, is_visible, line_feeds, title_or_name};
pub use timestamp::Timestamp;
pub use transition::{Illegal, Transition};
pub use usage::{Cost, CostSource, Usage, UsageRecord};
pub use usage_report::{TOTAL, UsageReport};
pub use view::{
    AgentChoice, AgentChoices, AgentFilter, AgentView, AgentsView, ComparedFinding,
    ComparedSession, ComparisonView, ConvergenceView, FeedPoint, FindingsView, LiveSession,
    ProjectView, QuestionsView, RoundsView, SessionView, TaskDraft, TaskView, TasksView,
};
pub use waiting::{Waiting, WaitingCode};
