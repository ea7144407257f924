//! Agents, as the pages ask for them.

#![expect(
    missing_docs,
    reason = "server functions generate public structs without docs"
)]

use leptos::prelude::*;

use crate::domain::{Agent, AgentView, AgentsView, AppError, StopMode};
#[cfg(feature = "ssr")]
use crate::server::{operations, reply, state};

/// The agents page.
#[server(prefix = "/rpc", endpoint = "agents/list", input = server_fn::codec::Json)]
pub async fn list() -> Result<AgentsView, AppError> {
    let (app, viewer) = state::viewer()?;
    reply::with_status(operations::views::agents(&app, &viewer).await)
}

/// The page of one agent.
#[server(prefix = "/rpc", endpoint = "agents/view", input = server_fn::codec::Json)]
pub async fn view(name: String) -> Result<AgentView, AppError> {
    let (app, viewer) = state::viewer()?;
    reply::with_status(operations::views::agent(&app, &viewer, &name).await)
}

/// Starts a stopped agent, or tries again after an error.
#[server(prefix = "/rpc", endpoint = "agents/start")]
pub async fn start(name: String) -> Result<Agent, AppError> {
    let (app, maintainer) = state::maintainer()?;
    reply::with_status(operations::agents::start(&app, &maintainer, &name).await)
}

/// Stops an agent: `drain` lets it finish what it holds, `kill` cancels that too.
#[server(prefix = "/rpc", endpoint = "agents/stop")]
pub async fn stop(name: String, mode: StopMode) -> Result<Agent, AppError> {
    let (app, maintainer) = state::maintainer()?;
    reply::with_status(operations::agents::stop(&app, &maintainer, &name, mode).await)
}

/// Enables the built-in demonstration agent.
#[server(prefix = "/rpc", endpoint = "agents/enable_demo")]
pub async fn enable_demo() -> Result<Agent, AppError> {
    let (app, maintainer) = state::maintainer()?;
    reply::with_status(operations::agents::enable_demo(&app, &maintainer).await)
}
