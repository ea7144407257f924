//! SQLite by itself: one thread, one connection, prepared statements, every commit on disk.

use std::path::Path;
use std::time::{Duration, Instant};

use rusqlite::types::Value;
use rusqlite::{Connection, OpenFlags, params};

use super::Outcome;
use super::measure::{Latencies, per_second};

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

/// How long reading so many whole tasks from somewhere in `file` takes.
pub(crate) fn pages(file: &Path, tasks: u32, rows: u32) -> Outcome<Latencies> {
    let db = Connection::open_with_flags(file, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    let mut page =
        db.prepare("select * from tasks where number <= ? order by number desc limit ?")?;
    let columns = page.column_count();
    let mut durations = Vec::new();
    for n in 1..=100 {
        let (begun, mut read) = (Instant::now(), page.query([tasks / 100 * n, rows])?);
        let mut values: Vec<Value> = Vec::new();
        while let Some(row) = read.next()? {
            for column in 0..columns {
                values.push(row.get(column)?);
            }
        }
        durations.push(begun.elapsed());
    }
    Ok(Latencies::new(durations))
}
