//! Rows that wait for one statement. A statement is a visit to the engine's own thread or
//! process, and visits are most of what a small write costs: so rows of some tables are
//! collected, whatever write they come from, and stored together before the commit.

use std::any::{Any, TypeId};
use std::collections::HashMap;
use std::pin::Pin;

use super::{Answer, Tx};

/// A row that is stored together with others of its kind, or what it is made of. To make a
/// table batched, implement this beside it and collect with [`Tx::batch`]; nothing else knows.
pub(crate) trait Batched: Sized + Send + 'static {
    /// Stores at most 128 `rows` by one statement, in their order. A row that is announced
    /// and is given its key here finds its change by the place it had when it was announced.
    fn store(tx: &mut Tx<'_>, rows: Vec<Self>) -> impl Future<Output = Answer<()>> + Send;
}

/// Rows of one statement: few enough for SQLite's limit of 32,766 parameters.
const ROWS: usize = 128;

/// The rows of all tables that are not stored yet.
#[derive(Default)]
pub(super) struct Unstored {
    tables: Vec<Box<dyn Table>>,
    /// So many rows were ever collected, which numbers them.
    collected: usize,
}

/// The rows of one table, whose type is hidden.
trait Table: Any + Send {
    fn forget_from(&mut self, number: usize);

    fn store<'a>(
        self: Box<Self>,
        tx: &'a mut Tx<'_>,
    ) -> Pin<Box<dyn Future<Output = Answer<()>> + Send + 'a>>;
}

/// The rows of one table, each with its number.
struct Rows<T>(Vec<(usize, T)>);

impl<T: Batched> Table for Rows<T> {
    fn forget_from(&mut self, number: usize) {
        self.0.retain(|(own, _)| *own < number);
    }

    fn store<'a>(
        self: Box<Self>,
        tx: &'a mut Tx<'_>,
    ) -> Pin<Box<dyn Future<Output = Answer<()>> + Send + 'a>> {
        Box::pin(async move {
            let mut rows = self.0.into_iter().map(|(_, row)| row);
            loop {
                let chunk: Vec<T> = rows.by_ref().take(ROWS).collect();
                if chunk.is_empty() {
                    return Ok(());
                }
                T::store(tx, chunk).await?;
            }
        })
    }
}

impl Unstored {
    pub(super) fn collect<T: Batched>(&mut self, row: T) {
        let numbered = (self.collected, row);
        self.collected += 1;
        for table in &mut self.tables {
            let table: &mut dyn Any = &mut **table;
            if let Some(Rows(rows)) = table.downcast_mut::<Rows<T>>() {
                rows.push(numbered);
                return;
            }
        }
        self.tables.push(Box::new(Rows(vec![numbered])));
    }

    /// The number of rows so far, to undo them with [`Unstored::forget_from`].
    pub(super) fn mark(&self) -> usize {
        self.collected
    }

    /// Forgets the rows that were collected since `mark`.
    pub(super) fn forget_from(&mut self, mark: usize) {
        for table in &mut self.tables {
            table.forget_from(mark);
        }
    }

    fn take_of<T: Batched>(&mut self) -> Option<Box<dyn Table>> {
        let place = self.tables.iter().position(|table| {
            let table: &dyn Any = &**table;
            table.is::<Rows<T>>()
        })?;
        Some(self.tables.remove(place))
    }
}

impl Tx<'_> {
    /// Stores `row` before the commit, together with others of its table.
    pub(crate) fn batch<T: Batched>(&mut self, row: T) {
        self.waiting.collect(row);
    }

    /// Stores what waits of one table, which is then read.
    pub(crate) async fn flush_table<T: Batched>(&mut self) -> Answer<()> {
        match self.waiting.take_of::<T>() {
            Some(table) => table.store(self).await,
            None => Ok(()),
        }
    }

    /// Stores all that waits.
    pub(super) async fn flush(&mut self) -> Answer<()> {
        while !self.waiting.tables.is_empty() {
            for table in std::mem::take(&mut self.waiting.tables) {
                table.store(self).await?;
            }
        }
        Ok(())
    }
}

/// What the writes of a table know from one transaction to the next, by type. Only our writer
/// writes to SQLite, so that what it wrote last need not be read again. All of it is forgotten
/// when a transaction fails.
#[derive(Default)]
pub(super) struct Memory(HashMap<TypeId, Box<dyn Any + Send>>);

impl Memory {
    pub(super) fn of<T: Copy + Send + 'static>(&self) -> Option<T> {
        self.0.get(&TypeId::of::<T>())?.downcast_ref().copied()
    }

    pub(super) fn remember<T: Copy + Send + 'static>(&mut self, value: T) {
        self.0.insert(TypeId::of::<T>(), Box::new(value));
    }
}
