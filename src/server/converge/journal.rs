//! The events of a session, in a file: one line each, in order. Whoever passes them on (a socket,
//! the webhook) is a reader with a place of its own in it, so that a slow or dead reader holds up
//! nobody, memory stays small however long a session is, and a late reader misses nothing.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::Arc;

use tokio::sync::watch;

use crate::domain::LoopEvent;
use crate::server::files;

/// Lines are read in pieces of this size, unless one line is longer.
const PIECE: usize = 64 * 1024;

/// How much was written.
#[derive(Clone, Copy, Debug, Default)]
struct Written {
    bytes: u64,
    closed: bool,
}

/// One session's events. One writes, any number read.
#[derive(Debug)]
pub(crate) struct Journal {
    file: File,
    written: watch::Sender<Written>,
    rest: Rest,
}

/// What is behind the last line of a journal that an earlier run has left.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Rest {
    Nothing,
    /// A line that was being written.
    HalfLine,
    /// Zeros, which nobody has written: a part of it is missing.
    Holes,
}

/// A line, and what it takes in the file.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Line {
    pub(crate) text: String,
    pub(crate) bytes: u64,
}

#[cfg(test)]
impl Line {
    /// Lines of events with these ids.
    pub(crate) fn with_ids(ids: &[&str]) -> Vec<Self> {
        let line = |id: &&str| Self {
            text: serde_json::json!({"event_id": id}).to_string(),
            bytes: 1,
        };
        ids.iter().map(line).collect()
    }
}

/// A place in a journal.
#[derive(Debug)]
pub(crate) struct Reader {
    journal: Arc<Journal>,
    written: watch::Receiver<Written>,
    at: u64,
}

impl Journal {
    /// In a file without a name, which is gone with the last handle to it.
    pub(crate) fn temporary() -> io::Result<Arc<Self>> {
        tempfile::tempfile().map(Self::over)
    }

    /// In a new file.
    pub(crate) fn create(path: &Path) -> io::Result<Arc<Self>> {
        let file = files::create_new(path)?;
        file.try_lock()?;
        Ok(Self::over(file))
    }

    /// What an earlier run left in `path`. Fails with [`io::ErrorKind::WouldBlock`] while that
    /// run is still at work. A line that was being written when it was killed does not count.
    pub(crate) fn reopen(path: &Path) -> io::Result<Arc<Self>> {
        let file = files::reopen(path)?;
        file.try_lock()?;
        let length = file.metadata()?.len();
        let (bytes, rest) = whole_lines(&file, length)?;
        let written = Written {
            bytes,
            closed: true,
        };
        Ok(Self::with(file, written, rest))
    }

    fn over(file: File) -> Arc<Self> {
        Self::with(file, Written::default(), Rest::Nothing)
    }

    fn with(file: File, written: Written, rest: Rest) -> Arc<Self> {
        Arc::new(Self {
            file,
            written: watch::Sender::new(written),
            rest,
        })
    }

    /// Adds an event. What fails half way is written over by the next one.
    pub(crate) fn append(&self, event: &LoopEvent) -> io::Result<()> {
        let line = format!("{}\n", event.sent);
        let end = self.written.borrow().bytes;
        self.file.write_all_at(line.as_bytes(), end)?;
        let length = u64::try_from(line.len()).unwrap_or(0);
        self.written.send_modify(|written| written.bytes += length);
        Ok(())
    }

    /// The bytes that are written.
    pub(crate) fn length(&self) -> u64 {
        self.written.borrow().bytes
    }

    /// What is behind these.
    pub(crate) fn rest(&self) -> Rest {
        self.rest
    }

    /// Nothing will be added any more.
    pub(crate) fn close(&self) {
        self.written.send_modify(|written| written.closed = true);
    }

    /// A reader from the byte `at`, where a line begins.
    pub(crate) fn reader(self: &Arc<Self>, at: u64) -> Reader {
        Reader {
            written: self.written.subscribe(),
            journal: Arc::clone(self),
            at,
        }
    }
}

/// What is said of a journal that is shorter than it was.
pub(super) fn missing() -> io::Error {
    io::Error::other("a part of it is missing")
}

