//! The one stream that every adapter speaks.

use serde_json::Value;

use super::{NewLog, NewQuestion, UsageReport};

/// What an agent says about the task that it holds.
#[derive(Clone, Debug, PartialEq)]
pub enum AgentEvent {
    /// How far it is, 0 to 1.
    Progress(f64),
    /// Something it printed or said.
    Log(NewLog),
    /// It waits for a person to answer this question.
    NeedsInput(NewQuestion),
    /// It goes on after an answer.
    Resumed,
    /// What it consumed so far.
    Usage(UsageReport),
    /// What it answers.
    Result(Value),
    /// It ended; nothing follows.
    Finished(Outcome),
}

/// How an attempt ended.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Outcome {
    /// Done.
    Completed,
    /// Ended with an error.
    Failed {
        /// What went wrong, in words.
        reason: String,
        /// What is to follow.
        then: Then,
    },
    /// Its agent could not even be started, in words. That says nothing about the task: it costs no
    /// attempt, and the task goes back to its place.
    NotStarted(String),
    /// Its agent cannot work in its project's folder, in words: as if it had not been started, but
    /// the agent is as good as ever for other projects.
    Unplaced(String),
    /// Stopped because somebody asked.
    Cancelled,
}

/// What follows a failed attempt.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Then {
    /// The next attempt, while there are any left.
    Retry,
    /// Nothing: the next attempt could only end in the same way.
    Fail,
}

impl Outcome {
    /// A failure that may be tried again.
    #[must_use]
    pub fn failed(reason: impl Into<String>) -> Self {
        let reason = reason.into();
        Self::Failed {
            reason,
            then: Then::Retry,
        }
    }

    /// A failure that no further attempt would change.
    #[must_use]
    pub fn failed_for_good(reason: impl Into<String>) -> Self {
        let reason = reason.into();
        Self::Failed {
            reason,
            then: Then::Fail,
        }
    }
}
