//! Agents that could not be started are tried again by themselves: after a pause that doubles with
//! every failure, and at once when what they lacked appears. So are projects without their folder.

use std::path::PathBuf;
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
        look_for_places(&app).await;
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

/// Gives agents work of projects again whose folder has appeared, or is another one now.
async fn look_for_places(app: &AppState) {
    for (agent, project) in app.board.displaced() {
        let folder = match app.db.project(&Scope::everything(), &project).await {
            Ok(project) => project.folder.map(PathBuf::from),
            // It is gone, and its tasks with it.
            Err(error) if error.is_refusal() => None,
            // The next look asks again.
            Err(_) => continue,
        };
        if app
            .adapters
            .check_project(&agent, folder.as_deref())
            .is_ok()
        {
            app.board.place(&agent, &project);
        }
    }
}
