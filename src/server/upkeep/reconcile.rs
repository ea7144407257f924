//! The board follows commits; this compares it with the database, for what a bug, a lost message or
//! another writer has made of it, mends what differs, and counts it.

use std::collections::HashSet;
use std::time::Duration;

use crate::domain::{Scope, TaskRef, Timestamp};
use crate::server::publisher::Publisher;
use crate::server::queue::Board;
use crate::server::state::AppState;
use crate::server::storage::tasks::CompareCounts;
use crate::server::storage::{Answer, Database};
use crate::server::telemetry::chain;

const PERIOD: Duration = Duration::from_mins(1);
/// Counts are compared alone in a transaction; so often it is tried to be alone.
const TRIES: u32 = 5;
/// Of so many tasks all are counted, which takes the writer a few milliseconds; of more only those
/// that are not finished.
const CHEAP: u64 = 100_000;

/// What was not as the database has it, and is now.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct Mended {
    pub(crate) tasks: usize,
    pub(crate) agents: usize,
    /// Projects whose tasks were counted wrong.
    pub(crate) counts: usize,
}

/// Compares at start and then every minute.
pub(crate) async fn reconcile(app: AppState) {
    let mut ticks = tokio::time::interval(PERIOD);
    loop {
        tokio::select! {
            () = app.stopping.cancelled() => return,
            _ = ticks.tick() => {}
        }
        match mend(&app.db, &app.board, &app.publisher, app.clock.now()).await {
            Ok(mended) => note(mended),
            Err(error) => {
                tracing::warn!(
                    error = chain(&error),
                    "the board was not compared with the database"
                );
            }
        }
    }
}

fn note(mended: Mended) {
    let Mended {
        tasks,
        agents,
        counts,
    } = mended;
    for (noun, count) in [("task", tasks), ("agent", agents), ("count", counts)] {
        if count > 0 {
            let total = u64::try_from(count).unwrap_or(0);
            metrics::counter!("reconciled_total", "noun" => noun).increment(total);
            tracing::error!(
                noun,
                count,
                "the board differed from the database and was mended"
            );
        }
    }
}

/// Compares once.
pub(crate) async fn mend(
    db: &Database,
    board: &Board,
    publisher: &Publisher,
    now: Timestamp,
) -> Answer<Mended> {
    Ok(Mended {
        tasks: mend_tasks(db, board, publisher, now).await?,
        agents: mend_agents(db, board, publisher, now).await?,
        counts: mend_counts(db, board).await?,
    })
}

async fn mend_tasks(
    db: &Database,
    board: &Board,
    publisher: &Publisher,
    now: Timestamp,
) -> Answer<usize> {
    // The board first: what it learns meanwhile is in the database by then.
    let known = board.active_versions();
    let stored = db.active_tasks().await?;
    let mut suspects = HashSet::new();
    for stored in &stored {
        let task = &stored.task;
        if known
            .get(&task.number)
            .is_none_or(|known| *known < task.version)
        {
            suspects.insert(task.number);
        }
    }
    let active: HashSet<i64> = stored.iter().map(|stored| stored.task.number).collect();
    suspects.extend(known.keys().filter(|number| !active.contains(number)));
    let mut mended = 0;
    for number in suspects {
        // What a commit tells is on the board before the next write is answered.
        db.settle().await?;
        match db.task(&Scope::everything(), TaskRef::Number(number)).await {
            Ok(stored) => mended += usize::from(publisher.mend(stored, now)),
            // Nothing removes tasks; one that cannot be read is left as it is.
            Err(error) if error.is_refusal() => {}
            Err(error) => return Err(error),
        }
    }
    Ok(mended)
}

async fn mend_agents(
    db: &Database,
    board: &Board,
    publisher: &Publisher,
    now: Timestamp,
) -> Answer<usize> {
    let mut mended = 0;
    for record in db.agents().await? {
        let is_known = board
            .record(&record.name)
            .is_some_and(|(known, _)| known.version >= record.version);
        if !is_known {
            // A commit that is being told right now needs no mending.
            db.settle().await?;
            mended += usize::from(publisher.mend_agent(record, now));
        }
    }
    Ok(mended)
}

/// Zero also where so much was written at once that nothing could be compared.
async fn mend_counts(db: &Database, board: &Board) -> Answer<usize> {
    let all = board.counts(&Scope::everything()).total() <= CHEAP;
    for _ in 0..TRIES {
        let board = board.clone();
        let compare = CompareCounts {
            unfinished: !all,
            with: Box::new(move |counts| board.mend_counts(counts)),
        };
        if let Some(mended) = db.write(compare).await? {
            return Ok(mended);
        }
    }
    metrics::counter!("reconcile_skipped_total").increment(1);
    Ok(0)
}
