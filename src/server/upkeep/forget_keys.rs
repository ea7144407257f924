//! Keys that make repeated requests recognisable end after a day.

use std::time::Duration;

use crate::server::state::AppState;
use crate::server::storage::ForgetKeys;
use crate::server::telemetry::chain;

const PERIOD: Duration = Duration::from_mins(10);

/// Deletes the keys that have ended, some at a time.
pub(crate) async fn forget_keys(app: AppState) {
    let mut ticks = tokio::time::interval(PERIOD);
    loop {
        tokio::select! {
            () = app.stopping.cancelled() => return,
            _ = ticks.tick() => {}
        }
        let mut more = true;
        while more && !app.stopping.is_cancelled() {
            let now = app.clock.now();
            more = app
                .db
                .write(ForgetKeys { now })
                .await
                .unwrap_or_else(|error| {
                    tracing::warn!(
                        error = chain(&error),
                        "old keys of requests were not deleted"
                    );
                    false
                });
        }
    }
}
