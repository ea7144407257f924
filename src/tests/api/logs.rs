//! `/api/tasks/{id}/logs`.

use axum::http::Method;
use serde_json::{Value, json};

use crate::domain::{LogEntry, LogStream};
use crate::tests::support::{Client, Engine, TestApp, on_each_engine, remote, shell};

on_each_engine!(
    entries_come_in_three_shapes_and_back_in_order,
    each_filter_answers_exactly_what_it_says,
    pages_run_in_both_directions,
    what_cannot_be_an_entry_is_refused_as_a_whole,
    a_lost_lease_appends_nothing,
    only_the_holder_writes_the_log_of_a_held_task,
    nobody_else_speaks_as_the_dashboard,
    a_line_of_long_ago_keeps_its_time,
);

const LOGS: &str = "/api/tasks/1/logs";

async fn messages(client: &Client, query: &str) -> Vec<String> {
    let entries: Vec<LogEntry> = client
        .get(&format!("{LOGS}?{query}"))
        .await
        .expect(200)
        .to();
    entries.into_iter().map(|entry| entry.message).collect()
}

async fn entries_come_in_three_shapes_and_back_in_order(engine: Engine) {
    let app = TestApp::on(engine, vec![]).await;
    let client = app.client();
    client.get(LOGS).await.problem(404);
    client
        .post(LOGS, &json!({"message": "x"}))
        .await
        .problem(404);
    let task = client.create(json!({"description": "x"})).await;

    let one = json!({"message": "one", "level": "warn", "stream": "stderr",
        "time": "2026-01-02T03:04:05.123456+01:00", "fields": {"k": [1, "\u{0}", "\\u0000"]}});
    assert_eq!(
        client.post(LOGS, &one).await.expect(202).json(),
        json!({"accepted": 1})
    );
    let many = json!([{"message": "two"}, {"message": "three\nlines \u{1b}[1m"}]);
    assert_eq!(
        client.post(LOGS, &many).await.expect(202).json(),
        json!({"accepted": 2})
    );
    let lines = "{\"message\": \"four\"}\n\n  {\"message\": \"five\"}\r\n";
    let ndjson = [("content-type", "application/x-ndjson; charset=utf-8")];
    let answer = client
        .send(Method::POST, LOGS, &ndjson, lines)
        .await
        .expect(202);
    assert_eq!(answer.json(), json!({"accepted": 2}));
    assert_eq!(
        client.post(LOGS, &json!([])).await.expect(202).json(),
        json!({"accepted": 0})
    );

    let entries: Vec<Value> = client.get(LOGS).await.expect(200).to();
    let said: Vec<_> = entries
        .iter()
        .map(|entry| entry["message"].as_str().unwrap())
        .collect();
    assert_eq!(
        said,
        ["one", "two", "three\nlines \u{1b}[1m", "four", "five"]
    );
    assert_eq!(entries[0]["time"], "2026-01-02T02:04:05.123456Z");
    assert_eq!(entries[0]["fields"], one["fields"]);
    assert_eq!(
        (&entries[0]["level"], &entries[0]["stream"]),
        (&one["level"], &one["stream"])
    );
    assert_eq!(entries[1]["level"], "info");
    assert_eq!(entries[1]["task_id"], task.id.to_string());
    let ids: Vec<_> = entries
        .iter()
        .map(|entry| entry["id"].as_i64().unwrap())
        .collect();
    assert!(ids.is_sorted_by(|one, next| one < next), "{ids:?}");
    let by_id = client
        .get(&format!("/api/tasks/{}/logs", task.id))
        .await
        .expect(200);
    assert_eq!(by_id.to::<Vec<Value>>(), entries);
}

