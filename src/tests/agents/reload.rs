//! The configuration is read again while the program runs.

use serde_json::json;

use super::said;
use crate::domain::{Agent, AgentStatus, TaskStatus, WaitingCode};
use crate::tests::support::{Client, Engine, MARK, Place, Program, eventually, on_each_engine};

on_each_engine!(agents_are_changed_added_and_removed_while_others_go_on);

fn agent(name: &str, more: &str) -> String {
    format!(
        "[[agent]]\nname = \"{name}\"\nkind = \"process\"\ntakes = \"any\"\n\
         command = [\"bash\", \"-c\", \"{{description}}\"]\npass_env = [\"{MARK}\"]\n{more}\n"
    )
}

async fn seen(client: &Client, name: &str) -> Option<Agent> {
    let answer = client.get(&format!("/api/agents/{name}")).await;
    (answer.status == 200).then(|| answer.to())
}

async fn agents_are_changed_added_and_removed_while_others_go_on(engine: Engine) {
    let place = Place::new(engine).await;
    let file = place.folder().join("dashboard.toml");
    let first = agent("kept", "") + &agent("changed", "") + &agent("gone", "");
    let program = Program::configured(&place, "ws://127.0.0.1:9", &first).await;
    let client = program.client();
    let flag = place.folder().join("flag");
    let waits = format!(
        "echo here; until test -e '{}'; do sleep 0.02; done",
        flag.display()
    );
    for (number, name) in (1..).zip(["kept", "changed", "gone"]) {
        client
            .create(json!({"description": waits, "agent": name}))
            .await;
        said(client, number, "here").await;
    }

    // A file with a mistake changes nothing.
    std::fs::write(&file, agent("kept", "colour = 3")).unwrap();
    program.hang_up();
    let wrong = agent("kept", "") + &agent("changed", "concurrency = 2\nenv = { A = \"b\" }");
    let right = wrong + &agent("new", "");
    std::fs::write(&file, right).unwrap();
    program.hang_up();
    eventually("the new one is there", async || seen(client, "new").await).await;
    let gone = seen(client, "gone").await.expect("it is shown");
    assert_eq!(
        gone.status,
        AgentStatus::Draining,
        "it finishes what it holds"
    );
    assert_eq!(gone.error.as_deref(), Some("removed from dashboard.toml"));
    let changed = seen(client, "changed").await.unwrap();
    assert_eq!(
        (changed.status, changed.concurrency),
        (AgentStatus::Busy, 2)
    );

    client
        .create(json!({"description": "echo \"A is $A\"", "agent": "changed"}))
        .await;
    said(client, 4, "A is b").await;
    client
        .create(json!({"description": "true", "agent": "new"}))
        .await;
    client.until(5, TaskStatus::Completed).await;
    let gone = json!({"description": "x", "agent": "gone"});
    client.post("/api/tasks", &gone).await.invalid("agent");
    client
        .create(json!({"description": "true", "agent": "gone", "agent_may_come": true}))
        .await;
    let waiting = &client.task(6).await.waiting[0];
    assert_eq!(waiting.code, WaitingCode::AgentMissing);
    std::fs::write(&flag, "").unwrap();
    for number in [1, 2, 3] {
        client.until(number, TaskStatus::Completed).await;
    }
    program.stop().await;

    // Also after a restart; and once it is back, what waited for it runs.
    let without = std::fs::read_to_string(&file).unwrap();
    let program = Program::configured(&place, "ws://127.0.0.1:9", &without).await;
    let client = program.client();
    let gone = seen(client, "gone").await.expect("it is shown");
    assert_eq!(gone.status, AgentStatus::Offline);
    assert_eq!(gone.error.as_deref(), Some("removed from dashboard.toml"));
    client
        .post("/api/agents/gone/start", &json!({}))
        .await
        .problem(409);
    std::fs::write(&file, without + &agent("gone", "")).unwrap();
    program.hang_up();
    client.until(6, TaskStatus::Completed).await;
    program.stop().await;
}
