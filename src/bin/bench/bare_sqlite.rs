//! SQLite by itself: one thread, one connection, prepared inserts, every commit on disk.

use std::path::Path;
use std::time::{Duration, Instant};

use rusqlite::{Connection, params};

use super::Outcome;
use super::measure::per_second;

/// Rows a second with `rows` inserts per transaction.
pub(crate) fn inserts_per_second(folder: &Path, rows: usize) -> Outcome<f64> {
    let file = folder.join(format!("bare-{rows}.db"));
    let mut db = Connection::open(&file)?;
    db.pragma_update(None, "journal_mode", "wal")?;
    db.pragma_update(None, "synchronous", "full")?;
    db.execute(
        "create table t (id integer primary key, task integer, time integer, text text)",
        [],
    )?;
    let text = "x".repeat(120);
    let (begun, mut count) = (Instant::now(), 0_usize);
    while begun.elapsed() < Duration::from_millis(1500) {
        let transaction = db.transaction()?;
        {
            let mut insert =
                transaction.prepare_cached("insert into t (task, time, text) values (?, ?, ?)")?;
            for _ in 0..rows {
                insert.execute(params![1, 1_700_000_000_000_000_i64, text])?;
            }
        }
        transaction.commit()?;
        count += rows;
    }
    Ok(per_second(count, begun.elapsed()))
}
