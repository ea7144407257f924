//! `GET /api/tasks`: filters, and pages that lose and double nothing.

use std::collections::HashSet;

use serde_json::json;

use crate::domain::Task;
use crate::tests::support::{Client, Engine, TestApp, on_each_engine, remote};

on_each_engine!(
    each_filter_answers_exactly_what_it_says,
    labels_that_change_are_found_under_their_new_names,
    wildcards_and_case_do_not_blur_a_search,
    pages_lose_and_double_nothing_while_tasks_are_created,
    what_a_list_does_not_understand_is_named,
);

async fn numbers(client: &Client, query: &str) -> Vec<i64> {
    let tasks: Vec<Task> = client
        .get(&format!("/api/tasks?{query}"))
        .await
        .expect(200)
        .to();
    tasks.into_iter().map(|task| task.number).collect()
}

async fn each_filter_answers_exactly_what_it_says(engine: Engine) {
    let app = TestApp::on(engine, vec![remote("worker", 1)]).await;
    let client = app.client();
    client
        .create(json!({"description": "first", "labels": ["bug"], "agent": "worker"}))
        .await;
    client
        .create(json!({"description": "second", "priority": "high", "agent": "other", "agent_may_come": true}))
        .await;
    client
        .create(json!({"description": "third", "labels": ["bug", "ui"]}))
        .await;
    client.claim("worker").await;
    client.delete("/api/tasks/3").await.expect(200);

    for (query, expected) in [
        ("", vec![3, 2, 1]),
        ("status=running", vec![1]),
        ("status=pending&status=cancelled", vec![3, 2]),
        ("status=failed", vec![]),
        // All six at once are all tasks; one of them six times is not.
        (
            "status=pending&status=pending&status=pending&status=pending&status=pending&status=pending",
            vec![2],
        ),
        ("agent=worker", vec![1]),
        ("agent=other", vec![2]),
        ("agent=nobody", vec![]),
        ("priority=high", vec![2]),
        ("priority=normal", vec![3, 1]),
        ("label=bug", vec![3, 1]),
        ("label=ui&label=ui", vec![3]),
        ("label=u", vec![]),
        ("q=SECOND", vec![2]),
        ("q=ir", vec![3, 1]),
        ("q=%232", vec![2]),
        ("q=3", vec![3]),
        ("q=+first+", vec![1]),
        ("q=&status=&agent=", vec![3, 2, 1]),
        (
            "label=bug&status=running&agent=worker&priority=normal&q=first",
            vec![1],
        ),
        ("limit=2", vec![3, 2]),
    ] {
        assert_eq!(numbers(client, query).await, expected, "{query}");
    }
}

async fn labels_that_change_are_found_under_their_new_names(engine: Engine) {
    let app = TestApp::on(engine, vec![]).await;
    let client = app.client();
    client
        .create(json!({"description": "x", "labels": ["old", "kept", "kept"]}))
        .await;
    client
        .create(json!({"description": "x", "labels": ["old"], "priority": "urgent"}))
        .await;
    let labels = json!({"labels": ["new", "kept"]});
    client.patch("/api/tasks/1", &labels).await.expect(200);
    let labels = json!({"labels": [], "priority": "low"});
    client.patch("/api/tasks/2", &labels).await.expect(200);
    for (query, expected) in [
        ("label=old", vec![]),
        ("label=kept", vec![1]),
        ("label=new&status=pending", vec![1]),
        ("label=new&cursor=1", vec![]),
        ("priority=urgent", vec![]),
        ("priority=low", vec![2]),
    ] {
        assert_eq!(numbers(client, query).await, expected, "{query}");
    }
}

async fn wildcards_and_case_do_not_blur_a_search(engine: Engine) {
    let app = TestApp::on(engine, vec![]).await;
    let client = app.client();
    client
        .create(json!({"description": "100% of a_b\\c", "labels": ["Bug", "a_b"]}))
        .await;
    client
        .create(json!({"description": "100 of axb", "labels": ["bug", "axb"]}))
        .await;
    client
        .create(json!({"description": "Übung ÉCOLE", "labels": ["Größe"]}))
        .await;
    for (query, expected) in [
        ("q=100%25", vec![1]),
        ("q=a_b", vec![1]),
        ("q=b%5Cc", vec![1]),
        ("q=_", vec![1]),
        ("label=Bug", vec![1]),
        ("label=bug", vec![2]),
        ("label=a_b", vec![1]),
        ("label=%25", vec![]),
        ("label=Gr%C3%B6%C3%9Fe", vec![3]),
        ("q=%C3%9Cbung", vec![3]),
        ("q=%C3%89COLE", vec![3]),
    ] {
        assert_eq!(numbers(client, query).await, expected, "{query}");
    }
}

async fn pages_lose_and_double_nothing_while_tasks_are_created(engine: Engine) {
    let app = TestApp::on(engine, vec![]).await;
    let client = app.client();
    let create = async |n: i64| {
        let label = if n % 2 == 0 { "even" } else { "odd" };
        client
            .create(json!({"description": format!("task {n}"), "labels": [label]}))
            .await;
    };
    for n in 1..=25 {
        create(n).await;
    }
    let mut seen = Vec::new();
    let mut next = Some("/api/tasks?limit=4&label=odd&q=task".to_owned());
    let mut created = 25;
    while let Some(path) = next {
        let page = client.get(&path).await.expect(200);
        let tasks: Vec<Task> = page.to();
        assert!(tasks.len() == 4 || page.next_page().is_none());
        seen.extend(tasks.into_iter().map(|task| task.number));
        next = page.next_page();
        for _ in 0..3 {
            created += 1;
            create(created).await;
        }
    }
    let expected: Vec<i64> = (1..=25).rev().filter(|n| n % 2 == 1).collect();
    assert_eq!(seen, expected);
    assert_eq!(seen.iter().collect::<HashSet<_>>().len(), seen.len());
    // A page that is exactly full is the last one.
    let all = client.get("/api/tasks?limit=1000").await.expect(200);
    let count = all.to::<Vec<Task>>().len();
    assert!(all.next_page().is_none());
    let full = client
        .get(&format!("/api/tasks?limit={count}"))
        .await
        .expect(200);
    assert!(full.next_page().is_none());
}

async fn what_a_list_does_not_understand_is_named(engine: Engine) {
    let app = TestApp::on(engine, vec![]).await;
    let client = app.client();
    for (query, field) in [
        ("limit=0", "limit"),
        ("limit=1001", "limit"),
        ("limit=-1", "limit"),
        ("limit=ten", "limit"),
        ("cursor=x", "cursor"),
        ("cursor=99999999999999999999", "cursor"),
        ("status=done", "status"),
        ("priority=9", "priority"),
        ("page=2", "page"),
    ] {
        client
            .get(&format!("/api/tasks?{query}"))
            .await
            .invalid(field);
    }
    // Whatever a filter holds, the server answers.
    for query in [
        "q=%00",
        "label=%00",
        "agent=%00",
        "q=%ff%fe",
        "agent=%F0%9F%A6%80",
        "%00=1",
        "cursor=-1",
    ] {
        let answer = client.get(&format!("/api/tasks?{query}")).await;
        assert!(answer.status < 500, "{query}: {answer:?}");
    }
}
