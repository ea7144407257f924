//! What tasks used, record by record, in the words of whoever reports it.

use serde_json::{Value, json};

use crate::tests::support::{Client, Engine, TestApp, on_each_engine, remote, shell};

on_each_engine!(
    usage_adds_up_by_records_and_attempts,
    a_process_reports_usage_in_the_words_of_its_provider,
    numbers_that_readers_of_json_change_are_refused,
);

async fn usage(client: &Client) -> Value {
    client.get("/api/tasks/1").await.expect(200).json()["usage"].clone()
}

async fn usage_adds_up_by_records_and_attempts(engine: Engine) {
    let app = TestApp::on(engine, vec![remote("worker", 1)]).await;
    let client = app.client();
    client
        .create(json!({"description": "x", "max_attempts": 2}))
        .await;
    let unknown = json!({"input_tokens": 0, "cached_tokens": 0, "output_tokens": 0,
        "cost_usd": null, "cost_source": "unknown"});
    assert_eq!(usage(client).await, unknown);
    let (_, lease) = client.claim("worker").await;
    let say = async |said: Value| {
        let report = json!({"usage": said});
        client.report("1", &lease, &report).await.expect(200);
        usage(client).await
    };
    // Without a price there is none; it is not 0.
    let now = say(json!({"input_tokens": 100, "cached_tokens": 40, "output_tokens": 5})).await;
    assert_eq!(
        now,
        json!({"input_tokens": 100, "cached_tokens": 40, "output_tokens": 5,
        "cost_usd": null, "cost_source": "unknown"})
    );
    let now = say(json!({"input_tokens": 110, "cost_usd": "0.5"})).await;
    assert_eq!(
        (&now["input_tokens"], &now["cost_usd"]),
        (&json!(110), &json!("0.50"))
    );
    assert_eq!(now["cost_source"], "reported");
    // Records with ids take the place of the total, and each other's.
    let one = json!({"id": "a", "model": "m", "provider": "p", "input_tokens": 30,
        "cache_read_input_tokens": 10, "output_tokens": 1, "cost_usd": 0.25});
    let now = say(one.clone()).await;
    assert_eq!(
        (&now["input_tokens"], &now["cost_usd"]),
        (&json!(40), &json!("0.25"))
    );
    say(one).await;
    let now = say(json!({"id": "b", "prompt_tokens": 2, "completion_tokens": 3})).await;
    assert_eq!(
        now,
        json!({"input_tokens": 42, "cached_tokens": 10, "output_tokens": 4,
        "cost_usd": "0.25", "cost_source": "mixed"})
    );
    let now = say(json!({"input_tokens": 999})).await;
    assert_eq!(now["input_tokens"], 42);

    let failed = json!({"status": "failed", "usage": {"id": "c", "output_tokens": 6}});
    client.report("1", &lease, &failed).await.expect(200);
    client
        .post("/api/tasks/1/start", &json!({}))
        .await
        .expect(200);
    let (_, lease) = client.claim("worker").await;
    let report = json!({"usage": {"input_tokens": 1000}});
    client.report("1", &lease, &report).await.expect(200);
    let now = usage(client).await;
    assert_eq!(
        (&now["input_tokens"], &now["output_tokens"]),
        (&json!(1042), &json!(10))
    );

    let records = client.get("/api/tasks/1/usage?limit=2").await.expect(200);
    let next = records.header("link").to_owned();
    let records = records.json();
    let names: Vec<_> = records.as_array().unwrap().iter().collect();
    assert_eq!(names.len(), 2);
    assert_eq!(
        (&records[0]["id"], &records[0]["attempt"]),
        (&json!("total"), &json!(2))
    );
    assert_eq!(
        (&records[1]["id"], &records[1]["attempt"]),
        (&json!("c"), &json!(1))
    );
    assert!(next.contains("cursor="), "{next}");
    let all = client.get("/api/tasks/1/usage").await.expect(200).json();
    let first = all
        .as_array()
        .unwrap()
        .iter()
        .find(|it| it["id"] == "a")
        .unwrap();
    assert_eq!(
        (&first["model"], &first["provider"]),
        (&json!("m"), &json!("p"))
    );
    assert_eq!(all.as_array().unwrap().len(), 5);
    client.get("/api/tasks/9/usage").await.problem(404);
    client
        .get("/api/tasks/1/usage?order=x")
        .await
        .invalid("order");
}

async fn a_process_reports_usage_in_the_words_of_its_provider(engine: Engine) {
    let app = TestApp::on(engine, vec![shell("shell", 1)]).await;
    let client = app.client();
    let script = r#"echo '{"usage": {"id": "1", "promptTokenCount": 7, "candidatesTokenCount": 2,
        "thoughtsTokenCount": 3, "totalTokenCount": 12}}' | tr -d '\n'; echo
        echo '{"usage": {"input_tokens": 99999999999999999}}'"#;
    client
        .create(json!({"description": script, "agent": "shell"}))
        .await;
    client.until_finished(1).await;
    let now = usage(client).await;
    assert_eq!(
        (&now["input_tokens"], &now["output_tokens"]),
        (&json!(7), &json!(5))
    );
    let log = client.get("/api/tasks/1/logs").await.expect(200).json();
    let shown = log.as_array().unwrap().iter().any(|entry| {
        entry["message"]
            .as_str()
            .unwrap()
            .contains("99999999999999999")
    });
    assert!(shown, "what is not understood is shown: {log}");
}

async fn numbers_that_readers_of_json_change_are_refused(engine: Engine) {
    let app = TestApp::on(engine, vec![]).await;
    let client = app.client();
    let large = 9_007_199_254_740_992_u64;
    let new = json!({"description": "x", "metadata": {"a": [1, {"b": large}]}});
    client
        .post("/api/tasks", &new)
        .await
        .invalid("metadata.a[1].b");
    let exact = json!({"description": "x", "metadata": {"a": large - 1}});
    client.create(exact).await;
    for (change, field) in [
        (json!({"result": [large]}), "result[0]"),
        (json!({"result": 1e300}), "result"),
        (
            json!({"usage": {"input_tokens": large}}),
            "usage.input_tokens",
        ),
    ] {
        client.patch("/api/tasks/1", &change).await.invalid(field);
    }
    let entry = json!({"message": "x", "fields": {"n": large}});
    let logs = "/api/tasks/1/logs";
    client.post(logs, &entry).await.invalid("fields.n");
    client
        .post(logs, &json!([entry]))
        .await
        .invalid("[0].fields.n");
    let lines = [("content-type", "application/x-ndjson")];
    let method = axum::http::Method::POST;
    let answer = client.send(
        method,
        logs,
        &lines,
        format!("{{\"message\":\"y\"}}\n{entry}"),
    );
    answer.await.invalid("line 2");
}
