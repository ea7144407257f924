//! `kimi-dashboard import FILE`: takes over what the Python dashboard kept. Its sessions and events
//! come in like those of any loop, so what is known already counts once, and the file is only read.

mod python;

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::io::Write;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use self::python::{Python, PythonEvent, PythonSession};
use super::clock::Clock;
use super::config::{self, Config};
use super::home::Home;
use super::run::{StartError, open};
use super::storage::Database;
use super::storage::sessions::TakeEvents;
use super::telemetry::{self, chain};
use crate::domain::{Envelope, EventType, Timestamp, Unreadable};

/// Events and sessions that are read at once.
const PAGE: usize = 250;
/// What was refused is named so often; the rest is counted.
const MOST_NAMED: usize = 20;

/// The program as `import FILE`; `words` begin with that word. Answers 0 when everything was taken
/// over, 1 when something was refused, 2 when it could not begin or go on.
pub(super) fn main(words: impl Iterator<Item = OsString>) -> ExitCode {
    let (config, file) = match config::load_import(words) {
        Ok(loaded) => loaded,
        Err(exit) => return exit.report(),
    };
    telemetry::start(config.log_format);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build();
    let outcome = runtime
        .map_err(|error| error.to_string())
        .and_then(|runtime| {
            let imported = runtime.block_on(import(&config, &file));
            imported.map_err(|error| error.to_string())
        });
    match outcome {
        Ok(summary) => {
            let _closed = writeln!(std::io::stdout(), "{}", summary.words());
            ExitCode::from(u8::from(summary.refused > 0))
        }
        Err(words) => {
            let _closed = writeln!(std::io::stderr(), "kimi-dashboard: {words}");
            ExitCode::from(2)
        }
    }
}

/// What came of it.
#[derive(Debug, Default)]
struct Summary {
    sessions: usize,
    accepted: usize,
    duplicates: usize,
    refused: usize,
    reasons: Vec<String>,
    missing: Vec<String>,
}

impl Summary {
    fn words(&self) -> String {
        let sessions = count(self.sessions, "session");
        let events = count(self.accepted, "event");
        let (known, refused) = (self.duplicates, self.refused);
        let more = self.refused.saturating_sub(self.reasons.len());
        let more = (more > 0).then(|| format!("and {more} more"));
        let reasons: Vec<_> = self.reasons.iter().cloned().chain(more).collect();
        let reasons = match reasons.join("; ") {
            none if none.is_empty() => none,
            reasons => format!(" ({reasons})"),
        };
        let missing = match self.missing.join(", ") {
            none if none.is_empty() => none,
            missing => format!("; the file has no {missing}"),
        };
        format!(
            "imported {sessions}: {events} taken over, {known} known already, \
             {refused} refused{reasons}{missing}"
        )
    }

    fn refuse(&mut self, reason: String) {
        self.refused += 1;
        if self.reasons.len() < MOST_NAMED {
            self.reasons.push(reason);
        }
    }
}

fn count(number: usize, noun: &str) -> String {
    let ending = if number == 1 { "" } else { "s" };
    format!("{number} {noun}{ending}")
}

async fn import(config: &Config, file: &Path) -> Result<Summary, StartError> {
    // What cannot be read must not make a database of ours.
    let python = Python::open(file).await.map_err(StartError)?;
    let clock = Clock::system();
    let home = Home::open(config, clock)?;
    let (loops, ended) = (TaskTracker::new(), CancellationToken::new());
    let _ended = ended.clone().drop_guard();
    let (db, writer) = open(&home, &loops, &ended).await?;
    let runtime = tokio::runtime::Handle::current();
    // Nobody listens: the next server reads what is stored.
    let writer = writer.run(Arc::new(|_| {}));
    let writing = tokio::task::spawn_blocking(move || runtime.block_on(writer));
    let summary = Import {
        db,
        clock,
        python,
        summary: Summary::default(),
        told: BTreeMap::new(),
    };
    let summary = summary.run().await;
    // The last handle is gone with it, so the writer ends.
    let _written = writing.await;
    summary
}

/// An import that runs.
struct Import {
    db: Database,
    clock: Clock,
    python: Python,
    summary: Summary,
    /// What the events of each session tell of it.
    told: BTreeMap<String, BTreeSet<&'static str>>,
}

