//! The runs of this server, so that a person's request reaches the one it is about.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

/// How to reach a run.
#[derive(Clone)]
pub(crate) struct RunHandle {
    /// Stop politely, then by force.
    pub(crate) cancel: CancellationToken,
    /// Stop by force, now.
    pub(crate) kill: CancellationToken,
    /// A person's answers.
    pub(crate) input: mpsc::Sender<String>,
}

/// The runs of this server, by task number.
#[derive(Clone, Default)]
pub(crate) struct Runs {
    handles: Arc<Mutex<HashMap<i64, RunHandle>>>,
}

impl Runs {
    pub(crate) fn insert(&self, task: i64, handle: RunHandle) {
        self.handles().insert(task, handle);
    }

    pub(crate) fn remove(&self, task: i64) {
        self.handles().remove(&task);
    }

    /// The run of a task, if it is one of this server's.
    pub(crate) fn get(&self, task: i64) -> Option<RunHandle> {
        self.handles().get(&task).cloned()
    }

    fn handles(&self) -> MutexGuard<'_, HashMap<i64, RunHandle>> {
        self.handles.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
