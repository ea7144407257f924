//! Agents that could not be started are tried again by themselves: after a pause that doubles with
//! every failure, and at once when what they lacked appears.

use std::time::Duration;

use crate::domain::{AgentStatus, Scope};
use crate::server::state::AppState;
use crate::server::storage::agents::TryAgain;
use crate::server::telemetry::chain;

const PERIOD: Duration = Duration::from_millis(500);

/// Looks twice a second.
pub(crate) async fn try_agents_again(app: AppState) {
    let mut ticks = tokio::time::interval(PERIOD);
    loop {
        tokio::select! {
            () = app.stopping.cancelled() => return,
            _ = ticks.tick() => {}
        }
        for agent in app.board.agents(&Scope::everything(), app.clock.now()) {
            if agent.status != AgentStatus::Error || !app.adapters.is_due(&agent.name) {
                continue;
            }
            let again = TryAgain {
                name: agent.name.clone(),
            };
            // The next look tries again.
            if let Err(error) = app.db.write(again).await {
                tracing::warn!(
                    agent.name,
                    error = chain(&error),
                    "an agent in error was not tried again"
                );
            }
        }
    }
}
