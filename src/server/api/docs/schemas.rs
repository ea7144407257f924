//! The shapes of what is sent and answered, completed by what types do not say.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::bounds;
use crate::domain::LARGEST_NUMBER;

/// What an answer says in every case but for these; what is nothing is `null`.
const LEFT_OUT: [(&str, &str); 6] = [
    ("LatestState", "partial"),
    ("Problem", "errors"),
    ("Problem", "request_id"),
    ("Session", "verdict"),
    ("TakenEvents", "errors"),
    ("TakenEvents", "refused_more"),
];

/// Completes every schema of the document; `answered` are the types that answers have.
pub(super) fn complete(schemas: &mut Value, answered: &BTreeSet<String>) {
    for (name, fields) in bounds::bounds() {
        for (field, patch) in fields.as_object().into_iter().flatten() {
            if let Some(schema) = schemas.pointer_mut(&format!("/{name}/properties/{field}")) {
                merge(schema, patch);
            }
        }
    }
    for (name, schema) in bounds::wholes() {
        merge(&mut schemas[name], &schema);
    }
    for (name, schema) in schemas.as_object_mut().into_iter().flatten() {
        let fields = schema["properties"].as_object();
        let fields: Vec<String> = fields
            .into_iter()
            .flatten()
            .map(|it| it.0.clone())
            .collect();
        if !fields.is_empty() && answered.contains(name) {
            let left_out = |field: &String| LEFT_OUT.contains(&(name, field));
            schema["required"] = fields.into_iter().filter(|it| !left_out(it)).collect();
        }
        numbers(schema);
        without_defaults(schema);
    }
}

/// What is absent from a change stays, and makers of clients take a field with a default for one
/// that is always there: so the descriptions say what an absent field means.
fn without_defaults(schema: &mut Value) {
    let fields = schema.get_mut("properties").and_then(Value::as_object_mut);
    for (_, field) in fields.into_iter().flatten() {
        field.as_object_mut().map(|field| field.remove("default"));
    }
}

/// As RFC 7396 says: what is null goes, objects are merged, and the rest is replaced.
fn merge(value: &mut Value, patch: &Value) {
    let Value::Object(patch) = patch else {
        value.clone_from(patch);
        return;
    };
    if !value.is_object() {
        *value = json!({});
    }
    for (key, patch) in patch {
        if patch.is_null() {
            value.as_object_mut().map(|fields| fields.remove(key));
        } else {
            merge(&mut value[key], patch);
        }
    }
}

/// Numbers without bounds of their own are not negative and kept exact by every reader of JSON.
fn numbers(schema: &mut Value) {
    match schema {
        Value::Object(fields) => {
            if is_number(fields) {
                fields.entry("minimum").or_insert_with(|| 0.into());
                fields
                    .entry("maximum")
                    .or_insert_with(|| LARGEST_NUMBER.into());
                let whole = fields["type"] == "integer" || fields["type"][0] == "integer";
                let small = fields["maximum"].as_u64().is_some_and(|it| it < 1 << 31);
                if whole {
                    let format = if small { "int32" } else { "int64" };
                    fields.insert("format".into(), format.into());
                }
            }
            for (name, value) in fields {
                if !matches!(name.as_str(), "example" | "enum" | "default") {
                    numbers(value);
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(numbers),
        _ => {}
    }
}

fn is_number(fields: &Map<String, Value>) -> bool {
    let is = |it: &Value| it == "integer" || it == "number";
    let kind = fields.get("type");
    kind.is_some_and(|kind| is(kind) || kind.as_array().is_some_and(|all| all.iter().any(is)))
}

/// Adds the names of all types that `part` of a document refers to, and those to which these do.
pub(super) fn reach(schemas: &Value, part: &Value, reached: &mut BTreeSet<String>) {
    match part {
        Value::Object(fields) => {
            let name = fields.get("$ref").and_then(Value::as_str);
            let name = name.and_then(|name| name.strip_prefix("#/components/schemas/"));
            if let Some(name) = name.filter(|name| !reached.contains(*name)) {
                reached.insert(name.to_owned());
                reach(schemas, &schemas[name], reached);
            }
            fields.values().for_each(|it| reach(schemas, it, reached));
        }
        Value::Array(items) => items.iter().for_each(|it| reach(schemas, it, reached)),
        _ => {}
    }
}
