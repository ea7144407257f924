//! Events come in: each is stored once, and what it adds to its session is stored with it.

use std::collections::HashMap;
use std::sync::Arc;

use sqlx::QueryBuilder;

use super::book::{self, Touched};
use super::row;
use crate::domain::{Audience, DEFAULT_PROJECT, LoopEvent, Timestamp};
use crate::server::storage::columns::json;
use crate::server::storage::tx::{Tx, in_tx};
use crate::server::storage::{Answer, Change, Thing, Write};

/// Takes in what one frame or POST brought, all of it or nothing.
pub(crate) struct TakeEvents {
    pub(crate) events: Arc<[LoopEvent]>,
    /// Where it came from: the address of a loop, or `webhook`.
    pub(crate) source: String,
    pub(crate) now: Timestamp,
}

/// What came of it.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct Taken {
    pub(crate) accepted: usize,
    /// Known already, by session and event id.
    pub(crate) duplicates: usize,
}

impl Taken {
    /// Adds it to the server's metrics, once it is committed.
    pub(crate) fn count(self) {
        let number = |size: usize| u64::try_from(size).unwrap_or(0);
        metrics::counter!("convergence_events_total").increment(number(self.accepted));
        metrics::counter!("convergence_duplicates_total").increment(number(self.duplicates));
    }
}

const HEARD: &str = "update sessions set heard_at = $2 where number = $1";
/// Rows of one statement: few enough for SQLite's limit of 32,766 parameters.
const ROWS: usize = 500;

impl Write for TakeEvents {
    type Output = Taken;

    async fn run(&self, tx: &mut Tx<'_>) -> Answer<Taken> {
        let mut sessions: Vec<(&str, Vec<&LoopEvent>)> = Vec::new();
        for event in self.events.iter() {
            let known = sessions.iter_mut().find(|(id, _)| *id == event.session_id);
            match known {
                Some((_, events)) => events.push(event),
                None => sessions.push((&event.session_id, vec![event])),
            }
        }
        let mut taken = Taken::default();
        for (id, events) in sessions {
            let accepted = self.take(tx, id, &events).await?;
            taken.accepted += accepted;
            taken.duplicates += events.len() - accepted;
        }
        Ok(taken)
    }
}

impl TakeEvents {
    /// Takes in events of one session; answers how many were new.
    async fn take(&self, tx: &mut Tx<'_>, id: &str, events: &[&LoopEvent]) -> Answer<usize> {
        let mut stored = match row::find(tx, id).await? {
            Some(stored) => stored,
            None => row::create(tx, id, &self.source, self.now.0).await?,
        };
        let number = stored.number;
        let mut arrivals = insert(tx, number, events).await?;
        // The first of those that share an id is the one that was stored.
        let mut new: Vec<(&LoopEvent, i64)> = Vec::with_capacity(arrivals.len());
        for event in events {
            new.extend(arrivals.remove(&event.event_id).map(|id| (*event, id)));
        }
        if new.is_empty() && !stored.silent {
            in_tx!(tx, conn => sqlx::query(HEARD)
                .bind(number)
                .bind(self.now.0)
                .execute(conn)
                .await?.rows_affected());
            return Ok(0);
        }
        if !new.is_empty() {
            let mut book = book::open(tx, &stored, &touched(&new)).await?;
            for (event, arrival) in &new {
                book.add(event, *arrival);
            }
            book::close(tx, number, &book).await?;
            stored.facts = book.facts;
            let sent = new.iter().map(|(event, _)| event.sent.clone());
            tx.changed(Change {
                version: new.last().map_or(0, |(_, arrival)| *arrival),
                audience: Audience::Project {
                    project: DEFAULT_PROJECT.to_owned(),
                    owner: String::new(),
                },
                thing: Thing::Events {
                    session: id.to_owned(),
                    events: sent.collect(),
                },
            });
        }
        stored.silent = false;
        row::save(tx, &stored, Some(self.now)).await?;
        Ok(new.len())
    }
}

/// What these events add to.
fn touched(events: &[(&LoopEvent, i64)]) -> Touched {
    let listing = events.iter().filter(|(event, _)| event.has_lists());
    let sightings = listing.filter_map(|(event, _)| event.report().sightings);
    Touched {
        iterations: events.iter().map(|(event, _)| event.iteration).collect(),
        fingerprints: sightings.flatten().map(|it| it.fingerprint).collect(),
    }
}

/// Stores the events that are not known yet; answers the order of their arrival by event id.
async fn insert(
    tx: &mut Tx<'_>,
    session: i64,
    events: &[&LoopEvent],
) -> Answer<HashMap<String, i64>> {
    let mut arrivals = HashMap::new();
    for chunk in events.chunks(ROWS) {
        let rows: Vec<(String, i64)> = in_tx!(tx, conn => {
            let mut query = QueryBuilder::new(
                "insert into events (session, event_id, time, iteration, type, lists, sent) ");
            query.push_values(chunk, |mut row, event| {
                row.push_bind(session)
                    .push_bind(event.event_id.clone())
                    .push_bind(event.timestamp.0)
                    .push_bind(i64::from(event.iteration))
                    .push_bind(event.event_type.as_str().replace('\0', "\u{2400}"))
                    .push_bind(event.has_lists())
                    .push_bind(json(&event.sent));
            });
            query.push(" on conflict (session, event_id) do nothing returning event_id, id");
            query.build_query_as().fetch_all(conn).await?
        });
        arrivals.extend(rows);
    }
    Ok(arrivals)
}
