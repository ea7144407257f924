//! A worker that is gone when its claim is answered holds up nothing.

use serde_json::json;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::task::yield_now;

use crate::domain::{AgentStatus, TaskStatus, Timestamp};
use crate::server::clock::Clock;
use crate::tests::support::{Engine, TestApp, eventually, on_each_engine, remote};

on_each_engine!(
    a_claim_that_is_cut_costs_no_attempt_and_no_place,
    a_claim_that_is_given_up_takes_nothing,
);

const NOW: Timestamp = Timestamp(1_800_000_000_000_000);
const CUTS: i64 = 60;

/// A claim that waits for a task, on a connection of its own.
async fn claiming(app: &TestApp) -> TcpStream {
    let mut stream = TcpStream::connect(app.address()).await.unwrap();
    let request = "POST /api/agents/worker/claim?wait=30 HTTP/1.1\r\nhost: localhost\r\n\
        content-length: 0\r\n\r\n";
    stream.write_all(request.as_bytes()).await.unwrap();
    stream
}

async fn a_claim_that_is_cut_costs_no_attempt_and_no_place(engine: Engine) {
    let clock = Clock::manual(NOW);
    let app = TestApp::at(clock, engine, vec![remote("worker", 1000)]).await;
    let client = app.client();
    for n in 0..CUTS {
        let stream = claiming(&app).await;
        client.create(json!({"description": "x"})).await;
        // Nearer to and further from the answer.
        for _ in 0..n {
            yield_now().await;
        }
        drop(stream);
    }
    // What the kernel took before it knew comes back when the lease has run out.
    eventually("every task is in its place", async || {
        clock.run_on(61);
        clock.noticed().await;
        let held = client.get("/api/tasks?status=running&limit=1000").await;
        held.expect(200)
            .json()
            .as_array()
            .unwrap()
            .is_empty()
            .then_some(())
    })
    .await;
    for number in 1..=CUTS {
        let task = client.task(number).await;
        let found = (task.status, task.attempt, task.queue_position);
        let place = u64::try_from(number).unwrap();
        assert_eq!(
            found,
            (TaskStatus::Pending, 1, Some(place)),
            "{:?}",
            task.error
        );
    }
    for number in 1..=CUTS {
        let (task, lease) = client.claim("worker").await;
        assert_eq!((task.number, task.attempt), (number, 1));
        let done = json!({"status": "completed"});
        let path = number.to_string();
        client.report(&path, &lease, &done).await.expect(200);
    }
}

async fn a_claim_that_is_given_up_takes_nothing(engine: Engine) {
    let app = TestApp::on(engine, vec![remote("worker", 1)]).await;
    let client = app.client();
    let status = async || {
        let agent = client.get("/api/agents/worker").await.expect(200);
        agent.to::<crate::domain::Agent>().status
    };
    let stream = claiming(&app).await;
    eventually("it is heard of", async || {
        (status().await == AgentStatus::Idle).then_some(())
    })
    .await;
    drop(stream);
    client.create(json!({"description": "x"})).await;
    eventually("the task is in its place", async || {
        let task = client.task(1).await;
        (task.status == TaskStatus::Pending && task.queue_position == Some(1)).then_some(())
    })
    .await;
}
