//! A table that nothing else knows is stored many rows at a time.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::Store;
use crate::domain::{AppError, Code};
use crate::server::storage::{Answer, Batched, Tx, Write};
use crate::tests::support::{Engine, on_each_engine};

on_each_engine!(
    rows_of_a_table_that_only_its_file_knows_are_stored_in_few_statements,
    the_rows_of_a_refused_write_are_not_stored,
    a_flushed_table_is_read_within_the_same_transaction,
);

/// An invented row. It counts the statements that stored its kind.
struct Pebble {
    weight: i64,
    statements: Arc<AtomicUsize>,
}

impl Batched for Pebble {
    async fn store(tx: &mut Tx<'_>, pebbles: Vec<Self>) -> Answer<()> {
        pebbles[0].statements.fetch_add(1, Ordering::Relaxed);
        let values: Vec<_> = pebbles
            .iter()
            .map(|pebble| format!("({})", pebble.weight))
            .collect();
        tx.raw(format!("insert into pebbles values {}", values.join(",")))
            .await?;
        Ok(())
    }
}

/// Collects pebbles of these weights, and then refuses or reads what is stored.
#[derive(Default)]
struct Collect {
    weights: Vec<i64>,
    statements: Arc<AtomicUsize>,
    refuse: bool,
    read: bool,
}

impl Write for Collect {
    type Output = Vec<i64>;

    async fn run(&self, tx: &mut Tx<'_>) -> Answer<Vec<i64>> {
        for &weight in &self.weights {
            tx.batch(Pebble {
                weight,
                statements: Arc::clone(&self.statements),
            });
        }
        if self.refuse {
            return Err(AppError::new(Code::Conflict, "no more pebbles").into());
        }
        if !self.read {
            return Ok(Vec::new());
        }
        tx.flush_table::<Pebble>().await?;
        tx.raw("select weight from pebbles order by weight".to_owned())
            .await
    }
}

/// Changes the schema as a migration would.
struct Statement(&'static str);

impl Write for Statement {
    type Output = ();

    async fn run(&self, tx: &mut Tx<'_>) -> Answer<()> {
        tx.raw(self.0.to_owned()).await.map(|_none| ())
    }
}

async fn with_pebbles(engine: Engine) -> Store {
    let store = Store::new(engine).await;
    let table = Statement("create table pebbles (weight bigint not null)");
    store.write(table).await.unwrap();
    store
}

async fn stored(store: &Store) -> Vec<i64> {
    let read = Collect {
        read: true,
        ..Collect::default()
    };
    store.write(read).await.unwrap()
}

async fn rows_of_a_table_that_only_its_file_knows_are_stored_in_few_statements(engine: Engine) {
    let store = with_pebbles(engine).await;
    let statements: Arc<AtomicUsize> = Arc::default();
    let collect = Collect {
        weights: (0..300).collect(),
        statements: Arc::clone(&statements),
        ..Collect::default()
    };
    store.write(collect).await.unwrap();
    assert_eq!(stored(&store).await, (0..300).collect::<Vec<_>>());
    assert_eq!(
        statements.load(Ordering::Relaxed),
        3,
        "128, 128 and 44 rows"
    );
}

async fn the_rows_of_a_refused_write_are_not_stored(engine: Engine) {
    let store = with_pebbles(engine).await;
    let collect = |weight, refuse| Collect {
        weights: vec![weight],
        refuse,
        ..Collect::default()
    };
    let done = tokio::join!(
        store.write(collect(1, false)),
        store.write(collect(2, true)),
        store.write(collect(3, false)),
    );
    assert!(done.0.is_ok() && done.2.is_ok());
    assert!(done.1.unwrap_err().is_refusal());
    assert_eq!(stored(&store).await, [1, 3]);
}

async fn a_flushed_table_is_read_within_the_same_transaction(engine: Engine) {
    let store = with_pebbles(engine).await;
    let collect = Collect {
        weights: vec![7, 8],
        read: true,
        ..Collect::default()
    };
    assert_eq!(store.write(collect).await.unwrap(), [7, 8]);
}
