//! The legal moves of a task, as a state machine: what is not listed here cannot happen.

use std::fmt;

use super::TaskStatus;

/// A move from one status to the next.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Transition {
    /// An agent takes it.
    Claim,
    /// Its agent asks a person.
    Ask,
    /// A person answers, or the agent goes on by itself.
    Answer,
    /// It is done.
    Complete,
    /// It ended with an error.
    Fail,
    /// A person ended it.
    Cancel,
    /// Its holder is gone, or an attempt failed and another is allowed.
    Requeue,
}

/// A move that the present status does not allow.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Illegal {
    /// The present status.
    pub from: TaskStatus,
    /// The status that was asked for.
    pub to: TaskStatus,
}

impl fmt::Display for Illegal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { from, to } = self;
        write!(
            f,
            "the task is {} and cannot become {}",
            from.label(),
            to.label()
        )
    }
}

impl Transition {
    /// All moves.
    pub const ALL: [Self; 7] = [
        Self::Claim,
        Self::Ask,
        Self::Answer,
        Self::Complete,
        Self::Fail,
        Self::Cancel,
        Self::Requeue,
    ];

    /// The status this move leads to.
    #[must_use]
    pub fn target(self) -> TaskStatus {
        match self {
            Self::Claim | Self::Answer => TaskStatus::Running,
            Self::Ask => TaskStatus::NeedsInput,
            Self::Complete => TaskStatus::Completed,
            Self::Fail => TaskStatus::Failed,
            Self::Cancel => TaskStatus::Cancelled,
            Self::Requeue => TaskStatus::Pending,
        }
    }
}

impl TaskStatus {
    /// The status after `transition`.
    pub fn after(self, transition: Transition) -> Result<Self, Illegal> {
        let legal = match transition {
            Transition::Claim => self == Self::Pending,
            Transition::Ask => self == Self::Running,
            Transition::Answer => self == Self::NeedsInput,
            Transition::Complete | Transition::Fail | Transition::Requeue => self.is_held(),
            Transition::Cancel => !self.is_finished(),
        };
        let to = transition.target();
        if legal {
            Ok(to)
        } else {
            Err(Illegal { from: self, to })
        }
    }

    /// The move that leads to `to`, for doors that are given the status alone.
    pub fn toward(self, to: Self) -> Result<Transition, Illegal> {
        Transition::ALL
            .into_iter()
            .find(|&transition| self.after(transition) == Ok(to))
            .ok_or(Illegal { from: self, to })
    }
}
