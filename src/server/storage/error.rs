//! What can go wrong with storage.

use sqlx::migrate::MigrateError;

use super::trouble::Trouble;
use crate::domain::{AppError, ErrorKind};

/// A write or read that did not happen.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StorageError {
    /// The present state does not allow it; nothing was written.
    #[error("{0}")]
    Refused(AppError),
    /// The engine refused or is gone.
    #[error("the database did not do what it was asked")]
    Driver(#[from] sqlx::Error),
    /// The schema could not be brought up to date.
    #[error("the database schema could not be brought up to date")]
    Migrate(#[from] MigrateError),
    /// What is found at the place of the database cannot be used, in words with a fix.
    #[error("{0}")]
    Unusable(String),
    /// Nothing can be written at the moment.
    #[error("{}", .0.words())]
    Unwritable(Trouble),
    /// The connection broke at the commit, and could not be repaired in time to ask.
    #[error(
        "the connection to the database broke while this was being stored; look whether it is \
         there before you send it again"
    )]
    Unknown,
    /// The write panicked; it was rolled back.
    #[error("the write ran into a fault of the program")]
    Broken,
    /// A row breaks a rule of ours.
    #[error("{table}.{column} of row {row} cannot be read")]
    Inconsistent {
        table: &'static str,
        column: String,
        row: String,
    },
    /// The writer has stopped.
    #[error("the server is stopping")]
    Stopping,
}

/// What a write answers: its output, or a refusal that left everything as it was.
pub(crate) type Answer<T> = Result<T, StorageError>;

impl From<AppError> for StorageError {
    fn from(error: AppError) -> Self {
        Self::Refused(error)
    }
}

impl StorageError {
    /// True when the same may succeed later: the database is away, busy, full or locked. False for a
    /// refusal, and for what no database would take.
    pub(crate) fn may_pass(&self) -> bool {
        match self {
            Self::Refused(_)
            | Self::Inconsistent { .. }
            | Self::Stopping
            | Self::Unusable(_)
            | Self::Broken => false,
            Self::Driver(sqlx::Error::Database(error)) => {
                // Data that cannot be stored, a rule that is broken, a statement that is wrong.
                let code = error.code().unwrap_or_default();
                !["22", "23", "42"]
                    .iter()
                    .any(|class| code.len() == 5 && code.starts_with(class))
                    && !error.is_unique_violation()
            }
            Self::Driver(_) | Self::Migrate(_) | Self::Unwritable(_) | Self::Unknown => true,
        }
    }

    /// True for a refusal by rule, which is an answer and not a failure.
    pub(crate) fn is_refusal(&self) -> bool {
        matches!(self, Self::Refused(_))
    }

    /// What is wrong with the database; `None` for a refusal or a fault of ours.
    pub(crate) fn trouble(&self) -> Option<Trouble> {
        match self {
            Self::Driver(error)
            | Self::Migrate(
                MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _),
            ) => Trouble::of(error),
            Self::Unwritable(trouble) => Some(*trouble),
            _ => None,
        }
    }
}

impl From<StorageError> for AppError {
    fn from(error: StorageError) -> Self {
        let words = error.to_string();
        match error {
            StorageError::Refused(refusal) => refusal,
            StorageError::Stopping | StorageError::Unknown => {
                Self::new(ErrorKind::Unreachable, words)
            }
            // The writer has logged it.
            StorageError::Unwritable(trouble) => trouble.into(),
            // Nobody can change what cannot be read, and trying again does not help.
            StorageError::Inconsistent { .. } => {
                Self::conflict(format!("{words}: it is damaged; restore it from a backup"))
            }
            error => {
                // Logged once, here, where the cause leaves our hands.
                tracing::error!(
                    error = crate::server::telemetry::chain(&error),
                    "storage failed"
                );
                let ours = "the database failed; see the server's log";
                error
                    .trouble()
                    .map_or_else(|| Self::new(ErrorKind::Internal, ours), Self::from)
            }
        }
    }
}
