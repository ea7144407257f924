//! What texts, lists and numbers may hold, by type and field: from the constants that the rules
//! themselves use.

use serde_json::{Value, json};

use crate::domain::{
    CAPABILITIES, CONCURRENCY, FOLDER, LARGEST_BATCH, LARGEST_BODY, LARGEST_NUMBER, LIMITS,
    LONGEST_NAME, OPTION_TEXT, QUESTION_OPTIONS, QUESTION_TEXT, WORD,
};

/// No text is longer than what a request, a line of an agent or a frame of a loop can bring.
pub(super) const LARGEST: usize = LARGEST_BATCH;

pub(super) const WITHOUT_NUL: &str = "^[^\\x00]*$";
const NOT_BLANK: &str = "^[^\\x00]*[^\\s\\x00][^\\x00]*$";
const ONE_LINE: &str = "^[^\\x00-\\x1f\\x7f-\\x9f]*$";
/// What a word or a label begins and ends with is no blank.
const TRIMMED: &str =
    "^[^\\s\\x00-\\x1f\\x7f-\\x9f]([^\\x00-\\x1f\\x7f-\\x9f]*[^\\s\\x00-\\x1f\\x7f-\\x9f])?$";
const LABEL: &str = "^[^\\s\\x00-\\x1f\\x7f-\\x9f,\"\\\\]([^\\x00-\\x1f\\x7f-\\x9f,\"\\\\]*[^\\s\\x00-\\x1f\\x7f-\\x9f,\"\\\\])?$";
const MONEY: &str = "^[0-9]{1,13}\\.[0-9]{2,6}$";
const MONEY_SENT: &str = "^[0-9]{1,9}(\\.[0-9]{1,6})?$";

pub(super) fn text(most: usize) -> Value {
    json!({"type": "string", "maxLength": most})
}

pub(super) fn text_of(least: usize, most: usize) -> Value {
    json!({"type": "string", "minLength": least, "maxLength": most})
}

pub(super) fn matching(pattern: &str, most: usize) -> Value {
    json!({"type": "string", "pattern": pattern, "maxLength": most})
}

pub(super) fn whole(least: u64, most: impl Into<u64>) -> Value {
    json!({"type": "integer", "minimum": least, "maximum": most.into()})
}

pub(super) fn agent_name() -> Value {
    // Dots alone are steps in an address.
    matching("^\\.*[A-Za-z0-9_-][A-Za-z0-9._-]*$", LONGEST_NAME)
}

pub(super) fn project_name() -> Value {
    matching("^[a-z0-9][a-z0-9-]*$", LONGEST_NAME)
}

/// The same for a field that may be null: its type is said already.
fn or_null(mut schema: Value) -> Value {
    schema.as_object_mut().map(|fields| fields.remove("type"));
    schema
}

fn list(items: &Value, most: usize) -> Value {
    json!({"items": items, "maxItems": most})
}

fn ids(most: usize) -> Value {
    json!({"maxItems": most})
}

fn most(maximum: impl Into<u64>) -> Value {
    json!({"maximum": maximum.into()})
}

fn from_one(maximum: impl Into<u64>) -> Value {
    json!({"minimum": 1, "maximum": maximum.into()})
}

/// Any JSON, which no type says.
fn anything() -> Value {
    json!({"type": null, "oneOf": null, "additionalProperties": null})
}

fn ratio() -> Value {
    json!({"minimum": 0, "maximum": 1})
}

/// What is added to the fields of types.
pub(super) fn bounds() -> Vec<(&'static str, Value)> {
    let mut all = vec![
        ("NewTask", new_task()),
        ("TaskChange", task_change()),
        ("Task", task()),
        ("Question", question()),
    ];
    all.extend(of_tasks());
    all.extend(of_agents());
    all.extend(of_loops());
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
        "metadata": {"additionalProperties": true},
        "checks": {"items": {"type": "object"}, "maxItems": 0},
        "status": {"oneOf": null, "enum": ["pending", "running", null]},
    })
}

fn text_in(least: usize, most: usize, pattern: &str) -> Value {
    json!({"type": "string", "minLength": least, "maxLength": most, "pattern": pattern})
}

fn task_change() -> Value {
    json!({
        "progress": ratio(),
        "message": {"maxLength": LARGEST_BODY},
        "result": anything(),
        "error": or_null(matching(WITHOUT_NUL, LARGEST_BODY)),
        "title": or_null(matching(ONE_LINE, LIMITS.title)),
        // Null clears, and a task without a description there cannot be.
        "description": matching(NOT_BLANK, LIMITS.description),
        "labels": list(&text_in(1, LIMITS.label, LABEL), LIMITS.labels),
        "metadata": {"additionalProperties": true},
    })
}

