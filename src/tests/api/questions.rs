//! Questions of agents, and how people's answers reach them.

use serde_json::{Value, json};

use crate::domain::{Question, Task, TaskStatus};
use crate::server::config::{InputMode, ProcessConfig};
use crate::tests::support::{
    Client, Engine, TestApp, configured, eventually, fake, on_each_engine, remote,
};

on_each_engine!(
    a_question_has_options_and_an_answer_names_one,
    a_second_question_waits_behind_the_open_one,
    an_answer_is_repeated_to_a_worker_until_it_reports,
    a_process_hears_the_answer_on_its_input,
    questions_that_cannot_be_asked_are_named,
);

async fn asked(client: &Client, lease: &str, question: Value) -> Question {
    let body = json!({"status": "needs_input", "question": question});
    let task: Task = client.report("1", lease, &body).await.expect(200).to();
    assert_eq!(task.status, TaskStatus::NeedsInput);
    task.question.expect("it is open")
}

async fn asking(engine: Engine) -> (TestApp, String) {
    let app = TestApp::on(engine, vec![remote("worker", 1)]).await;
    app.client().create(json!({"description": "x"})).await;
    let (_, lease) = app.client().claim("worker").await;
    (app, lease)
}

async fn a_question_has_options_and_an_answer_names_one(engine: Engine) {
    let (app, lease) = asking(engine).await;
    let client = app.client();
    let question = json!({"text": "go on?", "options": ["yes", {"id": "n", "label": "not yet"}]});
    let question = asked(client, &lease, question).await;
    assert_eq!(question.text, "go on?");
    // It is part of the task in lists as well.
    let tasks: Vec<Task> = client.get("/api/tasks").await.expect(200).to();
    assert_eq!(tasks[0].question.as_ref(), Some(&question));
    let path = "/api/tasks/1/input";
    let problem = client.post(path, &json!({"option": "x"})).await.expect(422);
    let problem = problem.json();
    let message = problem["errors"][0]["message"].as_str().unwrap();
    assert!(message.contains("\"yes\", \"n\""), "{message}");
    let wrong = json!({"option": "n", "question": "77"});
    let detail = client.post(path, &wrong).await.problem(409);
    assert!(
        detail["detail"].as_str().unwrap().contains("go on?"),
        "{detail}"
    );
    for (body, field) in [
        (json!({}), "text"),
        (json!({"text": " "}), "text"),
        (json!({"text": "a", "option": "n"}), "option"),
        (json!({"answer": "a"}), "answer"),
    ] {
        client.post(path, &body).await.invalid(field);
    }
    let answer = json!({"option": "n", "question": question.id});
    let task: Task = client.post(path, &answer).await.expect(200).to();
    assert_eq!((task.status, task.question), (TaskStatus::Running, None));
    client.post(path, &answer).await.problem(409);
}

async fn a_second_question_waits_behind_the_open_one(engine: Engine) {
    let (mut app, lease) = asking(engine).await;
    let client = app.client();
    let first = asked(client, &lease, json!("first?")).await;
    let open = asked(client, &lease, json!("second?")).await;
    assert_eq!(open, first, "the first is still open");
    // The repetition of a request asks nothing again.
    asked(client, &lease, json!("second?")).await;
    app.stop().await;
    app.start_again().await;
    let client = app.client();
    let path = "/api/tasks/1/input";
    let answer = json!({"text": "1", "question": first.id});
    let task: Task = client.post(path, &answer).await.expect(200).to();
    let second = task.question.expect("the next one is open");
    assert_eq!(
        (task.status, &*second.text),
        (TaskStatus::NeedsInput, "second?")
    );
    assert_ne!(first.id, second.id);
    // Meant for the first, it does not answer the second.
    client.post(path, &answer).await.problem(409);
    let task: Task = client
        .post(path, &json!({"text": "2"}))
        .await
        .expect(200)
        .to();
    assert_eq!((task.status, task.question), (TaskStatus::Running, None));
    // A third replaces the answered ones.
    let third = asked(client, &lease, json!("third?")).await;
    assert!(![first.id, second.id].contains(&third.id));
}

