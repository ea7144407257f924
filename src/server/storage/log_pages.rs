//! The log of a task as its page shows it. Long messages are cut before they leave the database.

use super::columns::Origin;
use super::database::on_pool;
use super::logs::{level_of, stream_of};
use super::{Answer, Database};
use crate::domain::{LONGEST_LINE, LogExcerpt, LogPage, Timestamp};

/// Which part of a log to read.
#[derive(Clone, Copy, Debug)]
pub(crate) enum LogPart {
    /// What comes before this entry, the newest of it.
    Before(i64),
    /// What comes after this entry, the oldest of it.
    After(i64),
}

const BEFORE: &str = "select id, time, level, stream, substr(message, 1, cast($2 as integer)) as message, \
    cast(octet_length(message) as bigint) as bytes from logs \
    where task = $1 and id < $3 order by id desc limit $4";
const AFTER: &str = "select id, time, level, stream, substr(message, 1, cast($2 as integer)) as message, \
    cast(octet_length(message) as bigint) as bytes from logs \
    where task = $1 and id > $3 order by id limit $4";
const MESSAGE: &str = "select message from logs where task = $1 and id = $2";

#[derive(sqlx_macros::FromRow)]
struct ExcerptRow {
    id: i64,
    time: i64,
    level: i64,
    stream: i64,
    message: String,
    bytes: i64,
}

impl ExcerptRow {
    fn excerpt(self) -> Answer<LogExcerpt> {
        let name = self.id.to_string();
        let origin = Origin {
            table: "logs",
            row: &name,
        };
        let message = LogExcerpt::message(&self.message);
        Ok(LogExcerpt {
            id: self.id,
            time: Timestamp(self.time),
            level: level_of(&origin, self.level)?,
            stream: stream_of(&origin, self.stream)?,
            message: message.of_bytes(origin.number("message", self.bytes)?),
        })
    }
}

impl Database {
    /// A part of the log of a task: at most `most` entries that take at most `weight` bytes of a
    /// page, and one entry at least, so that whoever asks on comes to the end.
    pub(crate) async fn log_page(
        &self,
        task: i64,
        part: LogPart,
        most: u32,
        weight: usize,
    ) -> Answer<LogPage> {
        let (query, from) = match part {
            LogPart::Before(id) => (BEFORE, id),
            LogPart::After(id) => (AFTER, id),
        };
        let (longest, limit) = (i64::from(LONGEST_LINE), i64::from(most) + 1);
        let rows: Vec<ExcerptRow> = on_pool!(self, pool => sqlx::query_as(query)
            .bind(task).bind(longest).bind(from).bind(limit).fetch_all(pool).await?);
        let found = rows.len();
        let most = usize::try_from(most).unwrap_or(usize::MAX);
        let (mut entries, mut taken) = (Vec::new(), 0);
        for row in rows.into_iter().take(most) {
            let entry = row.excerpt()?;
            taken += entry.weight();
            if taken > weight && !entries.is_empty() {
                break;
            }
            entries.push(entry);
        }
        let more = entries.len() < found;
        if matches!(part, LogPart::Before(_)) {
            entries.reverse();
        }
        Ok(LogPage { entries, more })
    }

    /// The whole message of an entry.
    pub(crate) async fn log_message(&self, task: i64, entry: i64) -> Answer<Option<String>> {
        let row: Option<(String,)> = on_pool!(self, pool => sqlx::query_as(MESSAGE)
            .bind(task).bind(entry).fetch_optional(pool).await?);
        Ok(row.map(|(message,)| message))
    }
}
