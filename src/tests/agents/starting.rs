//! Agents that cannot be started: no task pays for it, and they are tried again by themselves.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use serde_json::{Value, json};

use crate::domain::{Agent, AgentStatus, TaskStatus, Timestamp, WaitingCode};
use crate::tests::support::{
    Client, Engine, Place, Program, TestApp, eventually, on_each_engine, process,
};

on_each_engine!(
    a_program_that_appears_runs_what_waited_for_it,
    a_program_that_breaks_costs_no_attempt_and_is_tried_ever_more_rarely,
    a_project_without_its_folder_holds_up_its_own_tasks_alone,
    a_relative_program_is_the_one_of_its_folder,
);

fn install(path: &Path, script: &str) {
    // Renamed into place: nobody may see it half written.
    let draft = path.with_extension("draft");
    std::fs::write(&draft, script).unwrap();
    std::fs::set_permissions(&draft, std::fs::Permissions::from_mode(0o755)).unwrap();
    std::fs::rename(&draft, path).unwrap();
}

async fn in_error(client: &Client, name: &str) -> String {
    eventually("the agent is in error", async || {
        let agent: Agent = client
            .get(&format!("/api/agents/{name}"))
            .await
            .expect(200)
            .to();
        (agent.status == AgentStatus::Error).then(|| agent.error.unwrap())
    })
    .await
}

async fn a_program_that_appears_runs_what_waited_for_it(engine: Engine) {
    let folder = tempfile::tempdir().unwrap();
    let program = folder.path().join("late");
    let app = TestApp::on(engine, vec![process("late", &[program.to_str().unwrap()])]).await;
    let client = app.client();
    client.create(json!({"description": "x"})).await;
    in_error(client, "late").await;
    let task = client.task(1).await;
    assert_eq!((task.status, task.attempt), (TaskStatus::Pending, 1));
    assert_eq!(task.waiting[0].code, WaitingCode::AgentError);
    install(&program, "#!/bin/sh\necho '{\"result\": 1}'\n");
    let task = client.until(1, TaskStatus::Completed).await;
    assert_eq!((task.attempt, &task.result), (1, &Some(json!(1))));
    assert_eq!(task.error, None);
}

async fn a_program_that_breaks_costs_no_attempt_and_is_tried_ever_more_rarely(engine: Engine) {
    let folder = tempfile::tempdir().unwrap();
    let program = folder.path().join("broken");
    // It is there and may be run, so only running it shows that its interpreter is missing.
    install(&program, "#!/nowhere/interpreter\n");
    let app = TestApp::on(
        engine,
        vec![process("broken", &[program.to_str().unwrap()])],
    )
    .await;
    let client = app.client();
    for description in ["first", "second"] {
        client.create(json!({"description": description})).await;
    }
    let failures = async || {
        let logs: Vec<Value> = client.get("/api/tasks/1/logs").await.expect(200).to();
        let said = logs.iter().filter_map(|entry| entry["message"].as_str());
        said.filter(|line| line.starts_with("broken was not started"))
            .count()
    };
    eventually("it is tried again", async || {
        (failures().await == 3).then_some(())
    })
    .await;
    // One, then two seconds lie between them: it is no busy loop.
    let task = client.task(1).await;
    assert_eq!((task.status, task.attempt), (TaskStatus::Pending, 1));
    assert_eq!(task.queue_position, Some(1), "it is back in its place");
    let reason = in_error(client, "broken").await;
    assert!(reason.contains("cannot start"), "{reason}");
    let logs: Vec<Value> = client.get("/api/tasks/1/logs").await.expect(200).to();
    let at = |entry: &Value| Timestamp::parse(entry["time"].as_str().unwrap()).unwrap();
    let said = logs.iter().filter(|it| it["level"] == "warn").map(at);
    let said: Vec<Timestamp> = said.collect();
    assert!(said[2].seconds_since(said[0]) > 2.5, "{said:?}");

    // A person need not wait for the next try.
    install(&program, "#!/bin/sh\ntrue\n");
    client
        .post("/api/agents/broken/start", &json!({}))
        .await
        .expect(200);
    for number in [1, 2] {
        let task = client.until(number, TaskStatus::Completed).await;
        assert_eq!(task.attempt, 1);
    }
}

