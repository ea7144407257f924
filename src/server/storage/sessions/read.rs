//! Reading sessions.

use sqlx::QueryBuilder;

use super::row::{COLUMNS, SessionRow, StoredSession, absent};
use crate::domain::{Page, Scope, SessionFilter, SessionStats, Timestamp};
use crate::server::storage::columns::{like, parse_cursor, push_scope};
use crate::server::storage::database::on_pool;
use crate::server::storage::{Answer, Database};

const SILENT: &str =
    "select number from sessions where status = 'running' and heard_at < $1 limit 1";
const TOTALS: &str = "select count(*), count(case when status = 'converged' then 1 end), \
    count(duration), cast(coalesce(sum(iterations), 0) as bigint), \
    cast(coalesce(sum(events), 0) as bigint) from sessions where ";
const MEDIAN: &str = "select duration from sessions where duration is not null and ";

impl Database {
    pub(crate) async fn session(&self, scope: &Scope, id: &str) -> Answer<StoredSession> {
        // PostgreSQL refuses NUL, and no session has one.
        if id.contains('\0') {
            return Err(absent(id).into());
        }
        let row: Option<SessionRow> = on_pool!(self, pool => {
            let mut query = QueryBuilder::new(COLUMNS);
            query.push(" where id = ").push_bind(id.to_owned()).push(" and ");
            push_scope(&mut query, "project", scope);
            query.build_query_as().fetch_optional(pool).await?
        });
        Ok(row.ok_or_else(|| absent(id))?.into())
    }

    /// The sessions heard from last, latest first.
    pub(crate) async fn latest_sessions(
        &self,
        scope: &Scope,
        most: u32,
    ) -> Answer<Vec<StoredSession>> {
        let rows: Vec<SessionRow> = on_pool!(self, pool => {
            let mut query = QueryBuilder::new(COLUMNS);
            query.push(" where ");
            push_scope(&mut query, "project", scope);
            query.push(" order by heard_at desc, number desc limit ").push_bind(i64::from(most));
            query.build_query_as().fetch_all(pool).await?
        });
        Ok(rows.into_iter().map(StoredSession::from).collect())
    }

    /// A page of sessions, newest first; the cursor is the number of the last one.
    pub(crate) async fn sessions(
        &self,
        scope: &Scope,
        filter: &SessionFilter,
        cursor: Option<&str>,
        limit: u32,
    ) -> Answer<Page<StoredSession>> {
        let before = cursor.map(parse_cursor).transpose()?;
        let words = filter
            .q
            .as_deref()
            .map(str::trim)
            .filter(|words| !words.is_empty());
        let mut rows: Vec<SessionRow> = on_pool!(self, pool => {
            let mut query = QueryBuilder::new(COLUMNS);
            query.push(" where ");
            push_scope(&mut query, "project", scope);
            if let Some(before) = before {
                query.push(" and number < ").push_bind(before);
            }
            for (column, names) in [
                (" and state in (", filter.state.iter().map(|it| it.as_str()).collect::<Vec<_>>()),
                (" and status in (", filter.status.iter().map(|it| it.as_str()).collect()),
            ] {
                if names.is_empty() {
                    continue;
                }
                query.push(column);
                let mut list = query.separated(", ");
                for name in names {
                    list.push_bind(name);
                }
                query.push(")");
            }
            if let Some(words) = words {
                query.push(" and words like ");
                query.push_bind(format!("%{}%", like(&words.to_lowercase()))).push(" escape '\\'");
            }
            query.push(" order by number desc limit ").push_bind(i64::from(limit) + 1);
            query.build_query_as().fetch_all(pool).await?
        });
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let more = rows.len() > limit;
        rows.truncate(limit);
        let items: Vec<_> = rows.into_iter().map(StoredSession::from).collect();
        let next = items
            .last()
            .filter(|_| more)
            .map(|last| last.number.to_string());
        Ok(Page { items, next })
    }

    /// The sessions that name a task in one of these ways, latest first.
    pub(crate) async fn sessions_of_task(
        &self,
        scope: &Scope,
        names: [String; 2],
        most: u32,
    ) -> Answer<Vec<StoredSession>> {
        let rows: Vec<SessionRow> = on_pool!(self, pool => {
            let mut query = QueryBuilder::new(COLUMNS);
            query.push(" where task in (").push_bind(names[0].clone()).push(", ");
            query.push_bind(names[1].clone()).push(") and ");
            push_scope(&mut query, "project", scope);
            query.push(" order by number desc limit ").push_bind(i64::from(most));
            query.build_query_as().fetch_all(pool).await?
        });
        Ok(rows.into_iter().map(StoredSession::from).collect())
    }

    /// True when a running session was last heard of before this moment.
    pub(crate) async fn has_silent_sessions(&self, heard_before: Timestamp) -> Answer<bool> {
        let found: Option<i64> = on_pool!(self, pool => sqlx::query_scalar(SILENT)
            .bind(heard_before.0)
            .fetch_optional(pool)
            .await?);
        Ok(found.is_some())
    }

    /// All sessions in numbers.
    pub(crate) async fn session_stats(&self, scope: &Scope) -> Answer<SessionStats> {
        let (total, converged, over, iterations, events): (i64, i64, i64, i64, i64) = on_pool!(self, pool => {
            let mut query = QueryBuilder::new(TOTALS);
            push_scope(&mut query, "project", scope);
            query.build_query_as().fetch_one(pool).await?
        });
        let median: Option<i64> = on_pool!(self, pool => {
            let mut query = QueryBuilder::new(MEDIAN);
            push_scope(&mut query, "project", scope);
            query.push(" order by duration limit 1 offset ").push_bind((over - 1).max(0) / 2);
            query.build_query_scalar().fetch_optional(pool).await?
        });
        let whole = |number: i64| u64::try_from(number).unwrap_or(0);
        Ok(SessionStats {
            total_sessions: whole(total),
            converged_sessions: whole(converged),
            convergence_rate: part(converged, total),
            avg_iterations: part(iterations, total),
            total_events: whole(events),
            median_duration_seconds: median.map(|micros| part(micros, 1_000_000)),
        })
    }
}

#[expect(
    clippy::as_conversions,
    clippy::cast_precision_loss,
    reason = "52 bits hold every count that a database can"
)]
fn part(of: i64, whole: i64) -> f64 {
    if whole == 0 {
        0.0
    } else {
        of as f64 / whole as f64
    }
}
