//! What happened, through the interface.

use serde_json::{Value, json};

use crate::tests::support::{Engine, TestApp, on_each_engine, remote};

on_each_engine!(
    what_happened_is_read_page_by_page,
    what_happened_names_who_did_it,
);

fn kinds(told: &Value) -> Vec<(Value, Value)> {
    let all = told.as_array().unwrap().iter();
    all.map(|it| (it["kind"].clone(), it["task_number"].clone()))
        .collect()
}

async fn what_happened_is_read_page_by_page(engine: Engine) {
    let app = TestApp::on(engine, vec![]).await;
    let client = app.client();
    client
        .post("/api/projects", &json!({"name": "web"}))
        .await
        .expect(201);
    for project in ["default", "web", "web"] {
        let task = json!({"description": "x", "project": project});
        client.post("/api/tasks", &task).await.expect(201);
    }
    client.delete("/api/tasks/2").await.expect(200);
    let of = |kind: &str, number: i64| (json!(kind), json!(number));
    let expected = [of("cancelled", 2), of("created", 3), of("created", 2)];
    let first = client.get("/api/activity?project=web&limit=2").await;
    assert_eq!(kinds(&first.json()), expected[..2]);
    let link = first.header("link");
    let next = link.split(['<', '>']).nth(1).unwrap();
    let last = client.get(next).await.expect(200);
    assert_eq!(kinds(&last.json()), expected[2..]);
    assert!(!last.headers.contains_key("link"));
    let all = client.get("/api/activity").await.expect(200).json();
    assert_eq!(kinds(&all).len(), 4);
    let one = client.get("/api/tasks/2/activity").await.expect(200).json();
    assert_eq!(kinds(&one), [of("cancelled", 2), of("created", 2)]);
    client.get("/api/tasks/9/activity").await.problem(404);
    client.get("/api/activity?cursor=x").await.invalid("cursor");
    client.get("/api/activity?limit=0").await.invalid("limit");
    client.get("/api/activity?colour=1").await.invalid("colour");
}

async fn what_happened_names_who_did_it(engine: Engine) {
    let app = TestApp::on(engine, vec![remote("worker", 1)]).await;
    let client = app.client();
    client.create(json!({"description": "x"})).await;
    client.claim("worker").await;
    let told = client.get("/api/tasks/1/activity").await.expect(200).json();
    let who: Vec<_> = told.as_array().unwrap().iter().collect();
    assert_eq!(who[0]["kind"], "started");
    assert_eq!(who[0]["agent"], "worker");
    assert_eq!(
        (&who[1]["kind"], &who[1]["actor"]),
        (&json!("created"), &json!("local"))
    );
}
