//! Follows convergence loops: one task for each, which comes back for ever. A loop's server
//! lives only as long as the loop, so being refused is the ordinary state of things.

pub(crate) mod client;
mod intake;
mod pauses;

use std::time::Duration;

use tokio_util::sync::CancellationToken;

use self::client::Client;
use self::intake::Intake;
use self::pauses::{Attempt, LASTED, Pauses, in_words};
use crate::server::links::Link;
use crate::server::state::AppState;

/// After so long without a frame the loop is sent a ping, so that whoever stands between us knows
/// that the connection is in use. A loop whose only thread is busy with a step cannot answer, and
/// has no second copy of what it says next: it is waited for as long as TCP finds its machine.
const PING: Duration = Duration::from_secs(30);

/// Follows the loop at `url` until the server stops.
pub(crate) async fn follow_loop(app: AppState, url: String, link: Link) {
    let stopping: CancellationToken = app.stopping.clone();
    let mut pauses = Pauses::default();
    while !stopping.is_cancelled() {
        let (attempt, ended) = tokio::select! {
            () = stopping.cancelled() => return,
            ended = follow_once(&app, &url, &link, &mut pauses) => ended,
        };
        let words = in_words(attempt, ended);
        if pauses.is_news(&words) {
            tracing::info!(loop.url = link.url(), "no connection to the loop at {}: {words}", link.url());
        }
        link.disconnected(words, app.clock.now());
        let pause = pauses.after(attempt, app.clock.chance());
        tokio::select! {
            () = stopping.cancelled() => return,
            () = tokio::time::sleep(pause) => {}
        }
    }
}

/// Connects and listens; answers what that came to and why it ended.
async fn follow_once(
    app: &AppState,
    url: &str,
    link: &Link,
    pauses: &mut Pauses,
) -> (Attempt, String) {
    let mut client = match Box::pin(Client::connect(url, PING)).await {
        Ok(client) => client,
        Err(error) => return (Attempt::Refused, error),
    };
    link.connected(app.clock.now());
    let mut intake = Intake::new(app, link);
    let mut attempt = Attempt::Empty;
    let lasts = tokio::time::sleep(LASTED);
    tokio::pin!(lasts);
    loop {
        let heard = tokio::select! {
            heard = client.next() => Some(heard),
            () = &mut lasts, if attempt != Attempt::Useful => None,
        };
        let mut new = 0;
        match heard {
            None => {
                if attempt == Attempt::Empty {
                    connected(link);
                }
                attempt = Attempt::Useful;
                pauses.reset();
            }
            Some(Ok(frame)) => {
                intake.add(frame);
                while intake.has_room()
                    && let Some(frame) = client.next_if_ready()
                {
                    intake.add(frame);
                }
                match intake.store().await {
                    Some(stored) => new = stored,
                    None => return (attempt, "the server is stopping".to_owned()),
                }
            }
            Some(Err(error)) => {
                if error.is_malformed {
                    intake.refuse("", &error.words);
                }
                return (attempt, error.words);
            }
        }
        // Until it lasts it may be one of a series that is told once.
        if new > 0 && attempt == Attempt::Empty {
            attempt = Attempt::Brief;
            if pauses.is_news("connected") {
                connected(link);
            }
        }
    }
}

fn connected(link: &Link) {
    tracing::info!(loop.url = link.url(), "connected to the loop at {}", link.url());
}
