//! One file per route. A page fetches once on the server and goes on from the feed.

mod agent;
mod agents;
mod convergence;
mod new_task;
mod not_found;
mod projects;
mod roster;
mod rows;
mod task;
mod task_log;
mod task_log_model;
mod task_log_window;
mod task_model;
mod task_timeline;
mod task_whole;
mod tasks;
mod tasks_filters;
mod tasks_model;

pub(crate) use agent::AgentPage;
pub(crate) use agents::AgentsPage;
pub(crate) use convergence::{ConvergencePage, SessionPage};
pub(crate) use new_task::NewTask;
pub(crate) use not_found::NotFoundPage;
pub(crate) use projects::ProjectsPage;
pub(crate) use task::TaskPage;
pub(crate) use tasks::TasksPage;
