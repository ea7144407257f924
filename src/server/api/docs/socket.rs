//! The `AsyncAPI` document of `/ws`: what is said there, with the types of the `OpenAPI` document.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::{examples, schemas};

const FRAMES: &str = include_str!("socket.json");

/// Made of `socket.json`, and of those types in `openapi` to which that refers.
pub(super) fn document(openapi: &Value) -> Value {
    // The tests of the document miss everything when this cannot be read.
    let mut document: Value = serde_json::from_str(FRAMES).unwrap_or_default();
    document["info"]["version"] = openapi["info"]["version"].clone();
    let malformed = &openapi["components"]["responses"]["Malformed"];
    let problem = &malformed["content"]["application/problem+json"]["example"];
    illustrate(&mut document["components"]["messages"], problem);
    let all = &openapi["components"]["schemas"];
    let mut reached = BTreeSet::new();
    schemas::reach(all, &document["components"], &mut reached);
    let types: Map<String, Value> = reached
        .into_iter()
        .filter_map(|name| Some((name.clone(), all.get(&name)?.clone())))
        .collect();
    document["components"]["schemas"] = types.into();
    document
}

/// Gives an example to the messages that have none of their own.
fn illustrate(messages: &mut Value, problem: &Value) {
    let mut all = examples::all();
    all.insert("Problem".to_owned(), problem.clone());
    for (name, message) in messages.as_object_mut().into_iter().flatten() {
        let fields = &message["payload"]["properties"];
        if let Some(data) = examples::of(&all, &fields["data"]) {
            let mut payload = json!({"type": name, "data": data});
            if fields.get("seq").is_some() {
                payload["seq"] = 124.into();
            }
            message["examples"] = json!([{"payload": payload}]);
        }
    }
}
