//! Where a convergence loop stands: one state machine, followed by the dashboard and run by
//! the loop itself.

use std::fmt;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The state of a loop. Written in capitals, as on the wire.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum LoopState {
    /// Before the first step, and between iterations.
    #[default]
    Idle,
    /// Looks for problems.
    Diagnosing,
    /// Mends what was found.
    Fixing,
    /// Tries to break what was mended.
    Attacking,
    /// Runs the tests.
    Validating,
    /// Nothing is left to do.
    Converged,
    /// Gave up.
    Failed,
}

/// A move of the loop, by the name it has on the wire.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum LoopMove {
    /// The first iteration begins.
    Start,
    /// The diagnosis is done.
    DiagnosisComplete,
    /// The fixes are made.
    FixComplete,
    /// The attack is over.
    AttackComplete,
    /// An iteration changed nothing and passed.
    Converge,
    /// The iteration is over, or the next one begins.
    Retry,
    /// The loop gives up.
    Fail,
}

/// A move that the present state does not allow.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct IllegalMove {
    /// The present state.
    pub from: LoopState,
    /// The move that was tried.
    pub tried: LoopMove,
}

/// The four steps of an iteration, in order.
#[derive(
    Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize, Deserialize, ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum LoopStep {
    /// Looks for problems.
    Diagnose,
    /// Mends them.
    Fix,
    /// Tries to break the result.
    Attack,
    /// Runs the tests.
    Validate,
}

impl LoopState {
    /// All states, in the order of a run.
    pub const ALL: [Self; 7] = [
        Self::Idle,
        Self::Diagnosing,
        Self::Fixing,
        Self::Attacking,
        Self::Validating,
        Self::Converged,
        Self::Failed,
    ];

    /// The name on the wire.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Idle => "IDLE",
            Self::Diagnosing => "DIAGNOSING",
            Self::Fixing => "FIXING",
            Self::Attacking => "ATTACKING",
            Self::Validating => "VALIDATING",
            Self::Converged => "CONVERGED",
            Self::Failed => "FAILED",
        }
    }

    /// The word for people.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::Idle => "Idle",
            Self::Diagnosing => "Diagnosing",
            Self::Fixing => "Fixing",
            Self::Attacking => "Attacking",
            Self::Validating => "Validating",
            Self::Converged => "Converged",
            Self::Failed => "Failed",
        }
    }

    /// Reads the name in any case. No other word is one: what a loop means by a state of its own
    /// nobody knows.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let named = |state: &Self| state.as_str().eq_ignore_ascii_case(text);
        Self::ALL.into_iter().find(named)
    }

    /// The state after the move `tried`.
    pub fn after(self, tried: LoopMove) -> Result<Self, IllegalMove> {
        match (self, tried) {
            (Self::Idle, LoopMove::Start | LoopMove::Retry) => Ok(Self::Diagnosing),
            (Self::Diagnosing, LoopMove::DiagnosisComplete) => Ok(Self::Fixing),
            (Self::Fixing, LoopMove::FixComplete) => Ok(Self::Attacking),
            (Self::Attacking, LoopMove::AttackComplete) => Ok(Self::Validating),
            (Self::Validating, LoopMove::Converge) => Ok(Self::Converged),
            (Self::Validating, LoopMove::Retry) => Ok(Self::Idle),
            (from, LoopMove::Fail) if !from.is_final() => Ok(Self::Failed),
            (from, tried) => Err(IllegalMove { from, tried }),
        }
    }

    /// True when no move leads on from here.
    #[must_use]
    pub fn is_final(self) -> bool {
        matches!(self, Self::Converged | Self::Failed)
    }
}

impl LoopMove {
    /// All moves, in the order of a run.
    pub const ALL: [Self; 7] = [
        Self::Start,
        Self::DiagnosisComplete,
        Self::FixComplete,
        Self::AttackComplete,
        Self::Converge,
        Self::Retry,
        Self::Fail,
    ];

    /// The name on the wire: `data.transition` of `STATE_CHANGED`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Start => "START",
            Self::DiagnosisComplete => "DIAGNOSIS_COMPLETE",
            Self::FixComplete => "FIX_COMPLETE",
            Self::AttackComplete => "ATTACK_COMPLETE",
            Self::Converge => "CONVERGE",
            Self::Retry => "RETRY",
            Self::Fail => "FAIL",
        }
    }
}

impl LoopStep {
    /// All steps, in order.
    pub const ALL: [Self; 4] = [Self::Diagnose, Self::Fix, Self::Attack, Self::Validate];

    /// The name on the wire.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Diagnose => "diagnose",
            Self::Fix => "fix",
            Self::Attack => "attack",
            Self::Validate => "validate",
        }
    }

    /// Reads the name in any case, and the name of the state that belongs to it.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        Self::ALL.into_iter().find(|step| {
            step.as_str().eq_ignore_ascii_case(text)
                || step.state().as_str().eq_ignore_ascii_case(text)
        })
    }

    /// True for the steps that look for what is wrong: whether nothing is, only they can tell.
    #[must_use]
    pub fn looks(self) -> bool {
        matches!(self, Self::Diagnose | Self::Attack)
    }

    /// The state of a loop that runs this step.
    #[must_use]
    pub fn state(self) -> LoopState {
        match self {
            Self::Diagnose => LoopState::Diagnosing,
            Self::Fix => LoopState::Fixing,
            Self::Attack => LoopState::Attacking,
            Self::Validate => LoopState::Validating,
        }
    }
}

impl fmt::Display for IllegalMove {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (from, tried) = (self.from.as_str(), self.tried.as_str());
        write!(f, "a loop that is {from} cannot {tried}")
    }
}

impl std::error::Error for IllegalMove {}
