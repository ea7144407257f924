//! A transaction on either engine, and what it changed so far.

use sqlx::{PgConnection, SqliteConnection};

use super::Change;
use super::batch::{Memory, Unstored};

/// The open transaction that a [`super::Write`] runs in.
pub(crate) struct Tx<'c> {
    pub(super) conn: Conn<'c>,
    /// What to announce once this is committed, in order.
    pub(super) changes: Vec<Change>,
    /// Rows that are stored together, before the commit.
    pub(super) waiting: Unstored,
    /// What is known from the transactions before.
    pub(super) memory: Memory,
}

pub(super) enum Conn<'c> {
    Sqlite(&'c mut SqliteConnection),
    Postgres(&'c mut PgConnection),
}

/// A point in a transaction to which one can go back, as long as nothing was flushed since.
#[derive(Clone, Copy, Debug)]
pub(super) struct Mark {
    changes: usize,
    rows: usize,
}

impl<'c> Tx<'c> {
    pub(super) fn new(conn: Conn<'c>, memory: Memory) -> Self {
        Self {
            conn,
            changes: Vec::new(),
            waiting: Unstored::default(),
            memory,
        }
    }

    /// Announces `change` after the commit. Answers its place in `changes`.
    pub(super) fn changed(&mut self, change: Change) -> usize {
        self.changes.push(change);
        self.changes.len() - 1
    }

    /// The present point, to come back to with [`Tx::forget_after`].
    pub(super) fn mark(&self) -> Mark {
        Mark {
            changes: self.changes.len(),
            rows: self.waiting.mark(),
        }
    }

    /// Forgets the changes and the waiting rows after `mark`.
    pub(super) fn forget_after(&mut self, mark: Mark) {
        self.changes.truncate(mark.changes);
        self.waiting.forget_from(mark.rows);
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

#[cfg(test)]
impl Tx<'_> {
    /// Runs what a test invented; answers the numbers it selects.
    pub(crate) async fn raw(&mut self, sql: String) -> super::Answer<Vec<i64>> {
        let sql = sqlx::AssertSqlSafe(sql);
        Ok(in_tx!(self, conn => sqlx::query_scalar(sql).fetch_all(conn).await?))
    }
}

/// Inserts all `$rows` by one statement on either engine, and answers their ids in order.
macro_rules! insert_rows {
    ($tx:expr, $sql:literal, $key:literal, $rows:expr, |$row:ident, $item:ident| $bind:expr) => {
        match &mut $tx.conn {
            $crate::server::storage::tx::Conn::Sqlite(conn) => {
                let mut query = sqlx::QueryBuilder::new($sql);
                query.push_values($rows, |mut $row, $item| {
                    $bind;
                });
                // Rows that are returned would each be a message between threads. There is one
                // writer, so the ids of one statement follow one another.
                let done = query.build().execute(&mut **conn).await?;
                let last = done.last_insert_rowid();
                let count = i64::try_from(done.rows_affected()).unwrap_or(0);
                (last - count + 1..=last).collect::<Vec<i64>>()
            }
            $crate::server::storage::tx::Conn::Postgres(conn) => {
                let mut query = sqlx::QueryBuilder::new($sql);
                query.push_values($rows, |mut $row, $item| {
                    $bind;
                });
                query.push(concat!(" returning ", $key));
                let mut ids: Vec<i64> = query.build_query_scalar().fetch_all(&mut **conn).await?;
                // The order of what is returned is not promised.
                ids.sort_unstable();
                ids
            }
        }
    };
}
pub(super) use insert_rows;
