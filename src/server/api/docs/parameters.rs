//! What stands in addresses and headers, described once for all operations.

use serde_json::{Value, json};

use super::bounds::{WITHOUT_NUL, agent_name, matching, project_name, text_of, whole};
use crate::domain::{LONGEST_PARAMETER, MOST_ITEMS, WORD};

/// Bodies that may be left out.
const OPTIONAL_BODIES: [&str; 3] = ["retry_task", "heartbeat", "stop_agent"];

/// Completes the parameters of an operation, and says whether its body may be left out.
pub(super) fn complete(path: &str, operation: &mut Value) {
    let parameters = operation
        .get_mut("parameters")
        .and_then(Value::as_array_mut);
    for parameter in parameters.into_iter().flatten() {
        let place = parameter["in"].as_str().unwrap_or_default().to_owned();
        let name = parameter["name"].as_str().unwrap_or_default().to_owned();
        if place == "query" {
            // As forms send what nobody filled in: it is as if it were not there.
            parameter["allowEmptyValue"] = true.into();
        }
        // What is not there is absent, not null.
        if let Some(types) = parameter["schema"]["type"].as_array() {
            let mut types = types.iter().filter(|it| *it != "null").cloned();
            parameter["schema"]["type"] = types.next().unwrap_or_default();
        }
        if parameter["schema"]["type"] == "array" {
            parameter["schema"]["maxItems"] = MOST_ITEMS.into();
        }
        let Some((words, schema)) = known(path, &place, &name) else {
            continue;
        };
        parameter["schema"] = schema;
        if let Some(words) = words {
            parameter["description"] = words.into();
        }
    }
    let optional = OPTIONAL_BODIES
        .iter()
        .any(|id| operation["operationId"] == *id);
    if optional && operation.get("requestBody").is_some() {
        operation["requestBody"]["required"] = false.into();
    }
}

/// The description, where the handler has none of its own, and the schema of a parameter.
fn known(path: &str, place: &str, name: &str) -> Option<(Option<&'static str>, Value)> {
    let of_agents = path.starts_with("/api/agents");
    let of_sessions = path.starts_with("/api/sessions");
    Some(match (place, name) {
        ("path", "id") if of_sessions => (Some("The id that its loop gave it."), text_of(1, WORD)),
        ("path", "id") => (Some("Number or id of the task."), matching(TASK, 36)),
        ("path", "event_id") => (Some("The id of the event."), text_of(1, WORD)),
        ("path", "fingerprint") => (Some("Of the finding."), matching("^[0-9a-f]{32}$", 32)),
        ("path", "name") if of_agents => (Some("The name of the agent."), agent_name()),
        ("path", "name") => (Some("The name of the project."), project_name()),
        ("header", "Idempotency-Key") => (
            Some("A repeated request with the same key creates nothing again, for 24 hours."),
            matching("^[\\x21-\\x7e]([\\x09\\x20-\\x7e]*[\\x21-\\x7e])?$", 255),
        ),
        ("header", "If-Match") => (
            Some("The `ETag` that the caller knows; with another the answer is 412."),
            matching("^(\\*|\"[0-9]{1,16}\")$", 18),
        ),
        ("header", "Lease") => (
            Some("The lease of the agent that reports."),
            matching("^[\\x21-\\x7e]+$", WORD),
        ),
        ("query", "cursor") => (
            Some("Where the page begins; from the `Link` header of the page before."),
            matching(WITHOUT_NUL, LONGEST_PARAMETER),
        ),
        ("query", "limit") => {
            let mut schema = whole(1, MOST_ITEMS);
            schema["default"] = 100.into();
            (Some("How many items at most."), schema)
        }
        ("query", "wait") => {
            let mut schema = whole(0, 60_u64);
            schema["default"] = 0.into();
            (Some("Seconds to wait for a task."), schema)
        }
        ("query", "project") => {
            let names = json!({"type": "array", "items": matching(WITHOUT_NUL, LONGEST_PARAMETER), "maxItems": MOST_ITEMS});
            (Some("In any of these projects."), names)
        }
        ("query", "agent" | "label" | "q" | "type") => {
            (None, matching(WITHOUT_NUL, LONGEST_PARAMETER))
        }
        ("query", "iteration") => (None, whole(0, u64::from(u32::MAX))),
        ("query", "order") => (None, json!({"type": "string", "enum": ["asc", "desc"]})),
        ("query", "format") => (None, json!({"type": "string", "enum": ["ndjson", "csv"]})),
        _ => return None,
    })
}

/// A number, or a UUID.
const TASK: &str = "^([1-9][0-9]{0,15}|[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12})$";
