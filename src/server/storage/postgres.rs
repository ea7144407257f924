//! A PostgreSQL database is reached, held by one server, brought up to date and tried.

use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{Connection, PgConnection};
use tokio::time::timeout;

use super::database::Pool;
use super::link::Link;
use super::schema::{self, POSTGRES};
use super::writer::Writer;
use super::{Answer, Database, StorageError};
use crate::server::telemetry::chain;

/// How long a start waits for PostgreSQL.
const REACH: Duration = Duration::from_secs(5);
/// How long a reader waits for a connection.
const ACQUIRE: Duration = Duration::from_secs(5);

const COLUMNS: &str = "select table_name::text, column_name::text \
    from information_schema.columns where table_schema = any (current_schemas(false))";

impl Database {
    /// Whether PostgreSQL can be reached; a pool would try again and again before it says so.
    /// The words name the host, and never the password.
    pub(crate) async fn reach_postgres(url: &str) -> Result<(), String> {
        let options: PgConnectOptions = url.parse().map_err(
            |_| "is no address of PostgreSQL; use postgres://USER:PASSWORD@HOST:PORT/DATABASE",
        )?;
        let place = format!("{}:{}", options.get_host(), options.get_port());
        let fix = "start it, or correct the address";
        match timeout(REACH, PgConnection::connect_with(&options)).await {
            Ok(Ok(conn)) => {
                // The pool makes its own.
                let _closed = conn.close().await;
                Ok(())
            }
            Ok(Err(error)) => Err(format!(
                "PostgreSQL at {place} cannot be used: {}; {fix}",
                chain(&error)
            )),
            Err(_) => Err(format!(
                "PostgreSQL at {place} does not answer within {} s; {fix}",
                REACH.as_secs()
            )),
        }
    }

    /// Connects to PostgreSQL.
    pub(crate) async fn open_postgres(url: &str) -> Answer<(Self, Writer)> {
        let options: PgConnectOptions = url.parse()?;
        let pool = PgPoolOptions::new()
            .max_connections(10)
            .acquire_timeout(ACQUIRE)
            .connect_with(options.clone())
            .await?;
        let mut conn = pool.acquire().await?;
        let applied = schema::applied_on_postgres(&mut conn).await?;
        if let Some(words) = schema::not_ours(&POSTGRES, &applied) {
            return Err(StorageError::Unusable(words));
        }
        drop(conn);
        POSTGRES.run(&pool).await?;
        let found: Vec<(String, String)> = sqlx::query_as(COLUMNS).fetch_all(&pool).await?;
        schema::lacks_nothing(schema::made_columns(), found)?;
        let mut link = Link::to_postgres(&options).await?;
        link.trial().await.map_err(unwritable)?;
        Ok(Self::with(Pool::Postgres(pool), link))
    }
}

fn unwritable(error: StorageError) -> StorageError {
    match error.trouble() {
        Some(trouble) => StorageError::Unusable(trouble.words().to_owned()),
        None => error,
    }
}
