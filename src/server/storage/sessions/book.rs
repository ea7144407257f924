//! Iterations and findings of a session: read in part or as a whole, written back in part.

use std::collections::{BTreeMap, BTreeSet};

use sqlx::{FromRow, QueryBuilder};

use super::row::StoredSession;
use crate::domain::{
    Acceptance, FindingFacts, IterationFacts, Latest, LoopStep, SessionBook, Severity, Sighting,
    Stamp, Timestamp,
};
use crate::server::storage::columns::{Origin, json};
use crate::server::storage::database::on_pool;
use crate::server::storage::tx::{Tx, in_tx};
use crate::server::storage::{Answer, Database, StorageError};

/// Keys of one statement.
const KEYS: usize = 500;

#[derive(FromRow)]
struct IterationRow {
    iteration: i64,
    facts: String,
}

#[derive(FromRow)]
struct FindingRow {
    fingerprint: String,
    kind: String,
    area: String,
    description: String,
    severity: i64,
    seen_at: i64,
    seen_by: i64,
    seen: String,
    accepted_by: Option<String>,
    accepted_reason: Option<String>,
    accepted_at: Option<i64>,
}

impl TryFrom<IterationRow> for IterationFacts {
    type Error = StorageError;

    fn try_from(row: IterationRow) -> Answer<Self> {
        let name = row.iteration.to_string();
        let origin = Origin {
            table: "iterations",
            row: &name,
        };
        origin.json("facts", &row.facts)
    }
}

impl TryFrom<FindingRow> for FindingFacts {
    type Error = StorageError;

    fn try_from(row: FindingRow) -> Answer<Self> {
        let origin = Origin {
            table: "findings",
            row: &row.fingerprint,
        };
        let severity = usize::try_from(row.severity).ok();
        let severity = severity.and_then(|rank| Severity::ALL.get(rank).copied());
        let severity = origin.require("severity", severity)?;
        let seen: BTreeSet<(u32, Option<LoopStep>)> = origin.json("seen", &row.seen)?;
        let accepted = match (row.accepted_by, row.accepted_reason, row.accepted_at) {
            (Some(by), Some(reason), Some(at)) => Some(Acceptance {
                by,
                reason,
                at: Timestamp(at),
            }),
            _ => None,
        };
        let stamp = Stamp {
            at: Timestamp(row.seen_at),
            arrival: row.seen_by,
        };
        let value = Sighting {
            fingerprint: row.fingerprint,
            kind: row.kind,
            area: row.area,
            description: row.description,
            severity,
        };
        Ok(Self {
            sighting: Latest { stamp, value },
            seen,
            accepted,
        })
    }
}

fn by_number(rows: Vec<IterationRow>) -> Answer<BTreeMap<u32, IterationFacts>> {
    let facts = rows.into_iter().map(IterationFacts::try_from);
    facts
        .map(|facts| facts.map(|facts| (facts.iteration, facts)))
        .collect()
}

fn by_fingerprint(rows: Vec<FindingRow>) -> Answer<BTreeMap<String, FindingFacts>> {
    let facts = rows.into_iter().map(FindingFacts::try_from);
    let named = |facts: FindingFacts| (facts.sighting.value.fingerprint.clone(), facts);
    facts.map(|facts| facts.map(named)).collect()
}

const ITERATIONS: &str = "select iteration, facts from iterations where session = ";
const FINDINGS: &str = "select fingerprint, kind, area, description, severity, seen_at, seen_by, \
    seen, accepted_by, accepted_reason, accepted_at from findings where session = ";

/// The iterations and findings that are about to change.
pub(super) struct Touched {
    pub(super) iterations: BTreeSet<u32>,
    pub(super) fingerprints: BTreeSet<String>,
}

