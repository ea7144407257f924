//! What is wrong with JSON that is not what was asked for, in our own words: the reader of JSON
//! speaks of types and variants, which the sender never wrote.

use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::domain::{AppError, ClientFrame, Code, FieldError, Topic};

/// More wrong fields than this are not looked for in one body.
const MOST: usize = 30;

/// The body cannot be read at all.
pub(super) fn malformed(error: &serde_json::Error) -> AppError {
    let (line, column) = (error.line(), error.column());
    let detail = if error.is_eof() && column == 0 {
        "the body is empty; send JSON".to_owned()
    } else if error.is_eof() {
        format!("the body is not JSON: it ends too early, at line {line}, column {column}")
    } else {
        format!("the body is not JSON: see line {line}, column {column}")
    };
    AppError::new(Code::MalformedJson, detail)
}

/// One thing that is wrong with the value at `path`, which is `.` for the whole.
pub(super) fn wrong(path: &str, error: &serde_json::Error) -> FieldError {
    let said = error.to_string();
    let said = said
        .rsplit_once(" at line ")
        .map_or(&*said, |(words, _)| words);
    let names = quoted(said);
    let name = names.first().copied().unwrap_or_default();
    let about = |message: String| match path {
        "." => FieldError::new(name, message),
        path if path.ends_with(name) => FieldError::new(path, message),
        path => FieldError::new(path, format!("{name} {message}")),
    };
    if said.starts_with("missing field") {
        return about("is required".to_owned());
    }
    if said.starts_with("duplicate field") {
        return about("is given twice".to_owned());
    }
    if said.starts_with("unknown field") {
        return about(match &names[1..] {
            [] => "is not known here".to_owned(),
            known => format!("is not known here; there are {}", known.join(", ")),
        });
    }
    let message = match said.split_once(", expected ") {
        Some((before, _)) if before.starts_with("unknown variant") => match &names[1..] {
            [one] => format!("must be {one}"),
            [one, other] => format!("must be {one} or {other}"),
            several => format!("must be one of {}", several.join(", ")),
        },
        Some((before, wanted)) if before.starts_with("invalid ") => {
            format!("must be {}", plain(wanted))
        }
        // What our own types say about their text.
        _ => said.to_owned(),
    };
    let field = if path == "." { "body" } else { path };
    FieldError::new(field, message)
}

/// The words between backticks.
fn quoted(text: &str) -> Vec<&str> {
    text.split('`').skip(1).step_by(2).collect()
}

/// A type as a person would call it.
fn plain(wanted: &str) -> &str {
    match wanted {
        "a string" | "string" | "a borrowed string" => "text",
        "a sequence" => "a list",
        "a map" => "an object",
        "a boolean" => "true or false",
        "f64" | "f32" => "a number",
        "i64" | "i32" => "a whole number",
        "u8" | "u16" | "u32" | "u64" | "usize" => "a whole number that is not negative",
        "string or map" => "one of its words",
        wanted if wanted.starts_with("struct ") => "an object",
        wanted => wanted,
    }
}

/// Everything that is wrong with `body`, of which `first` is known: fields are taken out, or
/// filled in, until the rest can be read; then `problems` judges the rest.
pub(super) fn all<T: DeserializeOwned>(
    body: &[u8],
    first: FieldError,
    problems: impl Fn(&T) -> Vec<FieldError>,
) -> Vec<FieldError> {
    let mut found: Vec<FieldError> = Vec::new();
    let Ok(Value::Object(mut fields)) = serde_json::from_slice(body) else {
        return vec![first];
    };
    for _ in 0..MOST {
        let rest = Value::Object(fields.clone());
        let error = match serde_path_to_error::deserialize::<_, T>(rest) {
            Ok(rest) => {
                let rest = problems(&rest).into_iter();
                let named: Vec<String> = found.iter().map(|it| top(&it.field).into()).collect();
                found.extend(rest.filter(|it| !named.iter().any(|name| name == top(&it.field))));
                break;
            }
            Err(error) => wrong(&error.path().to_string(), error.inner()),
        };
        let name = top(&error.field).to_owned();
        if fields.remove(&name).is_none() {
            // What is required everywhere is text.
            fields.insert(name.clone(), "x".into());
        }
        if found.iter().all(|other| top(&other.field) != name) {
            found.push(error);
        }
    }
    if found.is_empty() { vec![first] } else { found }
}

/// `labels` of `labels[3].name`.
fn top(field: &str) -> &str {
    field.split(['.', '[']).next().unwrap_or_default()
}

/// Reads what a client of the feed says.
pub(super) fn client_frame(text: &str) -> Result<ClientFrame, String> {
    serde_json::from_str(text).map_err(|_| about_frame(text))
}

const ACTIONS: &str = "ping, subscribe, unsubscribe or progress";

fn about_frame(text: &str) -> String {
    let Ok(Value::Object(frame)) = serde_json::from_str(text) else {
        return "a frame is one JSON object such as {\"action\": \"ping\"}".to_owned();
    };
    let mut problems = Vec::new();
    let mut check = |name: &str, required: bool, fits: fn(&Value) -> bool, words: &str| {
        let absent = |value: &&Value| value.is_null() && !required;
        match frame.get(name).filter(|value| !absent(value)) {
            Some(value) if !fits(value) => problems.push(format!("{name} must be {words}")),
            None if required => problems.push(format!("{name} is required")),
            _ => {}
        }
    };
    match frame.get("action").and_then(Value::as_str) {
        Some("subscribe" | "unsubscribe") => {
            let words = "a list of tasks, agents, activity, sessions, logs or logs:<task id>";
            check("topics", true, are_topics, words);
            check("epoch", false, Value::is_string, "text");
            let words = "a whole number that is not negative";
            check("since", false, Value::is_u64, words);
        }
        Some("progress") => {
            check("task_id", true, Value::is_string, "text");
            check("progress", false, Value::is_number, "a number from 0 to 1");
            check("message", false, Value::is_string, "text");
            check("lease", false, Value::is_string, "text");
        }
        Some("ping") => {}
        Some(_) => problems.push(format!("action must be {ACTIONS}")),
        None => problems.push(format!("action is required: {ACTIONS}")),
    }
    if problems.is_empty() {
        problems.push("the frame cannot be read".to_owned());
    }
    problems.join("; ")
}

fn are_topics(value: &Value) -> bool {
    let is_topic = |topic: &Value| topic.as_str().is_some_and(|it| Topic::parse(it).is_some());
    value.as_array().is_some_and(|all| all.iter().all(is_topic))
}
