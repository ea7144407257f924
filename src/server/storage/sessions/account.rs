//! What a session adds up to, and pages of its findings: by groups of which the same became, so
//! that nobody reads a hundred thousand rows to show fifty.

use std::collections::HashMap;

use sqlx::QueryBuilder;

use super::book::{FINDINGS, FindingRow, rank, severity, unreadable};
use super::row::StoredSession;
use super::take::{KEPT_READY, ROWS};
use crate::domain::{
    Account, AppError, Code, Fellows, Finding, FindingFacts, FindingState, IterationFacts, Seen,
    SessionNumbers, Severity, account,
};
use crate::server::storage::columns::Origin;
use crate::server::storage::database::on_pool;
use crate::server::storage::{Answer, Database, StorageError};

/// What a session adds up to.
#[derive(Clone, Debug)]
pub(crate) struct Accounts {
    session: i64,
    pub(crate) account: Account,
    /// Its findings by what became of them.
    pub(crate) groups: Vec<Group>,
    /// How often an event of it could not be read.
    refused: u64,
    /// Why some of it cannot be read; then the numbers are not all there is.
    pub(crate) unreadable: Option<String>,
}

/// Findings of which the same became, and which are equally grave.
#[derive(Clone, Debug)]
pub(crate) struct Group {
    pub(crate) state: FindingState,
    pub(crate) severity: Severity,
    pub(crate) count: u32,
    pub(crate) first_iteration: u32,
    /// As it stands in the column, which selects them.
    seen: String,
    accepted: bool,
}

#[derive(sqlx_macros::FromRow)]
struct IterationRow {
    session: i64,
    iteration: i64,
    facts: String,
}

#[derive(sqlx_macros::FromRow)]
struct GroupRow {
    session: i64,
    seen: String,
    severity: i64,
    findings: i64,
    accepted: i64,
}

const ITERATIONS: &str = "select session, iteration, facts from iterations where session in (";
const ITERATION: &str = "select facts from iterations where session = $1 and iteration = $2";
const GROUPS: &str = "select session, seen, severity, count(*) as findings, \
    count(accepted_by) as accepted from findings where session in (";

impl Accounts {
    /// The numbers of the session as a whole.
    pub(crate) fn numbers(&self) -> SessionNumbers {
        SessionNumbers::of(&self.account.iterations, self.totals(), self.refused)
    }

    /// How many findings there are, and how many of them are open.
    fn totals(&self) -> (u64, u64) {
        let sum = |groups: &mut dyn Iterator<Item = &Group>| {
            groups.map(|group| u64::from(group.count)).sum()
        };
        let all = sum(&mut self.groups.iter());
        let open = sum(&mut self.groups.iter().filter(|it| it.state.is_open()));
        (all, open)
    }

    /// What these rows of a session add up to.
    fn of(stored: &StoredSession, iterations: Vec<IterationRow>, rows: Vec<GroupRow>) -> Self {
        let mut broken = None;
        let iterations: Vec<IterationFacts> = iterations
            .into_iter()
            .filter_map(|row| {
                let facts = serde_json::from_str(&row.facts);
                let row = row.iteration.to_string();
                let say = |error: serde_json::Error| unreadable("iterations.facts", &row, &error);
                facts.map_err(|error| broken = Some(say(error))).ok()
            })
            .collect();
        let (mut groups, mut fellows) = (Vec::new(), Vec::new());
        for row in rows {
            match row.read() {
                Ok((seen, severity)) => row.divide(&seen, severity, &mut groups, &mut fellows),
                Err(what) => broken = Some(what),
            }
        }
        let account = account(&stored.facts, &iterations, &fellows);
        for (group, state) in groups.iter_mut().zip(&account.states) {
            group.state = *state;
        }
        Self {
            session: stored.number,
            account,
            groups,
            refused: stored.facts.refused,
            unreadable: broken
                .map(|what| format!("some of its record in the database cannot be read ({what})")),
        }
    }

