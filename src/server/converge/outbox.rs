//! Journals that are to be posted to a webhook, kept in a folder until the last event has
//! arrived. They outlive their run: what could not be posted is posted by the next one.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::{Value, json};

use super::journal::{Journal, Reader};
use crate::server::files;

/// Journals that are delivered at once; more wait for the next time.
const MOST_AT_ONCE: usize = 100;

/// Where journals are kept: `XDG_STATE_HOME`, `~/.local/state`, or the current folder.
#[derive(Clone, Debug)]
pub(crate) struct Outbox {
    folder: PathBuf,
}

/// One session that is being posted.
#[derive(Debug)]
pub(crate) struct Parcel {
    pub(crate) session: String,
    pub(crate) url: String,
    pub(crate) journal: Arc<Journal>,
    /// Where the journal is.
    path: PathBuf,
    /// How far it was posted.
    sent: u64,
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
    pub(crate) fn begin(&self, session: &str, url: &str) -> io::Result<Parcel> {
        let path = self.folder.join(format!("{session}.ndjson"));
        let parcel = Parcel {
            session: session.to_owned(),
            url: url.to_owned(),
            journal: Journal::create(&path)?,
            path,
            sent: 0,
        };
        parcel.note()?;
        Ok(parcel)
    }

    /// What earlier runs have left, the oldest first; not what is at work in other processes.
    pub(crate) fn leftovers(&self) -> Vec<Parcel> {
        let entries = std::fs::read_dir(&self.folder).into_iter().flatten();
        let paths = entries.flatten().map(|entry| entry.path());
        let is_note = |path: &PathBuf| path.extension().is_some_and(|it| it == "json");
        let mut notes: Vec<_> = paths.filter(is_note).collect();
        // Ids sort by time.
        notes.sort();
        let parcels = notes.iter().filter_map(|note| Parcel::read(note));
        parcels.take(MOST_AT_ONCE).collect()
    }
}

impl Parcel {
    fn read(note: &Path) -> Option<Self> {
        let about: Value = serde_json::from_slice(&std::fs::read(note).ok()?).ok()?;
        let text = |name: &str| about.get(name)?.as_str().map(str::to_owned);
        let path = note.with_extension("ndjson");
        Some(Self {
            session: text("session_id")?,
            url: text("url")?,
            journal: Journal::reopen(&path).ok()?,
            sent: about.get("sent")?.as_u64()?,
            path,
        })
    }

    /// A reader that begins where posting has come to.
    pub(crate) fn reader(&self) -> Reader {
        self.journal.reader(self.sent)
    }

    /// Everything before this byte has arrived.
    pub(crate) fn arrived(&mut self, sent: u64) -> io::Result<()> {
        self.sent = sent;
        self.note()
    }

    /// Everything has arrived.
    pub(crate) fn discard(self) -> io::Result<()> {
        // Without its note a journal is nothing, so the note goes first.
        std::fs::remove_file(self.path.with_extension("json"))?;
        std::fs::remove_file(&self.path)
    }

    fn note(&self) -> io::Result<()> {
        let note = json!({"session_id": self.session, "url": self.url, "sent": self.sent});
        files::replace(&self.path.with_extension("json"), &note.to_string())
    }
}
