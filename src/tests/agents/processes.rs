//! Any command line is an agent, and nothing of it is left when it has to end.

use std::fmt::Write;

use serde_json::{Value, json};

use super::{exists, pid, said};
use crate::domain::{Agent, AgentStatus, LogStream, TaskStatus};
use crate::server::config::{AgentConfig, ProcessConfig};
use crate::tests::support::{TestApp, configured, eventually, process, shell};

/// Two processes that name themselves and go on until they are ended.
const TREE: &str = "sh -c 'echo child $$; exec sleep 1000' & echo parent $$; wait";

#[tokio::test]
async fn a_command_line_counts_the_words_of_a_folder() {
    let folder = tempfile::tempdir().unwrap();
    let mut words = 0;
    for file in 1..=5 {
        let mut text = String::new();
        for word in 0..file * 100 {
            write!(text, "word{word} ").unwrap();
            words += 1;
        }
        std::fs::write(folder.path().join(format!("file {file}.txt")), text).unwrap();
    }
    let script = r#"n=0; for f in "$TASK_DESCRIPTION"/*; do
        n=$((n + $(wc -w < "$f"))); echo "read $f"; echo "::progress 0.5 still counting"
        done; echo "{\"result\": {\"words\": $n}, \"usage\": {\"input_tokens\": $n}}""#;
    let app = TestApp::with(vec![process("counter", &["bash", "-c", script])]).await;
    let client = app.client();
    let task = client
        .create(json!({"description": folder.path().to_str().unwrap()}))
        .await;
    let task = client.until(task.number, TaskStatus::Completed).await;
    assert_eq!(task.result, Some(json!({"words": words})));
    assert_eq!(task.usage.input_tokens, words);
    assert_eq!(
        (task.agent.as_deref(), task.progress.to_bits()),
        (Some("counter"), 1.0_f64.to_bits())
    );
    assert!(task.started_at >= Some(task.created_at) && task.completed_at >= task.started_at);
    let logs: Vec<Value> = client.get("/api/tasks/1/logs").await.expect(200).to();
    let read = logs
        .iter()
        .filter(|entry| entry["message"].as_str().unwrap().starts_with("read "));
    assert_eq!(read.count(), 5);
}

#[tokio::test]
async fn a_program_is_started_as_it_stands_and_its_output_is_kept() {
    let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
    let program = ProcessConfig {
        command: words(&["cargo", "--version", "{title}"]),
        allow_dash: true,
        // Where cargo is a proxy of rustup, it asks for its folders.
        pass_env: words(&["CARGO_HOME", "RUSTUP_HOME", "RUSTUP_TOOLCHAIN"]),
        ..ProcessConfig::default()
    };
    let odd = ProcessConfig {
        command: words(&["sh", "-c", "cat; echo; echo oops >&2; exit 3"]),
        stdin: Some("{description}".to_owned()),
        ..ProcessConfig::default()
    };
    let (program, odd) = (configured("cargo", program), configured("cat", odd));
    let app = TestApp::with(vec![program, odd]).await;
    let client = app.client();
    client
        .create(json!({"description": "x", "title": "--verbose", "agent": "cargo"}))
        .await;
    let injected = "\"; touch /tmp/owned; $(id) `id` {title} 🦀";
    client
        .create(json!({"description": injected, "agent": "cat"}))
        .await;
    client.until(1, TaskStatus::Completed).await;
    said(client, 1, "cargo 1.").await;
    said(client, 1, "release: ").await;
    let task = client.until(2, TaskStatus::Failed).await;
    assert_eq!(task.error.as_deref(), Some("exited with status 3"));
    let logs: Vec<crate::domain::LogEntry> = client.get("/api/tasks/2/logs").await.expect(200).to();
    let on = |stream| {
        logs.iter()
            .find(|entry| entry.stream == stream)
            .unwrap()
            .message
            .as_str()
    };
    assert_eq!(
        (on(LogStream::Stdout), on(LogStream::Stderr)),
        (injected, "oops")
    );
}

