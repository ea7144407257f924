//! What the server owes itself: handing tasks to the agents it runs, and running them.

mod demonstrate;
mod dispatch;
mod run_task;

pub(crate) use demonstrate::demonstrate;
pub(crate) use dispatch::dispatch;
