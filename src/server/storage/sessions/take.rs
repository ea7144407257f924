//! Events come in: each is stored once, and what it adds to its session is stored with it.
//!
//! A group of events may be of as many sessions. It takes a fixed number of statements, whatever
//! it is made of, and what needs no database (JSON, fingerprints) is done before the writer has it.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use sqlx::QueryBuilder;

use super::book::{self, Touched};
use super::name;
use super::refused;
use super::row::{self, StoredSession};
use crate::domain::{
    Audience, DEFAULT_PROJECT, LoopEvent, SessionBook, StepReport, Timestamp, cut_event,
};
use crate::server::storage::columns::json;
use crate::server::storage::tx::{Tx, in_tx};
use crate::server::storage::{Answer, Change, Thing, Write};

/// Takes in a group of events, all of it or nothing.
#[derive(Clone)]
pub(crate) struct TakeEvents {
    events: Arc<[Prepared]>,
    /// How many events of these sessions could not be read.
    refused: Arc<BTreeMap<String, u64>>,
    /// Where it came from: the address of a loop, or `webhook`.
    source: String,
    now: Timestamp,
}

/// An event, and what can be known of it beforehand.
struct Prepared {
    event: LoopEvent,
    report: StepReport,
    has_lists: bool,
    text: String,
    /// For lists, where the whole is too long.
    brief: Option<String>,
}

/// Bytes of an event in lists and pages; a longer one is cut there.
pub(super) const BRIEF: usize = 4096;

/// What came of it.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct Taken {
    pub(crate) accepted: usize,
    /// Known already, by session and event id.
    pub(crate) duplicates: usize,
}

impl Taken {
    /// Adds it to the server's metrics, once it is committed.
    pub(crate) fn count(self) {
        let number = |size: usize| u64::try_from(size).unwrap_or(0);
        metrics::counter!("convergence_events_total").increment(number(self.accepted));
        metrics::counter!("convergence_duplicates_total").increment(number(self.duplicates));
    }
}

/// Rows of one statement: few enough for SQLite's limit of 32,766 parameters.
pub(super) const ROWS: usize = 500;
/// A statement of more rows than this is not kept ready: each number of rows is another one.
pub(super) const KEPT_READY: usize = 8;

impl TakeEvents {
    /// `now` is the moment at which the sessions were heard of.
    pub(crate) fn new(events: Vec<LoopEvent>, source: String, now: Timestamp) -> Self {
        Self {
            events: events.into_iter().map(Prepared::new).collect(),
            refused: Arc::default(),
            source,
            now,
        }
    }

    /// The same, noting which sessions have events that could not be read.
    pub(crate) fn refusing<'a>(mut self, sessions: impl IntoIterator<Item = &'a str>) -> Self {
        let mut refused = BTreeMap::<String, u64>::new();
        for session in sessions {
            *refused.entry(session.to_owned()).or_default() += 1;
        }
        self.refused = Arc::new(refused);
        self
    }

    /// True when there is nothing to take in.
    pub(crate) fn is_empty(&self) -> bool {
        self.events.is_empty() && self.refused.is_empty()
    }
}

impl Prepared {
    fn new(event: LoopEvent) -> Self {
        let stored = event.stored();
        let text = json(stored);
        let brief = (text.len() > BRIEF).then(|| json(&cut_event(stored, BRIEF)));
        Self {
            report: event.report(),
            has_lists: event.has_lists(),
            text,
            brief,
            event,
        }
    }
}

/// The events of one session in a group.
struct Of<'a> {
    stored: StoredSession,
    events: Vec<&'a Prepared>,
    /// True for one that was heard of just now: nothing is known of it.
    is_new: bool,
}

impl Write for TakeEvents {
    type Output = Taken;

    async fn run(&self, tx: &mut Tx<'_>) -> Answer<Taken> {
        let mut sessions = self.sessions(tx).await?;
        let mut arrivals = insert(tx, &sessions).await?;
        let mut taken = Taken::default();
        let mut only_heard = BTreeSet::new();
        let mut new = Vec::new();
        for (place, of) in sessions.iter().enumerate() {
            let known = taken.accepted;
            let mut stored = arrivals.remove(&of.stored.number).unwrap_or_default();
            for event in &of.events {
                // The first of those that share an id is the one that was stored.
                if let Some(arrival) = stored.remove(&event.event.event_id) {
                    new.push((place, *event, arrival));
                    taken.accepted += 1;
                } else {
                    taken.duplicates += 1;
                }
            }
            if known == taken.accepted && !of.stored.silent {
                only_heard.insert(of.stored.number);
            }
        }
        let mut books = book::open(tx, &touched(&sessions, &new)).await?;
        // By place, so that sessions are announced in the order of the sender.
        let mut sent: BTreeMap<usize, (i64, Vec<serde_json::Value>)> = BTreeMap::new();
        for (place, event, arrival) in new {
            let of = &mut sessions[place];
            let book = books.entry(of.stored.number).or_default();
            std::mem::swap(&mut book.facts, &mut of.stored.facts);
            book.add_reported(&event.event, &event.report, arrival);
            std::mem::swap(&mut book.facts, &mut of.stored.facts);
            let stored = event.event.stored().clone();
            let (version, events) = sent.entry(place).or_default();
            *version = arrival.max(*version);
            events.push(stored);
        }
        book::close(tx, &books).await?;
        for (place, (version, events)) in sent {
            tx.changed(changed(&sessions[place].stored.id, version, events));
        }
        let told = |of: &Of<'_>| !only_heard.contains(&of.stored.number);
        let told = sessions.into_iter().filter(told);
        let mut told: Vec<_> = told.map(|of| of.stored).collect();
        for stored in &mut told {
            stored.silent = false;
        }
        name::give(tx, &mut told).await?;
        row::save(tx, &told, Some(self.now)).await?;
        // After the others, which these may be among.
        refused::note(tx, &self.refused, self.now).await?;
        let only_heard: Vec<_> = only_heard.into_iter().collect();
        row::heard(tx, &only_heard, self.now).await?;
        Ok(taken)
    }
}

