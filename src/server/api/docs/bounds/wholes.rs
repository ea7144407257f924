//! Types that are written in more ways than a type of ours says.

use serde_json::{Value, json};

use super::{LARGEST, MONEY, NOT_BLANK, matching, text_in};
use crate::domain::{LARGEST_NUMBER, LIMITS, OPTION_TEXT, QUESTION_OPTIONS, QUESTION_TEXT, WORD};

/// What is added to types as a whole.
pub(in crate::server::api::docs) fn wholes() -> Vec<(&'static str, Value)> {
    let schema = |name: &str| json!({"$ref": format!("#/components/schemas/{name}")});
    let word = || text_in(1, OPTION_TEXT, NOT_BLANK);
    vec![
        ("Cost", json!({"pattern": MONEY, "maxLength": 20})),
        ("UsageReport", json!({"additionalProperties": false})),
        ("SentEvent", json!({"required": ["event_type"]})),
        (
            "Reply",
            json!({"type": null, "properties": null, "additionalProperties": null,
                "oneOf": [schema("TextReply"), schema("OptionReply")]}),
        ),
        (
            "Posted",
            json!({"oneOf": null, "anyOf": [schema("EventBatch"), schema("SentEvent"),
            {"type": "array", "items": schema("SentEvent"), "maxItems": LARGEST}]}),
        ),
        (
            "NewLogs",
            json!({"oneOf": null, "anyOf": [schema("NewLog"),
            {"type": "array", "items": schema("NewLog"), "maxItems": LARGEST}]}),
        ),
        ("TextReply", reply("text")),
        ("OptionReply", reply("option")),
        (
            "NewOption",
            json!({
                "type": "object",
                "description": "One answer that can be chosen; an id alone is its label, too.",
                "required": ["label"],
                "properties": {"id": word(), "label": word(), "kind": word()},
            }),
        ),
        (
            "NewQuestion",
            json!({"type": null, "properties": null, "required": null,
                "oneOf": [text_in(1, QUESTION_TEXT, NOT_BLANK), schema("WholeQuestion")]}),
        ),
        (
            "WholeQuestion",
            json!({
                "type": "object",
                "description": "A question with what can be chosen.",
                "required": ["text"],
                "additionalProperties": false,
                "properties": {
                    "text": text_in(1, QUESTION_TEXT, NOT_BLANK),
                    "kind": schema("QuestionKind"),
                    "options": {
                        "type": "array",
                        "maxItems": QUESTION_OPTIONS,
                        "items": {"oneOf": [word(), schema("NewOption")]},
                    },
                    "expires_at": {"type": ["string", "null"], "format": "date-time"},
                },
            }),
        ),
        (
            "TaskLink",
            json!({"oneOf": [
                {"type": "integer", "minimum": 1, "maximum": LARGEST_NUMBER},
                {"type": "string", "maxLength": 37,
                 "pattern": "^(#?[1-9][0-9]{0,15}|[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12})$"},
            ]}),
        ),
    ]
}

fn reply(field: &str) -> Value {
    let (words, longest) = if field == "text" {
        ("An answer in words.", LIMITS.description)
    } else {
        ("The option that was chosen.", OPTION_TEXT)
    };
    let question = json!({"type": ["string", "null"], "maxLength": WORD, "pattern": NOT_BLANK,
        "description": "The id of the question; whichever is open when absent."});
    json!({
        "type": "object",
        "description": words,
        "required": [field],
        "additionalProperties": false,
        "properties": {field: matching(NOT_BLANK, longest), "question": question},
    })
}