    /// The finding of a row, with what became of it.
    fn finding(&self, row: FindingRow) -> Answer<Finding> {
        let (seen, accepted) = (row.seen.clone(), row.accepted());
        let facts = FindingFacts::try_from(row)?;
        let mut groups = self.groups.iter();
        let of = groups.find(|group| group.seen == seen && group.accepted == accepted);
        let state = match of {
            Some(group) => group.state,
            // It changed since the groups were read.
            None if accepted => FindingState::Accepted,
            None => FindingState::Repeated,
        };
        Ok(Finding::of(&facts, state))
    }
}

impl GroupRow {
    /// Where these findings were seen, and how grave they are; the error names what cannot be read.
    fn read(&self) -> Result<(Seen, Severity), String> {
        let start = start(&self.seen);
        let seen = serde_json::from_str(&self.seen)
            .map_err(|error| unreadable("findings.seen", &start, &error))?;
        let origin = Origin {
            table: "findings",
            row: &start,
        };
        let severity = origin.require("severity", severity(self.severity));
        let severity = severity.map_err(|error| unreadable("findings.severity", &start, &error))?;
        Ok((seen, severity))
    }

    /// Those that nobody accepted, and those that a person did.
    fn divide(
        &self,
        seen: &Seen,
        severity: Severity,
        groups: &mut Vec<Group>,
        fellows: &mut Vec<Fellows>,
    ) {
        let counts = [self.findings - self.accepted, self.accepted];
        for (count, accepted) in counts.into_iter().zip([false, true]) {
            if count == 0 {
                continue;
            }
            let count = u32::try_from(count).unwrap_or(u32::MAX);
            groups.push(Group {
                state: FindingState::New,
                severity,
                count,
                first_iteration: seen.first(),
                seen: self.seen.clone(),
                accepted,
            });
            fellows.push(Fellows {
                seen: seen.clone(),
                accepted,
                count,
            });
        }
    }
}

impl Database {
    /// What a session adds up to.
    pub(crate) async fn accounts(&self, stored: &StoredSession) -> Answer<Accounts> {
        let mut all = self.accounts_of(&[stored]).await?;
        let empty = || Accounts::of(stored, Vec::new(), Vec::new());
        Ok(all.pop().unwrap_or_else(empty))
    }

    /// What each of these sessions adds up to, in their order.
    pub(crate) async fn accounts_of(&self, sessions: &[&StoredSession]) -> Answer<Vec<Accounts>> {
        let mut all = Vec::with_capacity(sessions.len());
        for chunk in sessions.chunks(ROWS) {
            let kept = chunk.len() <= KEPT_READY;
            let iterations: Vec<IterationRow> = on_pool!(self, pool => {
                let mut query = QueryBuilder::new(ITERATIONS);
                let mut list = query.separated(", ");
                for stored in chunk {
                    list.push_bind(stored.number);
                }
                query.push(") order by session, iteration");
                query.build_query_as().persistent(kept).fetch_all(pool).await?
            });
            let groups: Vec<GroupRow> = on_pool!(self, pool => {
                let mut query = QueryBuilder::new(GROUPS);
                let mut list = query.separated(", ");
                for stored in chunk {
                    list.push_bind(stored.number);
                }
                query.push(") group by session, seen, severity");
                query.build_query_as().persistent(kept).fetch_all(pool).await?
            });
            let mut by_session: HashMap<i64, (Vec<IterationRow>, Vec<GroupRow>)> = HashMap::new();
            for row in iterations {
                by_session.entry(row.session).or_default().0.push(row);
            }
            for row in groups {
                by_session.entry(row.session).or_default().1.push(row);
            }
            all.extend(chunk.iter().map(|stored| {
                let (iterations, groups) = by_session.remove(&stored.number).unwrap_or_default();
                Accounts::of(stored, iterations, groups)
            }));
        }
        Ok(all)
    }

