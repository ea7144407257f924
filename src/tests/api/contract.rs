//! The documents say everything that a program has to know, as schema: limits, formats, what is
//! required, examples, refusals.

use serde_json::{Value, json};

use crate::domain::LiveMessage;
use crate::tests::support::TestApp;

pub(super) async fn document(path: &str) -> Value {
    let app = TestApp::start().await;
    app.client().get(path).await.expect(200).json()
}

/// Calls `visit` with every schema in `part`, and where it stands.
fn schemas(part: &Value, place: &str, visit: &mut impl FnMut(&str, &Value)) {
    match part {
        Value::Object(fields) => {
            let is_schema = ["type", "enum", "const", "$ref", "oneOf", "anyOf", "allOf"]
                .iter()
                .any(|name| fields.get(*name).is_some_and(|it| !it.is_object()));
            if is_schema {
                visit(place, part);
            }
            for (name, value) in fields {
                // What stands there is data.
                if !["example", "examples", "enum", "const", "default"].contains(&name.as_str()) {
                    schemas(value, &format!("{place}/{name}"), visit);
                }
            }
        }
        Value::Array(items) => {
            for (n, value) in items.iter().enumerate() {
                schemas(value, &format!("{place}/{n}"), visit);
            }
        }
        _ => {}
    }
}

fn is(schema: &Value, kind: &str) -> bool {
    let types = &schema["type"];
    types == kind
        || types
            .as_array()
            .is_some_and(|all| all.contains(&json!(kind)))
}

/// What is wrong with a schema, if anything.
fn unbounded(place: &str, schema: &Value) -> Option<String> {
    let has = |names: &[&str]| names.iter().any(|name| schema.get(*name).is_some());
    let closed = ["maxLength", "enum", "const", "format", "contentMediaType"];
    let free = schema["additionalProperties"] != false && has(&["additionalProperties"]);
    let fault = if is(schema, "string") && !has(&closed) {
        "a text needs maxLength, enum or format"
    } else if (is(schema, "integer") || is(schema, "number"))
        && !(has(&["maximum"]) && has(&["minimum"]))
    {
        "a number needs minimum and maximum"
    } else if is(schema, "array") && !(has(&["maxItems"]) && has(&["items"])) {
        "a list needs maxItems and items"
    } else if free && !FREE.iter().any(|end| place.ends_with(end)) {
        "additional properties only where anybody may put anything"
    } else {
        return None;
    };
    Some(format!("{place}: {fault}: {schema}"))
}

/// Where anybody may put anything.
const FREE: [&str; 2] = ["/properties/metadata", "/properties/fields"];

#[tokio::test]
async fn every_text_list_and_number_of_the_documents_has_its_bounds() {
    for path in ["/api/openapi.json", "/api/asyncapi.json"] {
        let document = document(path).await;
        let (mut found, mut faults) = (0, Vec::new());
        schemas(&document, path, &mut |place, schema| {
            found += 1;
            faults.extend(unbounded(place, schema));
        });
        assert!(faults.is_empty(), "\n{}\n", faults.join("\n"));
        assert!(found > 200, "{path}: only {found} schemas");
    }
}

