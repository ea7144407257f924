//! The parameters of sessions and their events.

use axum::http::Uri;
use utoipa::IntoParams;

use super::{Paging, Query, order};
use crate::domain::{AppError, EventFilter, LoopState, SessionFilter, SessionStatus};

/// The parameters of `GET /api/sessions`.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(
    dead_code,
    reason = "documents the parameters that `session_list` reads"
)]
pub(in crate::server::api) struct SessionListParams {
    /// The last state of the loop; repeatable.
    state: Option<Vec<LoopState>>,
    /// Repeatable.
    status: Option<Vec<SessionStatus>>,
    /// Part of the id, the source or the last error.
    q: Option<String>,
    /// 1 to 1000; 100 when absent.
    limit: Option<u32>,
    /// From the `Link` header of the page before.
    cursor: Option<String>,
}

/// Reads the parameters of `GET /api/sessions`.
pub(in crate::server::api) fn session_list(uri: &Uri) -> Result<(SessionFilter, Paging), AppError> {
    let mut query = Query::of(uri);
    let filter = SessionFilter {
        state: query.each("state", LoopState::parse),
        status: query.each("status", SessionStatus::parse),
        q: query.one("q"),
    };
    let paging = query.paging();
    query.finish()?;
    Ok((filter, paging))
}

/// The parameters of `GET /api/sessions/{id}/events`.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "documents the parameters that `event_list` reads")]
pub(in crate::server::api) struct EventListParams {
    /// Such as `STEP_COMPLETE`, in any case.
    r#type: Option<String>,
    /// Only this one.
    iteration: Option<u32>,
    /// Text anywhere in what was sent.
    q: Option<String>,
    /// `asc` (oldest first, the default) or `desc`.
    order: Option<String>,
    /// 1 to 1000; 100 when absent.
    limit: Option<u32>,
    /// From the `Link` header of the page before.
    cursor: Option<String>,
}

/// Reads the parameters of `GET /api/sessions/{id}/events`.
pub(in crate::server::api) fn event_list(uri: &Uri) -> Result<(EventFilter, Paging), AppError> {
    let mut query = Query::of(uri);
    let mut filter = event_filter(&mut query);
    let newest_first = query.parsed("order", order, "must be asc or desc");
    filter.newest_first = newest_first.unwrap_or(false);
    let paging = query.paging();
    query.finish()?;
    Ok((filter, paging))
}

fn event_filter(query: &mut Query) -> EventFilter {
    let number = |text: &str| text.parse().ok();
    EventFilter {
        event_type: query.one("type"),
        iteration: query.parsed("iteration", number, "must be a whole number"),
        q: query.one("q"),
        newest_first: false,
    }
}

/// The shape of an export.
#[derive(Clone, Copy, Debug)]
pub(in crate::server::api) enum ExportFormat {
    Ndjson,
    Csv,
}

/// The parameters of `GET /api/sessions/{id}/events/export`.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(
    dead_code,
    reason = "documents the parameters that `event_export` reads"
)]
pub(in crate::server::api) struct EventExportParams {
    /// `ndjson` (the default) or `csv`.
    format: Option<String>,
    /// Such as `STEP_COMPLETE`, in any case.
    r#type: Option<String>,
    /// Only this one.
    iteration: Option<u32>,
    /// Text anywhere in what was sent.
    q: Option<String>,
}

/// Reads the parameters of `GET /api/sessions/{id}/events/export`.
pub(in crate::server::api) fn event_export(
    uri: &Uri,
) -> Result<(EventFilter, ExportFormat), AppError> {
    let mut query = Query::of(uri);
    let format = |text: &str| match text {
        "ndjson" => Some(ExportFormat::Ndjson),
        "csv" => Some(ExportFormat::Csv),
        _ => None,
    };
    let filter = event_filter(&mut query);
    let format = query.parsed("format", format, "must be ndjson or csv");
    query.finish()?;
    Ok((filter, format.unwrap_or(ExportFormat::Ndjson)))
}
