//! The row of a session.

use std::collections::HashMap;

use sqlx::QueryBuilder;

use super::take::{KEPT_READY, ROWS};
use crate::domain::{AppError, Code, DEFAULT_PROJECT, Session, SessionFacts, Timestamp};
use crate::server::storage::Answer;
use crate::server::storage::columns::{count, json};
use crate::server::storage::tx::{Tx, in_tx};

/// A session and what is known of it as a whole.
#[derive(Clone, Debug)]
pub(crate) struct StoredSession {
    pub(crate) number: i64,
    pub(crate) id: String,
    /// The name that it was given, if any: see [`StoredSession::name`].
    pub(super) name: Option<String>,
    /// Whose members may see it.
    pub(crate) project: String,
    pub(crate) source: String,
    pub(crate) facts: SessionFacts,
    /// True when its loop has vanished.
    pub(crate) silent: bool,
    /// Why what is known of it cannot be read; then `facts` are empty.
    pub(crate) unreadable: Option<String>,
}

/// The columns of [`SessionRow`].
pub(super) const COLUMNS: &str =
    "select number, id, name, project, source, facts, silent from sessions";

#[derive(sqlx_macros::FromRow)]
pub(super) struct SessionRow {
    number: i64,
    id: String,
    name: Option<String>,
    project: String,
    source: String,
    facts: String,
    silent: bool,
}

impl From<SessionRow> for StoredSession {
    fn from(row: SessionRow) -> Self {
        let facts = serde_json::from_str(&row.facts);
        let unreadable = facts.as_ref().err().map(|error| {
            let (number, id) = (row.number, &row.id);
            tracing::error!(
                session.id = id,
                "sessions.facts of row {number} cannot be read: {error}"
            );
            format!("its record in the database cannot be read (sessions.facts of row {number})")
        });
        Self {
            number: row.number,
            facts: facts.unwrap_or_default(),
            id: row.id,
            name: row.name,
            project: row.project,
            source: row.source,
            silent: row.silent,
            unreadable,
        }
    }
}

impl StoredSession {
    /// As lists and pages show it.
    pub(crate) fn session(&self) -> Session {
        let (id, source) = (self.id.clone(), self.source.clone());
        let session = match &self.unreadable {
            None => Session::of(id, source, &self.facts, self.silent),
            Some(why) => Session::unreadable(id, source, why.clone()),
        };
        Session {
            nameless: self.name.is_none().then_some(self.number),
            name: self.name(),
            ..session
        }
    }
}

/// Those of the sessions with these ids that there are, by id.
pub(super) async fn find(tx: &mut Tx<'_>, ids: &[&str]) -> Answer<HashMap<String, StoredSession>> {
    let mut found = HashMap::with_capacity(ids.len());
    for chunk in ids.chunks(ROWS) {
        let rows: Vec<SessionRow> = in_tx!(tx, conn => {
            let mut query = QueryBuilder::new(COLUMNS);
            query.push(" where id in (");
            let mut list = query.separated(", ");
            for id in chunk {
                list.push_bind((*id).to_owned());
            }
            query.push(")");
            query.build_query_as().persistent(chunk.len() <= KEPT_READY).fetch_all(conn).await?
        });
        found.extend(
            rows.into_iter()
                .map(StoredSession::from)
                .map(|it| (it.id.clone(), it)),
        );
    }
    for stored in found
        .values_mut()
        .filter(|stored| stored.unreadable.is_some())
    {
        super::mend::facts(tx, stored).await?;
    }
    Ok(found)
}

/// The session with this id, which must be there.
pub(super) async fn load(tx: &mut Tx<'_>, id: &str) -> Answer<StoredSession> {
    let found = find(tx, &[id]).await?.remove(id);
    Ok(found.ok_or_else(|| absent(id))?)
}

/// What is said of one that is not there, or not for whoever asks.
pub(super) fn absent(id: &str) -> AppError {
    AppError::new(Code::SessionNotFound, format!("there is no session {id:?}"))
}

