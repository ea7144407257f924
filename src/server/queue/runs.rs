//! The runs of this server, so that a person's request reaches the attempt that it is about.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;

use crate::domain::Answer;

/// How to reach a run.
#[derive(Clone)]
pub(crate) struct RunHandle {
    /// Stop politely, then by force.
    pub(crate) cancel: CancellationToken,
    /// Stop by force, now.
    pub(crate) kill: CancellationToken,
    /// A person's answers. There is one for each question, so they do not pile up.
    pub(crate) input: mpsc::UnboundedSender<Answer>,
    /// True while the task waits for a person.
    pub(crate) asking: watch::Sender<bool>,
}

/// The runs of this server, by lease: another attempt of the same task has another.
#[derive(Clone, Default)]
pub(crate) struct Runs {
    handles: Arc<Mutex<HashMap<String, RunHandle>>>,
}

impl Runs {
    pub(crate) fn insert(&self, lease: &str, handle: RunHandle) {
        self.handles().insert(lease.to_owned(), handle);
    }

    pub(crate) fn remove(&self, lease: &str) {
        self.handles().remove(lease);
    }

    /// The run of this lease, if it is one of this server's.
    pub(crate) fn get(&self, lease: &str) -> Option<RunHandle> {
        self.handles().get(lease).cloned()
    }

    fn handles(&self) -> MutexGuard<'_, HashMap<String, RunHandle>> {
        self.handles.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
