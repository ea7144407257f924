//! Log entries in storage.

use sqlx::{FromRow, QueryBuilder};

use super::columns::{Origin, json, parse_cursor};
use super::database::on_pool;
use super::tasks::StoredTask;
use super::tx::{Tx, insert_rows};
use super::{Answer, Change, Database, Write};
use crate::domain::{
    LogEntry, LogFilter, LogLevel, LogStream, NewLog, Page, Task, TaskId, TaskRef, Timestamp,
};

/// Appends entries that arrived over HTTP.
pub(crate) struct AppendLogs {
    pub(crate) task: TaskRef,
    pub(crate) lease: Option<String>,
    pub(crate) entries: Vec<NewLog>,
    pub(crate) now: Timestamp,
}

impl Write for AppendLogs {
    type Output = ();

    async fn run(&self, tx: &mut Tx<'_>) -> Answer<()> {
        let stored: StoredTask = super::tasks::load(tx, self.task).await?;
        if let Some(lease) = &self.lease {
            stored.check_lease(lease, self.now)?;
        }
        append(tx, &stored.task, &self.entries, self.now).await
    }
}

/// Rows of one statement: few enough for SQLite's limit of 32,766 parameters.
const ROWS: usize = 1000;

/// Appends `entries` to the log of `task`, and announces them.
pub(super) async fn append(
    tx: &mut Tx<'_>,
    task: &Task,
    entries: &[NewLog],
    now: Timestamp,
) -> Answer<()> {
    for chunk in entries.chunks(ROWS) {
        let ids = insert_rows!(
            tx,
            "insert into logs (task, time, level, stream, agent, message, fields) ",
            "id",
            chunk,
            |row, entry| row
                .push_bind(task.number)
                .push_bind(entry.time.unwrap_or(now).0)
                .push_bind(level_code(entry.level))
                .push_bind(stream_code(entry.stream))
                .push_bind(task.agent.clone())
                .push_bind(without_nul(&entry.message))
                .push_bind((!entry.fields.is_empty()).then(|| json(&entry.fields)))
        );
        let stored = chunk.iter().zip(ids).map(|(entry, id)| LogEntry {
            id,
            time: entry.time.unwrap_or(now),
            task_id: task.id,
            agent: task.agent.clone(),
            level: entry.level,
            stream: entry.stream,
            message: entry.message.clone(),
            fields: entry.fields.clone(),
        });
        tx.changed(Change::Logs(stored.collect()));
    }
    Ok(())
}

/// PostgreSQL refuses NUL in text; a visible mark loses nothing that a person could see.
/// JSON needs none of this: there it is an escape.
fn without_nul(text: &str) -> String {
    text.replace('\0', "\u{2400}")
}

#[derive(FromRow)]
struct LogRow {
    id: i64,
    time: i64,
    level: i64,
    stream: i64,
    agent: Option<String>,
    message: String,
    fields: Option<String>,
}

impl LogRow {
    fn entry(self, task_id: TaskId) -> Answer<LogEntry> {
        let name = self.id.to_string();
        let origin = Origin {
            table: "logs",
            row: &name,
        };
        let level = LogLevel::ALL
            .into_iter()
            .find(|&level| level_code(level) == self.level);
        let stream = LogStream::ALL
            .into_iter()
            .find(|&stream| stream_code(stream) == self.stream);
        let fields = self
            .fields
            .map(|text| origin.json("fields", &text))
            .transpose()?;
        Ok(LogEntry {
            id: self.id,
            time: Timestamp(self.time),
            task_id,
            agent: self.agent,
            level: origin.require("level", level)?,
            stream: origin.require("stream", stream)?,
            message: self.message,
            fields: fields.unwrap_or_default(),
        })
    }
}

pub(super) fn level_code(level: LogLevel) -> i64 {
    match level {
        LogLevel::Debug => 0,
        LogLevel::Info => 1,
        LogLevel::Warn => 2,
        LogLevel::Error => 3,
    }
}

pub(super) fn stream_code(stream: LogStream) -> i64 {
    match stream {
        LogStream::Stdout => 0,
        LogStream::Stderr => 1,
        LogStream::Agent => 2,
        LogStream::System => 3,
    }
}

impl Database {
    /// A page of the log of `task`; the cursor is the id of the last entry of the page before.
    pub(crate) async fn logs(
        &self,
        task: &Task,
        filter: &LogFilter,
        cursor: Option<&str>,
        limit: u32,
    ) -> Answer<Page<LogEntry>> {
        let last: Option<i64> = cursor.map(parse_cursor).transpose()?;
        let rows: Vec<LogRow> = on_pool!(self, pool => {
            let mut query = QueryBuilder::new(
                "select id, time, level, stream, agent, message, fields from logs where task = ");
            query.push_bind(task.number);
            if let Some(last) = last {
                query.push(if filter.newest_first { " and id < " } else { " and id > " });
                query.push_bind(last);
            }
            if let Some(level) = filter.level {
                query.push(" and level >= ").push_bind(level_code(level));
            }
            if let Some(agent) = &filter.agent {
                query.push(" and agent = ").push_bind(agent.clone());
            }
            if let Some(since) = filter.since {
                query.push(" and time >= ").push_bind(since.0);
            }
            if let Some(until) = filter.until {
                query.push(" and time < ").push_bind(until.0);
            }
            query.push(if filter.newest_first { " order by id desc" } else { " order by id" });
            query.push(" limit ").push_bind(i64::from(limit) + 1);
            query.build_query_as().fetch_all(pool).await?
        });
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let more = rows.len() > limit;
        let entries = rows.into_iter().take(limit).map(|row| row.entry(task.id));
        let items: Vec<LogEntry> = entries.collect::<Answer<_>>()?;
        let next = items
            .last()
            .filter(|_| more)
            .map(|last| last.id.to_string());
        Ok(Page { items, next })
    }
}
