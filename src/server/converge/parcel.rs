//! One session on its way to a webhook: its journal, and what is noted of how far it has come.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::journal::{Journal, Line, Reader, Rest, missing};
use super::outbox::{age, remove};
use crate::domain::Timestamp;
use crate::server::files;

/// One session that is being posted.
#[derive(Debug)]
pub(crate) struct Parcel {
    pub(crate) journal: Arc<Journal>,
    pub(crate) note: Note,
    /// Where the journal is.
    path: PathBuf,
}

/// What is known of a parcel besides its events.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct Note {
    #[serde(rename = "session_id")]
    pub(crate) session: String,
    pub(crate) url: String,
    /// Everything before this byte of the journal has arrived, or stands aside.
    pub(crate) sent: u64,
    /// So many bytes of the journal were written, at least. Unknown to a note of an earlier version.
    #[serde(default)]
    pub(crate) bytes: Option<u64>,
    /// For how long it is kept; as long as everything else when absent.
    #[serde(default)]
    pub(crate) keep_days: Option<u32>,
    /// What was refused, in order.
    #[serde(default)]
    pub(crate) aside: Vec<Aside>,
    /// Why nothing more of it is posted.
    #[serde(default)]
    pub(crate) ended: Option<String>,
    /// It has arrived, and is about to be removed.
    #[serde(default)]
    pub(crate) is_done: bool,
}

/// Events that were refused one by one, next to each other and with the same words.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub(crate) struct Aside {
    /// Bytes of the journal.
    pub(crate) from: u64,
    pub(crate) to: u64,
    pub(crate) events: usize,
    pub(crate) why: String,
}

impl Note {
    pub(super) fn new(session: &str, url: &str, keep_days: u32) -> Self {
        Self {
            session: session.to_owned(),
            url: url.to_owned(),
            sent: 0,
            bytes: Some(0),
            keep_days: Some(keep_days),
            aside: Vec::new(),
            ended: None,
            is_done: false,
        }
    }

    /// The note of the journal at `path`.
    pub(super) fn read(path: &Path) -> io::Result<Self> {
        let text = std::fs::read(path.with_extension("json"))?;
        Ok(serde_json::from_slice(&text)?)
    }

    /// How many events were refused and stand aside.
    pub(crate) fn refused(&self) -> usize {
        self.aside.iter().map(|aside| aside.events).sum()
    }
}

impl Parcel {
    pub(super) fn new(path: PathBuf, journal: Arc<Journal>, note: Note) -> Self {
        Self {
            journal,
            note,
            path,
        }
    }

    /// A reader that begins where posting has come to.
    pub(crate) fn reader(&self) -> Reader {
        self.journal.reader(self.note.sent)
    }

    /// Everything before this byte has arrived.
    pub(crate) fn arrived(&mut self, sent: u64) {
        self.note.sent = sent;
    }

    /// This line, where posting has come to, is refused.
    pub(crate) fn set_aside(&mut self, line: &Line, why: &str) {
        let from = self.note.sent;
        let to = from + line.bytes;
        self.note.sent = to;
        match self.note.aside.last_mut() {
            Some(last) if last.to == from && last.why == why => {
                last.to = to;
                last.events += 1;
            }
            _ => self.note.aside.push(Aside {
                from,
                to,
                events: 1,
                why: why.to_owned(),
            }),
        }
    }

    /// How many events have not arrived: those that wait, and those that stand aside.
    pub(crate) fn left(&self) -> usize {
        self.waiting() + self.note.refused()
    }

    /// How many events are left to post; one where that cannot be read.
    pub(crate) fn waiting(&self) -> usize {
        self.reader().left().unwrap_or(1)
    }

    /// Why what is left cannot be read, in words, if so.
    pub(crate) fn problem(&self) -> Option<String> {
        match self.reader().left() {
            Ok(_) => self.loss(),
            Err(error) => Some(self.unreadable(&error)),
        }
    }

    /// What is said when some of what was written is not there, if so.
    pub(crate) fn loss(&self) -> Option<String> {
        (!self.is_whole()).then(|| self.unreadable(&missing()))
    }