/// Sessions of which nothing is known yet, by id. [`save`] them in the same transaction.
pub(super) async fn create(
    tx: &mut Tx<'_>,
    ids: &[&str],
    source: &str,
    now: Timestamp,
) -> Answer<HashMap<String, StoredSession>> {
    let facts = SessionFacts::default();
    let text = json(&facts);
    let mut made = HashMap::with_capacity(ids.len());
    for chunk in ids.chunks(ROWS) {
        let rows: Vec<(i64, String)> = in_tx!(tx, conn => {
            let mut query = QueryBuilder::new("insert into sessions \
                (id, source, facts, state, status, iterations, events, words, heard_at) ");
            query.push_values(chunk, |mut row, id| {
                row.push_bind((*id).to_owned())
                    .push_bind(source.to_owned())
                    .push_bind(text.clone())
                    .push("'', '', 0, 0, ''")
                    .push_bind(now.0);
            });
            query.push(" returning number, id");
            query.build_query_as().persistent(chunk.len() <= KEPT_READY).fetch_all(conn).await?
        });
        made.extend(rows.into_iter().map(|(number, id)| {
            let stored = StoredSession {
                number,
                id: id.clone(),
                name: None,
                project: DEFAULT_PROJECT.to_owned(),
                source: source.to_owned(),
                facts: facts.clone(),
                silent: false,
                unreadable: None,
            };
            (id, stored)
        }));
    }
    Ok(made)
}

/// Writes what is known of them, and what that adds up to; with `heard_at` when events arrived.
pub(super) async fn save(
    tx: &mut Tx<'_>,
    sessions: &[StoredSession],
    heard_at: Option<Timestamp>,
) -> Answer<()> {
    for chunk in sessions.chunks(ROWS) {
        in_tx!(tx, conn => {
            // The columns of values have these names on both engines.
            let mut query = QueryBuilder::new("update sessions set facts = v.column2, \
                state = v.column3, status = v.column4, iterations = v.column5, \
                events = v.column6, duration = v.column7, words = v.column8, silent = v.column9, \
                name = v.column10, task = v.column11");
            if let Some(at) = heard_at {
                query.push(", heard_at = case when heard_at > ").push_bind(at.0);
                query.push(" then heard_at else ").push_bind(at.0).push(" end");
            }
            query.push(" from (");
            query.push_values(chunk, |mut row, stored| {
                let session = stored.session();
                let error = session.error.as_deref().unwrap_or_default();
                let (id, source) = (&session.session_id, &session.source);
                let words = format!("{id} {source} {error} {}", session.name);
                let end = session.end_time.filter(|_| session.status.is_over());
                row.push_bind(stored.number)
                    .push_bind(json(&stored.facts))
                    .push_bind(session.final_state.as_str())
                    .push_bind(session.status.as_str())
                    .push_bind(i64::from(session.iterations))
                    .push_bind(count(session.events))
                    .push_bind(end.map(|end| (end.0 - session.start_time.0).max(0)))
                    .push_bind(words.to_lowercase().replace('\0', " "))
                    .push_bind(stored.silent)
                    .push_bind(stored.name.clone())
                    .push_bind(session.task_id);
            });
            query.push(") as v where sessions.number = v.column1");
            let query = query.build().persistent(chunk.len() <= KEPT_READY);
            query.execute(conn).await?.rows_affected()
        });
    }
    Ok(())
}

/// Notes that something was heard of these sessions, which adds nothing to what is known.
pub(super) async fn heard(tx: &mut Tx<'_>, numbers: &[i64], now: Timestamp) -> Answer<()> {
    for chunk in numbers.chunks(ROWS) {
        in_tx!(tx, conn => {
            let mut query = QueryBuilder::new("update sessions set heard_at = ");
            query.push_bind(now.0).push(" where heard_at < ").push_bind(now.0);
            query.push(" and number in (");
            let mut list = query.separated(", ");
            for number in chunk {
                list.push_bind(*number);
            }
            query.push(")");
            let query = query.build().persistent(chunk.len() <= KEPT_READY);
            query.execute(conn).await?.rows_affected()
        });
    }
    Ok(())
}