#[tokio::test]
async fn every_operation_is_described_and_illustrated() {
    let document = document("/api/openapi.json").await;
    let mut faults = Vec::new();
    let mut ids = Vec::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            let mut check = |holds: bool, words: &str| {
                if !holds {
                    faults.push(format!("{method} {path}: {words}"));
                }
            };
            let text = |name: &str| operation[name].as_str().unwrap_or_default();
            check(!text("operationId").is_empty(), "has an operationId");
            let summary = text("summary");
            check(
                (1..=120).contains(&summary.len()),
                "says what it does in a line",
            );
            check(operation["tags"][0].is_string(), "belongs somewhere");
            ids.push(text("operationId").to_owned());
            let request = operation.get("requestBody").map(|it| ("request", it));
            let answers = operation["responses"].as_object().unwrap();
            let answers = answers.iter().map(|(status, it)| (status.as_str(), it));
            let (mut succeeds, mut refuses) = (0, 0);
            for (of, holder) in request.into_iter().chain(answers) {
                succeeds += i32::from(of.starts_with('2'));
                let name = holder["$ref"].as_str();
                if of.starts_with(['4', '5']) {
                    refuses += 1;
                    check(name.is_some(), &format!("{of} is a problem"));
                    continue;
                }
                for (kind, body) in holder["content"].as_object().into_iter().flatten() {
                    let example = body.get("example").is_some();
                    check(example, &format!("{of} as {kind} has an example"));
                }
            }
            check(succeeds > 0 && refuses > 0, "succeeds or is refused");
            for parameter in operation["parameters"].as_array().into_iter().flatten() {
                let name = &parameter["name"];
                let words = parameter["description"].as_str().unwrap_or_default();
                check(!words.is_empty(), &format!("says what {name} is"));
                check(
                    parameter.get("schema").is_some(),
                    &format!("{name} has a schema"),
                );
            }
        }
    }
    for (name, response) in document["components"]["responses"].as_object().unwrap() {
        let body = &response["content"]["application/problem+json"];
        assert_eq!(
            body["schema"]["$ref"], "#/components/schemas/Problem",
            "{name}"
        );
        assert!(body["example"]["status"].is_u64(), "{name}");
    }
    assert!(faults.is_empty(), "\n{}\n", faults.join("\n"));
    let count = ids.len();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), count, "every operationId is another: {ids:?}");
}

#[tokio::test]
async fn any_json_is_a_result_in_the_document_and_in_truth() {
    let document = document("/api/openapi.json").await;
    for name in ["TaskChange", "TaskBody"] {
        let schema = &document["components"]["schemas"][name]["properties"]["result"];
        for word in [
            "type",
            "oneOf",
            "anyOf",
            "enum",
            "$ref",
            "additionalProperties",
        ] {
            assert!(
                schema.is_object() && schema.get(word).is_none(),
                "{name}: {schema}"
            );
        }
    }
    let app = TestApp::start().await;
    let client = app.client();
    let task = json!({"description": "x", "status": "running", "agent": "outside"});
    client.post("/api/tasks", &task).await.expect(201);
    for result in [
        json!("text"),
        json!(7),
        json!(1.5),
        json!(true),
        json!(false),
        json!([1, [null]]),
        json!({"a": {"b": null}}),
        json!({}),
        json!([]),
        json!(""),
        json!(0),
        json!(null),
    ] {
        let change = json!({"result": result});
        let task = client
            .patch("/api/tasks/1", &change)
            .await
            .expect(200)
            .json();
        assert_eq!(task["result"], result);
        let task = client.get("/api/tasks/1").await.expect(200).json();
        assert_eq!(task["result"], result);
    }
}

#[tokio::test]
async fn the_document_of_the_socket_names_every_frame() {
    let document = document("/api/asyncapi.json").await;
    assert_eq!(document["asyncapi"], "3.0.0");
    assert_eq!(document["info"]["version"], env!("CARGO_PKG_VERSION"));
    assert_eq!(document["channels"]["feed"]["address"], "/ws");
    let messages = document["components"]["messages"].as_object().unwrap();
    let event = LiveMessage::Event(json!({})).to_text(1).unwrap();
    let event: Value = serde_json::from_str(&event).unwrap();
    assert!(messages.contains_key(event["type"].as_str().unwrap()));
    for name in [
        "state",
        "hello",
        "event",
        "task",
        "agent",
        "logs",
        "activity",
        "pong",
        "resync",
        "ack",
        "error",
        "ping",
        "subscribe",
        "unsubscribe",
        "progress",
    ] {
        let message = messages
            .get(name)
            .unwrap_or_else(|| panic!("{name} is not described"));
        assert!(message["summary"].is_string(), "{name}");
        assert!(message["examples"][0]["payload"].is_object(), "{name}");
    }
    // Every reference leads somewhere.
    let text = document.to_string();
    for reference in text.split("\"$ref\":\"#").skip(1) {
        let at = reference.split('"').next().unwrap();
        assert!(document.pointer(at).is_some(), "{at}");
    }
    assert!(document["components"]["schemas"]["Task"].is_object());
}
