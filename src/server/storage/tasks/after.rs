//! Tasks that others have to follow: found when one is created, and when a server starts.

use super::StoredTask;
use super::insert::Created;
use super::row::load;
use crate::domain::{AppError, ErrorKind, Scope, TaskId, TaskLink, TaskRef, TaskStatus};
use crate::server::storage::database::on_pool;
use crate::server::storage::tx::{Tx, in_tx};
use crate::server::storage::{Answer, Database, StorageError};

/// A task that keeps another waiting.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Blocker {
    pub(crate) id: TaskId,
    pub(crate) number: i64,
    pub(crate) project: String,
    pub(crate) fate: Fate,
}

/// What became of a task that others wait for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Fate {
    /// It is pending or runs.
    Open,
    Failed,
    Cancelled,
}

impl Fate {
    /// `None` when it is completed and keeps nobody waiting.
    pub(crate) fn of(status: TaskStatus) -> Option<Self> {
        match status {
            TaskStatus::Completed => None,
            TaskStatus::Failed => Some(Self::Failed),
            TaskStatus::Cancelled => Some(Self::Cancelled),
            TaskStatus::Pending | TaskStatus::Running | TaskStatus::NeedsInput => Some(Self::Open),
        }
    }
}

/// The ids of the tasks that `links` name, and those of them that are not completed.
pub(super) async fn resolve(
    tx: &mut Tx<'_>,
    scope: &Scope,
    links: &[TaskLink],
) -> Answer<(Vec<TaskId>, Vec<Blocker>)> {
    let mut ids = Vec::with_capacity(links.len());
    let mut blockers = Vec::new();
    for link in links {
        let task = link.task().ok_or_else(|| unknown(link))?;
        let found = match load(tx, scope, task).await {
            Err(StorageError::Refused(error)) if error.kind() == ErrorKind::NotFound => {
                return Err(unknown(link).into());
            }
            found => found?,
        };
        if ids.contains(&found.task.id) {
            continue;
        }
        ids.push(found.task.id);
        let last = last_retry(tx, found).await?;
        blockers.extend(blocker(
            last.task.id,
            last.task.number,
            &last.task.project,
            last.task.status,
        ));
    }
    Ok((ids, blockers))
}

fn unknown(link: &TaskLink) -> AppError {
    AppError::invalid_field("after", format!("there is no task {link}"))
}

fn blocker(id: TaskId, number: i64, project: &str, status: TaskStatus) -> Option<Blocker> {
    let fate = Fate::of(status)?;
    Some(Blocker {
        id,
        number,
        project: project.to_owned(),
        fate,
    })
}

const RETRY: &str = "select id from tasks where retry_of = $1 order by number desc limit 1";

/// Whoever waits for a task that failed waits for its retry.
async fn last_retry(tx: &mut Tx<'_>, mut stored: StoredTask) -> Answer<StoredTask> {
    tx.flush_table::<Created>().await?;
    loop {
        let id = stored.task.id.to_string();
        let next: Option<(String,)> =
            in_tx!(tx, conn => sqlx::query_as(RETRY).bind(&id).fetch_optional(conn).await?);
        let Some(next) = next.and_then(|(id,)| id.parse().ok()) else {
            return Ok(stored);
        };
        stored = load(tx, &Scope::everything(), TaskRef::Id(next)).await?;
    }
}

const STATUS: &str = "select number, project, status from tasks where id = $1";

impl Database {
    /// Fills in what keeps each of these waiting.
    pub(super) async fn find_blockers(&self, tasks: &mut [StoredTask]) -> Answer<()> {
        for stored in tasks.iter_mut() {
            let mut blockers = Vec::new();
            for id in &stored.task.after {
                blockers.extend(self.blocker(*id).await?);
            }
            stored.blockers = blockers;
        }
        Ok(())
    }

    async fn blocker(&self, mut id: TaskId) -> Answer<Option<Blocker>> {
        loop {
            let text = id.to_string();
            let next: Option<(String,)> = on_pool!(self, pool =>
                sqlx::query_as(RETRY).bind(&text).fetch_optional(pool).await?);
            match next.and_then(|(id,)| id.parse().ok()) {
                Some(next) => id = next,
                None => break,
            }
        }
        let text = id.to_string();
        let found: Option<(i64, String, String)> = on_pool!(self, pool =>
            sqlx::query_as(STATUS).bind(&text).fetch_optional(pool).await?);
        Ok(found.and_then(|(number, project, word)| {
            blocker(id, number, &project, TaskStatus::parse(&word)?)
        }))
    }
}