/// Adds a project that works in `folder`.
async fn project(client: &Client, name: &str, folder: &Path) {
    let project = json!({"name": name, "folder": folder});
    client.post("/api/projects", &project).await.expect(201);
}

async fn a_project_without_its_folder_holds_up_its_own_tasks_alone(engine: Engine) {
    let folder = tempfile::tempdir().unwrap();
    let away = folder.path().join("away");
    let app = TestApp::on(engine, vec![process("pwd", &["pwd"])]).await;
    let client = app.client();
    project(client, "web", &away).await;
    for project in ["web", "web", "default"] {
        let task = json!({"description": "x", "project": project});
        client.create(task).await;
    }
    client.until(3, TaskStatus::Completed).await;
    let waits = eventually("it says what is missing", async || {
        let task = client.task(1).await;
        let reason = task.waiting.first()?.clone();
        (reason.code == WaitingCode::Project).then_some((task, reason))
    });
    let (task, reason) = waits.await;
    assert_eq!((task.status, task.attempt), (TaskStatus::Pending, 1));
    assert_eq!(
        reason.detail,
        format!(
            "pwd cannot work in project web: there is no folder {}; it is looked for again by itself",
            away.display()
        )
    );
    let agent: Agent = client.get("/api/agents/pwd").await.expect(200).to();
    assert_eq!((agent.status, agent.error), (AgentStatus::Idle, None));

    // Whether the folder appears, or the project gets another one.
    let elsewhere = json!({"folder": folder.path()});
    client
        .patch("/api/projects/web", &elsewhere)
        .await
        .expect(200);
    for number in [1, 2] {
        let task = client.until(number, TaskStatus::Completed).await;
        assert_eq!(task.attempt, 1);
    }
    client
        .patch("/api/projects/web", &json!({"folder": away}))
        .await
        .expect(200);
    client
        .create(json!({"description": "x", "project": "web"}))
        .await;
    eventually("it waits for the folder", async || {
        let task = client.task(4).await;
        let reason = task.waiting.first()?;
        (reason.code == WaitingCode::Project).then_some(())
    })
    .await;
    std::fs::create_dir(&away).unwrap();
    client.until(4, TaskStatus::Completed).await;
}

async fn a_relative_program_is_the_one_of_its_folder(engine: Engine) {
    let place = Place::new(engine).await;
    let file = "[[agent]]\nname = \"build\"\nkind = \"process\"\ncommand = [\"./build\"]\n";
    let program = Program::configured(&place, "ws://127.0.0.1:9", file).await;
    let client = program.client();
    // It is said before any task asks for it.
    let reason = in_error(client, "build").await;
    assert!(reason.contains("./build"), "{reason}");
    client.create(json!({"description": "x"})).await;
    install(&place.folder().join("build"), "#!/bin/sh\ntrue\n");
    client.until(1, TaskStatus::Completed).await;

    let empty = place.folder().join("empty");
    std::fs::create_dir(&empty).unwrap();
    project(client, "empty", &empty).await;
    client
        .create(json!({"description": "x", "project": "empty"}))
        .await;
    eventually("it waits for its program there", async || {
        let task = client.task(2).await;
        let reason = task.waiting.first()?;
        (reason.code == WaitingCode::Project).then_some(())
    })
    .await;
    let agent: Agent = client.get("/api/agents/build").await.expect(200).to();
    assert_eq!(agent.status, AgentStatus::Idle);
    install(&empty.join("build"), "#!/bin/sh\ntrue\n");
    client.until(2, TaskStatus::Completed).await;
    program.stop().await;
}