/// The bytes of the whole lines of a file of this length, and what is behind them.
fn whole_lines(file: &File, length: u64) -> io::Result<(u64, Rest)> {
    let mut from = length;
    let mut holes = false;
    let mut piece = vec![0; PIECE];
    let bytes = loop {
        let size = PIECE.min(usize::try_from(from).unwrap_or(PIECE));
        if size == 0 {
            break 0;
        }
        let piece = &mut piece[..size];
        from -= u64::try_from(size).unwrap_or(from);
        file.read_exact_at(piece, from)?;
        let end = piece.iter().rposition(|byte| *byte == b'\n');
        let end = end.map_or(0, |place| place + 1);
        holes |= piece[end..].contains(&0);
        if end > 0 {
            break from + u64::try_from(end).unwrap_or(0);
        }
    };
    if bytes == length {
        return Ok((bytes, Rest::Nothing));
    }
    Ok((bytes, if holes { Rest::Holes } else { Rest::HalfLine }))
}

impl Reader {
    /// The next lines, at least one as soon as there is one; `None` when all of a closed journal
    /// was read. They count as read only with [`Self::advance`]; dropping this loses nothing. What
    /// cannot be read is an error, and not the end.
    pub(crate) async fn peek(&mut self, most: usize) -> io::Result<Option<Vec<Line>>> {
        loop {
            let written = *self.written.borrow_and_update();
            if self.at < written.bytes {
                return self.read(written.bytes, most).map(Some);
            }
            self.is_within(written.bytes)?;
            if written.closed || self.written.changed().await.is_err() {
                return Ok(None);
            }
        }
    }

    /// These lines were passed on.
    pub(crate) fn advance(&mut self, lines: &[Line]) {
        self.at += lines.iter().map(|line| line.bytes).sum::<u64>();
    }

    /// True when nothing is written yet after these next lines.
    pub(crate) fn ends_with(&self, lines: &[Line]) -> bool {
        let bytes: u64 = lines.iter().map(|line| line.bytes).sum();
        self.at + bytes >= self.written.borrow().bytes
    }

    /// Waits until nothing will be added any more.
    pub(crate) async fn closed(&mut self) {
        // The sender lives as long as this reader's journal.
        let _ = self.written.wait_for(|written| written.closed).await;
    }

    /// The byte after the last line that was passed on.
    pub(crate) fn at(&self) -> u64 {
        self.at
    }

    /// How many lines are left.
    pub(crate) fn left(&self) -> io::Result<usize> {
        let mut rest = self.journal.reader(self.at);
        let end = self.written.borrow().bytes;
        let mut lines = 0;
        self.is_within(end)?;
        while rest.at < end {
            let more = rest.read(end, usize::MAX)?;
            lines += more.len();
            rest.advance(&more);
        }
        Ok(lines)
    }

    fn is_within(&self, end: u64) -> io::Result<()> {
        if self.at > end {
            return Err(missing());
        }
        Ok(())
    }

    /// The last line that is written, unless that is the next one.
    pub(super) fn last(&self) -> io::Result<Option<Line>> {
        let end = self.written.borrow().bytes;
        let mut size: u64 = 64 * 1024;
        loop {
            let from = end.saturating_sub(size).max(self.at);
            let Some(length) = end.checked_sub(from + 1) else {
                return Ok(None);
            };
            let mut piece = vec![0; usize::try_from(length).unwrap_or(usize::MAX)];
            self.journal.file.read_exact_at(&mut piece, from)?;
            if let Some(before) = piece.iter().rposition(|byte| *byte == b'\n') {
                let line = &piece[before + 1..];
                return Ok(Some(Line {
                    text: String::from_utf8_lossy(line).into_owned(),
                    bytes: u64::try_from(line.len()).unwrap_or(0) + 1,
                }));
            }
            if from == self.at {
                return Ok(None);
            }
            size = size.saturating_mul(2);
        }
    }

    /// Whole lines from here: as many as fit a piece, at least one, at most `most`.
    pub(super) fn read(&self, end: u64, most: usize) -> io::Result<Vec<Line>> {
        let left = usize::try_from(end - self.at).unwrap_or(usize::MAX);
        let mut size = PIECE.min(left);
        loop {
            let mut piece = vec![0; size];
            self.journal.file.read_exact_at(&mut piece, self.at)?;
            if let Some(last) = piece.iter().rposition(|byte| *byte == b'\n') {
                piece.truncate(last);
                let lines = piece.split(|byte| *byte == b'\n').take(most);
                let lines = lines.map(|line| Line {
                    text: String::from_utf8_lossy(line).into_owned(),
                    bytes: u64::try_from(line.len()).unwrap_or(0) + 1,
                });
                return Ok(lines.collect());
            }
            if size == left {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            size = size.saturating_mul(2).min(left);
        }
    }
}
