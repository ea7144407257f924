//! An example of everything that is sent and answered, from `examples.json`: by the name of an
//! operation where it needs one of its own, else by the name of a type.

use serde_json::{Map, Value};

const EXAMPLES: &str = include_str!("examples.json");

/// Adds an example to every body of this operation, and of its answers.
pub(super) fn complete(examples: &Map<String, Value>, operation: &mut Value) {
    let id = operation["operationId"]
        .as_str()
        .unwrap_or_default()
        .to_owned();
    if let Some(content) = operation.pointer_mut("/requestBody/content") {
        illustrate(examples, &format!("{id} request"), content);
    }
    for (_, answer) in operation["responses"].as_object_mut().into_iter().flatten() {
        if let Some(content) = answer.get_mut("content") {
            illustrate(examples, &format!("{id} answer"), content);
        }
    }
}

fn illustrate(examples: &Map<String, Value>, name: &str, content: &mut Value) {
    for (kind, body) in content.as_object_mut().into_iter().flatten() {
        let own = examples.get(&format!("{name} {kind}"));
        if let Some(example) = own.cloned().or_else(|| of(examples, &body["schema"])) {
            body["example"] = example;
        }
    }
}

/// The example of a type, or a list of one.
pub(super) fn of(examples: &Map<String, Value>, schema: &Value) -> Option<Value> {
    if schema["type"] == "array" {
        return of(examples, &schema["items"]).map(|one| vec![one].into());
    }
    let name = schema["$ref"].as_str()?;
    let name = name.strip_prefix("#/components/schemas/")?;
    examples.get(name).cloned()
}

/// All of them.
pub(super) fn all() -> Map<String, Value> {
    // The tests of the document miss every example when this cannot be read.
    serde_json::from_str(EXAMPLES).unwrap_or_default()
}