impl Import {
    async fn run(mut self) -> Result<Summary, StartError> {
        self.summary.missing = self.python.missing();
        let mut last = i64::MIN;
        loop {
            let page = self.python.events(last, PAGE).await.map_err(StartError)?;
            let Some(end) = page.last() else { break };
            last = end.row;
            self.note(&page);
            self.take(&page).await?;
        }
        let mut last = i64::MIN;
        let mut sessions: BTreeSet<String> = self.told.keys().cloned().collect();
        loop {
            let page = self.python.sessions(last, PAGE).await.map_err(StartError)?;
            let Some(end) = page.last() else { break };
            last = end.row;
            sessions.extend(page.iter().filter_map(|session| session.id.clone()));
            let made: Vec<_> = page
                .iter()
                .flat_map(|session| self.untold(session))
                .collect();
            self.take(&made).await?;
        }
        self.summary.sessions = sessions.len();
        Ok(self.summary)
    }

    /// Notes what events tell of their sessions.
    fn note(&mut self, events: &[PythonEvent]) {
        for event in events {
            let Some(id) = event.sent.get("session_id").and_then(Value::as_str) else {
                continue;
            };
            let told = self.told.entry(id.to_owned()).or_default();
            let kind = event.sent.get("event_type").and_then(Value::as_str);
            match EventType::parse(kind.unwrap_or_default()) {
                EventType::SessionEnded => told.insert(ENDED),
                EventType::ConvergenceReached => told.insert(CONVERGED),
                EventType::Error => told.insert(ERROR),
                _ => false,
            };
        }
    }

    /// What a session's own row tells and none of its events: events of our making, under ids
    /// that are the same whenever it is imported.
    fn untold(&self, session: &PythonSession) -> Vec<PythonEvent> {
        let none = BTreeSet::new();
        let known = session.id.as_ref().and_then(|id| self.told.get(id));
        let told = known.unwrap_or(&none);
        let end = session.end.as_ref().or(session.start.as_ref());
        let event = |name: &str, kind: EventType, time: Option<&String>, data: Value| PythonEvent {
            row: session.row,
            sent: json!({
                "event_id": format!("import:{name}"), "session_id": session.id,
                "event_type": kind.as_str(), "timestamp": time,
                "iteration": session.iterations, "state": session.state, "data": data,
            }),
        };
        let mut made = Vec::new();
        if known.is_none() {
            let mut started = event(
                "started",
                EventType::SessionStarted,
                session.start.as_ref(),
                json!({"imported": true}),
            );
            started.sent["iteration"] = json!(0);
            started.sent["state"] = Value::Null;
            made.push(started);
        }
        if let Some(error) = session.error.as_ref().filter(|_| !told.contains(ERROR)) {
            let data = json!({"imported": true, "error": error});
            made.push(event("error", EventType::Error, end, data));
        }
        if session.converged && !told.contains(CONVERGED) {
            let data = json!({"imported": true});
            made.push(event("converged", EventType::ConvergenceReached, end, data));
        }
        if session.end.is_some() && !told.contains(ENDED) {
            let data = json!({"imported": true});
            made.push(event("ended", EventType::SessionEnded, end, data));
        }
        made
    }

    /// Takes events in, as if a loop had posted them.
    async fn take(&mut self, events: &[PythonEvent]) -> Result<(), StartError> {
        let sent: Vec<&Value> = events.iter().map(|event| &event.sent).collect();
        let now = self.clock.now();
        let mut envelope = Envelope::open(json!({"events": sent}).to_string())
            .map_err(|error| StartError(format!("import: {error}")))?;
        while let Some(batch) = envelope.next(now) {
            for problem in &batch.problems {
                self.summary.refuse(reason(events, problem));
            }
            // Heard of then and not now: what runs no longer must not seem to run.
            let newest = batch.events.iter().map(|event| event.timestamp).max();
            let heard = newest.unwrap_or(Timestamp(0)).min(now);
            let take = TakeEvents::new(batch.events, "import".to_owned(), heard);
            if take.is_empty() {
                continue;
            }
            let taken = self.db.write(take).await.map_err(|error| {
                let (stored, words) = (self.summary.accepted, chain(&error));
                StartError(format!(
                    "import: broken off after {stored} events: {words}; once that is mended, \
                     import the file again: each event counts once"
                ))
            })?;
            self.summary.accepted += taken.accepted;
            self.summary.duplicates += taken.duplicates;
        }
        Ok(())
    }
}

const ENDED: &str = "ended";
const CONVERGED: &str = "converged";
const ERROR: &str = "error";

/// Which row was refused, and why.
fn reason(events: &[PythonEvent], problem: &Unreadable) -> String {
    let row = events.get(problem.index).map_or(0, |event| event.row);
    let (field, message) = (&problem.field, &problem.message);
    let part = field.rsplit_once("].").map_or("event", |(_, part)| part);
    match &problem.event_id {
        Some(id) => format!("event {id}: {part} {message}"),
        None => format!("row {row}: {part} {message}"),
    }
}
