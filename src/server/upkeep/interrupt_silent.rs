//! A session whose loop has vanished is not shown as running. It revives with its next event.

use std::time::Duration;

use crate::server::state::AppState;
use crate::server::storage::sessions::MarkSilent;
use crate::server::telemetry::chain;

const PERIOD: Duration = Duration::from_secs(1);

/// Looks once a second for running sessions of which nothing was heard for `silence_seconds`,
/// and whose loop is not connected: a step may take long, and nothing is said meanwhile.
pub(crate) async fn interrupt_silent(app: AppState, silence_seconds: u32) {
    let mut ticks = tokio::time::interval(PERIOD);
    loop {
        tokio::select! {
            () = app.stopping.cancelled() => return,
            _ = ticks.tick() => {}
        }
        let heard_before = app.clock.now().plus_seconds(-i64::from(silence_seconds));
        match app.db.has_silent_sessions(heard_before).await {
            Ok(false) => continue,
            Ok(true) => {}
            Err(error) => {
                tracing::warn!(error = chain(&error), "silent sessions were not looked for");
                continue;
            }
        }
        let mark = MarkSilent {
            heard_before,
            connected: app.links.connected_sessions(),
        };
        match app.db.write(mark).await {
            Ok(lost) => {
                for id in lost {
                    tracing::warn!(
                        session.id = id,
                        "session {id} is interrupted: its loop is silent"
                    );
                }
            }
            Err(error) => tracing::error!(error = chain(&error), "silent sessions were not marked"),
        }
    }
}
