//! What followers must not miss, such as other servers and webhooks: rows that are written in the
//! transaction of the change itself, and read until the follower says how far it has come. Nobody
//! follows by default, and then nothing is written.

use super::batch::Batched;
use super::database::on_pool;
use super::tx::{Tx, in_tx, insert_rows};
use super::{Answer, Change, Database, Write};
use crate::domain::Audience;

/// A change that waits for its follower.
#[derive(Clone, Debug, Eq, sqlx_macros::FromRow, PartialEq)]
pub(crate) struct Pending {
    /// Rises with every row, in commit order.
    pub(crate) id: i64,
    pub(crate) noun: String,
    /// The id of the thing; it is read anew by whoever needs it.
    pub(crate) thing: String,
    pub(crate) version: i64,
    /// Absent where it is no one project's.
    pub(crate) project: Option<String>,
    pub(crate) owner: Option<String>,
}

/// Writes down for each follower what a transaction has changed: called before its commit, when
/// nothing of it is refused any more.
pub(super) fn note(tx: &mut Tx<'_>, followers: &[String]) {
    let mut rows = Vec::new();
    for follower in followers {
        rows.extend(tx.changes.iter().map(|change| Row::of(follower, change)));
    }
    for row in rows {
        tx.batch(row);
    }
}

struct Row {
    follower: String,
    noun: &'static str,
    thing: String,
    version: i64,
    project: Option<String>,
    owner: Option<String>,
}

impl Row {
    fn of(follower: &str, change: &Change) -> Self {
        let (project, owner) = match &change.audience {
            Audience::Project { project, owner } => (Some(project.clone()), Some(owner.clone())),
            Audience::Everyone | Audience::Projects(_) => (None, None),
        };
        Self {
            follower: follower.to_owned(),
            noun: change.noun(),
            thing: change.id(),
            version: change.version,
            project,
            owner,
        }
    }
}

impl Batched for Row {
    async fn store(tx: &mut Tx<'_>, rows: Vec<Self>) -> Answer<()> {
        insert_rows!(
            tx,
            "insert into outbox (follower, noun, thing, version, project, owner) ",
            "id",
            rows,
            |row, it| row
                .push_bind(it.follower)
                .push_bind(it.noun)
                .push_bind(it.thing)
                .push_bind(it.version)
                .push_bind(it.project)
                .push_bind(it.owner)
        );
        Ok(())
    }
}

const READ: &str = "select id, noun, thing, version, project, owner from outbox \
    where follower = $1 order by id limit $2";

impl Database {
    /// What `follower` has not said to have taken, oldest first.
    pub(crate) async fn pending(&self, follower: &str, limit: i64) -> Answer<Vec<Pending>> {
        Ok(on_pool!(self, pool =>
            sqlx::query_as(READ).bind(follower).bind(limit).fetch_all(pool).await?))
    }
}

/// Notes that a follower has taken everything up to this row.
pub(crate) struct Taken {
    pub(crate) follower: String,
    pub(crate) last: i64,
}

const FORGET: &str = "delete from outbox where follower = $1 and id <= $2";

impl Write for Taken {
    type Output = ();

    async fn run(&self, tx: &mut Tx<'_>) -> Answer<()> {
        in_tx!(tx, conn => sqlx::query(FORGET)
            .bind(&self.follower)
            .bind(self.last)
            .execute(conn)
            .await?.rows_affected());
        Ok(())
    }
}
