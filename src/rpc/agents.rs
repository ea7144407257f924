//! Agents, as the pages ask for them.

#![expect(
    missing_docs,
    reason = "server functions generate public structs without docs"
)]
#![cfg_attr(
    feature = "ssr",
    expect(
        clippy::unused_async,
        reason = "a server function is async, whatever it waits for"
    )
)]

use leptos::prelude::*;

use crate::domain::{Agent, AgentChoices, AgentFilter, AgentView, AgentsView, AppError, StopMode};
#[cfg(feature = "ssr")]
use crate::server::{operations, reply};

/// The agents page: those that match `filter`, as many as fit.
#[server(prefix = "/rpc", endpoint = "agents/list", input = server_fn::codec::Json)]
pub async fn list(#[server(default)] filter: AgentFilter) -> Result<AgentsView, AppError> {
    let (app, viewer) = reply::viewer()?;
    reply::with_status(operations::views::agents(&app, &viewer, &filter).await)
}

/// The agents that a new task may be given to.
#[server(prefix = "/rpc", endpoint = "agents/choices", input = server_fn::codec::Json)]
pub async fn choices() -> Result<AgentChoices, AppError> {
    let (app, viewer) = reply::viewer()?;
    Ok(operations::views::choices(&app, &viewer))
}

/// The page of one agent.
#[server(prefix = "/rpc", endpoint = "agents/view", input = server_fn::codec::Json)]
pub async fn view(name: String) -> Result<AgentView, AppError> {
    let (app, viewer) = reply::viewer()?;
    reply::with_status(operations::views::agent(&app, &viewer, &name).await)
}

/// Starts a stopped agent, or tries again after an error.
#[server(prefix = "/rpc", endpoint = "agents/start")]
pub async fn start(name: String) -> Result<Agent, AppError> {
    let (app, maintainer) = reply::maintainer()?;
    reply::with_status(operations::agents::start(&app, &maintainer, &name).await)
}

/// Stops an agent: `drain` lets it finish what it holds, `kill` cancels that too.
#[server(prefix = "/rpc", endpoint = "agents/stop")]
pub async fn stop(name: String, mode: StopMode) -> Result<Agent, AppError> {
    let (app, maintainer) = reply::maintainer()?;
    reply::with_status(operations::agents::stop(&app, &maintainer, &name, mode).await)
}

/// Enables the built-in demonstration agent.
#[server(prefix = "/rpc", endpoint = "agents/enable_demo")]
pub async fn enable_demo() -> Result<Agent, AppError> {
    let (app, maintainer) = reply::maintainer()?;
    reply::with_status(operations::agents::enable_demo(&app, &maintainer).await)
}
