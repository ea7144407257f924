//! The live feed: what the server pushes and what a client may ask for, frame by frame.

use std::borrow::Cow;
use std::fmt;

use serde::de::{self, DeserializeOwned};
use serde::{Deserialize, Serialize, Serializer};
use serde_json::Value;
use serde_json::value::RawValue;

use super::{Activity, Agent, AppError, FieldError, LogEntry, Task, TaskId};

/// The number of a message; rises by one with every message on the feed.
pub type Seq = u64;

/// The life of a feed: numbers of different epochs cannot be compared.
pub type Epoch = String;

/// Something the server tells everybody who follows its topic, once it is stored.
#[derive(Clone, Debug, PartialEq)]
pub enum LiveMessage {
    /// A task changed; the whole task.
    Task(Box<Task>),
    /// An agent changed; the whole agent.
    Agent(Box<Agent>),
    /// New log entries of one task, oldest first.
    Logs(TaskId, Vec<LogEntry>),
    /// Something happened.
    Activity(Activity),
    /// An event of a convergence session, as its sender wrote it.
    Event(Value),
}

impl LiveMessage {
    /// The topic it belongs to; entries of one task also belong to [`Topic::Logs`].
    #[must_use]
    pub fn topic(&self) -> Topic {
        match self {
            Self::Task(_) => Topic::Tasks,
            Self::Agent(_) => Topic::Agents,
            Self::Logs(task, _) => Topic::LogsOf(*task),
            Self::Activity(_) => Topic::Activity,
            Self::Event(_) => Topic::Sessions,
        }
    }

    /// The text frame that carries it as message `seq`.
    ///
    /// # Errors
    ///
    /// When what its sender wrote cannot be written again.
    pub fn to_text(&self, seq: Seq) -> serde_json::Result<String> {
        #[derive(Serialize)]
        struct Numbered<'a, T> {
            #[serde(rename = "type")]
            kind: &'a str,
            seq: Seq,
            data: &'a T,
        }
        fn write<T: Serialize>(kind: &str, seq: Seq, data: &T) -> serde_json::Result<String> {
            serde_json::to_string(&Numbered { kind, seq, data })
        }
        match self {
            Self::Task(data) => write("task", seq, data),
            Self::Agent(data) => write("agent", seq, data),
            Self::Logs(_, data) => write("logs", seq, data),
            Self::Activity(data) => write("activity", seq, data),
            Self::Event(data) => write("event", seq, data),
        }
    }
}

/// What the server sends, one JSON object a text frame.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
#[expect(missing_docs, reason = "every variant says what its fields are")]
pub enum ServerFrame {
    /// First frame: the state of the convergence loop heard from last, as `GET /api/state`.
    State { data: Value },
    /// Second frame: where the feed stands.
    Hello { epoch: Epoch, seq: Seq },
    /// A message of the feed; [`LiveMessage::to_text`] writes it.
    #[serde(skip_serializing)]
    Message { seq: Seq, message: LiveMessage },
    /// Answers a ping.
    Pong,
    /// Messages are missing: fetch over HTTP and go on from `seq`.
    Resync { seq: Seq },
    /// A report was stored.
    Ack,
    /// What the client sent was refused.
    Error { data: Problem },
    /// What pages do not use, or a message of a newer server.
    Unknown,
}

impl ServerFrame {
    /// Reads a frame that pages use; others are [`Self::Unknown`]. By hand, since the reader that
    /// serde derives for a tagged enum knows every type twice, and a browser would have to load both.
    ///
    /// # Errors
    ///
    /// When it is no frame, or one without what belongs to it.
    pub fn parse(text: &str) -> serde_json::Result<Self> {
        let Raw {
            kind,
            seq,
            epoch,
            data,
        } = serde_json::from_slice(text.as_bytes())?;
        let absent = <serde_json::Error as de::Error>::missing_field;
        let seq = || seq.ok_or_else(|| absent("seq"));
        let message = match kind.as_ref() {
            "hello" => {
                return Ok(Self::Hello {
                    epoch: epoch.ok_or_else(|| absent("epoch"))?,
                    seq: seq()?,
                });
            }
            "pong" => return Ok(Self::Pong),
            "resync" => return Ok(Self::Resync { seq: seq()? }),
            "ack" => return Ok(Self::Ack),
            "task" => LiveMessage::Task(read(data)?),
            "agent" => LiveMessage::Agent(read(data)?),
            "logs" => {
                let entries: Vec<LogEntry> = read(data)?;
                let first = entries.first().ok_or_else(|| absent("data"))?;
                LiveMessage::Logs(first.task_id, entries)
            }
            "activity" => LiveMessage::Activity(read(data)?),
            "event" => LiveMessage::Event(read(data)?),
            _ => return Ok(Self::Unknown),
        };
        let seq = seq()?;
        Ok(Self::Message { seq, message })
    }
}

