//! What can go wrong with storage.

use sqlx::migrate::MigrateError;

use super::trouble::Trouble;
use crate::domain::{AppError, Code};

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
        // What may have been stored is better there twice than not at all.
        matches!(self, Self::Unknown)
            || self
                .trouble()
                .is_some_and(|trouble| trouble != Trouble::Damaged)
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
            StorageError::Stopping => Self::new(Code::ServerStopping, words),
            StorageError::Unknown => Self::new(Code::OutcomeUnknown, words),
            // The writer has logged it.
            StorageError::Unwritable(trouble) => trouble.into(),
            // Nobody can change what cannot be read, and trying again does not help.
            StorageError::Inconsistent { .. } => {
                let words = format!("{words}: it is damaged; restore it from a backup");
                Self::new(Code::DamagedRow, words)
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
                    .map_or_else(|| Self::new(Code::InternalError, ours), Self::from)
            }
        }
    }
}