    /// How many findings, fixes and vulnerabilities the steps of an iteration reported, and whether
    /// there may be more; `None` when that cannot be read.
    pub(crate) async fn reported(
        &self,
        stored: &StoredSession,
        iteration: u32,
    ) -> Answer<Option<([u64; 3], bool)>> {
        let facts: Option<String> = on_pool!(self, pool => sqlx::query_scalar(ITERATION)
            .bind(stored.number)
            .bind(i64::from(iteration))
            .fetch_optional(pool)
            .await?);
        let Some(facts) = facts else {
            return Ok(Some(([0; 3], false)));
        };
        let facts: Result<IterationFacts, _> = serde_json::from_str(&facts);
        let row = iteration.to_string();
        let say = |error: serde_json::Error| unreadable("iterations.facts", &row, &error);
        let read = facts.map_err(say).ok();
        Ok(read.map(|it| (it.totals(), it.is_partial())))
    }

    /// At most `limit` findings of these groups, by fingerprint, those after `after`; not those
    /// that the session with the number `except` has too.
    pub(crate) async fn findings_of(
        &self,
        accounts: &Accounts,
        groups: &[&Group],
        after: &str,
        limit: usize,
        except: Option<i64>,
    ) -> Answer<Vec<Finding>> {
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let mut found: Vec<Finding> = Vec::new();
        for chunk in groups.chunks(ROWS) {
            let rows: Vec<FindingRow> = on_pool!(self, pool => {
                let mut query = QueryBuilder::new(FINDINGS);
                query.push(" where session = ").push_bind(accounts.session);
                query.push(" and (seen, severity, accepted_by is not null) in (");
                query.push_values(chunk, |mut row, group| {
                    row.push_bind(group.seen.clone())
                        .push_bind(rank(group.severity))
                        .push_bind(group.accepted);
                });
                query.push(") and fingerprint > ").push_bind(after.to_owned());
                if let Some(except) = except {
                    query.push(" and not exists (select 1 from findings other \
                        where other.session = ").push_bind(except);
                    query.push(" and other.fingerprint = findings.fingerprint)");
                }
                query.push(" order by fingerprint limit ").push_bind(limit);
                query.build_query_as().persistent(chunk.len() <= KEPT_READY).fetch_all(pool).await?
            });
            found.extend(readable(accounts, rows));
        }
        found.sort_by(|a, b| a.fingerprint.cmp(&b.fingerprint));
        found.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
        Ok(found)
    }

    /// Those of these findings that the session has, by fingerprint.
    pub(crate) async fn findings_named(
        &self,
        accounts: &Accounts,
        fingerprints: &[String],
    ) -> Answer<HashMap<String, Finding>> {
        let mut found = HashMap::new();
        for chunk in fingerprints.chunks(ROWS) {
            let rows: Vec<FindingRow> = on_pool!(self, pool => {
                let mut query = QueryBuilder::new(FINDINGS);
                query.push(" where session = ").push_bind(accounts.session);
                query.push(" and fingerprint in (");
                let mut list = query.separated(", ");
                for fingerprint in chunk {
                    list.push_bind(fingerprint.clone());
                }
                query.push(")");
                query.build_query_as().persistent(chunk.len() <= KEPT_READY).fetch_all(pool).await?
            });
            let findings = readable(accounts, rows);
            found.extend(findings.map(|finding| (finding.fingerprint.clone(), finding)));
        }
        Ok(found)
    }

    /// One finding of a session.
    pub(crate) async fn finding(&self, accounts: &Accounts, fingerprint: &str) -> Answer<Finding> {
        let mut found = self
            .findings_named(accounts, &[fingerprint.to_owned()])
            .await?;
        let absent = || {
            AppError::new(
                Code::FindingNotFound,
                format!("the session has no finding {fingerprint:?}"),
            )
        };
        Ok(found.remove(fingerprint).ok_or_else(absent)?)
    }
}

/// So much of a long column as names it.
fn start(text: &str) -> String {
    text.chars().take(40).collect()
}

/// Those that can be read; what is wrong with the others is in the log.
fn readable(accounts: &Accounts, rows: Vec<FindingRow>) -> impl Iterator<Item = Finding> {
    rows.into_iter().filter_map(|row| {
        let fingerprint = row.fingerprint.clone();
        let say = |error: StorageError| unreadable("findings", &fingerprint, &error);
        accounts.finding(row).map_err(say).ok()
    })
}
