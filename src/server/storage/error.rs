//! What can go wrong with storage.

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
    Migrate(#[from] sqlx::migrate::MigrateError),
    /// A row breaks a rule of ours.
    #[error("{table}.{column} of row {row} is corrupt")]
    Inconsistent {
        table: &'static str,
        column: &'static str,
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
            Self::Refused(_) | Self::Inconsistent { .. } | Self::Stopping => false,
            Self::Driver(sqlx::Error::Database(error)) => {
                // Data that cannot be stored, a rule that is broken, a statement that is wrong.
                let code = error.code().unwrap_or_default();
                !["22", "23", "42"]
                    .iter()
                    .any(|class| code.len() == 5 && code.starts_with(class))
                    && !error.is_unique_violation()
            }
            Self::Driver(_) | Self::Migrate(_) => true,
        }
    }

    /// True for a refusal by rule, which is an answer and not a failure.
    pub(crate) fn is_refusal(&self) -> bool {
        matches!(self, Self::Refused(_))
    }
}

impl From<StorageError> for AppError {
    fn from(error: StorageError) -> Self {
        match error {
            StorageError::Refused(refusal) => refusal,
            StorageError::Stopping => Self::new(ErrorKind::Unreachable, error.to_string()),
            _ => {
                // Logged once, here, where the cause leaves our hands.
                tracing::error!(
                    error = crate::server::telemetry::chain(&error),
                    "storage failed"
                );
                Self::new(
                    ErrorKind::Internal,
                    "the database failed; see the server's log",
                )
            }
        }
    }
}