async fn each_filter_answers_exactly_what_it_says(engine: Engine) {
    let app = TestApp::on(engine, vec![remote("worker", 1)]).await;
    let client = app.client();
    client.create(json!({"description": "x"})).await;
    let entries = json!([
        {"message": "a", "level": "debug", "time": "2026-01-01T00:00:00Z"},
        {"message": "b", "level": "info", "time": "2026-01-02T00:00:00Z"},
        {"message": "c", "level": "WARNING", "time": "2026-01-03T00:00:00Z"},
    ]);
    client.post(LOGS, &entries).await.expect(202);
    let (_, lease) = client.claim("worker").await;
    let entry = json!({"message": "d", "level": "error"}).to_string();
    let with = [("lease", lease.as_str())];
    let answer = client.send(Method::POST, LOGS, &with, entry).await;
    answer.expect(202);
    for (query, expected) in [
        ("", vec!["a", "b", "c", "d"]),
        ("level=info", vec!["b", "c", "d"]),
        ("level=error", vec!["d"]),
        ("agent=worker", vec!["d"]),
        ("agent=other", vec![]),
        (
            "since=2026-01-02T00:00:00Z&until=2026-01-03T00:00:00Z",
            vec!["b"],
        ),
        ("until=2026-01-02T01:00:00%2B01:00", vec!["a"]),
        ("order=desc&level=warn", vec!["d", "c"]),
        ("level=Warning", vec!["c", "d"]),
        ("order=asc&limit=1", vec!["a"]),
    ] {
        assert_eq!(messages(client, query).await, expected, "{query}");
    }
    for (query, field) in [
        ("level=loud", "level"),
        ("since=now", "since"),
        ("until=0", "until"),
        ("order=up", "order"),
        ("limit=0", "limit"),
        ("cursor=x", "cursor"),
        ("task=1", "task"),
    ] {
        client.get(&format!("{LOGS}?{query}")).await.invalid(field);
    }
    let odd = client.get(&format!("{LOGS}?agent=%00")).await;
    assert!(odd.status < 500, "{odd:?}");
}

async fn pages_run_in_both_directions(engine: Engine) {
    let app = TestApp::on(engine, vec![]).await;
    let client = app.client();
    client.create(json!({"description": "x"})).await;
    let entry = |n: usize| json!({"message": n.to_string()});
    let entries: Vec<Value> = (0..2500).map(entry).collect();
    client.post(LOGS, &Value::Array(entries)).await.expect(202);
    for order in ["asc", "desc"] {
        let mut seen = Vec::new();
        let mut next = Some(format!("{LOGS}?limit=600&order={order}"));
        while let Some(path) = next {
            let page = client.get(&path).await.expect(200);
            let entries: Vec<LogEntry> = page.to();
            seen.extend(
                entries
                    .into_iter()
                    .map(|entry| entry.message.parse::<usize>().unwrap()),
            );
            next = page.next_page();
            // The log goes on meanwhile.
            client.post(LOGS, &entry(9999)).await.expect(202);
        }
        seen.retain(|n| *n != 9999);
        if order == "desc" {
            seen.reverse();
        }
        assert_eq!(seen, (0..2500).collect::<Vec<_>>(), "{order}");
    }
}

async fn what_cannot_be_an_entry_is_refused_as_a_whole(engine: Engine) {
    let app = TestApp::on(engine, vec![]).await;
    let client = app.client();
    client.create(json!({"description": "x"})).await;
    for (body, field) in [
        (json!({}), "message"),
        (json!([{"message": "good"}, {"message": 7}]), "[1].message"),
        (json!([{"message": "good"}, {"text": "x"}]), "[1].text"),
        (json!({"message": "x", "level": "loud"}), "level"),
        (json!({"message": "x", "stream": "stdin"}), "stream"),
        (json!({"message": "x", "time": "now"}), "time"),
        (json!({"message": "x", "fields": []}), "fields"),
        (json!({"message": "x".repeat(1024 * 1024 + 1)}), "message"),
        (json!(vec![json!({"message": ""}); 10_001]), "entries"),
        (json!("x"), "body"),
    ] {
        client.post(LOGS, &body).await.invalid(field);
    }
    let ndjson = [("content-type", "application/x-ndjson")];
    for (lines, status) in [
        ("{\"message\": \"x\"}\n{", 400),
        ("{\"message\": \"x\"}\n{}", 422),
    ] {
        let problem = client
            .send(Method::POST, LOGS, &ndjson, lines)
            .await
            .problem(status);
        assert!(
            status == 400 || problem["detail"].as_str().unwrap().contains("line 2"),
            "{problem}"
        );
    }
    client
        .send(Method::POST, LOGS, &[], vec![b' '; 17 * 1024 * 1024])
        .await
        .problem(413);
    // The server hung up on the rest of that.
    let client = &Client::new(app.address());
    assert!(messages(client, "").await.is_empty());

    // At the limits it is taken: a million characters in one message, whatever bytes they take, and
    // ten thousand entries.
    let long = "🦀".repeat(1024 * 1024);
    client
        .post(LOGS, &json!({"message": long}))
        .await
        .expect(202);
    assert!(messages(client, "").await == [long], "it came back changed");
    client
        .post(LOGS, &json!(vec![json!({"message": ""}); 10_000]))
        .await
        .expect(202);
}

