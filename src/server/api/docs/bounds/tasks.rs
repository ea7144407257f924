//! What tasks hold, and what belongs to them.

use serde_json::{Value, json};

use super::{
    LABEL, LARGEST, MONEY_SENT, NOT_BLANK, NOT_BLANK_LINE, ONE_LINE, TRIMMED, WITHOUT_NUL,
    agent_name, anything, from_one, ids, list, matching, open, or_null, project_name, ratio, text,
    text_in, text_of,
};
use crate::domain::{
    EXCERPT, FOLDER, LARGEST_NUMBER, LEVEL_WORDS, LIMITS, LONGEST_MESSAGE, OPTION_TEXT,
    QUESTION_OPTIONS, QUESTION_TEXT, WORD,
};

pub(super) fn bounds() -> Vec<(&'static str, Value)> {
    let mut all = others();
    all.extend(of_projects());
    all.extend([
        ("NewTask", new_task()),
        ("TaskChange", task_change()),
        ("Task", task()),
        ("Question", question()),
    ]);
    all
}

fn new_task() -> Value {
    json!({
        "description": matching(NOT_BLANK, LIMITS.description),
        "title": or_null(matching(ONE_LINE, LIMITS.title)),
        "project": or_null(project_name()),
        "agent": or_null(agent_name()),
        "labels": list(&text_in(1, LIMITS.label, LABEL), LIMITS.labels),
        "timeout_seconds": from_one(LIMITS.timeout_seconds),
        "max_attempts": from_one(LIMITS.max_attempts),
        "requires": list(&text_in(1, WORD, TRIMMED), LIMITS.requires),
        "after": ids(LIMITS.after),
        "on_gaps": {"type": null, "enum": ["show", null]},
        "metadata": open(),
        "checks": {"items": {"type": "object"}, "maxItems": 0},
        "status": {"oneOf": null, "enum": ["pending", "running", null]},
    })
}

fn task_change() -> Value {
    json!({
        "progress": ratio(),
        "message": {"maxLength": LIMITS.said},
        "result": anything(),
        "error": or_null(matching(WITHOUT_NUL, LIMITS.said)),
        "title": or_null(matching(ONE_LINE, LIMITS.title)),
        // Null clears, and a task without a description there cannot be.
        "description": matching(NOT_BLANK, LIMITS.description),
        "labels": list(&text_in(1, LIMITS.label, LABEL), LIMITS.labels),
        "metadata": open(),
    })
}

fn task() -> Value {
    json!({
        "number": from_one(LARGEST_NUMBER),
        "project": project_name(),
        "title": text(LIMITS.title),
        "excerpt": text(EXCERPT),
        "progress": ratio(),
        "agent": or_null(agent_name()),
        "requested_agent": or_null(agent_name()),
        "requires": list(&text_of(1, WORD), LIMITS.requires),
        "after": ids(LIMITS.after),
        "queue_position": from_one(LARGEST_NUMBER),
        // One for each task before it, and a few more.
        "waiting": ids(LIMITS.after + 10),
        "attempt": from_one(LARGEST_NUMBER),
        "max_attempts": from_one(LIMITS.max_attempts),
        "labels": list(&text_of(1, LIMITS.label), LIMITS.labels),
        "created_by": text(WORD),
        "timeout_seconds": from_one(LIMITS.timeout_seconds),
        "error": {"maxLength": LARGEST},
    })
}

fn question() -> Value {
    json!({
        "id": text_of(1, WORD),
        "text": text_of(1, QUESTION_TEXT),
        "options": ids(QUESTION_OPTIONS),
    })
}