fn task() -> Value {
    json!({
        "number": from_one(LARGEST_NUMBER),
        "project": project_name(),
        "title": text(LIMITS.title),
        "excerpt": text(crate::domain::EXCERPT),
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

/// What else there is about tasks: their bodies, logs, usage, activity, projects.
fn of_tasks() -> Vec<(&'static str, Value)> {
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
                "metadata": {"additionalProperties": true},
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
                "fields": {"additionalProperties": true},
            }),
        ),
        (
            "NewLog",
            json!({
                "message": text(LARGEST_BATCH),
                "fields": {"additionalProperties": true},
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
        "title": {"maxLength": LIMITS.title, "pattern": "^[^\\x00-\\x1f\\x7f-\\x9f]*[^\\s\\x00-\\x1f\\x7f-\\x9f][^\\x00-\\x1f\\x7f-\\x9f]*$"},
        "folder": {"maxLength": FOLDER, "pattern": "^/[^\\x00-\\x1f\\x7f-\\x9f]*$"},
    });
    if !name.is_null() {
        fields["name"] = name.clone();
    }
    fields
}

fn of_agents() -> Vec<(&'static str, Value)> {
    let lease = || text_of(1, WORD);
    vec![
        (
            "Agent",
            json!({
                "name": agent_name(),
                "title": text(WORD),
                "profile": {"maxLength": LONGEST_NAME},
                "running": json!({"maxItems": CONCURRENCY}),
                "concurrency": from_one(CONCURRENCY),
                "capabilities": list(&text(WORD), CAPABILITIES),
                "error": {"maxLength": LARGEST},
                "quota": ids(CAPABILITIES),
            }),
        ),
        (
            "Quota",
            json!({"window": text(WORD), "source": text(WORD), "used_ratio": ratio()}),
        ),
        ("AgentMetrics", json!({"busy_ratio": ratio()})),
        (
            "NewAgent",
            json!({
                "name": agent_name(),
                "title": {"maxLength": WORD, "pattern": WITHOUT_NUL},
                "capabilities": list(&matching(WITHOUT_NUL, WORD), CAPABILITIES),
                "concurrency": from_one(CONCURRENCY),
            }),
        ),
        (
            "Leases",
            json!({"leases": list(&matching(WITHOUT_NUL, LARGEST_BODY), 1000)}),
        ),
        ("LeaseTerms", json!({"id": lease()})),
        (
            "Heartbeat",
            json!({"cancel": list(&text(LARGEST_BODY), 1000), "input": ids(LARGEST)}),
        ),
        (
            "Input",
            json!({
                "question": text_of(1, WORD),
                "text": text(LIMITS.description),
                "option": {"maxLength": OPTION_TEXT},
            }),
        ),
    ]
}

fn of_loops() -> Vec<(&'static str, Value)> {
    let iterations = |most: usize| json!({"maxItems": most, "items": whole(0, u32::MAX)});
    vec![
        (
            "Session",
            json!({
                "session_id": text_of(1, WORD),
                "error": {"maxLength": LARGEST},
                "source": text(LARGEST),
            }),
        ),
        ("SessionStats", json!({"convergence_rate": ratio()})),
        (
            "SessionEvent",
            json!({
                "event_id": text_of(1, WORD),
                "state": text(LARGEST),
                // Capitals may be longer than what they stand for.
                "event_type": text(600),
                "data": anything(),
            }),
        ),
        (
            "Finding",
            json!({
                "fingerprint": matching("^[0-9a-f]{32}$", 32),
                "type": text(2001),
                "area": text(2001),
                "description": text(2001),
            }),
        ),
        (
            "Acceptance",
            json!({"by": text(WORD), "reason": text_of(1, 2000)}),
        ),
        ("AcceptReason", json!({"reason": matching(NOT_BLANK, 2000)})),
        ("IterationMetrics", json!({"steps": ids(4)})),
        (
            "Verdict",
            json!({
                "reason": text(LARGEST),
                "iterations": iterations(4),
                "open": iterations(4),
                "regressed": iterations(4),
            }),
        ),
        (
            "LoopLink",
            json!({"url": text(LARGEST), "error": {"maxLength": LARGEST}}),
        ),
        (
            "LatestState",
            json!({"session_id": {"maxLength": 200}, "logs": {"items": {"type": "object"}}}),
        ),
        (
            "RefusedEvent",
            json!({"event_id": {"maxLength": 200}, "detail": text(LARGEST)}),
        ),
        (
            "SentEvent",
            json!({
                "event_type": matching(NOT_BLANK, 200),
                "session_id": matching(NOT_BLANK, 200),
                "event_id": matching(WITHOUT_NUL, 200),
                "iteration": most(1_000_000_u64),
            }),
        ),
        (
            "EventBatch",
            json!({"session_id": matching(NOT_BLANK, WORD), "events": ids(LARGEST)}),
        ),
    ]
}

/// What is added to types as a whole.
pub(super) fn wholes() -> Vec<(&'static str, Value)> {
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
    let question = json!({"type": ["string", "null"], "maxLength": WORD,
        "description": "The id of the question; whichever is open when absent."});
    json!({
        "type": "object",
        "description": words,
        "required": [field],
        "additionalProperties": false,
        "properties": {field: matching(NOT_BLANK, longest), "question": question},
    })
}
