//! A database that cannot grow. A limit on the size of files is as good as a full disk, and
//! needs no rights.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use rustix::process::{Resource, Rlimit, getrlimit, prlimit};
use serde_json::{Value, json};

use super::Running;
use crate::tests::support::{Engine, Place, eventually};

#[tokio::test]
async fn a_full_disk_refuses_what_is_new_until_there_is_room() {
    let place = Place::new(Engine::Sqlite).await;
    // In KiB.
    let limit = "ulimit -S -f 3000";
    let program = Running::try_start(&place, limit, None).await.unwrap();
    let client = &program.client;
    assert_eq!(client.get("/readyz").await.expect(200).text(), "ready\n");
    let task = json!({"description": "x".repeat(50_000), "start_after": "2099-01-01T00:00:00Z"});
    let mut stored = BTreeSet::new();
    let refusal = loop {
        let answer = client.post("/api/tasks", &task).await;
        if answer.status != 201 {
            break answer;
        }
        stored.insert(answer.json()["number"].as_i64().unwrap());
        assert!(stored.len() < 200, "more than fits was stored");
    };
    assert!(!stored.is_empty());
    assert_eq!(refusal.header("retry-after"), "2");
    let problem = refusal.problem(507);
    let detail = problem["detail"].as_str().unwrap();
    assert!(detail.contains("is full; free some space"), "{detail}");

    // Reading goes on, and whoever asks is told.
    let numbers = async || {
        let page: Vec<Value> = client.get("/api/tasks?limit=500").await.expect(200).to();
        let numbers = page.iter().map(|task| task["number"].as_i64().unwrap());
        numbers.collect::<BTreeSet<_>>()
    };
    assert_eq!(numbers().await, stored);
    assert_eq!(client.get("/healthz").await.expect(200).text(), "ok\n");
    let ready = client.get("/readyz").await.problem(503);
    assert!(
        ready["detail"].as_str().unwrap().contains("is full"),
        "{ready}"
    );
    client.post("/api/tasks", &task).await.problem(507);
    assert_eq!(program.times("nothing can be written"), 1, "told once");

    let most = getrlimit(Resource::Fsize).maximum;
    let room = Rlimit {
        current: most,
        maximum: most,
    };
    prlimit(Some(program.pid()), Resource::Fsize, room).unwrap();
    let since = Instant::now();
    let again = eventually("writing goes on by itself", async || {
        let answer = client.post("/api/tasks", &task).await;
        (answer.status == 201).then_some(answer)
    });
    let number = again.await.json()["number"].as_i64().unwrap();
    assert!(since.elapsed() < Duration::from_secs(5));
    stored.insert(number);
    assert_eq!(numbers().await, stored);
    assert_eq!(client.get("/readyz").await.expect(200).text(), "ready\n");
    assert_eq!(program.times("the trouble is over"), 1);
    program.stop().await;
}
