//! `/api/sessions/{id}/events/export`: every event of a session as a file, streamed.

use axum::body::Body;
use axum::extract::{OriginalUri, Path, State};
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use futures_util::{StreamExt, stream};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::params::{self, ExportFormat};
use crate::domain::{AppError, EventFilter, LoopEvent, Problem, is_invisible};
use crate::server::auth::{Actor, Viewer};
use crate::server::operations::sessions as operations;
use crate::server::state::AppState;

/// Events that are read at once.
const ROWS: u32 = 500;

pub(super) fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(export_events))
}

/// Every event of a session that matches, oldest first.
///
/// As JSON lines (as it was sent), or as CSV: there, a text that a spreadsheet would run as a formula has an apostrophe before it.
#[utoipa::path(get, path = "/api/sessions/{id}/events/export", tag = "convergence",
    params(("id" = String, Path, description = "the id that its loop gave it"), params::EventExportParams),
    responses((status = 200, content((String = "application/x-ndjson"), (String = "text/csv"))),
    (status = 404, body = Problem, content_type = "application/problem+json"),
    (status = 422, body = Problem, content_type = "application/problem+json")))]
async fn export_events(
    State(app): State<AppState>,
    actor: Actor,
    Path(id): Path<String>,
    OriginalUri(uri): OriginalUri,
) -> Result<Response, AppError> {
    let (filter, format) = params::event_export(&uri)?;
    let viewer = actor.viewer();
    // The first page is read before anything is answered, so that what is wrong has a status.
    let first = read(&app, &viewer, &id, &filter, None).await?;
    let (kind, extension, head) = match format {
        ExportFormat::Ndjson => ("application/x-ndjson", "ndjson", ""),
        ExportFormat::Csv => ("text/csv; charset=utf-8", "csv", HEAD),
    };
    let name = operations::name(&app, &viewer, &id).await?;
    let name = format!("{}events.{extension}", file_name(&name));
    let begin = format!("{head}{}", lines(&first.items, format));
    let rest = stream::try_unfold(first.next, move |cursor| {
        let (app, viewer, id, filter) = (app.clone(), viewer.clone(), id.clone(), filter.clone());
        async move {
            let Some(cursor) = cursor else {
                return Ok(None);
            };
            let page = read(&app, &viewer, &id, &filter, Some(&cursor)).await?;
            Ok::<_, AppError>(Some((lines(&page.items, format), page.next)))
        }
    });
    let whole = stream::once(async move { Ok(begin) }).chain(rest);
    let mut response = Body::from_stream(whole).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    let disposition = format!("attachment; filename=\"{name}\"");
    if let Ok(disposition) = HeaderValue::from_str(&disposition) {
        headers.insert(header::CONTENT_DISPOSITION, disposition);
    }
    Ok(response)
}

async fn read(
    app: &AppState,
    viewer: &Viewer,
    id: &str,
    filter: &EventFilter,
    cursor: Option<&str>,
) -> Result<crate::domain::Page<LoopEvent>, AppError> {
    operations::events(app, viewer, id, filter, cursor, ROWS).await
}

/// The beginning of a file's name, made of what a session is called: `web-14-`.
fn file_name(session: &str) -> String {
    let words = session.split(|c: char| !c.is_ascii_alphanumeric());
    let mut name = String::new();
    for word in words.filter(|word| !word.is_empty()) {
        name.push_str(&word.to_lowercase());
        name.push('-');
    }
    name
}

const HEAD: &str = "event_id,timestamp,iteration,state,event_type,data\r\n";

fn lines(events: &[LoopEvent], format: ExportFormat) -> String {
    let line = |event: &LoopEvent| match format {
        ExportFormat::Ndjson => format!("{}\n", event.sent),
        ExportFormat::Csv => csv_line(event.clone()),
    };
    events.iter().map(line).collect()
}

fn csv_line(event: LoopEvent) -> String {
    let event = event.into_session_event();
    let cells = [
        cell(&event.event_id),
        event.timestamp.to_string(),
        event.iteration.to_string(),
        cell(&event.state),
        cell(&event.event_type),
        cell(&event.data.to_string()),
    ];
    format!("{}\r\n", cells.join(","))
}

/// What begins a formula, also in its full-width forms; and what some programs skip before one.
const FORMULA: [char; 11] = ['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠'];

/// A quoted cell. A spreadsheet would run a text that begins like a formula, also behind what nobody
/// sees: it gets an apostrophe before it.
fn cell(text: &str) -> String {
    let seen = text.trim_start_matches(is_invisible);
    let is_formula = text.starts_with(FORMULA) || seen.starts_with(FORMULA);
    let guard = if is_formula { "'" } else { "" };
    format!("\"{guard}{}\"", text.replace('"', "\"\""))
}
