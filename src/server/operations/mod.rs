//! What can be asked of the system. Doors (server functions, REST, the socket) call these and
//! nothing below; each takes a proof that the caller may.

pub(crate) mod activity;
pub(crate) mod agents;
pub(crate) mod charts;
pub(crate) mod convergence;
pub(crate) mod findings;
mod fitting;
pub(crate) mod forms;
pub(crate) mod intake;
pub(crate) mod logs;
pub(crate) mod projects;
mod rows;
pub(crate) mod sessions;
pub(crate) mod task_page;
pub(crate) mod tasks;
pub(crate) mod views;
pub(crate) mod worker;
