//! Counting tasks beside the writes, to compare what others count.

use std::collections::{BTreeSet, HashSet};

use super::read::BY_PROJECT;
use crate::domain::TaskStatus;
use crate::server::storage::tx::{Tx, in_tx};
use crate::server::storage::{Answer, Write};

/// What takes how many tasks there are of each project and status, and answers how much differed.
type With = Box<dyn Fn(&[(String, TaskStatus, u64)]) -> usize + Send + Sync>;

/// Counts tasks while nothing else is being written: everything that was committed has been told, so
/// that who followed all of it counts the same.
pub(crate) struct CompareCounts {
    /// Only tasks that are not finished.
    pub(crate) unfinished: bool,
    pub(crate) with: With,
}

const UNFINISHED: &str = "select project, status, count(*) from tasks \
    where status in ('pending', 'running', 'needs_input') group by project, status";

impl Write for CompareCounts {
    /// `None` when something else is written in the same transaction.
    type Output = Option<usize>;

    async fn run(&self, tx: &mut Tx<'_>) -> Answer<Option<usize>> {
        if !tx.changes.is_empty() {
            return Ok(None);
        }
        let sql = if self.unfinished {
            UNFINISHED
        } else {
            BY_PROJECT
        };
        let rows: Vec<(String, String, i64)> =
            in_tx!(tx, conn => sqlx::query_as(sql).fetch_all(conn).await?);
        let mut counts = Vec::with_capacity(rows.len());
        for (project, status, count) in rows {
            let status = TaskStatus::parse(&status);
            counts.extend(status.map(|it| (project, it, u64::try_from(count).unwrap_or(0))));
        }
        if self.unfinished {
            add_zeros(&mut counts);
        }
        Ok(Some((self.with)(&counts)))
    }
}

/// What is not found is there no more.
fn add_zeros(counts: &mut Vec<(String, TaskStatus, u64)>) {
    let projects: BTreeSet<String> = counts.iter().map(|(name, ..)| name.clone()).collect();
    let found: HashSet<_> = counts
        .iter()
        .map(|(name, it, _)| (name.clone(), *it))
        .collect();
    let unfinished = TaskStatus::ALL.into_iter().filter(|it| !it.is_finished());
    for status in unfinished {
        let absent = |name: &&String| !found.contains(&((*name).clone(), status));
        let zeros = projects
            .iter()
            .filter(absent)
            .map(|name| (name.clone(), status, 0));
        counts.extend(zeros);
    }
}
