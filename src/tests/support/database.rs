//! Where a test keeps its things: a folder, and a database of its own on either engine.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::atomic::{AtomicU32, Ordering};

use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection};
use tempfile::TempDir;

use crate::server::config::{DatabaseConfig, Secret};
use crate::server::storage::{Database, Writer};

/// A database engine to test on.
#[derive(Clone, Debug)]
pub(crate) enum Engine {
    Sqlite,
    /// The address of a server on which databases can be created.
    Postgres(String),
}

impl Engine {
    /// PostgreSQL, where the environment names one, as it must where `CI` is set.
    pub(crate) fn postgres() -> Option<Self> {
        let url = std::env::var_os("TEST_POSTGRES_URL");
        let optional = std::env::var_os("CI").is_none();
        assert!(url.is_some() || optional, "TEST_POSTGRES_URL is not set");
        let url = url?;
        Some(Self::Postgres(
            url.into_string().expect("TEST_POSTGRES_URL is UTF-8"),
        ))
    }
}

/// A folder and a database that are gone when this is dropped.
pub(crate) struct Place {
    folder: TempDir,
    postgres: Option<Schema>,
    /// What stands between us and the server, where something does.
    between: Option<SocketAddr>,
}

/// A PostgreSQL database of one test.
struct Schema {
    server: String,
    name: String,
}

impl Place {
    pub(crate) async fn new(engine: Engine) -> Self {
        let folder = tempfile::Builder::new()
            .prefix("kd-test-")
            .tempdir()
            .unwrap();
        let postgres = match engine {
            Engine::Sqlite => None,
            Engine::Postgres(server) => Some(Schema::create(server).await),
        };
        Self {
            folder,
            postgres,
            between: None,
        }
    }

    /// The folder of this test.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn database(&self) -> DatabaseConfig {
        match &self.postgres {
            None => DatabaseConfig::Sqlite {
                path: self.folder().join("dashboard.db"),
            },
            Some(schema) => DatabaseConfig::Postgres {
                url: Secret::new(schema.url(self.between)),
            },
        }
    }

    /// Puts something between us and PostgreSQL.
    pub(crate) fn reach_through(&mut self, between: SocketAddr) {
        self.between = Some(between);
    }

    /// The database without a server.
    pub(crate) async fn open(&self) -> (Database, Writer) {
        match self.database() {
            DatabaseConfig::Sqlite { path } => Database::open_sqlite(&path).await.unwrap(),
            DatabaseConfig::Postgres { url } => {
                Database::open_postgres(url.expose()).await.unwrap()
            }
            DatabaseConfig::Temporary => panic!("tests name their databases"),
        }
    }
}

impl Schema {
    async fn create(server: String) -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(1);
        let next = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("kd_test_{}_{next}", std::process::id());
        run(&server, format!("create database {name}")).await;
        Self { server, name }
    }

    fn url(&self, between: Option<SocketAddr>) -> String {
        let (server, _) = self
            .server
            .rsplit_once('/')
            .expect("an address with a database");
        match (between, server.rsplit_once('@')) {
            (Some(between), Some((user, _))) => format!("{user}@{between}/{}", self.name),
            _ => format!("{server}/{}", self.name),
        }
    }
}

impl Drop for Schema {
    /// The test's own runtime may be ending, so this brings one along.
    fn drop(&mut self) {
        let (server, sql) = (
            self.server.clone(),
            format!("drop database if exists {} with (force)", self.name),
        );
        let ended = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build();
            runtime.unwrap().block_on(run(&server, sql));
        });
        // A database that stays behind fails no test.
        let _left = ended.join();
    }
}

async fn run(server: &str, sql: String) {
    let mut connection = PgConnection::connect(server)
        .await
        .expect("TEST_POSTGRES_URL answers");
    connection
        .execute(sqlx::raw_sql(AssertSqlSafe(sql)))
        .await
        .unwrap();
}
