//! Reading the events of a session: by the time of the event, then by arrival. Which events are
//! wanted, and how long they are, is looked up first: a list of long ones is never in memory.

use std::collections::HashMap;

use serde_json::{Value, json};
use sqlx::QueryBuilder;

use super::book::unreadable;
use super::row::StoredSession;
use super::take::{BRIEF, KEPT_READY, ROWS};
use crate::domain::{
    AppError, Code, EventFilter, EventType, LoopEvent, LoopState, Page, Timestamp, cut_event,
};
use crate::server::storage::columns::patterns;
use crate::server::storage::database::on_pool;
use crate::server::storage::{Answer, Database};

/// A page of whole events ends before so many bytes, unless one event has more.
const PAGE_BYTES: i64 = 4 * 1024 * 1024;

/// How much of each event is read.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Extent {
    Whole,
    /// At most a few kilobytes; what is longer is cut and says so.
    Brief,
}

#[derive(sqlx_macros::FromRow)]
struct Key {
    id: i64,
    time: i64,
    bytes: i64,
    has_brief: bool,
}

impl Key {
    fn cursor(&self) -> String {
        format!("{}_{}", self.time, self.id)
    }

    /// True where only the whole is stored, and it is long.
    fn is_long(&self) -> bool {
        let brief = i64::try_from(BRIEF).unwrap_or(i64::MAX);
        !self.has_brief && self.bytes > brief
    }
}

#[derive(sqlx_macros::FromRow)]
struct EventRow {
    id: i64,
    event_id: String,
    time: i64,
    iteration: i64,
    #[sqlx(rename = "type")]
    kind: String,
    sent: String,
}

impl EventRow {
    fn read(self, session_id: &str, extent: Extent) -> LoopEvent {
        let is_long = extent == Extent::Brief && self.sent.len() > BRIEF;
        let mut event = self.event(session_id);
        if is_long {
            event.sent = cut_event(&event.sent, BRIEF);
        }
        event
    }

    fn event(self, session_id: &str) -> LoopEvent {
        let sent = serde_json::from_str(&self.sent).unwrap_or_else(|error| {
            unreadable("events.sent", &self.id.to_string(), &error);
            let words = format!("events.sent of row {} cannot be read", self.id);
            json!({"event_id": self.event_id, "event_type": self.kind,
                "data": {"unreadable": words}})
        });
        let state = sent.get("state").and_then(Value::as_str);
        LoopEvent {
            state: state.and_then(LoopState::parse),
            event_id: self.event_id,
            timestamp: Timestamp(self.time),
            is_dated: true,
            came: Timestamp(self.time),
            order: Timestamp(self.time),
            session_id: session_id.to_owned(),
            iteration: u32::try_from(self.iteration).unwrap_or(0),
            event_type: EventType::parse(&self.kind),
            sent,
            kept: None,
        }
    }
}

/// A cursor of events is the time and the number of the last one.
fn parse_key(cursor: &str) -> Result<(i64, i64), AppError> {
    let parts = cursor.split_once('_');
    let key = parts.and_then(|(time, id)| Some((time.parse().ok()?, id.parse().ok()?)));
    let message = "not a cursor of this list; take it from the Link header";
    key.ok_or_else(|| AppError::invalid_field("cursor", message))
}

const ONE: &str = "select id, event_id, time, iteration, type, sent from events \
    where session = $1 and event_id = $2";

impl Database {
    /// A page of a session's events; of whole ones it may be shorter than `limit`.
    pub(crate) async fn events(
        &self,
        stored: &StoredSession,
        filter: &EventFilter,
        cursor: Option<&str>,
        limit: u32,
        extent: Extent,
    ) -> Answer<Page<LoopEvent>> {
        let mut keys = self.keys(stored, filter, cursor, limit).await?;
        let mut fit = usize::try_from(limit).unwrap_or(usize::MAX);
        if extent == Extent::Whole {
            let mut bytes = 0_i64;
            let small = |key: &&Key| {
                bytes = bytes.saturating_add(key.bytes);
                bytes <= PAGE_BYTES
            };
            fit = fit.min(keys.iter().take_while(small).count().max(1));
        }
        let more = keys.len() > fit;
        keys.truncate(fit);
        let next = keys.last().filter(|_| more).map(Key::cursor);
        let ids = |keys: &[Key]| {
            keys.iter()
                .map(|key| (key.id, extent, key.is_long()))
                .collect()
        };
        let wanted: Vec<_> = ids(&keys);
        Ok(Page {
            items: self.fetch(stored, &wanted).await?,
            next,
        })
    }

