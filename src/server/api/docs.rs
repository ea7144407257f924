//! The OpenAPI document, generated from the handlers, and a page that shows it offline.

use axum::Router;
use metrics_exporter_prometheus::PrometheusHandle;
use utoipa::openapi::path::{Parameter, ParameterIn};
use utoipa::{OpenApi, openapi};
use utoipa_axum::router::OpenApiRouter;
use utoipa_swagger_ui::SwaggerUi;

use super::known::KnownParameters;
use super::{activity, agents, events, export, health, live, logs, projects, sessions, tasks};
use crate::domain::Code;
use crate::server::state::AppState;

#[derive(OpenApi)]
#[openapi(info(
    title = "Kimi Dashboard",
    description = "A control room for AI agents. Times are RFC 3339 UTC, money is a decimal \
                   string in USD, errors are RFC 9457 problem documents, lists are paged by key. \
                   A method that an address does not know answers 405 and names the others in \
                   `Allow`.",
    license(
        name = "MIT OR Apache-2.0, and what the program carries",
        url = "/licenses.txt"
    )
))]
struct Document;

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

/// What an operation may answer because of what all of them have in common: every one is refused
/// to other web sites, those with a body refuse a body that is too large, unreadable or wrong, and
/// those with parameters in the query refuse wrong ones.
fn complete(document: &mut openapi::OpenApi) {
    for path in document.paths.paths.values_mut() {
        let methods = [
            &mut path.get,
            &mut path.post,
            &mut path.patch,
            &mut path.delete,
        ];
        for operation in methods.into_iter().flatten() {
            let has_body = operation.request_body.is_some();
            let in_query = |it: &openapi::RefOr<Parameter>| match it {
                openapi::RefOr::T(it) => it.parameter_in == ParameterIn::Query,
                openapi::RefOr::Ref(_) => false,
            };
            let has_query = operation.parameters.iter().flatten().any(in_query);
            let common = [
                (
                    true,
                    "403",
                    "asked from another web site, or not addressed to this machine",
                ),
                (has_body, "400", "the body cannot be read"),
                (has_body, "413", "the body is too large"),
                (
                    has_body || has_query,
                    "422",
                    "what is asked for makes no sense; `errors` says why",
                ),
            ];
            for (_, status, words) in common.into_iter().filter(|(applies, ..)| *applies) {
                let answers = &mut operation.responses.responses;
                let answer = answers.entry(status.to_owned());
                answer.or_insert_with(|| problem(words).into());
            }
        }
    }
}

fn problem(words: &str) -> openapi::Response {
    let schema = openapi::Ref::from_schema_name("Problem");
    let content = openapi::ContentBuilder::new().schema(Some(schema)).build();
    openapi::ResponseBuilder::new()
        .description(words)
        .content("application/problem+json", content)
        .build()
}

/// Every route of the public interface, with its document at `/api/openapi.json` and a page
/// at `/api/docs`; and the parameters that the document names.
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
    complete(&mut document);
    let words = document.info.description.get_or_insert_default();
    words.push_str(&codes());
    let known = KnownParameters::of(&document);
    let routes = routes
        .merge(live::router())
        .merge(SwaggerUi::new("/api/docs").url("/api/openapi.json", document));
    (routes, known)
}
