//! Sessions of convergence loops in storage: their events, and the facts that these add up to.

mod account;
mod book;
mod change;
mod events;
mod mend;
mod name;
mod read;
mod refused;
mod row;
mod take;

pub(crate) use account::{Accounts, Group};
pub(crate) use change::{AcceptFinding, MarkSilent};
pub(crate) use events::Extent;
pub(crate) use row::StoredSession;
pub(crate) use take::{TakeEvents, Taken};
