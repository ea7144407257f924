//! The row of a session.

use sqlx::FromRow;

use crate::domain::{AppError, Session, SessionFacts, Timestamp};
use crate::server::storage::Answer;
use crate::server::storage::columns::{Origin, count, json};
use crate::server::storage::tx::{Tx, in_tx};

/// A session and what is known of it as a whole.
#[derive(Clone, Debug)]
pub(crate) struct StoredSession {
    pub(crate) number: i64,
    pub(crate) id: String,
    pub(crate) source: String,
    pub(crate) facts: SessionFacts,
    /// True when its loop has vanished.
    pub(crate) silent: bool,
}

#[derive(FromRow)]
pub(super) struct SessionRow {
    number: i64,
    id: String,
    source: String,
    facts: String,
    silent: bool,
}

impl TryFrom<SessionRow> for StoredSession {
    type Error = crate::server::storage::StorageError;

    fn try_from(row: SessionRow) -> Answer<Self> {
        let origin = Origin {
            table: "sessions",
            row: &row.id,
        };
        Ok(Self {
            number: row.number,
            facts: origin.json("facts", &row.facts)?,
            id: row.id,
            source: row.source,
            silent: row.silent,
        })
    }
}

impl StoredSession {
    /// As lists and pages show it.
    pub(crate) fn session(&self) -> Session {
        let (id, source) = (self.id.clone(), self.source.clone());
        Session::of(id, source, &self.facts, self.silent)
    }
}

const LOAD: &str = "select number, id, source, facts, silent from sessions where id = $1";
const INSERT: &str = "insert into sessions \
    (id, source, facts, state, status, iterations, events, words, heard_at) \
    values ($1, $2, $3, '', '', 0, 0, '', $4) returning number";
const SAVE: &str = "update sessions set facts = $2, state = $3, status = $4, iterations = $5, \
    events = $6, duration = $7, words = $8, silent = $9, heard_at = coalesce($10, heard_at) \
    where number = $1";

/// The session with this id, if there is one.
pub(super) async fn find(tx: &mut Tx<'_>, id: &str) -> Answer<Option<StoredSession>> {
    let row: Option<SessionRow> =
        in_tx!(tx, conn => sqlx::query_as(LOAD).bind(id).fetch_optional(conn).await?);
    row.map(StoredSession::try_from).transpose()
}

/// The session with this id, which must be there.
pub(super) async fn load(tx: &mut Tx<'_>, id: &str) -> Answer<StoredSession> {
    let absent = || AppError::not_found(format!("there is no session {id:?}"));
    Ok(find(tx, id).await?.ok_or_else(absent)?)
}

/// A session of which nothing is known yet. [`save`] it in the same transaction.
pub(super) async fn create(
    tx: &mut Tx<'_>,
    id: &str,
    source: &str,
    now: i64,
) -> Answer<StoredSession> {
    let facts = SessionFacts::default();
    let text = json(&facts);
    let number: i64 = in_tx!(tx, conn => sqlx::query_scalar(INSERT)
        .bind(id)
        .bind(source)
        .bind(text)
        .bind(now)
        .fetch_one(conn)
        .await?);
    Ok(StoredSession {
        number,
        id: id.to_owned(),
        source: source.to_owned(),
        facts,
        silent: false,
    })
}

/// Writes what is known of it, and what that adds up to; with `heard_at` when an event arrived.
pub(super) async fn save(
    tx: &mut Tx<'_>,
    stored: &StoredSession,
    heard_at: Option<Timestamp>,
) -> Answer<()> {
    let session = stored.session();
    let error = session.error.as_deref().unwrap_or_default();
    let words = format!("{} {} {error}", session.session_id, session.source).to_lowercase();
    let end = session.end_time.filter(|_| session.status.is_over());
    let duration = end.map(|end| (end.0 - session.start_time.0).max(0));
    in_tx!(tx, conn => sqlx::query(SAVE)
        .bind(stored.number)
        .bind(json(&stored.facts))
        .bind(session.final_state.as_str())
        .bind(session.status.as_str())
        .bind(i64::from(session.iterations))
        .bind(count(session.events))
        .bind(duration)
        .bind(words.replace('\0', " "))
        .bind(stored.silent)
        .bind(heard_at.map(|at| at.0))
        .execute(conn)
        .await?.rows_affected());
    Ok(())
}
