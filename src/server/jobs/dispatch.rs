//! Hands ready tasks to the agents that this server runs, as slots become free.

use std::sync::Arc;
use std::time::Duration;

use tokio_util::task::TaskTracker;

use super::run_task::{RunTask, run_task};
use crate::domain::{AgentKind, AgentSource, Scope};
use crate::server::agents::Runner;
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
        let mut failed = false;
        for agent in app.board.agents(&Scope::everything(), app.clock.now()) {
            let runner = match (agent.kind, agent.source) {
                (AgentKind::Remote | AgentKind::External, _) => None,
                (AgentKind::Fake, AgentSource::Page) => Some(app.adapters.demo()),
                (AgentKind::Process | AgentKind::Fake, _) => app.adapters.get(&agent.name),
            };
            if let Some(runner) = runner.filter(|_| agent.status.takes_tasks()) {
                let work = Work {
                    app: &app,
                    node: &node,
                    name: &agent.name,
                };
                failed |= !work.hand_out(&runner, &runs).await;
            }
        }
        tokio::select! {
            () = app.stopping.cancelled() => {}
            // Others wait for it, too: agents that run elsewhere.
            () = until_next_moment(&app, failed) => app.board.ripen(app.clock.now()),
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
}

impl Work<'_> {
    /// Gives the agent tasks until it is full or nothing is left for it; false when the database
    /// is away.
    async fn hand_out(&self, runner: &Runner, runs: &TaskTracker) -> bool {
        let app = self.app;
        loop {
            let node = Some(&**self.node);
            match claim(
                &app.db,
                &app.board,
                app.clock,
                self.name,
                runner.timeout_seconds,
                node,
            )
            .await
            {
                Ok(Some(claimed)) => {
                    let run = RunTask::new(app.clone(), runner.clone(), claimed);
                    runs.spawn(run_task(run));
                }
                Ok(None) => return true,
                Err(error) => {
                    tracing::error!(
                        agent.name = self.name,
                        error = chain(&error),
                        "a task could not be claimed"
                    );
                    return false;
                }
            }
        }
    }
}

/// Returns when a delayed task becomes ready; at the latest after a minute, so that a clock
/// that was set is noticed, and after a second when a task could not be handed out.
async fn until_next_moment(app: &AppState, failed: bool) {
    let longest = if failed { 1.0 } else { 60.0 };
    let seconds = app
        .board
        .next_moment()
        .map_or(longest, |moment: crate::domain::Timestamp| {
            moment.seconds_since(app.clock.now())
        });
    tokio::time::sleep(Duration::from_secs_f64(seconds.clamp(0.001, longest))).await;
}
