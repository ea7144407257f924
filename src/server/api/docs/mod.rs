//! The documents that describe the interface: OpenAPI, generated from the handlers and completed
//! here, with a page that shows it offline; and `AsyncAPI` for the socket.

mod answers;
mod bounds;
mod examples;
mod parameters;
mod schemas;
mod socket;

use std::collections::BTreeSet;

use axum::Router;
use axum::response::IntoResponse;
use axum::routing::get;
use metrics_exporter_prometheus::PrometheusHandle;
use serde_json::{Value, json};
use utoipa::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_swagger_ui::SwaggerUi;

use super::json::Json;
use super::known::KnownParameters;
use super::{activity, agents, events, export, health, live, logs, projects, sessions, tasks};
use crate::domain::Code;
use crate::server::state::AppState;

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Kimi Dashboard",
        description = "A control room for AI agents. Times are RFC 3339 UTC, money is a decimal \
                       string in USD, numbers are at most 2^53 - 1, errors are RFC 9457 problem \
                       documents, lists are paged by key. A method that an address does not know \
                       answers 405 and names the others in `Allow`. The socket at `/ws` is \
                       described at `/api/asyncapi.json`.",
        license(
            name = "MIT OR Apache-2.0, and what the program carries",
            url = "/licenses.txt"
        )
    ),
    tags(
        (name = "tasks", description = "What people ask agents to do."),
        (name = "logs", description = "What agents print and say while they work."),
        (name = "activity", description = "What happened."),
        (name = "agents", description = "Who does tasks, and how workers elsewhere get them."),
        (name = "projects", description = "What tasks belong to."),
        (name = "convergence", description = "What convergence loops did."),
        (name = "health", description = "Whether the server is well.")
    )
)]
struct Document;

/// Every route of the public interface, with its documents at `/api/openapi.json` and
/// `/api/asyncapi.json`, and a page at `/api/docs`; and the parameters that the document names.
pub(crate) fn documented(metrics: PrometheusHandle) -> (Router<AppState>, KnownParameters) {
    let (routes, mut document) = OpenApiRouter::with_openapi(Document::openapi())
        .merge(projects::router())
        .merge(activity::router())
        .merge(tasks::router())
        .merge(logs::router())
        .merge(agents::router())
        .merge(sessions::router())
        .merge(events::router())
        .merge(export::router())
        .merge(health::router(metrics))
        .split_for_parts();
    let words = document.info.description.get_or_insert_default();
    words.push_str(&codes());
    let known = KnownParameters::of(&document);
    // Whatever is a document can be written as JSON.
    let mut document = serde_json::to_value(&document).unwrap_or_default();
    complete(&mut document);
    let socket = socket::document(&document);
    let answer = move || async move { Json(socket).into_response() };
    let page = SwaggerUi::new("/api/docs");
    let routes = routes
        .route("/api/asyncapi.json", get(answer))
        .merge(live::router())
        .merge(page.external_url_unchecked("/api/openapi.json", document));
    (routes, known)
}

/// All codes of problems, as a table in Markdown.
fn codes() -> String {
    let rows = Code::ALL.iter().map(|code| {
        let status = code.kind().status();
        format!("| `{}` | {status} | {} |\n", code.as_str(), code.sentence())
    });
    let head = "\n\nWhat a problem document says in `code`; there may be more of them later.\n\n\
                | code | status | meaning |\n| --- | --- | --- |\n";
    format!("{head}{}", rows.collect::<String>())
}

/// Adds what the handlers do not say because it follows from something: limits, what every
/// operation may answer, the headers of answers, and examples.
fn complete(document: &mut Value) {
    let (mut paths, mut parts) = (document["paths"].take(), document["components"].take());
    let mut answered = BTreeSet::new();
    for operation in paths
        .as_object()
        .into_iter()
        .flatten()
        .filter_map(|(_, it)| it.as_object())
        .flatten()
        .map(|(_, it)| it)
    {
        schemas::reach(&parts["schemas"], &operation["responses"], &mut answered);
    }
    schemas::complete(&mut parts["schemas"], &answered);
    parts["headers"] = answers::headers();
    parts["responses"] = answers::problems(&parts["schemas"]["Problem"]);
    let examples = examples::all();
    for (path, methods) in paths.as_object_mut().into_iter().flatten() {
        for (method, operation) in methods.as_object_mut().into_iter().flatten() {
            parameters::complete(path, operation);
            answers::complete(path, method, operation);
            examples::complete(&examples, operation);
        }
    }
    document["paths"] = paths;
    document["components"] = parts;
    // Clients want a list where there is nothing to list.
    document["servers"] = json!([{"url": "/", "description": "this server"}]);
}
