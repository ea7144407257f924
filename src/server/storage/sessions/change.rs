//! What people and time change about sessions.

use sqlx::QueryBuilder;

use super::row;
use crate::domain::{AppError, Timestamp};
use crate::server::storage::tx::{Tx, in_tx};
use crate::server::storage::{Answer, Write};

/// Notes that a person decided to live with a finding. `reason` has been found valid.
pub(crate) struct AcceptFinding {
    pub(crate) session: String,
    pub(crate) fingerprint: String,
    pub(crate) reason: String,
    pub(crate) actor: String,
    pub(crate) now: Timestamp,
}

const ACCEPT: &str = "update findings set accepted_by = $3, accepted_reason = $4, \
    accepted_at = $5 where session = $1 and fingerprint = $2";

impl Write for AcceptFinding {
    type Output = ();

    async fn run(&self, tx: &mut Tx<'_>) -> Answer<()> {
        let stored = row::load(tx, &self.session).await?;
        let changed = in_tx!(tx, conn => sqlx::query(ACCEPT)
            .bind(stored.number)
            .bind(&self.fingerprint)
            .bind(&self.actor)
            .bind(&self.reason)
            .bind(self.now.0)
            .execute(conn)
            .await?.rows_affected());
        if changed == 0 {
            let absent = format!("the session has no finding {:?}", self.fingerprint);
            return Err(AppError::not_found(absent).into());
        }
        Ok(())
    }
}

/// Notes which running sessions have lost their loop: nothing was heard of them since
/// `heard_before`, and no socket that is open brought them.
pub(crate) struct MarkSilent {
    pub(crate) heard_before: Timestamp,
    pub(crate) connected: Vec<String>,
}

const MOST: i64 = 1000;

impl Write for MarkSilent {
    /// The sessions that were marked.
    type Output = Vec<String>;

    async fn run(&self, tx: &mut Tx<'_>) -> Answer<Vec<String>> {
        let lost: Vec<String> = in_tx!(tx, conn => {
            let mut query = QueryBuilder::new(
                "select id from sessions where status = 'running' and heard_at < ");
            query.push_bind(self.heard_before.0);
            for id in &self.connected {
                query.push(" and id <> ").push_bind(id.clone());
            }
            query.push(" order by number limit ").push_bind(MOST);
            query.build_query_scalar().fetch_all(conn).await?
        });
        for id in &lost {
            let mut stored = row::load(tx, id).await?;
            stored.silent = true;
            row::save(tx, &stored, None).await?;
        }
        Ok(lost)
    }
}
