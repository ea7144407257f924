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
mod columns;
mod database;
mod error;
pub(crate) mod log_pages;
pub(crate) mod logs;
pub(crate) mod sessions;
pub(crate) mod tasks;
mod tx;
mod writer;

pub(crate) use database::{Change, Database, OnCommit, Writer};
pub(crate) use error::{Answer, StorageError};
pub(crate) use tx::Tx;
pub(crate) use writer::Write;
