//! When one task moves, the positions and waiting reasons of others change with it. The head
//! of the queue is published again when it looks different, at most four times a second.

use std::time::Duration;

use crate::domain::{Scope, TaskRef};
use crate::server::state::AppState;

/// Tasks whose position is kept fresh; further down it is fresh when a page is loaded.
const HEAD: usize = 50;
const PAUSE: Duration = Duration::from_millis(250);

/// Publishes the head of the queue whenever it changed.
pub(crate) async fn refresh_queue(app: AppState) {
    let mut shuffles = app.board.shuffles();
    loop {
        tokio::select! {
            () = app.stopping.cancelled() => return,
            changed = shuffles.changed() => if changed.is_err() { return },
        }
        tokio::time::sleep(PAUSE).await;
        shuffles.mark_unchanged();
        for number in app.board.stale_head(HEAD, app.clock.now()) {
            // A task that cannot be read now is shown again with the next change.
            let Ok(stored) = app
                .db
                .task(&Scope::everything(), TaskRef::Number(number))
                .await
            else {
                continue;
            };
            app.publisher.refresh(stored, app.clock.now());
        }
    }
}
