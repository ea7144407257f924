//! The database is away while agents run: what they say waits, and nothing of it is lost.

use serde_json::{Value, json};

use crate::domain::TaskStatus;
use crate::server::config::ProcessConfig;
use crate::tests::support::{
    Client, Engine, Place, Proxy, TestApp, WholeTask, configured, eventually, remote,
};

/// Says 500 lines and a result; waits before every hundredth for a file that lets it go on.
const TALKER: &str = r#"
for n in $(seq 500); do
    if test $((n % 100)) = 0; then until test -e "go$n"; do sleep 0.02; done; fi
    echo "line $n"
done
echo '{"result": {"lines": 500}}'
touch ended
"#;

/// A server whose PostgreSQL can be taken away, if there is one here.
async fn server() -> Option<(TestApp, Proxy)> {
    let engine = Engine::postgres()?;
    let Engine::Postgres(url) = &engine else {
        return None;
    };
    let proxy = Proxy::to(url).await;
    let mut place = Place::new(engine).await;
    place.reach_through(proxy.address);
    let talks = ProcessConfig {
        command: ["bash", "-c", "{description}"].map(str::to_owned).to_vec(),
        cwd: Some(place.folder().to_owned()),
        ..ProcessConfig::default()
    };
    let talker = configured("talker", talks);
    let app = TestApp::in_place(place, vec![talker, remote("worker", 1)]).await;
    Some((app, proxy))
}

async fn lines(client: &Client) -> Option<Vec<String>> {
    let log = client.get("/api/tasks/1/logs?limit=1000").await;
    let log: Vec<Value> = (log.status == 200).then(|| log.to())?;
    let lines = log.iter().map(|entry| entry["message"].as_str().unwrap());
    Some(lines.map(str::to_owned).collect())
}

async fn at_least(client: &Client, count: usize) {
    eventually(&format!("{count} lines are stored"), async || {
        lines(client).await.filter(|lines| lines.len() >= count)
    })
    .await;
}

async fn all_is_there(client: &Client) {
    let task = eventually("the task ends", async || {
        let task = client.get("/api/tasks/1").await;
        let task: WholeTask = (task.status == 200).then(|| task.to())?;
        task.status.is_finished().then_some(task)
    })
    .await;
    assert_eq!((task.status, &task.error), (TaskStatus::Completed, &None));
    assert_eq!(task.result, Some(json!({"lines": 500})));
    let expected: Vec<_> = (1..=500).map(|n| format!("line {n}")).collect();
    assert_eq!(lines(client).await.unwrap(), expected);
}

#[tokio::test]
async fn what_an_agent_says_during_an_outage_is_stored_after_it() {
    let Some((app, proxy)) = server().await else {
        return;
    };
    let client = app.client();
    let talker = json!({"description": TALKER, "agent": "talker"});
    client.create(talker).await;
    at_least(client, 99).await;
    proxy.cut();
    for n in (100..=500).step_by(100) {
        std::fs::write(app.folder().join(format!("go{n}")), "").unwrap();
    }
    // The agent has said all and ended before the database is back.
    eventually("the agent has ended", async || {
        app.folder().join("ended").exists().then_some(())
    })
    .await;
    proxy.mend();
    all_is_there(client).await;
}

#[tokio::test]
async fn connections_that_break_again_and_again_lose_and_double_nothing() {
    let Some((app, proxy)) = server().await else {
        return;
    };
    let client = app.client();
    let talker = json!({"description": TALKER, "agent": "talker"});
    client.create(talker).await;
    for n in (100..=500).step_by(100) {
        at_least(client, n - 1).await;
        // In the middle of what follows, and once more.
        std::fs::write(app.folder().join(format!("go{n}")), "").unwrap();
        proxy.cut();
        proxy.mend();
        proxy.cut();
        proxy.mend();
    }
    all_is_there(client).await;
}
