//! The truth: SQL, one file per noun. Rows are private; domain types come out.
//!
//! Reading is a method of [`Database`]. Writing is a value: a struct that implements [`Write`]
//! and is given to [`Database::write`]. What waits at the same time is committed together, each
//! caller is answered after the commit, and what changed is announced in commit order.
//!
//! To add a table: one migration per engine under the same name, one file here with its rows,
//! reads and writes, one door test. The suite runs on both engines.

pub(crate) mod activity;
pub(crate) mod agents;
mod batch;
mod change;
mod claim;
mod columns;
mod database;
mod error;
mod health;
mod keys;
mod link;
pub(crate) mod log_pages;
pub(crate) mod logs;
#[cfg_attr(not(test), expect(dead_code, reason = "its followers come later"))]
pub(crate) mod outbox;
mod postgres;
pub(crate) mod projects;
mod schema;
pub(crate) mod sessions;
mod sqlite;
pub(crate) mod tasks;
mod trouble;
mod tx;
mod usage;
mod writer;

#[cfg(test)]
pub(crate) use batch::Batched;
pub(crate) use change::{Change, Thing};
pub(crate) use claim::Claim;
pub(crate) use database::{Database, OnCommit};
pub(crate) use error::{Answer, StorageError};
pub(crate) use keys::ForgetKeys;
pub(crate) use trouble::Trouble;
pub(crate) use tx::Tx;
pub(crate) use writer::{Write, Writer};
