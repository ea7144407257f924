//! Where a server keeps its things, held by one server at a time.

use std::fs::{File, TryLockError};
use std::io::{Read, Write};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use rustix::fs::Access;
use rustix::io::Errno;

use super::agents::processes::Node;
use super::clock::Clock;
use super::config::{Config, DatabaseConfig, Secret};
use super::files;
use super::run::StartError;

/// The database and what marks it as this server's.
pub(super) struct Home {
    pub(super) database: Where,
    node: String,
    /// Where supervisors write down what they see.
    runs: PathBuf,
    /// Held for as long as the server runs; `None` beside PostgreSQL in a folder that nobody
    /// can write.
    _lock: Option<File>,
    /// Removed when the server ends.
    _temporary: Option<tempfile::TempDir>,
}

pub(super) enum Where {
    File(PathBuf),
    Postgres(Secret),
}

/// What a lock of ours begins with, followed by who holds it.
const MARK: &str = "kimi-dashboard: ";

impl Home {
    /// Finds or makes the place that the configuration names, and takes it.
    pub(super) fn open(config: &Config, clock: Clock) -> Result<Self, StartError> {
        match &config.database {
            DatabaseConfig::Sqlite { path } => Self::at(path.clone(), None, clock),
            DatabaseConfig::Temporary => {
                let folder = tempfile::Builder::new()
                    .prefix("kimi-dashboard-")
                    .tempdir()
                    .map_err(|error| StartError(format!("mock: no temporary folder: {error}")))?;
                Self::at(folder.path().join("dashboard.db"), Some(folder), clock)
            }
            DatabaseConfig::Postgres { url } => {
                let folder = &config.data_dir;
                // By its folder a server finds what an earlier one left running, so that two
                // cannot share it whatever their databases are.
                let place = Place {
                    setting: "data_dir",
                    held: folder,
                    folder,
                    lock: folder.join("kimi-dashboard.lock"),
                };
                Ok(Self {
                    database: Where::Postgres(url.clone()),
                    node: node_of(folder),
                    runs: folder.join("kimi-dashboard.runs"),
                    _lock: place.lock_if_writable(clock)?,
                    _temporary: None,
                })
            }
        }
    }

    fn at(
        path: PathBuf,
        temporary: Option<tempfile::TempDir>,
        clock: Clock,
    ) -> Result<Self, StartError> {
        let beside = |end: &str| {
            let mut beside = path.as_os_str().to_owned();
            beside.push(end);
            PathBuf::from(beside)
        };
        let place = Place {
            setting: "db_path",
            held: &path,
            folder: path.parent().unwrap_or(Path::new("")),
            lock: beside(".lock"),
        };
        Ok(Self {
            runs: beside(".runs"),
            _lock: Some(place.lock(clock)?),
            node: node_of(&path),
            database: Where::File(path),
            _temporary: temporary,
        })
    }

    /// The same for this server and its successors at this place, and for no other.
    pub(super) fn node(&self) -> Node {
        let runs = std::path::absolute(&self.runs).ok();
        let runs = runs.filter(|folder| match files::create_folder(folder) {
            Ok(()) => true,
            Err(error) => {
                let folder = folder.display();
                tracing::warn!(error = %error, "{folder} cannot be made; what agents run is not written down");
                false
            }
        });
        Node {
            name: self.node.clone(),
            runs,
        }
    }
}

fn node_of(path: &Path) -> String {
    // The folder exists by now or is made under this name.
    let place = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    format!("{}:{}", host(), place.display())
}

fn host() -> String {
    let host = rustix::system::uname();
    host.nodename().to_string_lossy().into_owned()
}

/// Who this is, for the one who finds the place taken: `process 12 on host`.
pub(super) fn who() -> String {
    format!("process {} on {}", std::process::id(), host())
}

/// What two servers cannot share: each would think that the other's tasks are lost.
struct Place<'a> {
    setting: &'static str,
    held: &'a Path,
    folder: &'a Path,
    lock: PathBuf,
}

impl Place<'_> {
    /// Where nothing can be written, nothing can be locked, and the database is locked all the
    /// same.
    fn lock_if_writable(&self, clock: Clock) -> Result<Option<File>, StartError> {
        let writable = rustix::fs::access(self.folder, Access::WRITE_OK);
        if let Err(error @ (Errno::ACCESS | Errno::ROFS)) = writable {
            let folder = self.folder.display();
            tracing::warn!(error = %error, "{folder} cannot be written, and is not locked");
            return Ok(None);
        }
        self.lock(clock).map(Some)
    }

    fn lock(&self, clock: Clock) -> Result<File, StartError> {
        let Self {
            setting,
            folder,
            lock,
            ..
        } = self;
        let shown = lock.display();
        if !folder.as_os_str().is_empty() {
            files::create_folder(folder).map_err(|error| {
                let folder = folder.display();
                StartError(format!("{setting}: cannot create {folder}: {error}"))
            })?;
        }
        let mut file = files::open(lock)
            .map_err(|error| StartError(format!("{setting}: cannot write {shown}: {error}")))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(self.taken(&mut file)),
            Err(TryLockError::Error(error)) => {
                return Err(StartError(format!(
                    "{setting}: cannot lock {shown}: {error}"
                )));
            }
        }
        sign(&mut file, clock)
            .map_err(|error| StartError(format!("{setting}: cannot write {shown}: {error}")))?;
        Ok(file)
    }

    fn taken(&self, file: &mut File) -> StartError {
        let mut text = String::new();
        // One that is just being taken is not signed yet.
        let _unknown = file.take(500).read_to_string(&mut text);
        let who = text.strip_prefix(MARK).map(str::trim).unwrap_or_default();
        let who = if who.is_empty() {
            String::new()
        } else {
            format!(" ({who})")
        };
        StartError(format!(
            "{}: another server{who} uses {}; stop it or choose another path",
            self.setting,
            self.held.display()
        ))
    }
}

/// Writes into the lock who holds it. What is no lock of ours stays as it is.
fn sign(file: &mut File, clock: Clock) -> std::io::Result<()> {
    let mut text = Vec::new();
    file.take(500).read_to_end(&mut text)?;
    let ours = text.is_empty() || text.starts_with(MARK.as_bytes());
    if !ours || file.metadata()?.nlink() > 1 {
        return Err(std::io::Error::other(
            "there is a file of this name that is no lock; move it away",
        ));
    }
    file.set_len(0)?;
    std::io::Seek::rewind(file)?;
    // Who cannot sign on a full disk holds it all the same.
    let since = clock.now().in_words();
    let _unsigned = file.write_all(format!("{MARK}{} since {since}\n", who()).as_bytes());
    Ok(())
}