    /// The last `count` events, newest first. Whole are those for which `bytes` leave room, the
    /// newest before the others, while `least` are kept for each.
    pub(crate) async fn last_events(
        &self,
        stored: &StoredSession,
        count: u32,
        bytes: usize,
        least: usize,
    ) -> Answer<Vec<LoopEvent>> {
        let newest = EventFilter {
            newest_first: true,
            ..EventFilter::default()
        };
        let keys = self.keys(stored, &newest, None, count).await?;
        let keys = &keys[..keys.len().min(usize::try_from(count).unwrap_or(usize::MAX))];
        let length = |key: &Key| usize::try_from(key.bytes).unwrap_or(usize::MAX);
        let kept: usize = keys.iter().map(|key| length(key).min(least)).sum();
        let mut left = bytes.saturating_sub(kept);
        let choose = |key: &Key| {
            let more = length(key).saturating_sub(least);
            let is_whole = more <= left;
            let more = if is_whole {
                more
            } else {
                BRIEF.saturating_sub(least)
            };
            left = left.saturating_sub(more);
            let extent = if is_whole {
                Extent::Whole
            } else {
                Extent::Brief
            };
            (key.id, extent, key.is_long())
        };
        let wanted: Vec<_> = keys.iter().map(choose).collect();
        self.fetch(stored, &wanted).await
    }

    async fn keys(
        &self,
        stored: &StoredSession,
        filter: &EventFilter,
        cursor: Option<&str>,
        limit: u32,
    ) -> Answer<Vec<Key>> {
        let last = cursor.map(parse_key).transpose()?;
        let (beyond, order) = if filter.newest_first {
            (" < (", " order by time desc, id desc limit ")
        } else {
            (" > (", " order by time, id limit ")
        };
        let words = filter.q.as_deref().map(str::trim);
        let words = words.filter(|words| !words.is_empty());
        Ok(on_pool!(self, pool => {
            let mut query = QueryBuilder::new("select id, time, \
                cast(octet_length(sent) as bigint) as bytes, brief is not null as has_brief \
                from events where session = ");
            query.push_bind(stored.number);
            if let Some((time, id)) = last {
                query.push(" and (time, id)").push(beyond).push_bind(time);
                query.push(", ").push_bind(id).push(")");
            }
            if let Some(iteration) = filter.iteration {
                query.push(" and iteration = ").push_bind(i64::from(iteration));
            }
            if let Some(name) = &filter.event_type {
                query.push(" and type = ").push_bind(EventType::parse(name).as_str().to_owned());
            }
            query.push(if words.is_some() { " and (false" } else { "" });
            for pattern in words.into_iter().flat_map(patterns) {
                query.push(" or lower(sent) like ").push_bind(pattern).push(" escape '\\'");
            }
            query.push(if words.is_some() { ")" } else { "" });
            query.push(order).push_bind(i64::from(limit) + 1);
            query.build_query_as().fetch_all(pool).await?
        }))
    }

    /// Events by id, in this order. One that is long and has to be cut is read by itself.
    async fn fetch(
        &self,
        stored: &StoredSession,
        wanted: &[(i64, Extent, bool)],
    ) -> Answer<Vec<LoopEvent>> {
        let mut found = HashMap::with_capacity(wanted.len());
        for extent in [Extent::Whole, Extent::Brief] {
            let of = wanted.iter().filter(|(_, wanted, _)| *wanted == extent);
            let (long, short): (Vec<_>, Vec<_>) = of
                .map(|(id, _, long)| (*id, *long && extent == Extent::Brief))
                .partition(|(_, alone)| *alone);
            let short: Vec<_> = short.into_iter().map(|(id, _)| id).collect();
            let mut chunks: Vec<Vec<i64>> = short.chunks(ROWS).map(<[i64]>::to_vec).collect();
            chunks.extend(long.into_iter().map(|(id, _)| vec![id]));
            for ids in chunks {
                for row in self.rows(&ids, extent).await? {
                    found.insert(row.id, row.read(&stored.id, extent));
                }
            }
        }
        let each = wanted.iter().filter_map(|(id, ..)| found.remove(id));
        Ok(each.collect())
    }

    async fn rows(&self, ids: &[i64], extent: Extent) -> Answer<Vec<EventRow>> {
        Ok(on_pool!(self, pool => {
            let mut query = QueryBuilder::new("select id, event_id, time, iteration, type, ");
            query.push(match extent {
                Extent::Whole => "sent",
                Extent::Brief => "coalesce(brief, sent) as sent",
            });
            query.push(" from events where id in (");
            let mut list = query.separated(", ");
            for id in ids {
                list.push_bind(*id);
            }
            query.push(")");
            query.build_query_as().persistent(ids.len() <= KEPT_READY).fetch_all(pool).await?
        }))
    }

    /// The cursor that leads to what comes after an event, and the whole event.
    pub(crate) async fn event(
        &self,
        stored: &StoredSession,
        event_id: &str,
    ) -> Answer<(String, LoopEvent)> {
        // PostgreSQL refuses NUL, and no event has one.
        let event_id = Some(event_id)
            .filter(|id| !id.contains('\0'))
            .unwrap_or_default();
        let row: Option<EventRow> = on_pool!(self, pool => sqlx::query_as(ONE)
            .bind(stored.number)
            .bind(event_id)
            .fetch_optional(pool)
            .await?);
        let absent = || {
            AppError::new(
                Code::EventNotFound,
                format!("session {:?} has no event {event_id:?}", stored.id),
            )
        };
        let row = row.ok_or_else(absent)?;
        let cursor = format!("{}_{}", row.time, row.id);
        Ok((cursor, row.event(&stored.id)))
    }
}
