//! What tasks used, record by record. A task's usage is their sum: within an attempt, records with
//! ids take the place of a total.

use sqlx::QueryBuilder;

use super::columns::{Origin, count, parse_cursor};
use super::database::on_pool;
use super::tasks::StoredTask;
use super::tx::{Tx, in_tx};
use super::{Answer, Database, StorageError};
use crate::domain::{Cost, CostSource, Page, TOTAL, Timestamp, Usage, UsageRecord, UsageReport};

// What is not said again stays.
const REPORT: &str = "insert into usage_records (task, attempt, record, model, provider, \
    input_tokens, cached_tokens, output_tokens, cost_micros, reported_at) \
    values ($1, $2, $3, $4, $5, coalesce($6, 0), coalesce($7, 0), coalesce($8, 0), $9, $10) \
    on conflict (task, attempt, record) do update set \
    model = coalesce($4, usage_records.model), \
    provider = coalesce($5, usage_records.provider), \
    input_tokens = coalesce($6, usage_records.input_tokens), \
    cached_tokens = coalesce($7, usage_records.cached_tokens), \
    output_tokens = coalesce($8, usage_records.output_tokens), \
    cost_micros = coalesce($9, usage_records.cost_micros), \
    reported_at = excluded.reported_at";

// As floating point, since no sum of whole numbers is safe from being too large.
const SUM: &str = "select count(*) as records, count(cost_micros) as priced, \
    coalesce(sum(cast(input_tokens as double precision)), 0.0) as input, \
    coalesce(sum(cast(cached_tokens as double precision)), 0.0) as cached, \
    coalesce(sum(cast(output_tokens as double precision)), 0.0) as output, \
    coalesce(sum(cast(cost_micros as double precision)), 0.0) as cost \
    from usage_records it where task = $1 and (record <> $2 or not exists (select 1 \
        from usage_records other where other.task = it.task and other.attempt = it.attempt \
        and other.record <> $2))";

#[derive(sqlx_macros::FromRow)]
struct Sum {
    records: i64,
    priced: i64,
    input: f64,
    cached: f64,
    output: f64,
    cost: f64,
}

/// Stores what an attempt of `stored` reports, and adds up anew what the task used.
pub(super) async fn report(
    tx: &mut Tx<'_>,
    stored: &mut StoredTask,
    attempt: u32,
    report: &UsageReport,
    now: Timestamp,
) -> Answer<()> {
    let number = stored.task.number;
    in_tx!(tx, conn => sqlx::query(REPORT)
        .bind(number)
        .bind(i64::from(attempt))
        .bind(report.id.as_deref().unwrap_or(TOTAL))
        .bind(&report.model)
        .bind(&report.provider)
        .bind(report.input_tokens.map(count))
        .bind(report.cached_tokens.map(count))
        .bind(report.output_tokens.map(count))
        .bind(report.cost_usd.map(|cost| cost.0))
        .bind(now.0)
        .execute(conn)
        .await?.rows_affected());
    let sum: Sum = in_tx!(tx, conn =>
        sqlx::query_as(SUM).bind(number).bind(TOTAL).fetch_one(conn).await?);
    stored.task.usage = sum.usage();
    Ok(())
}

impl Sum {
    fn usage(&self) -> Usage {
        Usage {
            input_tokens: whole(self.input),
            cached_tokens: whole(self.cached),
            output_tokens: whole(self.output),
            cost_usd: (self.priced > 0)
                .then(|| Cost(i64::try_from(whole(self.cost)).unwrap_or(i64::MAX))),
            cost_source: match self.priced {
                0 => CostSource::Unknown,
                all if all == self.records => CostSource::Reported,
                _ => CostSource::Mixed,
            },
        }
    }
}

/// At most 2^53 - 1, as all numbers here.
#[expect(
    clippy::as_conversions,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "it is between 0 and 2^53"
)]
fn whole(sum: f64) -> u64 {
    sum.clamp(0.0, 9_007_199_254_740_991.0) as u64
}

#[derive(sqlx_macros::FromRow)]
struct RecordRow {
    number: i64,
    attempt: i64,
    record: String,
    model: Option<String>,
    provider: Option<String>,
    input_tokens: i64,
    cached_tokens: i64,
    output_tokens: i64,
    cost_micros: Option<i64>,
    reported_at: i64,
}

impl TryFrom<RecordRow> for UsageRecord {
    type Error = StorageError;

    fn try_from(row: RecordRow) -> Answer<Self> {
        let name = row.number.to_string();
        let origin = Origin {
            table: "usage_records",
            row: &name,
        };
        Ok(Self {
            id: row.record,
            attempt: origin.number("attempt", row.attempt)?,
            model: row.model,
            provider: row.provider,
            input_tokens: origin.number("input_tokens", row.input_tokens)?,
            cached_tokens: origin.number("cached_tokens", row.cached_tokens)?,
            output_tokens: origin.number("output_tokens", row.output_tokens)?,
            cost_usd: row.cost_micros.map(Cost),
            reported_at: Timestamp(row.reported_at),
        })
    }
}

impl Database {
    /// A page of the records of a task, those that were first reported last before others.
    pub(crate) async fn usage_records(
        &self,
        task: i64,
        cursor: Option<&str>,
        limit: u32,
    ) -> Answer<Page<UsageRecord>> {
        let before: Option<i64> = cursor.map(parse_cursor).transpose()?;
        let rows: Vec<RecordRow> = on_pool!(self, pool => {
            let mut query = QueryBuilder::new("select * from usage_records where task = ");
            query.push_bind(task);
            if let Some(before) = before {
                query.push(" and number < ").push_bind(before);
            }
            query.push(" order by number desc limit ").push_bind(i64::from(limit) + 1);
            query.build_query_as().fetch_all(pool).await?
        });
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let last = rows.get(limit.saturating_sub(1)).map(|row| row.number);
        let next = last.filter(|_| rows.len() > limit);
        let records = rows.into_iter().take(limit).map(UsageRecord::try_from);
        Ok(Page {
            items: records.collect::<Answer<_>>()?,
            next: next.map(|number| number.to_string()),
        })
    }
}
