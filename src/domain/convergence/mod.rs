//! Convergence loops: what they report, how they stand, and whether they get anywhere.
//!
//! Read in this order: [`state`](LoopState), [`event`](LoopEvent), [`envelope`](Envelope),
//! [`facts`](SessionFacts) (what events add up to, in any order), [`ledger`](ledger()) (what
//! became of each finding), [`verdict`](verdict()).

mod book;
mod cut;
mod decode;
mod digest;
mod ending;
mod envelope;
mod event;
mod facts;
mod finding;
mod follow;
mod iteration;
mod ledger;
mod lenient;
mod metrics;
mod moment;
mod numbers;
mod order;
mod report;
mod seen;
mod session;
mod severity;
mod span;
mod state;
#[cfg(test)]
mod tests;
mod title;
mod verdict;
mod whole;

pub use book::SessionBook;
pub use cut::{beginning, cut_data, cut_event, data_weight, weight};
pub use decode::{Batch, Unreadable};
pub use envelope::Envelope;
#[cfg(test)]
pub use envelope::decode_batch;
pub use event::{EventType, LARGEST_EVENT, LoopEvent, SessionEvent};
pub use facts::{FindingFacts, Latest, NOT_CONVERGED, SessionFacts, Stamp};
pub use finding::{Sighting, Suppressed, fingerprint};
pub use iteration::{IterationFacts, StepFacts, StepResult};
pub use ledger::{Acceptance, Account, Fellows, Finding, FindingState, Ledger, account, ledger};
pub use metrics::{IterationMetrics, StepMetrics};
pub use numbers::SessionNumbers;
pub use order::EventOrder;
pub use report::{SeverityCounts, StepReport};
pub use seen::Seen;
pub use session::{EventFilter, LoopLink, Session, SessionFilter, SessionStats, SessionStatus};
pub use severity::Severity;
pub use state::{IllegalMove, LoopMove, LoopState, LoopStep};
pub use title::{LONGEST_SESSION_NAME, Titles, session_name};
pub use verdict::{Verdict, VerdictKind, verdict};
