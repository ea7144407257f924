//! Ends attempts that nobody carries on, and notices agents that fell silent.

use std::collections::HashMap;
use std::time::Duration;

use crate::domain::{Agent, AgentStatus, Scope};
use crate::server::state::AppState;
use crate::server::storage::tasks::{EndLapsed, Lapse};
use crate::server::telemetry::chain;

/// How long a remote agent may take to confirm that it stopped a cancelled task.
const CANCEL_GRACE_SECONDS: i64 = 30;
const PERIOD: Duration = Duration::from_secs(1);

/// Looks once a second.
pub(crate) async fn expire_leases(app: AppState) {
    let mut shown: HashMap<String, AgentStatus> = HashMap::new();
    let mut ticks = tokio::time::interval(PERIOD);
    loop {
        tokio::select! {
            () = app.stopping.cancelled() => return,
            _ = ticks.tick() => {}
        }
        let counts = app.board.counts(&Scope::everything());
        if counts.running + counts.needs_input > 0 {
            end_overdue(&app).await;
        }
        publish_silent(&app, &mut shown);
    }
}

async fn end_overdue(app: &AppState) {
    let lapse = Lapse::Overdue {
        cancel_grace_seconds: CANCEL_GRACE_SECONDS,
    };
    match app
        .db
        .write(EndLapsed {
            lapse,
            now: app.clock.now(),
        })
        .await
    {
        Ok(ended) => {
            for stored in ended {
                let number = stored.task.number;
                tracing::warn!(
                    task.number = number,
                    "task #{number} was taken from its holder: {}",
                    stored.task.error.as_deref().unwrap_or("cancelled")
                );
            }
        }
        Err(error) => tracing::error!(error = chain(&error), "overdue attempts were not ended"),
    }
}

/// An agent goes offline by silence, which no commit announces.
fn publish_silent(app: &AppState, shown: &mut HashMap<String, AgentStatus>) {
    let changed =
        |agent: &Agent| shown.insert(agent.name.clone(), agent.status) != Some(agent.status);
    app.publisher.refresh_agents(changed, app.clock.now());
}
