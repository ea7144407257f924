//! What operations answer because of what they have in common: every one is refused to other web
//! sites, those with a body refuse one that is too large, unreadable or wrong, and so on.

use serde_json::{Map, Value, json};

use super::bounds::{LARGEST, text, whole};
use crate::domain::{MOST_ITEMS, WORD};

/// A refusal, which is described once for all operations.
struct Refusal {
    /// Its name in the document.
    name: &'static str,
    status: u16,
    /// When it is answered.
    words: &'static str,
    /// `title`, `detail` and `code` of an example.
    example: [&'static str; 3],
}

const REFUSALS: [Refusal; 12] = [
    Refusal {
        name: "Malformed",
        status: 400,
        words: "The request cannot be read.",
        example: [
            "Malformed request",
            "the body is not JSON: see line 1, column 5",
            "malformed_json",
        ],
    },
    Refusal {
        name: "Forbidden",
        status: 403,
        words: "Asked from another web site, not addressed to this machine, or not permitted.",
        example: [
            "Not allowed",
            "requests from other web sites are refused",
            "foreign_site",
        ],
    },
    Refusal {
        name: "NotFound",
        status: 404,
        words: "There is no such thing, or whoever asks may not see it.",
        example: ["Not found", "there is no task 17", "task_not_found"],
    },
    Refusal {
        name: "Conflict",
        status: 409,
        words: "The present state does not allow it; `detail` names that state.",
        example: [
            "Conflicts with the current state",
            "task #17 is completed already",
            "task_finished",
        ],
    },
    Refusal {
        name: "Outdated",
        status: 412,
        words: "It was changed since the version that `If-Match` names.",
        example: [
            "Changed meanwhile",
            "task #17 was changed meanwhile",
            "changed_meanwhile",
        ],
    },
    Refusal {
        name: "TooLarge",
        status: 413,
        words: "The body is too large.",
        example: ["Too large", "the body is too large", "body_too_large"],
    },
    Refusal {
        name: "NotRead",
        status: 415,
        words: "The body has a type or an encoding that is not read here.",
        example: [
            "Unsupported media type",
            "text/html is not read here; send application/json",
            "media_type_not_read",
        ],
    },
    Refusal {
        name: "Invalid",
        status: 422,
        words: "The request can be read but makes no sense; `errors` says what is wrong.",
        example: [
            "Invalid input",
            "description: say what the agent is to do",
            "invalid_input",
        ],
    },
    Refusal {
        name: "Busy",
        status: 429,
        words: "Too many requests at once; `Retry-After` says when to come again.",
        example: [
            "Too many requests",
            "too many requests; come again later",
            "too_many_requests",
        ],
    },
    Refusal {
        name: "Internal",
        status: 500,
        words: "A fault of the server, whose log knows more.",
        example: [
            "Internal error",
            "something broke; see the server's log",
            "internal_error",
        ],
    },
    Refusal {
        name: "Unavailable",
        status: 503,
        words: "The database cannot do this now; `Retry-After` says when to come again.",
        example: [
            "Not available now",
            "the database does not answer",
            "unavailable",
        ],
    },
    Refusal {
        name: "NoRoom",
        status: 507,
        words: "The disk is full; `Retry-After` says when to come again.",
        example: [
            "No room to store it",
            "the disk of the server is full",
            "disk_full",
        ],
    },
];

/// Every refusal as a response of the document. `schema` is that of a problem.
pub(super) fn problems(schema: &Value) -> Value {
    let mut all = Map::new();
    for refusal in &REFUSALS {
        let mut response = json!({
            "description": refusal.words,
            "headers": {"X-Request-Id": header("X-Request-Id")},
            "content": {"application/problem+json": {
                "schema": {"$ref": "#/components/schemas/Problem"},
                "example": example(refusal, schema),
            }},
        });
        if [429, 503, 507].contains(&refusal.status) {
            response["headers"]["Retry-After"] = header("Retry-After");
        }
        all.insert(refusal.name.to_owned(), response);
    }
    all.into()
}

fn example(refusal: &Refusal, schema: &Value) -> Value {
    let [title, detail, code] = refusal.example;
    let mut example = json!({"type": "about:blank", "title": title, "status": refusal.status,
        "detail": detail});
    let more = [("code", code), ("request_id", "0199c5f0a3d27b5e")];
    let known = |name: &str| schema["properties"].get(name).is_some();
    for (name, value) in more.into_iter().filter(|(name, _)| known(name)) {
        example[name] = value.into();
    }
    if refusal.status == 422 {
        let message = "say what the agent is to do";
        example["errors"] = json!([{"field": "description", "message": message}]);
    }
    example
}

/// The headers of answers that mean something to programs.
pub(super) fn headers() -> Value {
    json!({
        "Link": {
            "description": "Where the next page is, as `rel=\"next\"`; absent on the last.",
            "schema": text(LARGEST),
        },
        "Location": {
            "description": "The address of what was created.",
            "required": true,
            "schema": {"type": "string", "format": "uri-reference", "maxLength": 2000},
        },
        "ETag": {
            "description": "The `edit_version`, for `If-Match`.",
            "required": true,
            "schema": {"type": "string", "pattern": "^\"[0-9]{1,16}\"$", "maxLength": 18},
        },
        "X-Request-Id": {
            "description": "Names the request in the log of the server.",
            "required": true,
            "schema": text(WORD),
        },
        "Retry-After": {
            "description": "Seconds to wait before it makes sense to try again.",
            "required": true,
            "schema": whole(1, 86_400_u64),
        },
    })
}

fn header(name: &str) -> Value {
    json!({"$ref": format!("#/components/headers/{name}")})
}

/// Texts that are no JSON are as long as they are, and say what they are.
fn files(holder: &mut Value) {
    let content = holder.get_mut("content").and_then(Value::as_object_mut);
    for (kind, body) in content.into_iter().flatten() {
        if kind != "application/json" {
            body["schema"] = json!({"type": "string", "contentMediaType": kind});
        }
    }
}

/// Adds what this operation answers besides what its handler says.
pub(super) fn complete(path: &str, method: &str, operation: &mut Value) {
    let has_body = operation.get("requestBody").is_some();
    let parameters = operation["parameters"].as_array();
    let parameters = parameters.map(Vec::as_slice).unwrap_or_default();
    let are_in = |place: &str| parameters.iter().any(|it| it["in"] == place);
    let has = |name: &str| parameters.iter().any(|it| it["name"] == name);
    let (writes, pages) = (method != "get", has("cursor"));
    let of_process = matches!(path, "/healthz" | "/metrics");
    let common = [
        (has_body || are_in("path"), 400),
        (true, 403),
        (has_body, 413),
        (has_body, 415),
        // A parameter that is not known is refused everywhere there.
        (
            path.starts_with("/api/") || has_body || are_in("query") || are_in("header"),
            422,
        ),
        (!of_process, 500),
        (!of_process, 503),
        (writes, 507),
    ];
    if let Some(body) = operation.get_mut("requestBody") {
        files(body);
    }
    let Some(answers) = operation["responses"].as_object_mut() else {
        return;
    };
    for (_, status) in common.into_iter().filter(|(applies, _)| *applies) {
        answers.entry(status.to_string()).or_insert(Value::Null);
    }
    for (status, answer) in answers {
        if let Some(refusal) = REFUSALS.iter().find(|it| it.status.to_string() == *status) {
            *answer = json!({"$ref": format!("#/components/responses/{}", refusal.name)});
        } else {
            succeed(answer, status, pages);
            files(answer);
        }
    }
}

/// Completes an answer that is no refusal.
fn succeed(answer: &mut Value, status: &str, pages: bool) {
    if answer["description"].as_str().is_none_or(str::is_empty) {
        answer["description"] = match status {
            "201" => "It was created.",
            "202" => "It was taken, and is stored.",
            "204" => "There is nothing to say.",
            _ => "What was asked for.",
        }
        .into();
    }
    let body = answer.pointer_mut("/content/application~1json/schema");
    if let Some(list) = body.filter(|schema| schema["type"] == "array") {
        list["maxItems"] = MOST_ITEMS.into();
    }
    let schema = &answer["content"]["application/json"]["schema"];
    let of = |name: &str| schema["$ref"] == format!("#/components/schemas/{name}");
    let tagged = of("TaskDetail") || of("Project");
    let said = |answer: &Value, name| answer["headers"].get(name).is_some();
    for (applies, name) in [
        (true, "X-Request-Id"),
        (pages, "Link"),
        (status == "201" || said(answer, "Location"), "Location"),
        (tagged, "ETag"),
    ] {
        if applies {
            answer["headers"][name] = header(name);
        }
    }
}
