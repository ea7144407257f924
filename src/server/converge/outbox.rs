//! Journals that are to be posted to a webhook, kept in a folder until the last event has
//! arrived. They outlive their run: what could not be posted is posted by the next one.
//!
//! Of each session there is a journal and a note beside it, which says where to, how far, and what
//! was refused. Whoever works on one holds the lock of its journal, so that two programs may
//! deliver the same outbox.

use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::journal::{Journal, Rest};
use super::parcel::{Note, Parcel};
use super::settings::Keep;
use crate::domain::Timestamp;
use crate::server::files;

/// Where journals are kept: `XDG_STATE_HOME`, `~/.local/state`, or the current folder.
#[derive(Clone, Debug)]
pub(crate) struct Outbox {
    folder: PathBuf,
}

/// What is found of a session.
#[derive(Debug)]
pub(crate) enum Found {
    Parcel(Box<Parcel>),
    /// Another program works on it.
    Busy,
    /// It has arrived meanwhile.
    Gone,
    /// It cannot be read, and why.
    Broken(String),
}

/// What was dropped because it was too old, or too much.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct Dropped {
    pub(crate) sessions: usize,
    pub(crate) events: usize,
}

impl Outbox {
    pub(crate) fn open(environment: impl Fn(&str) -> Option<String>) -> io::Result<Self> {
        let folder = |name: &str| environment(name).filter(|path| path.starts_with('/'));
        let state = folder("XDG_STATE_HOME").map(PathBuf::from);
        let state = state.or_else(|| Some(Path::new(&folder("HOME")?).join(".local/state")));
        let folder = state.map_or_else(
            || PathBuf::from(".kimi-converge"),
            |state| state.join("kimi-converge"),
        );
        // Findings are nobody else's business, and neither is a webhook's address.
        files::create_folder(&folder)?;
        Ok(Self { folder })
    }

    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// A new session's journal.
    pub(crate) fn begin(&self, session: &str, url: &str, keep: Keep) -> io::Result<Parcel> {
        let path = self.journal(session);
        let note = Note::new(session, url, keep.days);
        let begun = Journal::create(&path).and_then(|journal| {
            let mut parcel = Parcel::new(path.clone(), journal, note);
            parcel.note_down().map(|()| parcel)
        });
        if begun.is_err() {
            // Where there is no room, nothing is left behind either.
            let _gone = std::fs::remove_file(&path);
        }
        begun
    }

    /// The sessions of which something is kept, the oldest first.
    pub(crate) fn sessions(&self) -> io::Result<Vec<String>> {
        let mut sessions = BTreeSet::new();
        for entry in std::fs::read_dir(&self.folder)? {
            let path = entry?.path();
            let is_ours = path
                .extension()
                .is_some_and(|it| it == "json" || it == "ndjson");
            if let Some(name) = path.file_stem().and_then(|it| it.to_str())
                && is_ours
            {
                sessions.insert(name.to_owned());
            }
        }
        // Ids sort by time.
        Ok(sessions.into_iter().collect())
    }

    /// What its note says, whoever works on it.
    pub(crate) fn note(&self, session: &str) -> Option<Note> {
        Note::read(&self.journal(session)).ok()
    }

    /// Whether anything is kept of a session.
    pub(crate) fn has(&self, session: &str) -> bool {
        let path = self.journal(session);
        path.exists() || path.with_extension("json").exists()
    }

    /// Takes what is kept of a session, so that nobody else works on it.
    pub(crate) fn take(&self, session: &str) -> Found {
        let path = self.journal(session);
        let broken = |what: &str, error: &dyn std::fmt::Display| {
            Found::Broken(format!(
                "{what} of session {session} cannot be read: {error}"
            ))
        };
        let journal = match Journal::reopen(&path) {
            Ok(journal) => journal,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Found::Busy,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return match Note::read(&path) {
                    Err(error) if error.kind() == io::ErrorKind::NotFound => Found::Gone,
                    Ok(note) if !note.is_done => broken("the journal", &error),
                    // Somebody was killed between two files.
                    _ => remove(&path)
                        .map_or_else(|error| broken("the note", &error), |()| Found::Gone),
                };
            }
            Err(error) => return broken("the journal", &error),
        };
        // Only who has the lock reads the note: it changes as long as somebody else has.
        match Note::read(&path) {
            Ok(note) if note.is_done => {
                remove(&path).map_or_else(|error| broken("the note", &error), |()| Found::Gone)
            }
            Ok(note) => {
                let parcel = Parcel::new(path.clone(), journal, note);
                if parcel.is_empty() {
                    // Its run was killed before it had said anything.
                    return remove(&path)
                        .map_or_else(|error| broken("the note", &error), |()| Found::Gone);
                }
                Found::Parcel(Box::new(parcel))
            }
            // A journal is noted before there is anything in it; or it has just been removed.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let is_empty = journal.length() == 0 && journal.rest() == Rest::Nothing;
                if is_empty || !path.exists() {
                    let _gone = remove(&path);
                    return Found::Gone;
                }
                broken("the note", &error)
            }
            Err(error) => broken("the note", &error),
        }
    }

    /// Drops what nobody took for too long, and then the oldest of what is too much. Answers what
    /// was too old, and what was too much.
    pub(crate) fn trim(&self, keep: Keep, now: Timestamp) -> io::Result<[Dropped; 2]> {
        let mut dropped = [Dropped::default(); 2];
        let mut kept = Vec::new();
        for session in self.sessions()? {
            let path = self.journal(&session);
            let about = std::fs::metadata(&path);
            let about = about.or_else(|_| std::fs::metadata(path.with_extension("json")));
            let Ok(about) = about else { continue };
            let days = self.note(&session).and_then(|note| note.keep_days);
            let days = days.unwrap_or(keep.days);
            if age(&about, now) > Duration::from_hours(24) * days {
                dropped[0].add(self.drop(&session));
            } else {
                kept.push((session, about.len()));
            }
        }
        let mut bytes: u64 = kept.iter().map(|(_, bytes)| bytes).sum();
        for (session, size) in kept {
            if bytes <= keep.bytes {
                break;
            }
            let gone = self.drop(&session);
            if gone.is_some() {
                bytes -= size;
            }
            dropped[1].add(gone);
        }
        Ok(dropped)
    }

    /// Drops what is kept of a session; answers how many events, or nothing while it is in use.
    fn drop(&self, session: &str) -> Option<usize> {
        match self.take(session) {
            Found::Parcel(parcel) => {
                let events = parcel.left();
                parcel.discard().ok()?;
                Some(events)
            }
            Found::Broken(_) => {
                remove(&self.journal(session)).ok()?;
                Some(0)
            }
            Found::Busy | Found::Gone => None,
        }
    }

    fn journal(&self, session: &str) -> PathBuf {
        self.folder.join(format!("{session}.ndjson"))
    }
}

impl Dropped {
    fn add(&mut self, events: Option<usize>) {
        if let Some(events) = events {
            self.sessions += 1;
            self.events += events;
        }
    }
}

/// Since it was last written; nothing where that is yet to come.
pub(super) fn age(about: &std::fs::Metadata, now: Timestamp) -> Duration {
    let written = about.modified().ok();
    let written = written.and_then(|at| at.duration_since(std::time::UNIX_EPOCH).ok());
    let now = Duration::from_micros(u64::try_from(now.0).unwrap_or(0));
    now.saturating_sub(written.unwrap_or(now))
}

/// Removes the journal at `path` and its note.
pub(super) fn remove(path: &Path) -> io::Result<()> {
    for path in [path.to_owned(), path.with_extension("json")] {
        match std::fs::remove_file(path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    Ok(())
}
