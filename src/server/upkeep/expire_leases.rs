//! Moves the lease clock on, ends attempts that nobody carries on, and notices agents that fell
//! silent.

use std::collections::HashMap;
use std::time::Duration;

use tokio::time::MissedTickBehavior;

use crate::domain::{Agent, AgentStatus, Scope};
use crate::server::state::AppState;
use crate::server::storage::tasks::KeepLeases;
use crate::server::telemetry::chain;

const PERIOD: Duration = Duration::from_secs(1);

/// Looks once a second.
pub(crate) async fn expire_leases(app: AppState) {
    let mut shown: HashMap<String, AgentStatus> = HashMap::new();
    let mut ticks = tokio::time::interval(PERIOD);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut stored = true;
    // Until leases are kept again, holders that could not renew theirs are owed some time.
    let mut forgive = false;
    loop {
        tokio::select! {
            () = app.stopping.cancelled() => return,
            _ = ticks.tick() => {}
            () = app.clock.moved() => {}
        }
        // While nothing can be stored, nobody can renew or report, and no time is counted.
        let tick = app.clock.tick(stored);
        forgive |= tick.jumped || !stored;
        app.board
            .pass(app.clock.running(), tick.jumped, app.clock.now());
        app.board.ripen(app.clock.now());
        let counts = app.board.counts(&Scope::everything());
        stored = counts.running + counts.needs_input == 0 || keep(&app, forgive).await;
        forgive &= !stored;
        publish_silent(&app, &mut shown);
    }
}

/// False when the database is away.
async fn keep(app: &AppState, forgive: bool) -> bool {
    let keep = KeepLeases {
        running: app.clock.running(),
        forgive,
        now: app.clock.now(),
    };
    match app.db.write(keep).await {
        Ok(ended) => {
            for stored in ended {
                let number = stored.task.number;
                tracing::warn!(
                    task.number = number,
                    "task #{number} was taken from its holder and is {} now: {}",
                    stored.task.status.label(),
                    stored.task.error.as_deref().unwrap_or("no more is known")
                );
            }
            true
        }
        Err(error) => {
            tracing::error!(
                error = chain(&error),
                "leases cannot be kept; their time stands still"
            );
            false
        }
    }
}

/// An agent goes offline by silence, which no commit announces.
fn publish_silent(app: &AppState, shown: &mut HashMap<String, AgentStatus>) {
    let changed =
        |agent: &Agent| shown.insert(agent.name.clone(), agent.status) != Some(agent.status);
    app.publisher.refresh_agents(changed, app.clock.now());
}
