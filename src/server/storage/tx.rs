//! A transaction on either engine, and what it changed so far. Every statement is a visit to
//! the engine's own thread or process, and visits are most of what a small write costs: so new
//! tasks and activity are collected and stored by one statement each for the whole group.

use sqlx::{PgConnection, SqliteConnection};

use super::Change;

/// The open transaction that a [`super::Write`] runs in.
pub(crate) struct Tx<'c> {
    pub(super) conn: Conn<'c>,
    /// What to announce once this is committed, in order.
    pub(super) changes: Vec<Change>,
    /// Which of `changes` are not stored yet: new tasks, and what happened.
    pub(super) tasks_to_store: Vec<usize>,
    pub(super) activity_to_store: Vec<usize>,
    /// The number of the newest task, when it is known and only we give numbers.
    pub(super) newest_task: Option<i64>,
}

pub(super) enum Conn<'c> {
    Sqlite(&'c mut SqliteConnection),
    Postgres(&'c mut PgConnection),
}

impl<'c> Tx<'c> {
    pub(super) fn new(conn: Conn<'c>, newest_task: Option<i64>) -> Self {
        Self {
            conn,
            changes: Vec::new(),
            tasks_to_store: Vec::new(),
            activity_to_store: Vec::new(),
            newest_task,
        }
    }

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
        self.tasks_to_store.retain(|place| *place < mark);
        self.activity_to_store.retain(|place| *place < mark);
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
