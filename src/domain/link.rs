//! How one task names another on the wire.

use std::fmt;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::TaskRef;

/// How a task names another on the wire: its number, or text with the number or the id.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(untagged, expecting = "must be the number or the id of a task")]
pub enum TaskLink {
    /// `17`
    Number(i64),
    /// `"17"`, `"#17"` or the id.
    Text(String),
}

impl TaskLink {
    /// The task, if it can be one.
    #[must_use]
    pub fn task(&self) -> Option<TaskRef> {
        match self {
            Self::Number(number) => Some(TaskRef::Number(*number)),
            Self::Text(text) => TaskRef::parse(text.trim()),
        }
    }
}

impl fmt::Display for TaskLink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => write!(f, "#{number}"),
            Self::Text(text) => write!(f, "{text:?}"),
        }
    }
}
