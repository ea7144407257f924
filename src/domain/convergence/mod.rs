//! Convergence loops: what they report, how they stand, and whether they get anywhere.
//!
//! Read in this order: [`state`](LoopState), [`event`](LoopEvent), [`decode`](decode_batch),
//! [`facts`](SessionFacts) (what events add up to, in any order), [`ledger`](ledger()) (what
//! became of each finding), [`verdict`](verdict()).

mod book;
mod decode;
mod digest;
mod event;
mod facts;
mod finding;
mod iteration;
mod ledger;
mod report;
mod session;
mod state;
#[cfg(test)]
mod tests;
mod verdict;

pub use book::SessionBook;
pub use decode::{Batch, decode_batch};
pub use event::{EventType, LoopEvent, SessionEvent};
pub use facts::{FindingFacts, Latest, SessionFacts, Stamp};
pub use finding::{Severity, Sighting, fingerprint};
pub use iteration::{IterationFacts, StepFacts, StepResult};
pub use ledger::{
    Acceptance, Finding, FindingState, IterationMetrics, Ledger, StepMetrics, ledger,
};
pub use report::{SeverityCounts, StepReport};
pub use session::{EventFilter, LoopLink, Session, SessionFilter, SessionStats, SessionStatus};
pub use state::{IllegalMove, LoopMove, LoopState, LoopStep};
pub use verdict::{Verdict, VerdictKind, verdict};
