//! Follows convergence loops: one task for each, which comes back for ever. A loop's server
//! lives only as long as the loop, so being refused is the ordinary state of things.

mod client;
mod intake;

use tokio_util::sync::CancellationToken;

use self::client::Client;
use self::intake::Intake;
use crate::server::backoff::Backoff;
use crate::server::links::Link;
use crate::server::state::AppState;

/// Follows the loop at `url` until the server stops.
pub(crate) async fn follow_loop(app: AppState, url: String, link: Link) {
    let stopping: CancellationToken = app.stopping.clone();
    let mut backoff = Backoff::default();
    while !stopping.is_cancelled() {
        let ended = tokio::select! {
            () = stopping.cancelled() => return,
            ended = follow_once(&app, &url, &link, &mut backoff) => ended,
        };
        if link.disconnected(ended.clone(), app.clock.now()) {
            tracing::info!(loop.url = link.url(), "no connection to the loop at {}: {ended}", link.url());
        }
        let pause = backoff.next(app.clock.chance());
        tokio::select! {
            () = stopping.cancelled() => return,
            () = tokio::time::sleep(pause) => {}
        }
    }
}

/// Connects and listens; answers why that ended.
async fn follow_once(app: &AppState, url: &str, link: &Link, backoff: &mut Backoff) -> String {
    let mut client = match Box::pin(Client::connect(url)).await {
        Ok(client) => client,
        Err(error) => return error,
    };
    link.connected(app.clock.now());
    tracing::info!(loop.url = link.url(), "connected to the loop at {}", link.url());
    let mut intake = Intake::new(app, link);
    loop {
        match client.next().await {
            Ok(frame) => {
                // Somebody is there who speaks; a server that closes at once is left alone longer.
                backoff.reset();
                intake.add(frame);
                while intake.has_room()
                    && let Some(frame) = client.next_if_ready()
                {
                    intake.add(frame);
                }
                if !intake.store().await {
                    return "the server is stopping".to_owned();
                }
            }
            Err(error) => {
                if error.is_malformed {
                    intake.refuse("", &error.words);
                }
                return error.words;
            }
        }
    }
}
