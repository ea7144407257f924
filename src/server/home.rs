//! Where a server keeps its things, held by one server at a time.

use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};

use super::config::{Config, DatabaseConfig, Secret};
use super::run::StartError;

/// The database and what marks it as this server's.
pub(super) struct Home {
    pub(super) database: Where,
    node: String,
    /// Held for as long as the server runs.
    _lock: Option<File>,
    /// Removed when the server ends.
    _temporary: Option<tempfile::TempDir>,
}

pub(super) enum Where {
    File(PathBuf),
    Postgres(Secret),
}

impl Home {
    /// Finds or makes the place that the configuration names.
    pub(super) fn open(config: &Config) -> Result<Self, StartError> {
        match &config.database {
            DatabaseConfig::Sqlite { path } => Self::at(path.clone(), None),
            DatabaseConfig::Temporary => {
                let folder = tempfile::Builder::new()
                    .prefix("kimi-dashboard-")
                    .tempdir()
                    .map_err(|error| StartError(format!("mock: no temporary folder: {error}")))?;
                Self::at(folder.path().join("dashboard.db"), Some(folder))
            }
            DatabaseConfig::Postgres { url } => Ok(Self {
                database: Where::Postgres(url.clone()),
                node: node_of(&config.data_dir),
                _lock: None,
                _temporary: None,
            }),
        }
    }

    fn at(path: PathBuf, temporary: Option<tempfile::TempDir>) -> Result<Self, StartError> {
        let lock = lock(&path)?;
        let node = node_of(&path);
        let database = Where::File(path);
        Ok(Self {
            database,
            node,
            _lock: Some(lock),
            _temporary: temporary,
        })
    }

    /// The same for this server and its successors at this place, and for no other.
    pub(super) fn node(&self) -> &str {
        &self.node
    }
}

fn node_of(path: &Path) -> String {
    let host = rustix::system::uname();
    let host = host.nodename().to_string_lossy().into_owned();
    // The folder exists by now or is made under this name.
    let place = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    format!("{host}:{}", place.display())
}

/// Two servers on one SQLite database would each think that the other's tasks are lost.
fn lock(path: &Path) -> Result<File, StartError> {
    if let Some(folder) = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty())
    {
        std::fs::create_dir_all(folder).map_err(|error| {
            StartError(format!(
                "db_path: cannot create {}: {error}",
                folder.display()
            ))
        })?;
    }
    let mut name = path.as_os_str().to_owned();
    name.push(".lock");
    let name = PathBuf::from(name);
    let file = File::create(&name).map_err(|error| {
        StartError(format!("db_path: cannot write {}: {error}", name.display()))
    })?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(StartError(format!(
            "db_path: another server uses {}; stop it or choose another path",
            path.display()
        ))),
        Err(TryLockError::Error(error)) => Err(StartError(format!(
            "db_path: cannot lock {}: {error}",
            name.display()
        ))),
    }
}
