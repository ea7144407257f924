//! What makes a repeated request recognisable, for a day.

use crate::domain::{AppError, IdempotencyKey, Timestamp};
use crate::server::storage::tx::{Tx, in_tx};
use crate::server::storage::{Answer, Write};

/// How long a key is remembered.
const KEPT_SECONDS: i64 = 24 * 3600;
/// Forgotten by one statement, so that nobody waits long behind it.
const FEW: i64 = 2000;

// Those of an earlier version knew neither who nor where, nor what they were sent with.
const FIND: &str = "select digest, task from request_keys \
    where key = $1 and ((actor = $2 and route = $3) or route = '') and created_at > $4 \
    order by route desc limit 1";
const KEEP: &str = "insert into request_keys (key, actor, route, digest, task, created_at) \
    values ($1, $2, $3, $4, $5, $6) on conflict (actor, route, key) do update \
    set digest = excluded.digest, task = excluded.task, created_at = excluded.created_at";
const FORGET: &str = "delete from request_keys where (actor, route, key) in \
    (select actor, route, key from request_keys where created_at <= $1 limit $2)";

/// The task that an earlier request with this key created.
pub(super) async fn find(
    tx: &mut Tx<'_>,
    key: &IdempotencyKey,
    now: Timestamp,
) -> Answer<Option<i64>> {
    let found: Option<(String, i64)> = in_tx!(tx, conn => sqlx::query_as(FIND)
        .bind(&key.key)
        .bind(&key.actor)
        .bind(&key.route)
        .bind(now.plus_seconds(-KEPT_SECONDS).0)
        .fetch_optional(conn)
        .await?);
    let Some((digest, task)) = found else {
        return Ok(None);
    };
    if digest.is_empty() || digest == key.digest {
        return Ok(Some(task));
    }
    let message = "this key was used for another request";
    Err(AppError::invalid_field("Idempotency-Key", message).into())
}

/// Remembers what a request with this key created.
pub(super) async fn keep(
    tx: &mut Tx<'_>,
    key: &IdempotencyKey,
    task: i64,
    now: Timestamp,
) -> Answer<()> {
    in_tx!(tx, conn => sqlx::query(KEEP)
        .bind(&key.key)
        .bind(&key.actor)
        .bind(&key.route)
        .bind(&key.digest)
        .bind(task)
        .bind(now.0)
        .execute(conn)
        .await?.rows_affected());
    Ok(())
}

/// Deletes some keys that have ended.
pub(crate) struct ForgetKeys {
    pub(crate) now: Timestamp,
}

impl Write for ForgetKeys {
    /// True when there are more.
    type Output = bool;

    async fn run(&self, tx: &mut Tx<'_>) -> Answer<bool> {
        let ended = self.now.plus_seconds(-KEPT_SECONDS).0;
        let gone = in_tx!(tx, conn => sqlx::query(FORGET)
            .bind(ended).bind(FEW).execute(conn).await?.rows_affected());
        Ok(i64::try_from(gone).is_ok_and(|gone| gone >= FEW))
    }
}
