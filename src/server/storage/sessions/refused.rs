//! Events that could not be read: what is said of their session is not all there is. It may be heard
//! of later.

use std::collections::BTreeMap;

use sqlx::QueryBuilder;

use super::row::{self, StoredSession};
use super::take::{KEPT_READY, ROWS};
use crate::domain::Timestamp;
use crate::server::storage::Answer;
use crate::server::storage::tx::{Tx, in_tx};

/// So many sessions that were never heard of are remembered.
const MOST_UNKNOWN: i64 = 10_000;

const ANY: &str = "select 1 from refused_events limit 1";
const FORGET: &str = "delete from refused_events where heard_at < \
    (select heard_at from refused_events order by heard_at desc limit 1 offset $1)";

/// Notes how many events of these sessions could not be read.
pub(super) async fn note(
    tx: &mut Tx<'_>,
    refused: &BTreeMap<String, u64>,
    now: Timestamp,
) -> Answer<()> {
    if refused.is_empty() {
        return Ok(());
    }
    let ids: Vec<&str> = refused.keys().map(String::as_str).collect();
    let mut known = row::find(tx, &ids).await?;
    let unknown = refused.iter().filter(|(id, _)| !known.contains_key(*id));
    let unknown: Vec<_> = unknown.collect();
    for stored in known.values_mut() {
        add(stored, refused.get(&stored.id).copied().unwrap_or(0));
    }
    row::save(tx, &known.into_values().collect::<Vec<_>>(), None).await?;
    for chunk in unknown.chunks(ROWS) {
        in_tx!(tx, conn => {
            let mut query = QueryBuilder::new("insert into refused_events (session, times, heard_at) ");
            query.push_values(chunk, |mut row, (id, times)| {
                row.push_bind((*id).clone())
                    .push_bind(i64::try_from(**times).unwrap_or(i64::MAX))
                    .push_bind(now.0);
            });
            query.push(" on conflict (session) do update set \
                times = refused_events.times + excluded.times, heard_at = excluded.heard_at");
            let query = query.build().persistent(chunk.len() <= KEPT_READY);
            query.execute(conn).await?.rows_affected()
        });
    }
    if !unknown.is_empty() {
        in_tx!(tx, conn => sqlx::query(FORGET).bind(MOST_UNKNOWN).execute(conn).await?.rows_affected());
    }
    Ok(())
}

/// Adds what was noted of these sessions before they were heard of.
pub(super) async fn recall<'a>(
    tx: &mut Tx<'_>,
    made: impl Iterator<Item = &'a mut StoredSession>,
) -> Answer<()> {
    let mut made: Vec<_> = made.collect();
    // Nearly always nothing is noted.
    if made.is_empty() || !is_any(tx).await? {
        return Ok(());
    }
    for chunk in made.chunks_mut(ROWS) {
        let noted: Vec<(String, i64)> = in_tx!(tx, conn => {
            let mut query = QueryBuilder::new("delete from refused_events where session in (");
            let mut list = query.separated(", ");
            for stored in chunk.iter() {
                list.push_bind(stored.id.clone());
            }
            query.push(") returning session, times");
            query.build_query_as().persistent(chunk.len() <= KEPT_READY).fetch_all(conn).await?
        });
        let noted: BTreeMap<_, _> = noted.into_iter().collect();
        for stored in chunk {
            let times = noted.get(&stored.id).copied().unwrap_or(0);
            add(stored, u64::try_from(times).unwrap_or(0));
        }
    }
    Ok(())
}

async fn is_any(tx: &mut Tx<'_>) -> Answer<bool> {
    let noted: Option<(i32,)> = in_tx!(tx, conn => sqlx::query_as(ANY).fetch_optional(conn).await?);
    Ok(noted.is_some())
}

fn add(stored: &mut StoredSession, times: u64) {
    stored.facts.refused = stored.facts.refused.saturating_add(times);
}
