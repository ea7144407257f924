//! What the errors of the engines mean to the person who has to help. Everything that is not
//! named here (a broken constraint, a statement that is wrong) is a fault of ours.

use sqlx::Error;
use sqlx::sqlite::SqliteError;

use crate::domain::{AppError, Code};

/// Why the database cannot be written or read.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Trouble {
    /// There is no room left on its disk.
    Full,
    ReadOnly,
    /// Another program holds it.
    Locked,
    /// Reading or writing the disk fails.
    Disk,
    /// Its file was moved, removed or replaced.
    Moved,
    /// It does not answer, or not now.
    Away,
    /// What it reads is not what was written.
    Damaged,
}

impl Trouble {
    /// `None` for a fault of ours.
    pub(super) fn of(error: &Error) -> Option<Self> {
        match error {
            Error::Database(error) => match error.try_downcast_ref::<SqliteError>() {
                Some(_) => sqlite(error.code()?.parse().ok()?),
                None => postgres(&error.code()?),
            },
            Error::Io(error) if error.kind() == std::io::ErrorKind::StorageFull => Some(Self::Full),
            Error::Io(_)
            | Error::Tls(_)
            | Error::Protocol(_)
            | Error::PoolTimedOut
            | Error::PoolClosed
            | Error::WorkerCrashed
            | Error::BeginFailed
            | Error::InvalidSavePointStatement => Some(Self::Away),
            _ => None,
        }
    }

    /// True for what often passes within a moment, so that it is tried again before anybody
    /// hears of it.
    pub(super) fn passes(self) -> bool {
        self == Self::Away
    }

    /// What happened and what to do.
    pub(crate) fn words(self) -> &'static str {
        match self {
            Self::Full => {
                "the disk that holds the database is full; free some space on it: the server goes \
                 on by itself"
            }
            Self::ReadOnly => {
                "the database is read-only; make its file and folder writable for the server: it \
                 goes on by itself"
            }
            Self::Locked => {
                "another program keeps the database locked; close it: the server goes on by itself"
            }
            Self::Disk => {
                "the disk that holds the database cannot be read or written; look at the server's \
                 log and at the disk"
            }
            Self::Moved => {
                "the file of the database was moved, removed or replaced; put it back, or restart \
                 the server"
            }
            Self::Away => {
                "the database does not answer; start it, or repair the way to it: the server goes \
                 on by itself"
            }
            Self::Damaged => {
                "the database is damaged; stop the server and restore a backup, or save what can \
                 be read with `sqlite3 FILE .recover`"
            }
        }
    }

    /// One word for logs and metrics.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Full => "full",
            Self::ReadOnly => "read-only",
            Self::Locked => "locked",
            Self::Disk => "disk",
            Self::Moved => "moved",
            Self::Away => "away",
            Self::Damaged => "damaged",
        }
    }
}

impl From<Trouble> for AppError {
    fn from(trouble: Trouble) -> Self {
        let code = match trouble {
            Trouble::Full => Code::DiskFull,
            Trouble::Damaged => Code::InternalError,
            _ => Code::Unavailable,
        };
        Self::new(code, trouble.words())
    }
}

/// By the primary result code, which is the lowest byte of the extended one.
fn sqlite(code: i32) -> Option<Trouble> {
    Some(match code & 0xff {
        13 => Trouble::Full,
        // PERM and READONLY.
        3 | 8 => Trouble::ReadOnly,
        // BUSY, LOCKED and PROTOCOL, which is a race for the lock.
        5 | 6 | 15 => Trouble::Locked,
        // IOERR and CANTOPEN.
        10 | 14 => Trouble::Disk,
        // NOMEM, ABORT and INTERRUPT.
        4 | 7 | 9 => Trouble::Away,
        // CORRUPT and NOTADB.
        11 | 26 => Trouble::Damaged,
        _ => return None,
    })
}

/// By SQLSTATE.
fn postgres(code: &str) -> Option<Trouble> {
    Some(match code {
        "53100" => Trouble::Full,
        "25006" => Trouble::ReadOnly,
        "55P03" => Trouble::Locked,
        "XX001" | "XX002" => Trouble::Damaged,
        // The database is not there, and what the same again may get by: failures to serialise,
        // deadlocks, statements that took too long.
        "3D000" | "40001" | "40P01" | "57014" => Trouble::Away,
        code => match code.get(..2)? {
            // Connections, logins, resources, and a server that shuts down.
            "08" | "28" | "53" | "57" => Trouble::Away,
            "58" => Trouble::Disk,
            _ => return None,
        },
    })
}

#[cfg(test)]
mod tests {
    use super::{Trouble, postgres, sqlite};

    #[test]
    fn codes_of_both_engines_have_their_meaning() {
        // SQLITE_FULL, SQLITE_IOERR_SHMSIZE, SQLITE_READONLY_DBMOVED, SQLITE_CONSTRAINT_UNIQUE.
        let found = [13, 4874, 1032, 2067].map(sqlite);
        let expected = [
            Some(Trouble::Full),
            Some(Trouble::Disk),
            Some(Trouble::ReadOnly),
            None,
        ];
        assert_eq!(found, expected);
        let found = ["53100", "57P01", "08006", "23505"].map(postgres);
        let expected = [
            Some(Trouble::Full),
            Some(Trouble::Away),
            Some(Trouble::Away),
            None,
        ];
        assert_eq!(found, expected);
    }
}