async fn a_lost_lease_appends_nothing(engine: Engine) {
    let app = TestApp::on(engine, vec![remote("worker", 2)]).await;
    let client = app.client();
    client.create(json!({"description": "x"})).await;
    let (_, lease) = client.claim("worker").await;
    let append = async |lease: &str| {
        client
            .send(
                Method::POST,
                LOGS,
                &[("lease", lease)],
                r#"{"message": "said"}"#,
            )
            .await
    };
    append(&lease).await.expect(202);
    append("0199aaaa-0000-7000-8000-000000000000")
        .await
        .problem(409);
    client
        .report("1", &lease, &json!({"status": "completed"}))
        .await
        .expect(200);
    append(&lease).await.problem(409);
    assert_eq!(messages(client, "agent=worker").await, ["said"]);
}

async fn only_the_holder_writes_the_log_of_a_held_task(engine: Engine) {
    let app = TestApp::on(engine, vec![remote("worker", 1)]).await;
    let client = app.client();
    client.create(json!({"description": "x"})).await;
    let entry = json!({"message": "by somebody"});
    client.post(LOGS, &entry).await.expect(202);
    let (_, lease) = client.claim("worker").await;
    let problem = client.post(LOGS, &entry).await.problem(409);
    let detail = problem["detail"].as_str().unwrap();
    assert!(detail.contains("worker"), "{detail}");
    let with = [("lease", lease.as_str())];
    let said = json!({"message": "by its holder"}).to_string();
    let answer = client.send(Method::POST, LOGS, &with, said).await;
    answer.expect(202);
    let done = json!({"status": "completed"});
    client.report("1", &lease, &done).await.expect(200);
    client.post(LOGS, &entry).await.expect(202);
    let expected = ["by somebody", "by its holder", "by somebody"];
    assert_eq!(messages(client, "").await, expected);
}

async fn nobody_else_speaks_as_the_dashboard(engine: Engine) {
    let app = TestApp::on(engine, vec![shell("shell", 1), remote("worker", 1)]).await;
    let client = app.client();
    client
        .create(json!({"description": "x", "agent": "worker"}))
        .await;
    let system = json!({"message": "all is well", "stream": "system"});
    client.post(LOGS, &system).await.invalid("stream");
    let (_, lease) = client.claim("worker").await;
    let with = [("lease", lease.as_str())];
    let answer = client.send(Method::POST, LOGS, &with, system.to_string());
    answer.await.invalid("stream");
    assert!(messages(client, "").await.is_empty());

    // What a process prints so is its own word all the same, and it is told.
    let line = json!({"log": system}).to_string();
    let script = format!("echo '{line}'");
    client
        .create(json!({"description": script, "agent": "shell"}))
        .await;
    client.until_finished(2).await;
    let log = client.get("/api/tasks/2/logs").await.expect(200);
    let log: Vec<LogEntry> = log.to();
    let said: Vec<_> = log
        .iter()
        .map(|it| (it.stream, it.message.as_str()))
        .collect();
    let warning = "the field \"log.stream\" of a line was not understood: \"system\" is not stdout, \
                   stderr or agent";
    assert_eq!(
        said,
        [
            (LogStream::Agent, "all is well"),
            (LogStream::System, warning)
        ]
    );
}

async fn a_line_of_long_ago_keeps_its_time(engine: Engine) {
    let app = TestApp::on(engine, vec![]).await;
    let client = app.client();
    client.create(json!({"description": "x"})).await;
    for time in [
        "1960-02-29T12:00:00.5Z",
        "1969-12-31T23:59:59Z",
        "1970-01-01T00:00:00Z",
    ] {
        let entry = json!({"message": time, "time": time});
        client.post(LOGS, &entry).await.expect(202);
    }
    let entries = client.get(LOGS).await.expect(200).json();
    assert_eq!(entries[0]["time"], "1960-02-29T12:00:00.500000Z");
    assert_eq!(entries[1]["time"], "1969-12-31T23:59:59.000000Z");
    let old = messages(client, "until=1970-01-01T00:00:00Z").await;
    assert_eq!(old, ["1960-02-29T12:00:00.5Z", "1969-12-31T23:59:59Z"]);
    let newer = messages(client, "since=1965-01-01T00:00:00Z").await;
    assert_eq!(newer, ["1969-12-31T23:59:59Z", "1970-01-01T00:00:00Z"]);
    // In a year that cannot be written.
    let entry = json!({"message": "x", "time": "9999-12-31T23:59:59-01:00"});
    client.post(LOGS, &entry).await.invalid("time");
}