/// What else there is about tasks: their bodies, logs, usage, activity.
fn others() -> Vec<(&'static str, Value)> {
    let option = || text_of(1, OPTION_TEXT);
    let usage = |money: Value| {
        json!({
            "id": {"minLength": 1, "maxLength": WORD, "pattern": ONE_LINE},
            "model": {"minLength": 1, "maxLength": WORD, "pattern": ONE_LINE},
            "provider": {"minLength": 1, "maxLength": WORD, "pattern": ONE_LINE},
            "cost_usd": money,
        })
    };
    let money_sent = json!({"$ref": null, "oneOf": [
        {"type": "string", "pattern": MONEY_SENT, "maxLength": 16},
        {"type": "number", "minimum": 0, "maximum": 999_999_999},
        {"type": "null"},
    ]});
    vec![
        (
            "QuestionOption",
            json!({"id": option(), "label": option(), "kind": {"maxLength": OPTION_TEXT}}),
        ),
        ("Waiting", json!({"detail": text(LARGEST)})),
        (
            "TaskBody",
            json!({
                "description": text_of(1, LIMITS.description),
                "result": anything(),
                "metadata": open(),
            }),
        ),
        (
            "Retry",
            json!({"description": {"maxLength": LIMITS.description, "pattern": NOT_BLANK}}),
        ),
        ("UsageReport", usage(money_sent)),
        ("UsageRecord", usage(json!({}))),
        (
            "LogEntry",
            json!({
                "agent": or_null(agent_name()),
                "message": text(LARGEST),
                "fields": open(),
            }),
        ),
        (
            "NewLog",
            json!({
                "message": text(LONGEST_MESSAGE),
                "fields": open(),
                "level": level_sent(),
                // What the server says is its own.
                "stream": {"$ref": null, "type": "string", "enum": ["stdout", "stderr", "agent"]},
            }),
        ),
        (
            "Activity",
            json!({
                "title": {"maxLength": LIMITS.title},
                "agent": or_null(agent_name()),
                "actor": text(WORD),
                "detail": {"maxLength": LARGEST},
            }),
        ),
    ]
}

/// The words for levels that other programs have; case does not matter.
fn other_levels() -> Vec<&'static str> {
    let words = LEVEL_WORDS.iter().flat_map(|(level, words)| {
        let ours = level.as_str();
        words.iter().copied().filter(move |word| *word != ours)
    });
    words.collect()
}

/// What is read as a level: our words, those of other programs, and pino's numbers.
fn level_sent() -> Value {
    json!({"$ref": null, "anyOf": [
        {"$ref": "#/components/schemas/LogLevel"},
        {"type": "string", "enum": other_levels()},
        {"type": "integer", "enum": [10, 20, 30, 40, 50, 60]},
    ]})
}

/// Projects, and what is said of what went wrong.
fn of_projects() -> Vec<(&'static str, Value)> {
    vec![
        (
            "Project",
            json!({
                "name": project_name(),
                "title": text_of(1, LIMITS.title),
                "folder": {"maxLength": FOLDER},
                "checks": {"oneOf": null, "additionalProperties": null, "type": "null"},
            }),
        ),
        ("NewProject", project(&project_name())),
        ("ProjectChange", project(&Value::Null)),
        (
            "Problem",
            json!({
                "type": {"type": "string", "format": "uri-reference", "maxLength": 200},
                "title": text(200),
                "status": {"minimum": 400, "maximum": 599},
                "detail": text(LARGEST),
                "request_id": {"maxLength": WORD},
                "errors": ids(LARGEST),
            }),
        ),
        (
            "FieldError",
            json!({"field": text(LARGEST), "message": text(LARGEST)}),
        ),
    ]
}

fn project(name: &Value) -> Value {
    let mut fields = json!({
        "title": {"maxLength": LIMITS.title, "pattern": NOT_BLANK_LINE},
        "folder": {"maxLength": FOLDER, "pattern": "^/[^\\x00-\\x1f\\x7f-\\x9f]*$"},
    });
    if !name.is_null() {
        fields["name"] = name.clone();
    }
    fields
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{level_sent, other_levels};
    use crate::domain::LogLevel;

    #[test]
    fn every_level_that_is_described_is_read_and_is_another() {
        let numbers = level_sent()["anyOf"][2]["enum"].clone();
        let words: Vec<Value> = other_levels().into_iter().map(Value::from).collect();
        for value in words.iter().chain(numbers.as_array().unwrap()) {
            assert!(LogLevel::of_value(value).is_some(), "{value}");
        }
        for level in LogLevel::ALL {
            assert!(!other_levels().contains(&level.as_str()));
            assert_eq!(LogLevel::of_value(&json!(level)), Some(level));
        }
    }
}
