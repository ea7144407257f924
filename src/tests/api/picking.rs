//! Which agent a task waits for: by name, by what it requires, and after which other tasks.

use serde_json::{Value, json};

use crate::domain::{TaskStatus, WaitingCode};
use crate::server::config::AgentConfig;
use crate::tests::support::{Client, Engine, TestApp, WholeTask, fake, on_each_engine, remote};

on_each_engine!(
    an_agent_that_does_not_exist_cannot_be_asked_for,
    a_task_goes_to_an_agent_that_has_what_it_requires,
    an_agent_may_take_only_what_names_it,
    an_agent_may_take_only_tasks_of_its_projects,
    the_agent_that_lacks_least_is_named,
    a_task_runs_after_those_that_it_follows,
    a_task_whose_predecessor_failed_says_what_one_can_do,
    what_a_task_follows_outlives_a_restart,
);

fn reasons(task: &WholeTask) -> Vec<(WaitingCode, &str)> {
    let reasons = task.waiting.iter();
    reasons.map(|it| (it.code, it.detail.as_str())).collect()
}

async fn an_agent_that_does_not_exist_cannot_be_asked_for(engine: Engine) {
    let app = TestApp::on(engine, vec![remote("worker", 1), fake("player", 1)]).await;
    let client = app.client();
    let body = json!({"description": "x", "agent": "laetr"});
    let problem = client.post("/api/tasks", &body).await.expect(422).json();
    let message = problem["errors"][0]["message"].as_str().unwrap();
    assert_eq!(problem["errors"][0]["field"], "agent");
    assert!(message.contains("player, worker"), "{message}");
    let body = json!({"description": "x", "agent": "later", "agent_may_come": true});
    let task = client.create(body).await;
    let expected = "there is no agent named later; add it or choose another";
    assert_eq!(reasons(&task), [(WaitingCode::AgentMissing, expected)]);
    client.register("later", 1).await;
    assert_eq!(client.claim("later").await.0.number, task.number);
    let nobody = json!({"description": "x", "agent_may_come": true});
    client
        .post("/api/tasks", &nobody)
        .await
        .invalid("agent_may_come");
}

async fn a_task_goes_to_an_agent_that_has_what_it_requires(engine: Engine) {
    let able = AgentConfig {
        capabilities: vec!["review".to_owned(), "rust".to_owned()],
        ..fake("able", 1)
    };
    let app = TestApp::on(engine, vec![able, fake("other", 1)]).await;
    let client = app.client();
    let requires = |what: Value| json!({"description": "fake:\nresult 1", "requires": what});
    let task = client
        .create(requires(json!(["rust", "review", "rust"])))
        .await;
    assert_eq!(task.requires, ["review", "rust"]);
    let done = client.until(task.number, TaskStatus::Completed).await;
    assert_eq!(done.agent.as_deref(), Some("able"));
    let gpu = client.create(requires(json!(["rust", "gpu"]))).await;
    let expected = "it requires gpu and rust, which able, other cannot do";
    assert_eq!(reasons(&gpu), [(WaitingCode::Capability, expected)]);
    // It keeps nobody else waiting.
    let next = client.create(requires(json!([]))).await;
    client.until(next.number, TaskStatus::Completed).await;
    for wrong in [json!([""]), json!([" a"]), json!(vec!["a"; 21])] {
        let body = requires(wrong);
        client.post("/api/tasks", &body).await.invalid("requires");
    }
}

async fn an_agent_may_take_only_what_names_it(engine: Engine) {
    let shell = AgentConfig {
        takes: crate::domain::Takes::Requested,
        ..fake("shell", 1)
    };
    let app = TestApp::on(engine, vec![shell]).await;
    let client = app.client();
    let task = client
        .create(json!({"description": "fake:\nresult 1"}))
        .await;
    let expected = "shell takes only tasks that name it; choose an agent";
    assert_eq!(reasons(&task), [(WaitingCode::AgentMissing, expected)]);
    let named = json!({"description": "fake:\nresult 1", "agent": "shell"});
    let named = client.create(named).await;
    client.until(named.number, TaskStatus::Completed).await;
    assert_eq!(client.task(task.number).await.status, TaskStatus::Pending);
}

async fn an_agent_may_take_only_tasks_of_its_projects(engine: Engine) {
    let elsewhere = AgentConfig {
        projects: vec!["other".to_owned()],
        ..fake("elsewhere", 1)
    };
    let app = TestApp::on(engine, vec![elsewhere]).await;
    let task = app.client().create(json!({"description": "fake:"})).await;
    let expected = "elsewhere takes no tasks of project default";
    assert_eq!(reasons(&task), [(WaitingCode::Project, expected)]);
}