/// Reads what is known of them into a book of the session.
pub(super) async fn open(
    tx: &mut Tx<'_>,
    stored: &StoredSession,
    touched: &Touched,
) -> Answer<SessionBook> {
    let mut book = SessionBook {
        facts: stored.facts.clone(),
        ..SessionBook::default()
    };
    let iterations: Vec<_> = touched.iterations.iter().collect();
    for chunk in iterations.chunks(KEYS) {
        let rows: Vec<IterationRow> = in_tx!(tx, conn => {
            let mut query = QueryBuilder::new(ITERATIONS);
            query.push_bind(stored.number).push(" and iteration in (");
            let mut keys = query.separated(", ");
            for iteration in chunk {
                keys.push_bind(i64::from(**iteration));
            }
            query.push(")").build_query_as().fetch_all(conn).await?
        });
        book.iterations.extend(by_number(rows)?);
    }
    let fingerprints: Vec<_> = touched.fingerprints.iter().collect();
    for chunk in fingerprints.chunks(KEYS) {
        let rows: Vec<FindingRow> = in_tx!(tx, conn => {
            let mut query = QueryBuilder::new(FINDINGS);
            query.push_bind(stored.number).push(" and fingerprint in (");
            let mut keys = query.separated(", ");
            for fingerprint in chunk {
                keys.push_bind((*fingerprint).clone());
            }
            query.push(")").build_query_as().fetch_all(conn).await?
        });
        book.findings.extend(by_fingerprint(rows)?);
    }
    Ok(book)
}

const SAVE_ITERATION: &str = "insert into iterations (session, iteration, facts) \
    values ($1, $2, $3) on conflict (session, iteration) do update set facts = excluded.facts";
const SAVE_FINDING: &str = "insert into findings (session, fingerprint, kind, area, description, \
    severity, seen_at, seen_by, seen) values ($1, $2, $3, $4, $5, $6, $7, $8, $9) \
    on conflict (session, fingerprint) do update set kind = excluded.kind, area = excluded.area, \
    description = excluded.description, severity = excluded.severity, \
    seen_at = excluded.seen_at, seen_by = excluded.seen_by, seen = excluded.seen";

/// Writes the iterations and findings of `book` back.
pub(super) async fn close(tx: &mut Tx<'_>, session: i64, book: &SessionBook) -> Answer<()> {
    for facts in book.iterations.values() {
        in_tx!(tx, conn => sqlx::query(SAVE_ITERATION)
            .bind(session)
            .bind(i64::from(facts.iteration))
            .bind(json(facts))
            .execute(conn)
            .await?.rows_affected());
    }
    for finding in book.findings.values() {
        let Latest { stamp, value } = &finding.sighting;
        let mut grades = Severity::ALL.into_iter().zip(0_i64..);
        let rank = grades.find(|(severity, _)| *severity == value.severity);
        in_tx!(tx, conn => sqlx::query(SAVE_FINDING)
            .bind(session)
            .bind(&value.fingerprint)
            .bind(&value.kind)
            .bind(&value.area)
            .bind(&value.description)
            .bind(rank.map_or(0, |(_, rank)| rank))
            .bind(stamp.at.0)
            .bind(stamp.arrival)
            .bind(json(&finding.seen))
            .execute(conn)
            .await?.rows_affected());
    }
    Ok(())
}

impl Database {
    /// Everything that is known of a session.
    pub(crate) async fn session_book(&self, stored: &StoredSession) -> Answer<SessionBook> {
        let number = stored.number;
        let iterations: Vec<IterationRow> = on_pool!(self, pool => {
            let mut query = QueryBuilder::new(ITERATIONS);
            query.push_bind(number).push(" order by iteration");
            query.build_query_as().fetch_all(pool).await?
        });
        let findings: Vec<FindingRow> = on_pool!(self, pool => {
            let mut query = QueryBuilder::new(FINDINGS);
            query.push_bind(number).push(" order by fingerprint");
            query.build_query_as().fetch_all(pool).await?
        });
        Ok(SessionBook {
            facts: stored.facts.clone(),
            iterations: by_number(iterations)?,
            findings: by_fingerprint(findings)?,
        })
    }
}
