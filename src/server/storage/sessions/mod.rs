//! Sessions of convergence loops in storage: their events, and the facts that these add up to.

mod book;
mod change;
mod events;
mod read;
mod row;
mod take;

pub(crate) use change::{AcceptFinding, MarkSilent};
pub(crate) use row::StoredSession;
pub(crate) use take::TakeEvents;
