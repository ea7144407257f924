//! Text that nobody sees, and text that turns others around.

use serde_json::json;

use crate::tests::support::TestApp;

#[tokio::test]
async fn a_title_that_nobody_sees_is_none() {
    let app = TestApp::with(vec![]).await;
    let client = app.client();
    for title in [
        "\u{200b}",
        "\u{2060}\u{feff}",
        "\u{ad}",
        "\u{3164}",
        "\u{202e}\u{202c}",
    ] {
        let task = json!({"title": title, "description": "\u{200b}\n\u{2028}write it\nplease"});
        let task = client.create(task).await;
        assert_eq!(task.title, "write it", "{title:?}");
    }
    let change = json!({"title": "\u{2063}"});
    client.patch("/api/tasks/1", &change).await.expect(200);
    assert_eq!(client.task(1).await.title, "write it");
    for (field, value) in [
        ("description", json!("\u{200b}\n\u{2060}")),
        ("labels", json!(["\u{200b}"])),
    ] {
        let mut task = json!({"description": "x"});
        task[field] = value;
        let answer = client.post("/api/tasks", &task).await.expect(422);
        assert!(answer.text().contains(field), "{}", answer.text());
    }
}

#[tokio::test]
async fn what_turns_a_title_around_ends_with_it() {
    let app = TestApp::with(vec![]).await;
    let client = app.client();
    let title = "photo \u{202e}gnp.exe";
    client
        .create(json!({"title": title, "description": "\u{202e}x"}))
        .await;
    let page = client.get("/tasks/1").await.expect(200);
    let page = page.text();
    assert!(page.contains(&format!("<bdi>{title}</bdi>")), "{page}");
    let whole = format!("#1 {title}\u{202c} · Kimi Dashboard</title>");
    assert!(page.contains(&whole), "{page}");
    assert!(
        page.contains("<div dir=\"auto\" class=\"prose\">"),
        "{page}"
    );
    let list = client.get("/").await.expect(200);
    assert!(list.text().contains(&format!("<bdi>{title}</bdi>")));
}
