//! Iterations and findings of sessions: what a group of events touches is read, added to, and
//! written back, by a fixed number of statements.

use std::collections::BTreeMap;

use sqlx::QueryBuilder;

use super::mend;
use super::take::{Books, KEPT_READY, ROWS};
use crate::domain::{
    Acceptance, FindingFacts, IterationFacts, Latest, Seen, Severity, Sighting, Stamp, Timestamp,
};
use crate::server::storage::columns::{Origin, json};
use crate::server::storage::tx::{Tx, in_tx};
use crate::server::storage::{Answer, StorageError};

#[derive(sqlx_macros::FromRow)]
struct IterationRow {
    session: i64,
    iteration: i64,
    facts: String,
}

#[derive(sqlx_macros::FromRow)]
pub(super) struct FindingRow {
    pub(super) session: i64,
    pub(super) fingerprint: String,
    kind: String,
    area: String,
    description: String,
    severity: i64,
    seen_at: i64,
    seen_by: i64,
    pub(super) seen: String,
    accepted_by: Option<String>,
    accepted_reason: Option<String>,
    accepted_at: Option<i64>,
}

/// The columns of [`FindingRow`].
pub(super) const FINDINGS: &str = "select session, fingerprint, kind, area, description, \
    severity, seen_at, seen_by, seen, accepted_by, accepted_reason, accepted_at from findings";

impl FindingRow {
    /// True when a person lives with it.
    pub(super) fn accepted(&self) -> bool {
        self.accepted_by.is_some()
    }
}

/// The number of a severity in its column.
pub(super) fn rank(severity: Severity) -> i64 {
    let mut grades = Severity::ALL.into_iter().zip(0_i64..);
    let grade = grades.find(|(known, _)| *known == severity);
    grade.map_or(0, |(_, rank)| rank)
}

/// The severity with this number.
pub(super) fn severity(rank: i64) -> Option<Severity> {
    let rank = usize::try_from(rank).ok()?;
    Severity::ALL.get(rank).copied()
}

impl TryFrom<FindingRow> for FindingFacts {
    type Error = StorageError;

    fn try_from(row: FindingRow) -> Answer<Self> {
        let origin = Origin {
            table: "findings",
            row: &row.fingerprint,
        };
        let severity = origin.require("severity", severity(row.severity))?;
        let seen: Seen = origin.json("seen", &row.seen)?;
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
            suppressed: accepted.as_ref().and_then(Acceptance::suppressed),
        };
        Ok(Self {
            sighting: Latest { stamp, value },
            seen,
            accepted,
        })
    }
}

/// The iterations and findings that are about to change, by the number of their session.
pub(super) struct Touched {
    pub(super) iterations: Vec<(i64, u32)>,
    pub(super) findings: Vec<(i64, String)>,
}

/// Reads what is known of them into books.
pub(super) async fn open(tx: &mut Tx<'_>, touched: &Touched) -> Answer<Books> {
    let mut books = BTreeMap::new();
    iterations(tx, &touched.iterations, &mut books).await?;
    findings(tx, &touched.findings, &mut books).await?;
    Ok(books)
}

async fn iterations(tx: &mut Tx<'_>, keys: &[(i64, u32)], books: &mut Books) -> Answer<()> {
    for chunk in keys.chunks(ROWS) {
        let rows: Vec<IterationRow> = in_tx!(tx, conn => {
            let mut query = QueryBuilder::new("select session, iteration, facts from iterations \
                where (session, iteration) in (");
            query.push_values(chunk, |mut row, (session, iteration)| {
                row.push_bind(*session).push_bind(i64::from(*iteration));
            });
            query.push(")");
            query.build_query_as().persistent(chunk.len() <= KEPT_READY).fetch_all(conn).await?
        });
        for row in rows {
            let number = u32::try_from(row.iteration).unwrap_or(u32::MAX);
            let facts = match serde_json::from_str(&row.facts) {
                Ok(facts) => facts,
                Err(error) => {
                    unreadable("iterations.facts", &row.iteration.to_string(), &error);
                    mend::iteration(tx, row.session, number).await?
                }
            };
            let book = books.entry(row.session).or_default();
            book.iterations.insert(number, facts);
        }
    }
    Ok(())
}

