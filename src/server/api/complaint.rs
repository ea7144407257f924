//! What is wrong with JSON that is not what was asked for, in our own words: the reader of JSON
//! speaks of types and variants, which the sender never wrote.

use serde::de::{DeserializeOwned, IgnoredAny};
use serde_json::Value;
use serde_path_to_error::{Path, Segment};

use crate::domain::{AppError, Code, DEEPEST, FieldError, Strict, one_of, shortened};

/// More wrong fields than this are not looked for in one body.
const MOST: usize = 30;
/// The longest name and the longest words of others that are quoted within a sentence, in bytes.
const NAME: usize = 80;
const WORDS: usize = 500;

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

/// What is nested deeper than is read, in a body that is JSON all the same.
pub(super) fn too_deep(error: &serde_json::Error, body: &[u8]) -> Option<String> {
    let ends = error.to_string().starts_with("recursion limit exceeded");
    // What is not kept is read however deep it is.
    let is_json = || serde_json::from_slice::<IgnoredAny>(body).is_ok();
    (ends && is_json()).then(|| format!("must be nested at most {DEEPEST} levels deep"))
}

/// The beginning of a path: the field, or the item and its field.
pub(super) fn beginning(path: &Path) -> String {
    let mut segments = path.iter();
    match (segments.next(), segments.next()) {
        (Some(Segment::Map { key }), _) => key.clone(),
        (Some(Segment::Seq { index }), Some(Segment::Map { key })) => format!("[{index}].{key}"),
        _ => "body".to_owned(),
    }
}

/// One thing that is wrong with the value at `path`, which is `.` for the whole.
pub(super) fn wrong(path: &str, error: &serde_json::Error) -> FieldError {
    let said = error.to_string();
    let said = said
        .rsplit_once(" at line ")
        .map_or(&*said, |(words, _)| words);
    // A name that somebody made up may hold anything; ours come last.
    let (before, wanted) = said.rsplit_once(", expected ").unwrap_or((said, ""));
    let (before, known) = (
        before.trim_end_matches(", there are no fields"),
        quoted(wanted),
    );
    let name = before
        .split_once('`')
        .map_or("", |(_, name)| name.strip_suffix('`').unwrap_or(name));
    let about = |message: String| match path {
        "." => FieldError::new(name, message),
        path if path.ends_with(name) => FieldError::new(path, message),
        path => {
            let name = shortened(name.to_owned(), NAME);
            FieldError::new(path, format!("{name} {message}"))
        }
    };
    if said.starts_with("missing field") {
        return about("is required".to_owned());
    }
    if said.starts_with("duplicate field") {
        return about("is given twice".to_owned());
    }
    if said.starts_with("unknown field") {
        return about(match &known[..] {
            [] => "is not known here".to_owned(),
            known => format!("is not known here; there are {}", known.join(", ")),
        });
    }
    let message = if before.starts_with("unknown variant") {
        format!("must be {}", one_of(&known))
    } else if before.starts_with("invalid ") && !wanted.is_empty() {
        format!("must be {}", plain(wanted))
    } else {
        // What our own types say about their text.
        shortened(said.to_owned(), WORDS)
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
    let mut named: Vec<String> = Vec::new();
    let Ok(Value::Object(mut fields)) = serde_json::from_slice(body) else {
        return vec![first];
    };
    for _ in 0..MOST {
        let rest = Strict(Value::Object(fields.clone()));
        let (name, error) = match serde_path_to_error::deserialize::<_, T>(rest) {
            Ok(rest) => {
                let rest = problems(&rest).into_iter();
                found.extend(rest.filter(|it| !named.iter().any(|name| name == top(&it.field))));
                break;
            }
            Err(error) => {
                let wrong = wrong(&error.path().to_string(), error.inner());
                let name = match error.path().iter().next() {
                    Some(Segment::Map { key }) => key.clone(),
                    _ => wrong.field.clone(),
                };
                (name, wrong)
            }
        };
        if fields.remove(&name).is_none() {
            // What is required everywhere is text.
            fields.insert(name.clone(), "x".into());
        }
        if !named.contains(&name) {
            found.push(error);
            named.push(name);
        }
    }
    if found.is_empty() { vec![first] } else { found }
}

/// `labels` of `labels[3].name`.
fn top(field: &str) -> &str {
    field.split(['.', '[']).next().unwrap_or_default()
}
