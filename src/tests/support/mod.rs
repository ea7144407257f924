//! What all tests of the whole need: a server, its doors, and a way to wait for a state.

mod agents;
mod app;
mod client;
mod database;
mod frame;
mod loop_server;
mod program;
mod proxy;
mod socket;
mod whole_task;

use std::fmt::Debug;
use std::time::Duration;

use tokio::time::{Instant, interval, timeout_at};

pub(super) use agents::{configured, fake, process, remote, shell};
pub(super) use app::TestApp;
pub(super) use client::{Answer, Client};
pub(super) use database::{Engine, Place};
pub(super) use frame::Frame;
pub(super) use loop_server::LoopServer;
pub(super) use program::{MARK, Program, binary, nothing_is_left, processes};
pub(super) use proxy::Proxy;
pub(super) use socket::{Socket, seq_of};
pub(super) use whole_task::WholeTask;

/// Far longer than anything here takes, so that a hang is a failure.
pub(super) const PATIENCE: Duration = Duration::from_secs(20);

/// Looks until there is something to see. The only thing here that waits for time to pass.
pub(super) async fn eventually<T>(what: &str, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + PATIENCE;
    let mut ticks = interval(Duration::from_millis(20));
    loop {
        ticks.tick().await;
        match timeout_at(deadline, look()).await {
            Ok(Some(seen)) => return seen,
            Ok(None) if Instant::now() < deadline => {}
            _ => panic!(
                "this did not happen within {} s: {what}",
                PATIENCE.as_secs()
            ),
        }
    }
}

/// Looks until both are the same, and shows how they differ if that never happens.
pub(super) async fn eventually_equal<T: PartialEq + Debug>(
    what: &str,
    mut look: impl AsyncFnMut() -> (T, T),
) {
    let deadline = Instant::now() + PATIENCE;
    let mut ticks = interval(Duration::from_millis(20));
    loop {
        ticks.tick().await;
        let (left, right) = look().await;
        if left == right {
            return;
        }
        if Instant::now() > deadline {
            assert_eq!(left, right, "{what}");
        }
    }
}

/// Has every test run on SQLite, and on PostgreSQL where `TEST_POSTGRES_URL` names one.
macro_rules! on_each_engine {
    ($($test:ident),+ $(,)?) => {
        mod on_sqlite {
            $(#[tokio::test]
            async fn $test() {
                Box::pin(super::$test($crate::tests::support::Engine::Sqlite)).await;
            })+
        }
        mod on_postgres {
            $(#[tokio::test]
            async fn $test() {
                if let Some(engine) = $crate::tests::support::Engine::postgres() {
                    Box::pin(super::$test(engine)).await;
                }
            })+
        }
    };
}
pub(super) use on_each_engine;
