//! The writer outlives what a single write does to it.

use std::sync::Arc;

use tokio::task::JoinSet;

use crate::server::storage::{Answer, Database, StorageError, Trouble, Tx, Write};
use crate::tests::support::{Engine, Place, on_each_engine};

on_each_engine!(
    a_write_that_panics_is_undone_and_harms_no_other,
    a_write_that_fails_harms_no_other,
    a_follower_that_panics_keeps_nobody_from_writing,
    what_waits_when_the_database_is_closed_is_stored,
);

/// Runs a statement, and then does not end well.
struct Odd {
    sql: &'static str,
    panics: bool,
}

impl Write for Odd {
    type Output = Vec<i64>;

    async fn run(&self, tx: &mut Tx<'_>) -> Answer<Vec<i64>> {
        let found = tx.raw(self.sql.to_owned()).await?;
        assert!(!self.panics, "as asked");
        Ok(found)
    }
}

fn statement(sql: &'static str) -> Odd {
    Odd { sql, panics: false }
}

const TABLE: &str = "create table odds (n bigint not null)";
const INSERT: &str = "insert into odds (n) values (1)";
const COUNT: &str = "select count(*) from odds";

struct Open {
    db: Database,
    writing: JoinSet<()>,
    place: Place,
}

impl Open {
    async fn new(engine: Engine, panics: bool) -> Self {
        let place = Place::new(engine).await;
        let (db, writer) = place.open().await;
        let mut writing = JoinSet::new();
        writing.spawn(writer.run(Arc::new(move |_| assert!(!panics, "as asked"))));
        db.write(statement(TABLE)).await.unwrap();
        Self { db, writing, place }
    }

    async fn count(&self) -> i64 {
        self.db.write(statement(COUNT)).await.unwrap()[0]
    }
}

async fn a_write_that_panics_is_undone_and_harms_no_other(engine: Engine) {
    let open = Open::new(engine, false).await;
    let panics = || Odd {
        sql: INSERT,
        panics: true,
    };
    let (before, broken, after) = tokio::join!(
        open.db.write(statement(INSERT)),
        open.db.write(panics()),
        open.db.write(statement(INSERT)),
    );
    assert!(before.is_ok() && after.is_ok());
    assert!(matches!(broken, Err(StorageError::Broken)), "{broken:?}");
    assert_eq!(open.count().await, 2);
    assert_eq!(open.db.health().trouble(), None);
}

async fn a_write_that_fails_harms_no_other(engine: Engine) {
    let breaks = match engine {
        Engine::Sqlite => "insert into nothing values (1)",
        Engine::Postgres(_) => "select pg_terminate_backend(pg_backend_pid())::int::bigint",
    };
    let open = Open::new(engine, false).await;
    let (before, broken, after) = tokio::join!(
        open.db.write(statement(INSERT)),
        open.db.write(statement(breaks)),
        open.db.write(statement(INSERT)),
    );
    assert!(before.is_ok() && after.is_ok(), "{before:?} {after:?}");
    assert!(broken.is_err(), "{broken:?}");
    assert_eq!(open.count().await, 2);
    assert_eq!(open.db.health().trouble(), None);
}

async fn a_follower_that_panics_keeps_nobody_from_writing(engine: Engine) {
    let open = Open::new(engine, true).await;
    for _ in 0..3 {
        open.db.write(statement(INSERT)).await.unwrap();
    }
    assert_eq!(open.count().await, 3);
}

async fn what_waits_when_the_database_is_closed_is_stored(engine: Engine) {
    let mut open = Open::new(engine, false).await;
    let queued = (0..50).map(|_| open.db.write(statement(INSERT)));
    let mut queued: Vec<_> = queued.map(Box::pin).collect();
    for one in &mut queued {
        // Polled once it is queued.
        assert!(futures_util::poll!(one.as_mut()).is_pending());
    }
    open.db.close();
    for one in queued {
        one.await.unwrap();
    }
    open.writing.join_next().await.unwrap().unwrap();
    let late = open.db.write(statement(INSERT)).await;
    assert!(matches!(late, Err(StorageError::Stopping)), "{late:?}");
    let (db, writer) = open.place.open().await;
    let mut writing = JoinSet::new();
    writing.spawn(writer.run(Arc::new(|_| {})));
    assert_eq!(db.write(statement(COUNT)).await.unwrap(), [50]);
    assert_eq!(db.health().trouble(), None::<Trouble>);
}
