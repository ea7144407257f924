//! Everything native. Who may import whom, from the ground up (held by `tests/tidy.rs`):
//!
//! | layer | may import |
//! | --- | --- |
//! | `config`, `clock`, `telemetry`, `links`, `backoff`, `drafts` | `domain` |
//! | `storage`, `live`, `agents`, `auth` | the row above, not one another |
//! | `converge` | `agents` and the first row |
//! | `queue` | `storage` and the rows above |
//! | `state` | the rows above |
//! | `jobs`, `bridge`, `upkeep` | the rows above |
//! | `operations`, `error` | the rows above except `jobs`, `bridge`, `upkeep` |
//! | `api`, bodies of `rpc` | `operations`, `auth`, `state`, `error`, the socket also `live` |
//! | `router`, `run`, `restore`, `home`, `serve`, `assets` | everything |

pub(crate) mod agents;
mod api;
mod assets;
pub(crate) mod auth;
pub(crate) mod backoff;
mod bridge;
pub(crate) mod clock;
pub(crate) mod config;
pub mod converge;
pub(crate) mod drafts;
mod error;
mod home;
mod jobs;
pub(crate) mod links;
pub(crate) mod live;
pub(crate) mod operations;
pub(crate) mod queue;
mod restore;
mod router;
pub(crate) mod run;
pub(crate) mod serve;
pub(crate) mod state;
pub(crate) mod storage;
mod telemetry;
mod upkeep;

use std::io::Write;
use std::process::ExitCode;

use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

/// The program: reads the configuration, serves until it is told to stop, and answers the
/// exit status (0 stopped, 1 could not start, 2 wrong configuration).
pub fn main() -> ExitCode {
    let mut words = std::env::args_os().skip(1);
    // A supervisor is this program under another name: small, and gone with its task.
    if words.next().is_some_and(|word| word == "supervise") {
        return agents::supervisor::main(words);
    }
    let config = match config::load(std::env::args_os()) {
        Ok(config) => config,
        Err(exit) => return exit.report(),
    };
    telemetry::start(config.log_format);
    // A page is rendered in one go: with few workers, a long one would hold up the others.
    let workers = std::thread::available_parallelism().map_or(4, |n| n.get().max(4));
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(workers)
        .enable_all()
        .build();
    let outcome = runtime
        .map_err(|error| error.to_string())
        .and_then(|runtime| {
            runtime.block_on(async {
                let stopping = CancellationToken::new();
                let served = run::run(config, stopping.clone(), announce);
                tokio::pin!(served);
                tokio::select! {
                    served = &mut served => return served.map_err(|error| error.to_string()),
                    () = asked_to_stop() => stopping.cancel(),
                }
                served.await.map_err(|error| error.to_string())
            })
        });
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(words) => {
            let _closed = writeln!(std::io::stderr(), "kimi-dashboard: {words}");
            ExitCode::from(2)
        }
    }
}

/// The one line on standard output.
fn announce(address: std::net::SocketAddr) {
    let mut out = std::io::stdout();
    let _closed = writeln!(out, "listening on http://{address}").and_then(|()| out.flush());
}

async fn asked_to_stop() {
    let (Ok(mut interrupt), Ok(mut terminate)) = (
        signal(SignalKind::interrupt()),
        signal(SignalKind::terminate()),
    ) else {
        return std::future::pending().await;
    };
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
}
