//! A transaction on either engine, and what it changed so far.

use sqlx::{PgConnection, SqliteConnection};

use super::Change;

/// The open transaction that a [`super::Write`] runs in.
pub(crate) struct Tx<'c> {
    pub(super) conn: Conn<'c>,
    /// What to announce once this is committed, in order.
    pub(super) changes: Vec<Change>,
}

pub(super) enum Conn<'c> {
    Sqlite(&'c mut SqliteConnection),
    Postgres(&'c mut PgConnection),
}

impl Tx<'_> {
    /// Announces `change` after the commit.
    pub(super) fn changed(&mut self, change: Change) {
        self.changes.push(change);
    }

    /// The number of changes so far, to undo them with [`Tx::forget_after`].
    pub(super) fn mark(&self) -> usize {
        self.changes.len()
    }

    /// Forgets the changes after `mark`.
    pub(super) fn forget_after(&mut self, mark: usize) {
        self.changes.truncate(mark);
    }
}

/// Runs one expression on the open transaction of either engine.
macro_rules! in_tx {
    ($tx:expr, $conn:ident => $body:expr) => {
        match &mut $tx.conn {
            $crate::server::storage::tx::Conn::Sqlite($conn) => {
                let $conn = &mut **$conn;
                $body
            }
            $crate::server::storage::tx::Conn::Postgres($conn) => {
                let $conn = &mut **$conn;
                $body
            }
        }
    };
}
pub(super) use in_tx;