    /// What is said of an event that was being written when its run was killed, if so.
    pub(crate) fn half_line(&self) -> Option<String> {
        let session = &self.note.session;
        (self.journal.rest() == Rest::HalfLine && self.is_whole()).then(|| {
            format!("the last event of session {session} is only half written, and left out")
        })
    }

    /// True when nothing was ever written.
    pub(crate) fn is_empty(&self) -> bool {
        let length = self.journal.length();
        self.note.bytes == Some(0) && length == 0 && self.journal.rest() == Rest::Nothing
    }

    fn is_whole(&self) -> bool {
        // Where nobody has noted how much there was, there was something.
        let written = self.note.bytes.unwrap_or(1);
        self.journal.length() >= written && self.journal.rest() != Rest::Holes
    }

    /// True when everything that is there has arrived, or stands aside.
    fn is_read(&self) -> bool {
        self.note.sent == self.journal.length() && self.is_whole()
    }

    /// What is said of a journal that cannot be read.
    pub(crate) fn unreadable(&self, error: &io::Error) -> String {
        let session = &self.note.session;
        format!("the journal of session {session} cannot be read: {error}")
    }

    /// An event that is not the next one: the last, or the first of those that have arrived.
    pub(crate) fn another(&self) -> io::Result<Option<Line>> {
        if let Some(last) = self.reader().last()? {
            return Ok(Some(last));
        }
        let first = self.note.aside.first().map_or(self.note.sent, |it| it.from);
        if first == 0 {
            return Ok(None);
        }
        let first = self.journal.reader(0).read(first, 1)?;
        Ok(first.into_iter().next())
    }

    /// True when nothing is to be posted any more.
    pub(crate) fn is_over(&self) -> bool {
        self.note.ended.is_some() || self.is_read()
    }

    /// True when all has arrived.
    pub(crate) fn has_arrived(&self) -> bool {
        self.note.aside.is_empty() && self.is_read()
    }

    /// Everything that was refused is to be posted once more; what came after that comes twice.
    pub(crate) fn rewind(&mut self) -> io::Result<()> {
        self.note.ended = None;
        if let Some(first) = self.note.aside.first() {
            self.note.sent = first.from;
        }
        self.note.aside.clear();
        self.note_down()
    }

    /// Everything stood aside, and is to be refused as a whole instead.
    pub(crate) fn take_back(&mut self) {
        self.note.sent = 0;
        self.note.aside.clear();
    }

    /// Forgets what stands aside, and all if there is nothing else to post.
    pub(crate) fn forget(mut self) -> io::Result<()> {
        self.note.aside.clear();
        // What is missing never comes.
        if self.note.ended.is_some() || self.note.sent >= self.journal.length() {
            self.discard()
        } else {
            self.note_down()
        }
    }

    /// The events that stand aside with these words, at most `most`.
    pub(crate) fn refused(&self, aside: &Aside, most: usize) -> Vec<Line> {
        let reader = self.journal.reader(aside.from);
        if aside.from >= aside.to {
            return Vec::new();
        }
        reader.read(aside.to, most).unwrap_or_default()
    }

    /// Bytes, and for how long nothing was added.
    pub(crate) fn size_and_age(&self, now: Timestamp) -> (u64, std::time::Duration) {
        let about = std::fs::metadata(&self.path);
        let since = about.map_or(std::time::Duration::ZERO, |about| age(&about, now));
        (self.journal.length(), since)
    }

    /// Removes it.
    pub(crate) fn discard(mut self) -> io::Result<()> {
        self.note.is_done = true;
        // Whoever finds one file of two knows by this what to do. A full disk takes no word.
        let _noted = self.note_down();
        remove(&self.path)
    }

    /// Writes down how far it has come, and how much there is.
    pub(crate) fn note_down(&mut self) -> io::Result<()> {
        let written = self.note.bytes.unwrap_or(1);
        self.note.bytes = Some(written.max(self.journal.length()));
        let text = serde_json::to_string(&self.note)?;
        files::replace(&self.path.with_extension("json"), &text)
    }
}