async fn an_answer_is_repeated_to_a_worker_until_it_reports(engine: Engine) {
    let (mut app, lease) = asking(engine).await;
    let question = asked(app.client(), &lease, json!({"text": "?", "options": ["a"]})).await;
    app.client()
        .post("/api/tasks/1/input", &json!({"option": "a"}))
        .await
        .expect(200);
    let task = app.client().task(1).await;
    let beats = json!({"leases": [lease]});
    let expected = json!([
        {"task_id": task.id, "question": question.id, "text": "a", "option": "a"}
    ]);
    // A report that was under way when the person answered shows nothing yet.
    let progress = json!({"progress": 0.5});
    app.client()
        .report("1", &lease, &progress)
        .await
        .expect(200);
    let heard = async |client: &Client| {
        let path = "/api/agents/worker/heartbeat";
        client.post(path, &beats).await.expect(200).json()["input"].clone()
    };
    assert_eq!(heard(app.client()).await, expected);
    app.stop().await;
    app.start_again().await;
    assert_eq!(heard(app.client()).await, expected);
    app.client()
        .report("1", &lease, &progress)
        .await
        .expect(200);
    assert_eq!(heard(app.client()).await, json!([]));
}

async fn a_process_hears_the_answer_on_its_input(engine: Engine) {
    let script = r#"echo '{"question":{"text":"which?","options":["a","b"]}}'; read -r line
        echo "{\"result\":$line}""#;
    let process = ProcessConfig {
        command: ["sh", "-c", script].map(str::to_owned).into(),
        input: InputMode::Lines,
        ..ProcessConfig::default()
    };
    let app = TestApp::on(engine, vec![configured("asks", process), fake("player", 1)]).await;
    let client = app.client();
    client
        .create(json!({"description": "x", "agent": "asks", "timeout_seconds": 3}))
        .await;
    let task = client.until(1, TaskStatus::NeedsInput).await;
    // A person takes longer than the task may.
    let meanwhile = json!({"description": "fake:\nwait 4s", "agent": "player"});
    client.create(meanwhile).await;
    client.until(2, TaskStatus::Completed).await;
    let question = task.question.clone().expect("it asks");
    let logs: Vec<Value> = client.get("/api/tasks/1/logs").await.expect(200).to();
    assert!(
        logs.iter()
            .any(|entry| entry["message"] == "asks asks: which?"),
        "{logs:?}"
    );
    client
        .post("/api/tasks/1/input", &json!({"option": "b"}))
        .await
        .expect(200);
    let task = client.until(1, TaskStatus::Completed).await;
    let input = json!({"question": question.id, "text": "b", "option": "b"});
    assert_eq!(task.result, Some(json!({"input": input})));
}

async fn questions_that_cannot_be_asked_are_named(engine: Engine) {
    let (app, lease) = asking(engine).await;
    let client = app.client();
    for (question, field) in [
        (json!(""), "question.text"),
        (
            json!({"text": "x", "options": ["a", "a"]}),
            "question.options",
        ),
        (
            json!({"text": "x", "options": vec!["a"; 51]}),
            "question.options",
        ),
    ] {
        let body = json!({"status": "needs_input", "question": question});
        client.report("1", &lease, &body).await.invalid(field);
    }
    client
        .report("1", &lease, &json!({"question": "x"}))
        .await
        .invalid("question");
    client
        .report(
            "1",
            &lease,
            &json!({"status": "needs_input", "question": 3}),
        )
        .await
        .expect(422);
    // One that does not say what it asks is still a question.
    let question = json!({"status": "needs_input"});
    let task: Task = client.report("1", &lease, &question).await.expect(200).to();
    assert!(task.question.is_some());
    eventually("it goes on", async || {
        let body = json!({"text": "yes"});
        let answer = client.post("/api/tasks/1/input", &body).await;
        (answer.status == 200).then_some(())
    })
    .await;
}