async fn findings(tx: &mut Tx<'_>, keys: &[(i64, String)], books: &mut Books) -> Answer<()> {
    for chunk in keys.chunks(ROWS) {
        let rows: Vec<FindingRow> = in_tx!(tx, conn => {
            let mut query = QueryBuilder::new(FINDINGS);
            query.push(" where (session, fingerprint) in (");
            query.push_values(chunk, |mut row, (session, fingerprint)| {
                row.push_bind(*session).push_bind(fingerprint.clone());
            });
            query.push(")");
            query.build_query_as().persistent(chunk.len() <= KEPT_READY).fetch_all(conn).await?
        });
        for row in rows {
            let (session, fingerprint) = (row.session, row.fingerprint.clone());
            match FindingFacts::try_from(row) {
                Ok(facts) => {
                    let book = books.entry(session).or_default();
                    book.findings.insert(fingerprint, facts);
                }
                // It was seen, if nothing else is known: it is written anew.
                Err(error) => _ = unreadable("findings", &fingerprint, &error),
            }
        }
    }
    Ok(())
}

/// Says in the log what cannot be read, and answers its name: the rest stands.
pub(super) fn unreadable(what: &str, row: &str, error: &dyn std::error::Error) -> String {
    let name = format!("{what} of row {row}");
    tracing::error!("{name} cannot be read: {error}");
    name
}

/// What a person decided stands, whatever is seen afterwards; what a tool says goes as it came
/// (`Acceptance::TOOLS`).
const UPDATE: &str = " on conflict (session, fingerprint) do update set kind = excluded.kind, \
    area = excluded.area, description = excluded.description, \
    severity = excluded.severity, seen_at = excluded.seen_at, \
    seen_by = excluded.seen_by, seen = excluded.seen, \
    accepted_reason = case when coalesce(findings.accepted_by, 'its tool, ') like 'its tool, %' \
        then excluded.accepted_reason else findings.accepted_reason end, \
    accepted_at = case when coalesce(findings.accepted_by, 'its tool, ') like 'its tool, %' \
        then excluded.accepted_at else findings.accepted_at end, \
    accepted_by = case when coalesce(findings.accepted_by, 'its tool, ') like 'its tool, %' \
        then excluded.accepted_by else findings.accepted_by end";

/// Writes the iterations and findings of `books` back.
pub(super) async fn close(tx: &mut Tx<'_>, books: &Books) -> Answer<()> {
    let iterations: Vec<(i64, &IterationFacts)> = books
        .iter()
        .flat_map(|(session, book)| book.iterations.values().map(|facts| (*session, facts)))
        .collect();
    for chunk in iterations.chunks(ROWS) {
        in_tx!(tx, conn => {
            let mut query = QueryBuilder::new("insert into iterations (session, iteration, facts) ");
            query.push_values(chunk, |mut row, (session, facts)| {
                row.push_bind(*session).push_bind(i64::from(facts.iteration)).push_bind(json(facts));
            });
            query.push(" on conflict (session, iteration) do update set facts = excluded.facts");
            let query = query.build().persistent(chunk.len() <= KEPT_READY);
            query.execute(conn).await?.rows_affected()
        });
    }
    let findings: Vec<(i64, &FindingFacts)> = books
        .iter()
        .flat_map(|(session, book)| book.findings.values().map(|facts| (*session, facts)))
        .collect();
    for chunk in findings.chunks(ROWS) {
        in_tx!(tx, conn => {
            let mut query = QueryBuilder::new("insert into findings (session, fingerprint, kind, \
                area, description, severity, seen_at, seen_by, seen, \
                accepted_by, accepted_reason, accepted_at) ");
            query.push_values(chunk, |mut row, (session, facts)| {
                let Latest { stamp, value } = &facts.sighting;
                row.push_bind(*session)
                    .push_bind(value.fingerprint.clone())
                    .push_bind(value.kind.clone())
                    .push_bind(value.area.clone())
                    .push_bind(value.description.clone())
                    .push_bind(rank(value.severity))
                    .push_bind(stamp.at.0)
                    .push_bind(stamp.arrival)
                    .push_bind(json(&facts.seen));
                let accepted = facts.accepted.as_ref();
                row.push_bind(accepted.map(|it| it.by.clone()))
                    .push_bind(accepted.map(|it| it.reason.clone()))
                    .push_bind(accepted.map(|it| it.at.0));
            });
            query.push(UPDATE);
            let query = query.build().persistent(chunk.len() <= KEPT_READY);
            query.execute(conn).await?.rows_affected()
        });
    }
    Ok(())
}
