//! What people and time change about sessions.

use std::collections::BTreeSet;

use super::row::{self, StoredSession};
use crate::domain::{AppError, Author, Code, Timestamp};
use crate::server::storage::tx::{Tx, in_tx};
use crate::server::storage::{Answer, Write};

/// Notes that a person decided to live with a finding. `reason` has been found valid.
pub(crate) struct AcceptFinding {
    pub(crate) session: String,
    pub(crate) fingerprint: String,
    pub(crate) reason: String,
    pub(crate) author: Author,
    pub(crate) now: Timestamp,
}

const ACCEPT: &str = "update findings set accepted_by = $3, accepted_reason = $4, \
    accepted_at = $5 where session = $1 and fingerprint = $2";

impl Write for AcceptFinding {
    type Output = ();

    async fn run(&self, tx: &mut Tx<'_>) -> Answer<()> {
        let stored = row::load(tx, &self.session).await?;
        if !self.author.sees.covers(&stored.project) {
            return Err(row::absent(&self.session).into());
        }
        if !self.author.makes.covers(&stored.project) {
            let words = "this takes an operator of its project";
            return Err(AppError::new(Code::NotAllowed, words).into());
        }
        let changed = in_tx!(tx, conn => sqlx::query(ACCEPT)
            .bind(stored.number)
            .bind(&self.fingerprint)
            .bind(&self.author.name)
            .bind(&self.reason)
            .bind(self.now.0)
            .execute(conn)
            .await?.rows_affected());
        if changed == 0 {
            let absent = format!("the session has no finding {:?}", self.fingerprint);
            return Err(AppError::new(Code::FindingNotFound, absent).into());
        }
        Ok(())
    }
}

/// Notes which running sessions have lost their loop: nothing was heard of them since
/// `heard_before`, and none is the last that began on a socket that is open.
pub(crate) struct MarkSilent {
    pub(crate) heard_before: Timestamp,
    pub(crate) connected: BTreeSet<String>,
}

const PAGE: i64 = 500;
const RUNNING: &str = "select number, id from sessions where status = 'running' \
    and heard_at < $1 and number > $2 order by number limit $3";

impl Write for MarkSilent {
    /// The sessions that were marked.
    type Output = Vec<String>;

    async fn run(&self, tx: &mut Tx<'_>) -> Answer<Vec<String>> {
        let mut lost = Vec::new();
        let mut after = 0;
        // The others are marked with the next write, so that nobody waits long behind this one.
        while lost.is_empty() {
            let page: Vec<(i64, String)> = in_tx!(tx, conn => sqlx::query_as(RUNNING)
                .bind(self.heard_before.0)
                .bind(after)
                .bind(PAGE)
                .fetch_all(conn)
                .await?);
            let Some(end) = page.last() else { break };
            after = end.0;
            let is_lost = |id: &String| !self.connected.contains(id);
            lost.extend(page.into_iter().map(|(_, id)| id).filter(is_lost));
        }
        let ids: Vec<&str> = lost.iter().map(String::as_str).collect();
        let found = row::find(tx, &ids).await?.into_values();
        let silent = found.map(|stored| StoredSession {
            silent: true,
            ..stored
        });
        row::save(tx, &silent.collect::<Vec<_>>(), None).await?;
        Ok(lost)
    }
}