#[tokio::test]
async fn cancelling_really_ends_the_process_and_its_children() {
    let app = TestApp::with(vec![shell("shell", 2)]).await;
    let client = app.client();
    client.create(json!({"description": TREE})).await;
    let pids = [
        pid(client, 1, "parent ").await,
        pid(client, 1, "child ").await,
    ];
    assert!(pids.into_iter().all(exists));
    client.delete("/api/tasks/1").await.expect(202);
    let task = client.until(1, TaskStatus::Cancelled).await;
    assert_eq!(
        (task.error.clone(), task.completed_at.is_some()),
        (None, true)
    );
    assert!(!pids.into_iter().any(exists), "{pids:?}");
    let agent: Agent = client.get("/api/agents/shell").await.expect(200).to();
    assert_eq!((agent.status, agent.running), (AgentStatus::Idle, vec![]));
}

#[tokio::test]
async fn an_attempt_that_takes_too_long_is_ended_and_tried_again() {
    let app = TestApp::with(vec![shell("shell", 1)]).await;
    let client = app.client();
    let task = json!({"description": TREE, "timeout_seconds": 1, "max_attempts": 2});
    client.create(task).await;
    let first = pid(client, 1, "parent ").await;
    let again = eventually("it is tried again", async || {
        Some(client.task(1).await).filter(|task| task.attempt == 2)
    });
    let again = again.await;
    assert_eq!(
        again.error.as_deref(),
        Some("timed out after 1 s in attempt 1 of 2")
    );
    assert!(!exists(first));
    let task = client.until(1, TaskStatus::Failed).await;
    assert_eq!(
        task.error.as_deref(),
        Some("timed out after 1 s in attempt 2 of 2")
    );
}

#[tokio::test]
async fn an_agent_that_falls_silent_is_ended() {
    let silent = AgentConfig {
        idle_timeout_seconds: 1,
        ..shell("shell", 1)
    };
    let app = TestApp::with(vec![silent]).await;
    let client = app.client();
    let talks = "for i in 1 2 3 4 5 6; do echo $i; sleep 0.4; done";
    client.create(json!({"description": talks})).await;
    client.create(json!({"description": TREE})).await;
    client.until(1, TaskStatus::Completed).await;
    let task = client.until(2, TaskStatus::Failed).await;
    let expected = "no sign of life for 1 s in attempt 1 of 1";
    assert_eq!(task.error.as_deref(), Some(expected));
}

#[tokio::test]
async fn a_failing_program_is_tried_as_often_as_it_may_with_pauses() {
    let app = TestApp::with(vec![shell("shell", 1)]).await;
    let client = app.client();
    let task = json!({"description": "echo attempt $TASK_ATTEMPT; exit 7", "max_attempts": 3});
    client.create(task).await;
    let task = client.until(1, TaskStatus::Failed).await;
    assert_eq!(
        (task.attempt, task.error.as_deref()),
        (3, Some("exited with status 7"))
    );
    for attempt in 1..=3 {
        said(client, 1, &format!("attempt {attempt}")).await;
    }
    // The dashboard says where the later ones begin.
    let logs: Vec<Value> = client.get("/api/tasks/1/logs").await.expect(200).to();
    let begun = logs.iter().filter(|entry| entry["stream"] == "system");
    let begun: Vec<_> = begun.map(|entry| entry["message"].clone()).collect();
    assert_eq!(begun, ["attempt 2 of 3", "attempt 3 of 3"]);
    // Two seconds after the first, four after the second.
    let seconds = task.completed_at.unwrap().seconds_since(task.created_at);
    assert!((6.0..20.0).contains(&seconds), "{seconds}");
}

