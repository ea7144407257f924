//! What makes a repeated request recognisable, for a day.

use super::tx::{Tx, in_tx};
use super::{Answer, Write};
use crate::domain::{AppError, Code, IdempotencyKey, Timestamp};

/// How long a key is remembered.
const KEPT_SECONDS: i64 = 24 * 3600;
/// Forgotten by one statement, so that nobody waits long behind it.
const FEW: i64 = 2000;

// Those of an earlier version knew neither who nor where, nor what they were sent with.
const FIND: &str = "select digest, task, name from request_keys \
    where key = $1 and ((actor = $2 and route = $3) or route = '') and created_at > $4 \
    order by route desc limit 1";
const KEEP: &str = "insert into request_keys (key, actor, route, digest, task, name, created_at) \
    values ($1, $2, $3, $4, $5, $6, $7) on conflict (actor, route, key) do update \
    set digest = excluded.digest, task = excluded.task, name = excluded.name, \
    created_at = excluded.created_at";
const FORGET: &str = "delete from request_keys where (actor, route, key) in \
    (select actor, route, key from request_keys where created_at <= $1 limit $2)";

/// What a request made.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum Made {
    /// The task with this number.
    Task(i64),
    /// What has this name; new, or changed only.
    Named { name: String, is_new: bool },
}

/// What an earlier request with this key made.
pub(super) async fn find(
    tx: &mut Tx<'_>,
    key: &IdempotencyKey,
    now: Timestamp,
) -> Answer<Option<Made>> {
    let found: Option<(String, i64, Option<String>)> = in_tx!(tx, conn => sqlx::query_as(FIND)
        .bind(&key.key)
        .bind(&key.actor)
        .bind(&key.route)
        .bind(now.plus_seconds(-KEPT_SECONDS).0)
        .fetch_optional(conn)
        .await?);
    let Some((digest, task, name)) = found else {
        return Ok(None);
    };
    if digest.is_empty() || digest == key.digest {
        return Ok(Some(match name {
            None => Made::Task(task),
            Some(name) => Made::Named {
                name,
                is_new: task > 0,
            },
        }));
    }
    let message = "this key was used for another request";
    Err(AppError {
        code: Code::IdempotencyKeyReused,
        ..AppError::invalid_field("Idempotency-Key", message)
    }
    .into())
}

/// Remembers what a request with this key made.
pub(super) async fn keep(
    tx: &mut Tx<'_>,
    key: &IdempotencyKey,
    made: &Made,
    now: Timestamp,
) -> Answer<()> {
    let (task, name) = match made {
        Made::Task(number) => (*number, None),
        Made::Named { name, is_new } => (i64::from(*is_new), Some(name)),
    };
    in_tx!(tx, conn => sqlx::query(KEEP)
        .bind(&key.key)
        .bind(&key.actor)
        .bind(&key.route)
        .bind(&key.digest)
        .bind(task)
        .bind(name)
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