async fn the_agent_that_lacks_least_is_named(engine: Engine) {
    let able = |name: &str, capability: &str| AgentConfig {
        capabilities: vec![capability.to_owned()],
        ..fake(name, 1)
    };
    let elsewhere = AgentConfig {
        projects: vec!["other".to_owned()],
        ..able("elsewhere", "review")
    };
    let shell = AgentConfig {
        takes: crate::domain::Takes::Requested,
        ..able("shell", "deploy")
    };
    let app = TestApp::on(engine, vec![elsewhere, shell, fake("unable", 1)]).await;
    let client = app.client();
    let requires = |what: &str| json!({"description": "fake:", "requires": [what]});
    let task = client.create(requires("review")).await;
    let expected = "elsewhere takes no tasks of project default";
    assert_eq!(reasons(&task), [(WaitingCode::Project, expected)]);
    let task = client.create(requires("deploy")).await;
    let expected = "shell takes only tasks that name it; choose an agent";
    assert_eq!(reasons(&task), [(WaitingCode::AgentMissing, expected)]);
}

async fn fail(client: &Client, agent: &str, number: i64) {
    let (task, lease) = client.claim(agent).await;
    assert_eq!(task.number, number);
    let failed = json!({"status": "failed", "error": "no luck"});
    client
        .report(&number.to_string(), &lease, &failed)
        .await
        .expect(200);
}

async fn complete(client: &Client, agent: &str, number: i64) {
    let (task, lease) = client.claim(agent).await;
    assert_eq!(task.number, number);
    let done = json!({"status": "completed"});
    client
        .report(&number.to_string(), &lease, &done)
        .await
        .expect(200);
}

async fn a_task_runs_after_those_that_it_follows(engine: Engine) {
    let app = TestApp::on(engine, vec![remote("worker", 9)]).await;
    let client = app.client();
    let first = client.create(json!({"description": "1"})).await;
    let second = client.create(json!({"description": "2"})).await;
    let body = json!({"description": "3", "priority": "urgent", "after": [1, second.id, "#1"]});
    let third = client.create(body).await;
    assert_eq!(third.after, [first.id, second.id]);
    let expected = [
        (WaitingCode::After, "it follows #1"),
        (WaitingCode::After, "it follows #2"),
    ];
    assert_eq!(reasons(&third)[..2], expected);
    // An edit changes nothing of that, and neither does a wish to start now.
    client
        .patch("/api/tasks/3", &json!({"title": "third"}))
        .await
        .expect(200);
    client
        .post("/api/tasks/3/start", &json!({}))
        .await
        .expect(200);
    complete(client, "worker", 1).await;
    assert_eq!(reasons(&client.task(3).await)[..1], expected[1..]);
    complete(client, "worker", 2).await;
    complete(client, "worker", 3).await;
    // What is completed already keeps nobody waiting.
    client
        .create(json!({"description": "4", "after": [1, "3"]}))
        .await;
    complete(client, "worker", 4).await;
    for wrong in [json!([99]), json!(["x"]), json!([-1]), json!(vec![1; 51])] {
        let body = json!({"description": "x", "after": wrong});
        client.post("/api/tasks", &body).await.invalid("after");
    }
}

async fn a_task_whose_predecessor_failed_says_what_one_can_do(engine: Engine) {
    let app = TestApp::on(engine, vec![remote("worker", 9)]).await;
    let client = app.client();
    client.create(json!({"description": "1"})).await;
    client
        .create(json!({"description": "2", "after": [1]}))
        .await;
    fail(client, "worker", 1).await;
    let waits = client.task(2).await;
    let expected = "it follows #1, which failed; retry #1, or cancel this one";
    assert_eq!(reasons(&waits), [(WaitingCode::After, expected)]);
    assert!(!waits.waiting[0].clears_itself);
    // Created later, it knows as well.
    client
        .create(json!({"description": "3", "after": [1]}))
        .await;
    assert_eq!(
        reasons(&client.task(3).await),
        [(WaitingCode::After, expected)]
    );
    client
        .post("/api/tasks/1/retry", &json!({}))
        .await
        .expect(201);
    let waits = client.task(2).await;
    assert_eq!(reasons(&waits)[0], (WaitingCode::After, "it follows #4"));
    client.delete("/api/tasks/4").await.expect(200);
    let waits = client.task(2).await;
    assert!(
        waits.waiting[0].detail.contains("#4, which was cancelled"),
        "{waits:?}"
    );
    client
        .post("/api/tasks/4/retry", &json!({}))
        .await
        .expect(201);
    complete(client, "worker", 5).await;
    complete(client, "worker", 2).await;
}

async fn what_a_task_follows_outlives_a_restart(engine: Engine) {
    let mut app = TestApp::on(engine, vec![remote("worker", 9)]).await;
    app.client().create(json!({"description": "1"})).await;
    fail(app.client(), "worker", 1).await;
    app.client()
        .post("/api/tasks/1/retry", &json!({}))
        .await
        .expect(201);
    let body = json!({"description": "3", "priority": "urgent", "after": [1], "requires": []});
    app.client().create(body).await;
    let body = json!({"description": "4", "priority": "urgent", "requires": ["gpu"]});
    app.client().create(body).await;
    app.stop().await;
    app.start_again().await;
    let client = app.client();
    assert_eq!(
        reasons(&client.task(3).await)[0],
        (WaitingCode::After, "it follows #2")
    );
    assert_eq!(client.task(4).await.requires, ["gpu"]);
    complete(client, "worker", 2).await;
    complete(client, "worker", 3).await;
    client
        .post("/api/agents/worker/claim", &json!({}))
        .await
        .expect(204);
}
