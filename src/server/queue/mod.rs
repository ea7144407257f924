//! What runs next, who holds what, and why the rest waits.
//!
//! `order` is the rule and `reasons` its words, both pure. `board` mirrors what is stored about pending and held tasks, so
//! that picking, positions and reasons need no query; it is rebuilt from storage at start and
//! follows every commit. `claim` hands a task out; `runs` reaches the runs of this server.

mod agent;
mod board;
mod claim;
mod estimate;
mod follow;
mod mirror;
pub(crate) mod order;
mod places;
pub(crate) mod reasons;
pub(crate) mod rule;
mod runs;
mod versions;

pub(crate) use board::{Board, Totals};
pub(crate) use claim::{Claimed, Handover, LEASE_SECONDS, claim};
pub(crate) use follow::Following;
pub(crate) use runs::{RunHandle, Runs};
