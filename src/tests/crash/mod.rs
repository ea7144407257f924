//! The program itself, killed again and again in the middle of everything: what it had
//! acknowledged is there afterwards, no task is stuck, and no task had two holders.
//!
//! This needs the program: `cargo build --features ssr --bin kimi-dashboard`, or the path of one
//! in `KIMI_DASHBOARD_BIN`.

mod convergence;
mod ledger;
mod work;

use std::time::Duration;

use futures_util::future::join_all;
use serde_json::json;
use tokio::time::timeout;

use self::ledger::Ledger;
use self::work::Work;
use super::support::{Client, Engine, Place, Program, eventually, on_each_engine};
use crate::domain::{Agent, Task, WaitingCode};
use crate::server::clock::Clock;

on_each_engine!(what_was_acknowledged_survives_a_kill_at_any_moment);

/// The timeout of tasks: a claim whose answer was lost in a crash is taken back after it.
const TIMEOUT_SECONDS: u32 = 3;

async fn what_was_acknowledged_survives_a_kill_at_any_moment(engine: Engine) {
    // PostgreSQL keeps what it was given whatever happens to us; a few rounds show that.
    let rounds = if matches!(engine, Engine::Sqlite) {
        20
    } else {
        6
    };
    let place = Place::new(engine).await;
    let work = Work::in_folder(place.folder());
    let ledger = Ledger::default();
    for round in 0..rounds {
        let program = Program::start(&place).await;
        if round == 0 {
            program.client().register("worker", 8).await;
        }
        let moment = random_moment();
        let busy = Box::pin(work.go_on(program.client(), &ledger));
        // The timer cuts through whatever is under way; that is the point of it.
        let cut = timeout(moment, busy).await;
        assert!(cut.is_err(), "round {round}: the program ended by itself");
        program.kill().await;
    }
    let program = Program::start(&place).await;
    work.finish(program.client(), &ledger).await;
    come_to_rest(program.client()).await;
    ledger.check(program.client()).await;
    work.check_runs();
    // A task that would go on for ever ends with its server: the server, a supervisor, a program.
    let endless = json!({"description": "exec sleep 1000", "agent": "shell"});
    program.client().create(endless).await;
    eventually("three processes run", async || {
        (program.processes() == 3).then_some(())
    })
    .await;
    program.stop().await;
}

/// 50 to 1,050 ms.
fn random_moment() -> Duration {
    let bits = Clock::system().uuid().as_u128() % 1000;
    Duration::from_millis(50 + u64::try_from(bits).unwrap_or(0))
}

/// Has every task end: those that wait between attempts are started now, and those that nobody
/// knows to hold are taken back after their timeout.
async fn come_to_rest(client: &Client) {
    eventually("every task ends", async || {
        let left = "/api/tasks?status=pending&status=running&status=needs_input&limit=1000";
        let left: Vec<Task> = client.get(left).await.expect(200).to();
        let paused = left.iter().filter(|task| {
            let code = task.waiting.first().map(|reason| reason.code);
            code == Some(WaitingCode::RetryBackoff)
        });
        join_all(paused.map(async |task| {
            // Another look may have found it first.
            client
                .post(&format!("/api/tasks/{}/start", task.number), &json!({}))
                .await;
        }))
        .await;
        if left
            .iter()
            .any(|task| task.requested_agent.as_deref() == Some("worker"))
        {
            Work::claim_and_complete(client, left.len()).await;
        }
        left.is_empty().then_some(())
    })
    .await;
    let agents: Vec<Agent> = client.get("/api/agents").await.expect(200).to();
    assert!(
        agents.iter().all(|agent| agent.running.is_empty()),
        "{agents:?}"
    );
}
