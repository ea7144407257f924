//! Writing and reading the log of a task.

use crate::domain::{
    AppError, DEEPEST, LONGEST_MESSAGE, LogEntry, LogFilter, LogStream, NewLog, Page, is_too_deep,
};
use crate::server::auth::{Operator, Viewer};
use crate::server::operations::agents::note_report;
use crate::server::operations::tasks::parse;
use crate::server::state::AppState;
use crate::server::storage::logs::AppendLogs;

/// Entries of one request.
pub(crate) const MOST_ENTRIES: usize = 10_000;

/// Appends entries; answers how many once they are stored.
pub(crate) async fn append(
    app: &AppState,
    who: &Operator,
    task: &str,
    entries: Vec<NewLog>,
    lease: Option<String>,
) -> Result<usize, AppError> {
    if entries.len() > MOST_ENTRIES {
        let message = format!("at most {MOST_ENTRIES} entries in one request");
        return Err(AppError::invalid_field("entries", message));
    }
    // Counted only where bytes do not tell.
    let is_long =
        |text: &str| text.len() > LONGEST_MESSAGE && text.chars().count() > LONGEST_MESSAGE;
    if entries.iter().any(|entry| is_long(&entry.message)) {
        let message = format!("must be at most {LONGEST_MESSAGE} characters");
        return Err(AppError::invalid_field("message", message));
    }
    if entries
        .iter()
        .any(|entry| entry.fields.values().any(is_too_deep))
    {
        let message = format!("must be nested at most {DEEPEST} levels deep");
        return Err(AppError::invalid_field("fields", message));
    }
    if entries
        .iter()
        .any(|entry| entry.stream == LogStream::System)
    {
        let message = "must be stdout, stderr or agent: what the dashboard says is its own";
        return Err(AppError::invalid_field("stream", message));
    }
    let count = entries.len();
    let now = app.clock.now();
    let reporter = app
        .db
        .write(AppendLogs {
            task: parse(task)?,
            author: who.author(),
            lease,
            entries,
            now,
        })
        .await?;
    if let Some(agent) = reporter {
        note_report(app, &agent);
    }
    metrics::counter!("log_lines_total").increment(u64::try_from(count).unwrap_or(0));
    Ok(count)
}

/// A page of a task's log.
pub(crate) async fn list(
    app: &AppState,
    viewer: &Viewer,
    task: &str,
    filter: &LogFilter,
    cursor: Option<&str>,
    limit: u32,
) -> Result<Page<LogEntry>, AppError> {
    let stored = app.db.task(viewer.scope(), parse(task)?).await?;
    Ok(app.db.logs(&stored.task, filter, cursor, limit).await?)
}
