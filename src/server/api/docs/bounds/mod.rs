//! What texts, lists and numbers may hold, by type and field: from the constants that the rules
//! themselves use.

mod agents;
mod convergence;
mod tasks;
mod wholes;

use serde_json::{Value, json};

pub(super) use self::wholes::wholes;
use crate::domain::{LARGEST_BATCH, LONGEST_NAME};

/// No text is longer than what a request, a line of an agent or a frame of a loop can bring.
pub(super) const LARGEST: usize = LARGEST_BATCH;

pub(super) const WITHOUT_NUL: &str = "^[^\\x00]*$";
const NOT_BLANK: &str = "^[^\\x00]*[^\\s\\x00][^\\x00]*$";
const ONE_LINE: &str = "^[^\\x00-\\x1f\\x7f-\\x9f]*$";
const NOT_BLANK_LINE: &str =
    "^[^\\x00-\\x1f\\x7f-\\x9f]*[^\\s\\x00-\\x1f\\x7f-\\x9f][^\\x00-\\x1f\\x7f-\\x9f]*$";
/// What a word or a label begins and ends with is no blank.
const TRIMMED: &str =
    "^[^\\s\\x00-\\x1f\\x7f-\\x9f]([^\\x00-\\x1f\\x7f-\\x9f]*[^\\s\\x00-\\x1f\\x7f-\\x9f])?$";
const LABEL: &str = "^[^\\s\\x00-\\x1f\\x7f-\\x9f,\"\\\\]([^\\x00-\\x1f\\x7f-\\x9f,\"\\\\]*[^\\s\\x00-\\x1f\\x7f-\\x9f,\"\\\\])?$";
const MONEY: &str = "^[0-9]{1,13}\\.[0-9]{2,6}$";
const MONEY_SENT: &str = "^[0-9]{1,9}(\\.[0-9]{1,6})?$";

/// An object in which anybody may put anything.
fn open() -> Value {
    json!({"additionalProperties": true, "propertyNames": null})
}

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

fn text_in(least: usize, most: usize, pattern: &str) -> Value {
    json!({"type": "string", "minLength": least, "maxLength": most, "pattern": pattern})
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
    [tasks::bounds(), agents::bounds(), convergence::bounds()].concat()
}
