//! What a supervisor tells the server, on a pipe that its program does not have: what a program prints is
//! never taken for it.
//!
//! The supervisor finds the pipe among the descriptors of the server, so that nobody inherits it.

use std::fs::File;
use std::io::{self, PipeReader, PipeWriter, Read, Write, pipe};
use std::os::fd::AsRawFd;

use rustix::fs::{OFlags, fcntl_setfl};
use rustix::process::Pid;

/// Stands before the number of the pipe's end.
pub(super) const TELLS: &str = "--tell";

const REFUSED: &str = "refused: ";
const LEFT: &str = "left: ";
/// What is told is shorter.
const LONGEST: u64 = 16 * 1024;

/// The server's end, and the one that its supervisor opens.
pub(super) struct Channel {
    reader: PipeReader,
    writer: PipeWriter,
}

/// What only a supervisor knows.
#[derive(Debug, Eq, PartialEq)]
pub(super) enum Told {
    /// Why the program was not started.
    Refused(String),
    /// How many processes were left when the program ended.
    Left(usize),
}

impl Channel {
    pub(super) fn new() -> io::Result<Self> {
        let (reader, writer) = pipe()?;
        // Whoever else holds it open is not waited for.
        fcntl_setfl(&reader, OFlags::NONBLOCK)?;
        Ok(Self { reader, writer })
    }

    /// The number by which the supervisor finds it.
    pub(super) fn number(&self) -> String {
        self.writer.as_raw_fd().to_string()
    }

    /// What was told, once the supervisor has ended.
    pub(super) fn read(self) -> Option<Told> {
        drop(self.writer);
        let mut told = Vec::new();
        // What was read before an error counts.
        let _end = self.reader.take(LONGEST).read_to_end(&mut told);
        let told = String::from_utf8_lossy(&told);
        match told.strip_prefix(REFUSED) {
            Some(reason) => Some(Told::Refused(reason.to_owned())),
            None => Some(Told::Left(told.strip_prefix(LEFT)?.parse().ok()?)),
        }
    }
}

impl Told {
    /// The supervisor's end of the pipe with this number.
    pub(super) fn open(server: Pid, number: &str) -> io::Result<File> {
        let path = format!("/proc/{}/fd/{number}", server.as_raw_nonzero());
        File::options().write(true).open(path)
    }

    /// Tells it; false when nobody can be told.
    pub(super) fn tell(&self, channel: Option<&mut File>) -> bool {
        let words = match self {
            Self::Refused(reason) => format!("{REFUSED}{reason}"),
            Self::Left(count) => format!("{LEFT}{count}"),
        };
        channel.is_some_and(|channel| channel.write_all(words.as_bytes()).is_ok())
    }
}

#[cfg(test)]
mod tests {
    use rustix::process::getpid;

    use super::{Channel, Told};

    #[test]
    fn what_is_told_arrives_and_nothing_else_does() {
        for told in [Told::Refused("no such file".to_owned()), Told::Left(3)] {
            let channel = Channel::new().unwrap();
            let mut file = Told::open(getpid(), &channel.number()).unwrap();
            assert!(told.tell(Some(&mut file)));
            // It is not waited for.
            assert_eq!(channel.read(), Some(told));
        }
        assert_eq!(Channel::new().unwrap().read(), None);
        assert!(!Told::Left(1).tell(None));
    }
}
