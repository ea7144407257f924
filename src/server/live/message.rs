//! One message of the feed: serialised for the first reader, shared with all others.

use std::sync::OnceLock;
use std::time::Instant;

use axum::extract::ws::Utf8Bytes;
use serde_json::Value;

use crate::domain::{Agent, Audience, LiveMessage, Scope, Seq, Task, Topic};

/// What is to be told, and to whom.
pub(crate) struct Outgoing {
    pub(crate) audience: Audience,
    pub(crate) message: LiveMessage,
    /// Of an agent: the projects of the tasks that it runs, in the order of `running`.
    pub(crate) running_for: Vec<String>,
}

/// A message with its number.
pub(crate) struct Message {
    seq: Seq,
    topic: Topic,
    outgoing: Outgoing,
    text: OnceLock<Utf8Bytes>,
    published: Instant,
}

impl Outgoing {
    /// Anything but an agent.
    pub(crate) fn new(audience: Audience, message: LiveMessage) -> Self {
        Self {
            audience,
            message,
            running_for: Vec::new(),
        }
    }
}

impl Message {
    pub(super) fn new(seq: Seq, outgoing: Outgoing) -> Self {
        Self {
            seq,
            topic: outgoing.message.topic(),
            outgoing,
            text: OnceLock::new(),
            published: Instant::now(),
        }
    }

    pub(crate) fn seq(&self) -> Seq {
        self.seq
    }

    /// True for a follower of any of `topics`, each within its scope.
    pub(crate) fn is_for(&self, topics: &[(Topic, Scope)]) -> bool {
        let is_log = matches!(self.topic, Topic::LogsOf(_));
        topics.iter().any(|(topic, scope)| {
            (*topic == self.topic || (is_log && *topic == Topic::Logs))
                && scope.sees(&self.outgoing.audience)
        })
    }

    /// The frame. A message that nobody follows costs no serialisation.
    ///
    /// Who sees everything shares one text. For others, `reshow` tells a task as they see it,
    /// and an agent leaves out what it runs for others.
    pub(crate) fn text(&self, scope: &Scope, reshow: impl FnOnce(&Task) -> Task) -> Utf8Bytes {
        if scope.projects().is_some() {
            let own = match &self.outgoing.message {
                LiveMessage::Task(task) if task.queue_position.is_some() => {
                    Some(LiveMessage::Task(Box::new(reshow(task))))
                }
                LiveMessage::Agent(agent) => {
                    let agent = Box::new(for_scope(agent, &self.outgoing.running_for, scope));
                    Some(LiveMessage::Agent(agent))
                }
                _ => None,
            };
            if let Some(own) = own {
                return own.to_text(self.seq).unwrap_or_default().into();
            }
        }
        let serialise = || {
            self.outgoing
                .message
                .to_text(self.seq)
                .unwrap_or_default()
                .into()
        };
        self.text.get_or_init(serialise).clone()
    }

    /// Seconds since it was published.
    pub(crate) fn age(&self) -> f64 {
        self.published.elapsed().as_secs_f64()
    }

    /// About how many bytes it occupies, with its text.
    pub(super) fn weight(&self) -> usize {
        let content = match &self.outgoing.message {
            LiveMessage::Task(task) => weight_of_task(task),
            LiveMessage::Agent(agent) => {
                500 + 2 * agent.capabilities.iter().map(String::len).sum::<usize>()
                    + 100 * agent.running.len()
                    + 2 * agent.error.as_ref().map_or(0, String::len)
            }
            LiveMessage::Activity(activity) => {
                500 + 2 * activity.title.as_ref().map_or(0, String::len)
                    + 2 * activity.detail.as_ref().map_or(0, String::len)
            }
            LiveMessage::Logs(_, entries) => entries
                .iter()
                .map(|entry| {
                    let fields = entry
                        .fields
                        .iter()
                        .map(|(key, value)| key.len() + weight(value));
                    300 + 2 * (entry.message.len() + fields.sum::<usize>())
                })
                .sum(),
            LiveMessage::Event(sent) => 2 * weight(sent),
        };
        size_of::<Self>() + content
    }
}

/// The agent without what it runs for others than those whom `scope` covers.
pub(crate) fn for_scope(agent: &Agent, running_for: &[String], scope: &Scope) -> Agent {
    let mut agent = agent.clone();
    let mut projects = running_for.iter();
    agent
        .running
        .retain(|_| projects.next().is_some_and(|project| scope.covers(project)));
    agent
}

fn weight_of_task(task: &Task) -> usize {
    let waiting = task.waiting.iter().map(|reason| 50 + reason.detail.len());
    let texts = [&task.title, &task.excerpt, &task.project, &task.created_by];
    size_of::<Task>()
        + 1000
        + 2 * (texts.into_iter().map(String::len).sum::<usize>()
            + task
                .labels
                .iter()
                .map(|label| 30 + label.len())
                .sum::<usize>()
            + waiting.sum::<usize>()
            + task.error.as_ref().map_or(0, String::len))
}

/// About how many bytes a JSON value occupies.
fn weight(value: &Value) -> usize {
    let inner = match value {
        Value::String(text) => text.len(),
        Value::Array(values) => values.iter().map(weight).sum(),
        Value::Object(map) => map
            .iter()
            .map(|(key, value)| 32 + key.len() + weight(value))
            .sum(),
        _ => 0,
    };
    32 + inner
}
