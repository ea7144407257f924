//! What is known of a session is what its events add up to: where it cannot be read, it is made
//! again of them.

use super::row::StoredSession;
use crate::domain::{Envelope, EventOrder, IterationFacts, LoopEvent, SessionFacts, Timestamp};
use crate::server::storage::Answer;
use crate::server::storage::tx::{Tx, in_tx};

/// Events that are read at once.
const PAGE: i64 = 100;

#[derive(sqlx_macros::FromRow)]
struct Known {
    id: i64,
    time: i64,
    sent: String,
}

const ALL: &str = "select id, time, sent from events \
    where session = $1 and id > $2 order by id limit $3";
const OF_ITERATION: &str = "select id, time, sent from events \
    where session = $1 and id > $2 and iteration = $4 order by id limit $3";

/// Makes the facts of a session again.
pub(super) async fn facts(tx: &mut Tx<'_>, stored: &mut StoredSession) -> Answer<()> {
    let (mut facts, mut last) = (SessionFacts::default(), 0);
    let mut order = EventOrder::default();
    loop {
        let rows: Vec<Known> = in_tx!(tx, conn => sqlx::query_as(ALL)
            .bind(stored.number)
            .bind(last)
            .bind(PAGE)
            .fetch_all(conn)
            .await?);
        let Some(end) = rows.last() else { break };
        last = end.id;
        for row in &rows {
            row.read(&mut order, |event| facts.add(event, row.id));
        }
    }
    tracing::warn!(
        session.id = stored.id,
        "session {} was made again of its events",
        stored.id
    );
    stored.facts = facts;
    stored.unreadable = None;
    Ok(())
}

/// Makes the facts of an iteration again.
pub(super) async fn iteration(
    tx: &mut Tx<'_>,
    session: i64,
    iteration: u32,
) -> Answer<IterationFacts> {
    let (mut facts, mut last) = (IterationFacts::new(iteration), 0);
    let mut order = EventOrder::default();
    loop {
        let rows: Vec<Known> = in_tx!(tx, conn => sqlx::query_as(OF_ITERATION)
            .bind(session)
            .bind(last)
            .bind(PAGE)
            .bind(i64::from(iteration))
            .fetch_all(conn)
            .await?);
        let Some(end) = rows.last() else { break };
        last = end.id;
        for row in &rows {
            row.read(&mut order, |event| {
                facts.add(event, &event.report(), row.id);
            });
        }
    }
    Ok(facts)
}

impl Known {
    fn read(&self, order: &mut EventOrder, mut add: impl FnMut(&LoopEvent)) {
        // What was stored without a time of its own has that at which it came.
        let now = Timestamp(self.time);
        // Nor does it matter here whose event it is.
        let text = format!(
            "{{\"session_id\": \"mended\", \"events\": [{}]}}",
            self.sent
        );
        let envelope = Envelope::open(text).ok();
        let batch = envelope.and_then(|mut envelope| envelope.next(now));
        let mut events = batch.map(|batch| batch.events).unwrap_or_default();
        order.settle(&mut events);
        events.iter().for_each(&mut add);
    }
}
