//! A PostgreSQL database belongs to one server at a time, which holds an advisory lock on it
//! with a connection of its own.

use std::time::Duration;

use sqlx::postgres::PgConnectOptions;
use sqlx::{Connection, PgConnection};
use tokio::time::{Instant, sleep, timeout};
use tokio_util::sync::CancellationToken;

use super::{Answer, StorageError};
use crate::server::telemetry::chain;

/// The right to use the database.
pub(crate) struct Claim {
    options: PgConnectOptions,
    conn: PgConnection,
}

/// Chosen once: other programs lock other numbers.
const KEY: i64 = 0x6b64_6173_6862_6f61;
/// The connection of a server that was killed may live on for a moment.
const PATIENCE: Duration = Duration::from_secs(2);
const PAUSE: Duration = Duration::from_millis(200);
/// So often the holder looks whether it still holds it.
const LOOK: Duration = Duration::from_secs(5);

const LOCK: &str = "select pg_try_advisory_lock($1)";
const HELD: &str = "select true from pg_locks where locktype = 'advisory' and granted \
    and pid = pg_backend_pid() limit 1";
const HOLDER: &str = "select a.application_name as name, \
    to_char(a.backend_start at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS') as since \
    from pg_locks l join pg_stat_activity a on a.pid = l.pid \
    where l.locktype = 'advisory' and l.granted and l.objsubid = 1 \
    and l.database = (select oid from pg_database where datname = current_database()) \
    and l.classid::bigint = $1 >> 32 and l.objid::bigint = $1 & 4294967295 limit 1";

#[derive(sqlx_macros::FromRow)]
struct Holder {
    name: Option<String>,
    since: Option<String>,
}

impl Claim {
    /// Takes the database, or says who holds it. `who` is what others are told.
    pub(crate) async fn take(url: &str, who: &str) -> Answer<Self> {
        let options: PgConnectOptions = url.parse()?;
        let options = options.application_name(&format!("kimi-dashboard, {who}"));
        let mut conn = PgConnection::connect_with(&options).await?;
        let begun = Instant::now();
        while !lock(&mut conn).await? {
            if begun.elapsed() > PATIENCE {
                return Err(taken(&mut conn).await);
            }
            sleep(PAUSE).await;
        }
        Ok(Self { options, conn })
    }

    /// Holds on until `released` fires. A connection that breaks is replaced; that another
    /// server took the database meanwhile is told in the log.
    pub(crate) async fn keep(self, released: CancellationToken) {
        let Self { options, conn } = self;
        let mut conn = Some(conn);
        let mut told = false;
        while released.run_until_cancelled(sleep(LOOK)).await.is_some() {
            let held = match &mut conn {
                Some(conn) => timeout(LOOK, holds(conn)).await,
                None => timeout(LOOK, again(&options, &mut conn)).await,
            };
            match held {
                Ok(Ok(true)) if told => {
                    tracing::warn!("the lock on the database is held again");
                    told = false;
                }
                Ok(Ok(true)) => {}
                lost => {
                    conn = None;
                    let error = match lost {
                        Ok(Err(error)) => chain(&error),
                        Ok(Ok(_)) => "another server holds it".to_owned(),
                        Err(_) => "it does not answer".to_owned(),
                    };
                    if !told {
                        tracing::error!(
                            error,
                            "the lock on the database was lost; stop any other server that uses it"
                        );
                    }
                    told = true;
                }
            }
        }
        if let Some(conn) = conn {
            let _closed = timeout(PAUSE, conn.close()).await;
        }
    }
}

async fn lock(conn: &mut PgConnection) -> Answer<bool> {
    Ok(sqlx::query_scalar(LOCK).bind(KEY).fetch_one(conn).await?)
}

async fn holds(conn: &mut PgConnection) -> Answer<bool> {
    let held: Option<bool> = sqlx::query_scalar(HELD).fetch_optional(conn).await?;
    Ok(held.is_some())
}

async fn again(options: &PgConnectOptions, place: &mut Option<PgConnection>) -> Answer<bool> {
    let mut conn = PgConnection::connect_with(options).await?;
    let held = lock(&mut conn).await?;
    *place = Some(conn).filter(|_| held);
    Ok(held)
}

async fn taken(conn: &mut PgConnection) -> StorageError {
    let found: Result<Option<Holder>, _> =
        sqlx::query_as(HOLDER).bind(KEY).fetch_optional(conn).await;
    let holder = found.ok().flatten();
    let name = holder.as_ref().and_then(|holder| {
        let name = holder.name.as_deref()?;
        name.strip_prefix("kimi-dashboard, ")
    });
    let since = holder.as_ref().and_then(|holder| holder.since.as_deref());
    let who = match (name, since) {
        (Some(name), Some(since)) => format!(" ({name} since {since} UTC)"),
        (Some(name), None) => format!(" ({name})"),
        _ => String::new(),
    };
    StorageError::Unusable(format!(
        "another server{who} uses this database; stop it or name another database"
    ))
}
