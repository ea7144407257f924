//! Events come in: each is stored once, and what it adds to its session is stored with it.

use std::collections::{BTreeSet, HashSet};
use std::sync::Arc;

use sqlx::QueryBuilder;

use super::book;
use super::row::{self, StoredSession};
use crate::domain::{LoopEvent, Timestamp};
use crate::server::storage::columns::json;
use crate::server::storage::tx::{Tx, in_tx, insert_rows};
use crate::server::storage::{Answer, Change, Write};

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

const HEARD: &str = "update sessions set heard_at = $2 where number = $1";
/// Rows and keys of one statement.
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
        let found = row::find(tx, id).await?;
        let known = match &found {
            Some(stored) => known(tx, stored, events).await?,
            None => HashSet::new(),
        };
        let mut stored = match found {
            Some(stored) => stored,
            None => row::create(tx, id, &self.source, self.now.0).await?,
        };
        let number = stored.number;
        in_tx!(tx, conn => sqlx::query(HEARD)
            .bind(number)
            .bind(self.now.0)
            .execute(conn)
            .await?.rows_affected());
        let mut seen = known;
        let new: Vec<&LoopEvent> = events
            .iter()
            .copied()
            .filter(|event| seen.insert(event.event_id.clone()))
            .collect();
        if new.is_empty() {
            if stored.silent {
                stored.silent = false;
                row::save(tx, &stored).await?;
            }
            return Ok(0);
        }
        let arrivals = insert(tx, number, &new).await?;
        let iterations: BTreeSet<u32> = new.iter().map(|event| event.iteration).collect();
        let sightings = new
            .iter()
            .flat_map(|event| event.report().sightings.unwrap_or_default());
        let fingerprints: BTreeSet<String> = sightings.map(|it| it.fingerprint).collect();
        let mut book = book::open(tx, &stored, &iterations, &fingerprints).await?;
        for (event, arrival) in new.iter().zip(arrivals) {
            book.add(event, arrival);
        }
        book::close(tx, number, &book).await?;
        stored.facts = book.facts;
        stored.silent = false;
        row::save(tx, &stored).await?;
        tx.changed(Change::Events(
            new.iter().map(|event| event.sent.clone()).collect(),
        ));
        Ok(new.len())
    }
}

/// Which of these events are stored already.
async fn known(
    tx: &mut Tx<'_>,
    stored: &StoredSession,
    events: &[&LoopEvent],
) -> Answer<HashSet<String>> {
    let mut known = HashSet::new();
    for chunk in events.chunks(ROWS) {
        let ids: Vec<String> = in_tx!(tx, conn => {
            let mut query = QueryBuilder::new("select event_id from events where session = ");
            query.push_bind(stored.number).push(" and event_id in (");
            let mut keys = query.separated(", ");
            for event in chunk {
                keys.push_bind(event.event_id.clone());
            }
            query.push(")").build_query_scalar().fetch_all(conn).await?
        });
        known.extend(ids);
    }
    Ok(known)
}

/// Stores new events; answers the order of their arrival.
async fn insert(tx: &mut Tx<'_>, session: i64, events: &[&LoopEvent]) -> Answer<Vec<i64>> {
    let mut arrivals = Vec::with_capacity(events.len());
    for chunk in events.chunks(ROWS) {
        arrivals.extend(insert_rows!(
            tx,
            "insert into events (session, event_id, time, iteration, type, lists, sent) ",
            "id",
            chunk,
            |row, event| row
                .push_bind(session)
                .push_bind(event.event_id.clone())
                .push_bind(event.timestamp.0)
                .push_bind(i64::from(event.iteration))
                .push_bind(event.event_type.as_str().replace('\0', "\u{2400}"))
                .push_bind(event.has_lists())
                .push_bind(json(&event.sent))
        ));
    }
    Ok(arrivals)
}