impl TakeEvents {
    /// The sessions that the events belong to, in the order of the first event of each.
    async fn sessions(&self, tx: &mut Tx<'_>) -> Answer<Vec<Of<'_>>> {
        let mut ids: Vec<&str> = Vec::new();
        let mut events: HashMap<&str, Vec<&Prepared>> = HashMap::new();
        for event in self.events.iter() {
            let of = events.entry(&event.event.session_id).or_default();
            if of.is_empty() {
                ids.push(&event.event.session_id);
            }
            of.push(event);
        }
        let mut known = row::find(tx, &ids).await?;
        let is_new = |id: &&&str| !known.contains_key(**id);
        let missing: Vec<&str> = ids.iter().filter(is_new).copied().collect();
        let mut made = row::create(tx, &missing, &self.source, self.now).await?;
        refused::recall(tx, made.values_mut()).await?;
        let of = |id: &str| {
            let events = events.remove(id).unwrap_or_default();
            let (stored, is_new) = match known.remove(id) {
                Some(stored) => (Some(stored), false),
                None => (made.remove(id), true),
            };
            stored.map(|stored| Of {
                stored,
                events,
                is_new,
            })
        };
        Ok(ids.into_iter().filter_map(of).collect())
    }
}

fn changed(session: &str, version: i64, events: Vec<serde_json::Value>) -> Change {
    Change {
        version,
        audience: Audience::Project {
            project: DEFAULT_PROJECT.to_owned(),
            owner: String::new(),
        },
        thing: Thing::Events {
            session: session.to_owned(),
            events,
        },
    }
}

/// What these events add to, of sessions of which something is known.
fn touched(sessions: &[Of<'_>], new: &[(usize, &Prepared, i64)]) -> Touched {
    let (mut iterations, mut findings) = (BTreeSet::new(), BTreeSet::new());
    for (place, event, _) in new {
        let of = &sessions[*place];
        if of.is_new {
            continue;
        }
        let number = of.stored.number;
        iterations.insert((number, event.event.iteration));
        for sighting in event.report.sightings.iter().flatten() {
            findings.insert((number, sighting.fingerprint.clone()));
        }
    }
    Touched {
        iterations: iterations.into_iter().collect(),
        findings: findings.into_iter().collect(),
    }
}

/// The order of arrival of events, by session and event id.
type Arrivals = HashMap<i64, HashMap<String, i64>>;

/// Stores the events that are not known yet; answers the order of their arrival.
async fn insert(tx: &mut Tx<'_>, sessions: &[Of<'_>]) -> Answer<Arrivals> {
    let mut events: Vec<(i64, &Prepared)> = Vec::new();
    for of in sessions {
        events.extend(of.events.iter().map(|event| (of.stored.number, *event)));
    }
    let mut arrivals = Arrivals::new();
    for chunk in events.chunks(ROWS) {
        let rows: Vec<(i64, String, i64)> = in_tx!(tx, conn => {
            let mut query = QueryBuilder::new(
                "insert into events (session, event_id, time, iteration, type, lists, sent, brief) ");
            query.push_values(chunk, |mut row, (session, event)| {
                let of = &event.event;
                row.push_bind(*session)
                    .push_bind(of.event_id.clone())
                    .push_bind(of.timestamp.0)
                    .push_bind(i64::from(of.iteration))
                    .push_bind(of.event_type.as_str().replace('\0', "\u{2400}"))
                    .push_bind(event.has_lists)
                    .push_bind(event.text.clone())
                    .push_bind(event.brief.clone());
            });
            query.push(" on conflict (session, event_id) do nothing returning session, event_id, id");
            query.build_query_as().persistent(chunk.len() <= KEPT_READY).fetch_all(conn).await?
        });
        for (session, event_id, id) in rows {
            arrivals.entry(session).or_default().insert(event_id, id);
        }
    }
    Ok(arrivals)
}

/// Books by the number of their session.
pub(super) type Books = BTreeMap<i64, SessionBook>;