/// A frame whose data is not read yet.
#[derive(Deserialize)]
struct Raw<'a> {
    #[serde(rename = "type", borrow)]
    kind: Cow<'a, str>,
    seq: Option<Seq>,
    epoch: Option<Epoch>,
    #[serde(borrow)]
    data: Option<&'a RawValue>,
}

fn read<T: DeserializeOwned>(data: Option<&RawValue>) -> serde_json::Result<T> {
    let text = data.map_or("null", RawValue::get);
    serde_json::from_slice(text.as_bytes())
}

/// What a client sends, one JSON object a text frame.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "action", rename_all = "snake_case")]
#[expect(missing_docs, reason = "every variant says what its fields are")]
pub enum ClientFrame {
    /// Asks for a pong.
    Ping,
    /// Adds topics, of one project or of all; with `epoch` and `since`, also everything missed.
    Subscribe {
        topics: Vec<Topic>,
        #[serde(skip_serializing_if = "Option::is_none")]
        project: Option<String>,
        #[serde(skip_serializing_if = "Option::is_none")]
        epoch: Option<Epoch>,
        #[serde(skip_serializing_if = "Option::is_none")]
        since: Option<Seq>,
    },
    /// Removes topics.
    Unsubscribe { topics: Vec<Topic> },
    /// An agent reports. `progress` is 0 to 1; `message` becomes a log entry.
    Progress {
        task_id: String,
        progress: Option<f64>,
        message: Option<String>,
        lease: Option<String>,
    },
}

/// An RFC 9457 problem document.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Problem {
    /// Names the kind of problem.
    #[serde(rename = "type")]
    pub kind: String,
    /// The kind in words.
    pub title: String,
    /// The HTTP status.
    pub status: u16,
    /// What happened and what to do.
    pub detail: String,
    /// What exactly it is: a stable word.
    #[schema(value_type = super::Code)]
    pub code: String,
    /// Names the request in the log of the server; absent on a socket.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
    /// For invalid input: what is wrong with which field.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<FieldError>,
}

impl From<&AppError> for Problem {
    fn from(error: &AppError) -> Self {
        Self {
            kind: "about:blank".into(),
            title: error.kind().title().into(),
            status: error.kind().status(),
            detail: error.detail.clone(),
            code: error.code.as_str().into(),
            request_id: None,
            errors: error.errors.clone(),
        }
    }
}

/// What a client may follow.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Topic {
    /// Every task that changes.
    Tasks,
    /// Every agent that changes.
    Agents,
    /// What happens.
    Activity,
    /// Convergence sessions.
    Sessions,
    /// Log entries of all tasks.
    Logs,
    /// Log entries of one task.
    LogsOf(TaskId),
}

impl Topic {
    /// What a client gets until it says otherwise.
    pub const DEFAULT: [Self; 4] = [Self::Sessions, Self::Tasks, Self::Agents, Self::Activity];

    /// Reads the name on the wire.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "tasks" => Some(Self::Tasks),
            "agents" => Some(Self::Agents),
            "activity" => Some(Self::Activity),
            "sessions" => Some(Self::Sessions),
            "logs" => Some(Self::Logs),
            _ => text.strip_prefix("logs:")?.parse().ok().map(Self::LogsOf),
        }
    }
}

impl fmt::Display for Topic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tasks => f.write_str("tasks"),
            Self::Agents => f.write_str("agents"),
            Self::Activity => f.write_str("activity"),
            Self::Sessions => f.write_str("sessions"),
            Self::Logs => f.write_str("logs"),
            Self::LogsOf(task) => write!(f, "logs:{task}"),
        }
    }
}

impl Serialize for Topic {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::{LiveMessage, ServerFrame};

    #[test]
    fn every_frame_is_read_as_it_was_written() {
        let event = serde_json::json!({"session_id": "s", "data": {"step": "fix"}});
        let message = LiveMessage::Event(event);
        assert_eq!(
            ServerFrame::parse(&message.to_text(4).unwrap()).unwrap(),
            ServerFrame::Message { seq: 4, message }
        );
        let frames = [
            ServerFrame::Hello {
                epoch: "e".into(),
                seq: 3,
            },
            ServerFrame::Pong,
            ServerFrame::Resync { seq: 5 },
            ServerFrame::Ack,
        ];
        for frame in frames {
            let text = serde_json::to_string(&frame).unwrap();
            assert_eq!(ServerFrame::parse(&text).unwrap(), frame);
        }
    }

    #[test]
    fn a_newer_server_may_say_more_and_an_incomplete_frame_is_refused() {
        let newer = r#"{"data":[1,{"x":"\u00e4"}],"type":"chart","seq":9,"more":true}"#;
        assert_eq!(ServerFrame::parse(newer).unwrap(), ServerFrame::Unknown);
        for wrong in [
            "",
            "[]",
            r#"{"seq":1}"#,
            r#"{"type":"task","seq":1}"#,
            r#"{"type":"logs","data":[]}"#,
            r#"{"type":"hello","seq":1}"#,
        ] {
            assert!(ServerFrame::parse(wrong).is_err(), "{wrong}");
        }
    }
}
