//! Reading the events of a session: by the time of the event, then by arrival.

use serde_json::Value;
use sqlx::{FromRow, QueryBuilder};

use super::row::StoredSession;
use crate::domain::{AppError, EventFilter, EventType, LoopEvent, LoopState, Page, Timestamp};
use crate::server::storage::columns::{Origin, patterns};
use crate::server::storage::database::on_pool;
use crate::server::storage::{Answer, Database};

#[derive(FromRow)]
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
    fn key(&self) -> String {
        format!("{}_{}", self.time, self.id)
    }

    fn event(self, session_id: &str) -> Answer<LoopEvent> {
        let name = self.id.to_string();
        let origin = Origin {
            table: "events",
            row: &name,
        };
        let sent: Value = origin.json("sent", &self.sent)?;
        let state = sent.get("state").and_then(Value::as_str);
        Ok(LoopEvent {
            state: state.and_then(LoopState::parse),
            event_id: self.event_id,
            timestamp: Timestamp(self.time),
            session_id: session_id.to_owned(),
            iteration: origin.number("iteration", self.iteration)?,
            event_type: EventType::parse(&self.kind),
            sent,
        })
    }
}

/// A cursor of events is the time and the number of the last one.
fn parse_key(cursor: &str) -> Result<(i64, i64), AppError> {
    let parts = cursor.split_once('_');
    let key = parts.and_then(|(time, id)| Some((time.parse().ok()?, id.parse().ok()?)));
    let message = "not a cursor of this list; take it from the Link header";
    key.ok_or_else(|| AppError::invalid_field("cursor", message))
}

const WITH_LISTS: &str = "select id, event_id, time, iteration, type, sent from events \
    where session = $1 and iteration = $2 and lists order by time, id limit 1000";
const PLACE: &str = "select id, event_id, time, iteration, type, sent from events \
    where session = $1 and event_id = $2";

impl Database {
    /// A page of a session's events.
    pub(crate) async fn events(
        &self,
        stored: &StoredSession,
        filter: &EventFilter,
        cursor: Option<&str>,
        limit: u32,
    ) -> Answer<Page<LoopEvent>> {
        let last = cursor.map(parse_key).transpose()?;
        let (beyond, order) = if filter.newest_first {
            (" < (", " order by time desc, id desc limit ")
        } else {
            (" > (", " order by time, id limit ")
        };
        let words = filter
            .q
            .as_deref()
            .map(str::trim)
            .filter(|words| !words.is_empty());
        let mut rows: Vec<EventRow> = on_pool!(self, pool => {
            let mut query = QueryBuilder::new(
                "select id, event_id, time, iteration, type, sent from events where session = ");
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
        });
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let more = rows.len() > limit;
        rows.truncate(limit);
        let next = rows.last().filter(|_| more).map(EventRow::key);
        let events = rows.into_iter().map(|row| row.event(&stored.id));
        Ok(Page {
            items: events.collect::<Answer<_>>()?,
            next,
        })
    }

    /// The events of an iteration that list what was found or mended, oldest first.
    pub(crate) async fn events_with_lists(
        &self,
        stored: &StoredSession,
        iteration: u32,
    ) -> Answer<Vec<LoopEvent>> {
        let rows: Vec<EventRow> = on_pool!(self, pool => sqlx::query_as(WITH_LISTS)
            .bind(stored.number)
            .bind(i64::from(iteration))
            .fetch_all(pool)
            .await?);
        rows.into_iter().map(|row| row.event(&stored.id)).collect()
    }

    /// The cursor that leads to what comes after an event, and the event.
    pub(crate) async fn event(
        &self,
        stored: &StoredSession,
        event_id: &str,
    ) -> Answer<(String, LoopEvent)> {
        // PostgreSQL refuses NUL, and no event has one.
        let event_id = Some(event_id)
            .filter(|id| !id.contains('\0'))
            .unwrap_or_default();
        let row: Option<EventRow> = on_pool!(self, pool => sqlx::query_as(PLACE)
            .bind(stored.number)
            .bind(event_id)
            .fetch_optional(pool)
            .await?);
        let absent = || AppError::not_found(format!("the session has no event {event_id:?}"));
        let row = row.ok_or_else(absent)?;
        Ok((row.key(), row.event(&stored.id)?))
    }
}
