//! Log entries in storage.

use sqlx::{FromRow, QueryBuilder};

use super::columns::{Named, Origin, decode, json, note_unreadable, parse_cursor};
use super::database::on_pool;
use super::tasks::StoredTask;
use super::tx::{Tx, in_tx, insert_rows};
use super::{Answer, Change, Database, Thing, Write};
use crate::domain::{
    AppError, Author, Code, LogEntry, LogFilter, LogLevel, LogStream, NewLog, Page, Task, TaskId,
    TaskRef, Timestamp,
};

/// Appends entries that arrived over HTTP.
pub(crate) struct AppendLogs {
    pub(crate) task: TaskRef,
    pub(crate) author: Author,
    pub(crate) lease: Option<String>,
    pub(crate) entries: Vec<NewLog>,
    pub(crate) now: Timestamp,
}

const HEARD: &str = "update tasks set lease_heard = $2 where lease_id = $1";

impl Write for AppendLogs {
    /// The agent, where it runs outside: this is a sign of life of it.
    type Output = Option<String>;

    async fn run(&self, tx: &mut Tx<'_>) -> Answer<Option<String>> {
        let mut stored: StoredTask = super::tasks::load(tx, &self.author.sees, self.task).await?;
        if let Some(id) = &self.lease {
            let lease = stored.lease_of(id)?;
            if !lease.heard {
                in_tx!(tx, conn => sqlx::query(HEARD)
                    .bind(id).bind(true).execute(conn).await?.rows_affected());
            }
        } else {
            stored.check_author(&self.author)?;
            if stored.lease.is_some() {
                let (number, holder) = (stored.task.number, stored.task.agent.as_deref());
                let holder = holder.unwrap_or("an agent");
                return Err(AppError::new(Code::TaskHeld, format!(
                    "task #{number} is held by {holder}; only the holder of its lease writes its log"
                ))
                .into());
            }
        }
        append(tx, &stored, &self.entries, self.now).await?;
        Ok(stored.task.agent.filter(|_| stored.task.external))
    }
}

/// Rows of one statement: few enough for SQLite's limit of 32,766 parameters.
const ROWS: usize = 1000;

/// Appends `entries` to the log of `task`, and announces them.
pub(super) async fn append(
    tx: &mut Tx<'_>,
    of: &StoredTask,
    entries: &[NewLog],
    now: Timestamp,
) -> Answer<()> {
    let task = &of.task;
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
        let entries: Vec<LogEntry> = stored.collect();
        tx.changed(Change {
            version: entries.last().map_or(0, |entry| entry.id),
            audience: of.audience(),
            thing: Thing::Logs {
                task: task.id,
                entries,
            },
        });
    }
    Ok(())
}

/// PostgreSQL refuses NUL in text; a visible mark loses nothing that a person could see.
/// JSON needs none of this: there it is an escape.
fn without_nul(text: &str) -> String {
    text.replace('\0', "\u{2400}")
}

#[derive(sqlx_macros::FromRow)]
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
        let fields = self
            .fields
            .map(|text| origin.json("fields", &text))
            .transpose()?;
        Ok(LogEntry {
            id: self.id,
            time: Timestamp(self.time),
            task_id,
            agent: self.agent,
            level: level_of(&origin, self.level)?,
            stream: stream_of(&origin, self.stream)?,
            message: self.message,
            fields: fields.unwrap_or_default(),
        })
    }
}

/// The entry of a row, or what can be shown of one that cannot be read.
fn entry_of<'r, R: Named>(row: &'r R, task_id: TaskId) -> LogEntry
where
    LogRow: FromRow<'r, R>,
{
    let read = decode::<R, LogRow>("logs", "id", row).and_then(|row| row.entry(task_id));
    read.unwrap_or_else(|error| {
        note_unreadable("logs", &error);
        LogEntry {
            id: row.number("id").unwrap_or_default(),
            time: row.number("time").map(Timestamp).unwrap_or_default(),
            task_id,
            agent: row.text("agent"),
            level: LogLevel::Error,
            stream: LogStream::System,
            message: format!("this entry is damaged: {error}"),
            fields: serde_json::Map::new(),
        }
    })
}

fn level_code(level: LogLevel) -> i64 {
    match level {
        LogLevel::Debug => 0,
        LogLevel::Info => 1,
        LogLevel::Warn => 2,
        LogLevel::Error => 3,
    }
}

fn stream_code(stream: LogStream) -> i64 {
    match stream {
        LogStream::Stdout => 0,
        LogStream::Stderr => 1,
        LogStream::Agent => 2,
        LogStream::System => 3,
    }
}

/// What `level_code` made of a level.
pub(super) fn level_of(origin: &Origin<'_>, code: i64) -> Answer<LogLevel> {
    let mut levels = LogLevel::ALL.into_iter();
    origin.require("level", levels.find(|&level| level_code(level) == code))
}

/// What `stream_code` made of a stream.
pub(super) fn stream_of(origin: &Origin<'_>, code: i64) -> Answer<LogStream> {
    let mut streams = LogStream::ALL.into_iter();
    origin.require(
        "stream",
        streams.find(|&stream| stream_code(stream) == code),
    )
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
        let mut items: Vec<LogEntry> = on_pool!(self, pool => {
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
            let rows = query.build().fetch_all(pool).await?;
            rows.iter().map(|row| entry_of(row, task.id)).collect()
        });
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let more = items.len() > limit;
        items.truncate(limit);
        let next = items
            .last()
            .filter(|_| more)
            .map(|last| last.id.to_string());
        Ok(Page { items, next })
    }
}
