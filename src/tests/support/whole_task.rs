//! A single task, as a client reads it.

use std::ops::Deref;

use serde::Deserialize;
use serde_json::{Map, Value};

use crate::domain::Task;

/// What lists have, and what they leave out.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub(crate) struct WholeTask {
    #[serde(flatten)]
    task: Task,
    pub(crate) description: String,
    pub(crate) result: Option<Value>,
    pub(crate) metadata: Map<String, Value>,
}

impl Deref for WholeTask {
    type Target = Task;

    fn deref(&self) -> &Task {
        &self.task
    }
}