#[tokio::test]
async fn killing_an_agent_ends_what_it_runs_and_draining_lets_it_finish() {
    let app = TestApp::with(vec![shell("killed", 2), shell("drained", 1)]).await;
    let client = app.client();
    for agent in ["killed", "killed"] {
        client
            .create(json!({"description": TREE, "agent": agent}))
            .await;
    }
    let wait = "echo pid $$; until test -e \"$TMPDIR_FLAG\"; do sleep 0.02; done";
    let flag = app.folder().join("flag");
    let script = wait.replace("$TMPDIR_FLAG", flag.to_str().unwrap());
    client
        .create(json!({"description": script, "agent": "drained"}))
        .await;
    client
        .create(json!({"description": "true", "agent": "drained"}))
        .await;
    let pids = [
        pid(client, 1, "child ").await,
        pid(client, 2, "child ").await,
    ];
    let last = pid(client, 3, "pid ").await;

    let stop = json!({"mode": "kill"});
    client
        .post("/api/agents/killed/stop", &stop)
        .await
        .expect(200);
    client.until(1, TaskStatus::Cancelled).await;
    client.until(2, TaskStatus::Cancelled).await;
    assert!(!pids.into_iter().any(exists), "{pids:?}");

    let agent: Agent = client
        .post("/api/agents/drained/stop", &json!({}))
        .await
        .expect(200)
        .to();
    assert_eq!(agent.status, AgentStatus::Draining);
    assert!(exists(last));
    std::fs::write(&flag, "").unwrap();
    client.until(3, TaskStatus::Completed).await;
    let agent: Agent = client.get("/api/agents/drained").await.expect(200).to();
    assert_eq!(agent.status, AgentStatus::Offline);
    let waiting = client.task(4).await;
    assert_eq!(
        (waiting.status, waiting.waiting[0].clears_itself),
        (TaskStatus::Pending, false)
    );
    client
        .post("/api/agents/drained/start", &json!({}))
        .await
        .expect(200);
    client.until(4, TaskStatus::Completed).await;
}

#[tokio::test]
async fn a_graceful_stop_ends_every_process_and_keeps_the_reason() {
    let mut app = TestApp::with(vec![shell("shell", 3)]).await;
    for attempts in [1, 2] {
        let task = json!({"description": TREE, "max_attempts": attempts});
        app.client().create(task).await;
    }
    app.client().create(json!({"description": TREE})).await;
    app.client().create(json!({"description": "true"})).await;
    let mut pids = Vec::new();
    for number in [1, 2, 3] {
        pids.push(pid(app.client(), number, "parent ").await);
        pids.push(pid(app.client(), number, "child ").await);
    }
    app.client().delete("/api/tasks/3").await.expect(202);
    app.stop().await;
    assert!(!pids.iter().copied().any(exists), "{pids:?}");

    app.start_again().await;
    let client = app.client();
    let (failed, again) = (client.task(1).await, client.task(2).await);
    assert_eq!(failed.status, TaskStatus::Failed);
    assert_eq!(
        failed.error.as_deref(),
        Some("the server was stopped during attempt 1 of 1")
    );
    assert_eq!(again.attempt, 2);
    assert_eq!(
        again.error.as_deref(),
        Some("the server was stopped during attempt 1 of 2")
    );
    client.until(3, TaskStatus::Cancelled).await;
    client.until(4, TaskStatus::Completed).await;
}

#[tokio::test]
async fn usage_adds_up_and_progress_bars_are_one_line() {
    let app = TestApp::with(vec![shell("shell", 1)]).await;
    let client = app.client();
    let script = r#"printf '10%%\r50%%\r100%%\n'
        echo '{"usage": {"input_tokens": 10, "cost_usd": "0.5"}}'
        echo '{"usage": {"input_tokens": 15}}'
        echo '{"log": {"level": "warn", "message": "odd", "fields": {"at": 3}}}'"#;
    client.create(json!({"description": script})).await;
    let task = client.until(1, TaskStatus::Completed).await;
    let cost = task.usage.cost_usd.map(|cost| cost.to_string());
    assert_eq!(
        (task.usage.input_tokens, cost.as_deref()),
        (15, Some("0.50"))
    );
    let logs: Vec<Value> = client.get("/api/tasks/1/logs").await.expect(200).to();
    let said: Vec<_> = logs.iter().map(|entry| entry["message"].clone()).collect();
    assert_eq!(said, ["100%", "odd"]);
    assert_eq!(
        (&logs[1]["level"], &logs[1]["fields"]["at"]),
        (&json!("warn"), &json!(3))
    );
}
