//! Hands ready tasks to the agents that this server runs, as slots become free.

use std::sync::Arc;
use std::time::Duration;

use tokio_util::task::TaskTracker;

use super::run_task::{RunTask, run_task};
use crate::domain::{AgentKind, Scope};
use crate::server::agents::Adapter;
use crate::server::queue::claim;
use crate::server::state::AppState;
use crate::server::telemetry::chain;

/// Dispatches until the server stops, then waits for the runs, which stop as well.
pub(crate) async fn dispatch(app: AppState, node: Arc<str>) {
    let runs = TaskTracker::new();
    let mut opportunities = app.board.opportunities();
    // While nothing can be written, nothing new is begun.
    while app
        .stopping
        .run_until_cancelled(app.db.health().writable())
        .await
        .is_some()
    {
        opportunities.mark_unchanged();
        for agent in app.board.agents(&Scope::everything(), app.clock.now()) {
            let adapter = match agent.kind {
                AgentKind::Remote => None,
                AgentKind::Process => app.adapters.get(&agent.name),
                AgentKind::Fake => app
                    .adapters
                    .get(&agent.name)
                    .or_else(|| Some(app.adapters.demo())),
            };
            if let Some((adapter, timeout)) = adapter.filter(|_| agent.status.takes_tasks()) {
                let work = Work {
                    app: &app,
                    node: &node,
                    name: &agent.name,
                    timeout,
                };
                work.hand_out(&adapter, &runs).await;
            }
        }
        tokio::select! {
            () = app.stopping.cancelled() => {}
            // Others wait for it, too: agents that run elsewhere.
            () = until_next_moment(&app) => app.board.ripen(app.clock.now()),
            _ = opportunities.changed() => {}
        }
    }
    runs.close();
    runs.wait().await;
}

struct Work<'a> {
    app: &'a AppState,
    node: &'a Arc<str>,
    name: &'a str,
    timeout: u32,
}

impl Work<'_> {
    /// Gives the agent tasks until it is full or nothing is left for it.
    async fn hand_out(&self, adapter: &Arc<Adapter>, runs: &TaskTracker) {
        let app = self.app;
        loop {
            let node = Some(&**self.node);
            match claim(
                &app.db,
                &app.board,
                app.clock,
                self.name,
                self.timeout,
                node,
            )
            .await
            {
                Ok(Some(claimed)) => {
                    let run = RunTask::new(app.clone(), Arc::clone(adapter), claimed);
                    runs.spawn(run_task(run));
                }
                Ok(None) => return,
                Err(error) => {
                    tracing::error!(
                        agent.name = self.name,
                        error = chain(&error),
                        "a task could not be claimed"
                    );
                    return;
                }
            }
        }
    }
}

/// Returns when a delayed task becomes ready; at the latest after a minute, so that a clock
/// that was set is noticed.
async fn until_next_moment(app: &AppState) {
    let seconds = app
        .board
        .next_moment()
        .map_or(60.0, |moment| moment.seconds_since(app.clock.now()));
    tokio::time::sleep(Duration::from_secs_f64(seconds.clamp(0.001, 60.0))).await;
}
