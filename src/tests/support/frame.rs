//! What a client of the live feed reads, as the public contract has it.

use serde::Deserialize;
use serde_json::Value;

use crate::domain::{Activity, Agent, LogEntry, Problem, Seq, Task};

/// One frame of the server.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(crate) enum Frame {
    State { data: Value },
    Hello { epoch: String, seq: Seq },
    Task { seq: Seq, data: Box<Task> },
    Agent { seq: Seq, data: Box<Agent> },
    Logs { seq: Seq, data: Vec<LogEntry> },
    Activity { seq: Seq, data: Activity },
    Event { seq: Seq, data: Value },
    Pong,
    Resync { seq: Seq },
    Ack,
    Error { data: Problem },
}
