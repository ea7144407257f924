//! What the server owes itself: handing tasks to the agents it runs, and running them.

mod demonstrate;
mod dispatch;
mod patience;
mod run_task;
mod try_again;

pub(crate) use demonstrate::demonstrate;
pub(crate) use dispatch::dispatch;
pub(crate) use try_again::try_agents_again;
