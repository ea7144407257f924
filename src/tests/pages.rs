//! A page is small, whatever the data: what is more is cut, counted, and has an address.

use futures_util::future::join_all;
use serde_json::{Value, json};

use super::support::{Client, TestApp, remote};
use crate::domain::LogEntry;

/// What a page may have, in bytes of HTML.
const MOST: usize = 300_000;

/// Characters that take most when they are escaped.
fn odd(length: usize) -> String {
    "<\"&\\ü😀".chars().cycle().take(length).collect()
}

/// The HTML of a page, which is small.
async fn page(client: &Client, path: &str) -> String {
    let html = client.get(path).await.expect(200).text();
    assert!(html.len() <= MOST, "{path} has {} bytes", html.len());
    html
}

/// Where the first link that begins so leads.
fn link(html: &str, beginning: &str) -> String {
    let at = html.find(&format!("href=\"{beginning}"));
    let rest = &html[at.unwrap_or_else(|| panic!("no link to {beginning}")) + 6..];
    rest[..rest.find('"').unwrap()].replace("&amp;", "&")
}

fn labels() -> Vec<String> {
    let label = |n: usize| {
        format!(
            "{n:02}{}",
            "ü<😀".chars().cycle().take(48).collect::<String>()
        )
    };
    (0..20).map(label).collect()
}

fn lines(count: usize, message: &str) -> Value {
    json!(vec![
        json!({"message": message, "fields": {"more": odd(500)}});
        count
    ])
}

/// A task with texts of so many characters, which failed.
async fn large(client: &Client, text: &str, size: usize) -> i64 {
    let description: String = text.chars().cycle().take(size).collect();
    let task = json!({"description": description, "title": odd(200), "labels": labels(),
        "status": "running", "agent": "outside", "metadata": {"more": odd(8000)}});
    let number = client.create(task).await.number;
    let path = format!("/api/tasks/{number}");
    let result: String = text.chars().cycle().take(size * 3).collect();
    let error: String = text.chars().cycle().take(size / 2).collect();
    let end = json!({"status": "failed", "result": {"answer": result}, "error": error});
    client.patch(&path, &end).await.expect(200);
    number
}

/// While parts of a page were made on several threads at once, one in a hundred panicked and one in
/// five hundred was never answered.
#[tokio::test]
async fn a_page_is_whole_however_many_are_asked_for_at_once() {
    let app = TestApp::with(vec![remote("outside", 1)]).await;
    let client = app.client();
    client.create(json!({"description": "in the list"})).await;
    let holds = [
        ("/", "in the list"),
        ("/agents", "href=\"/agents/outside\""),
        ("/projects", "href=\"/tasks?project=default\""),
        ("/nowhere", "project"),
    ];
    let reader = async |_| {
        for _ in 0..40 {
            for (path, part) in holds {
                let answer = client.get(path).await;
                let html = answer
                    .expect(if path == "/nowhere" { 404 } else { 200 })
                    .text();
                assert!(html.contains(part), "{part} is not in {path}");
                assert!(html.contains("</html>"), "{path} is cut");
            }
        }
    };
    join_all((0..4).map(reader)).await;
}

#[tokio::test]
async fn the_page_of_a_task_is_small_whatever_its_texts_hold() {
    let app = TestApp::with(vec![remote("outside", 1)]).await;
    let client = app.client();
    for text in ["plain words ", "<", "\"&\\\n", "😀", "\u{301}"] {
        let number = large(client, text, 100_000).await;
        client
            .post(&format!("/api/tasks/{number}/logs"), &lines(600, text))
            .await
            .expect(202);
        let html = page(client, &format!("/tasks/{number}")).await;
        for what in [
            "the whole description, ",
            "the whole result, ",
            "the whole error, ",
        ] {
            assert!(html.contains(what), "{what} is not there for {text:?}");
        }
        let whole = client
            .get(&link(&html, "/api/tasks/"))
            .await
            .expect(200)
            .json();
        let described = whole["description"].as_str().unwrap();
        assert_eq!(described.chars().count(), 100_000);
        assert!(whole["result"]["answer"].as_str().unwrap().len() >= 300_000);
        // Who tries again without JavaScript keeps what the form does not hold.
        let form = [("content-type", "application/x-www-form-urlencoded")];
        let again = format!("task={number}&description=");
        let answer = client
            .send(axum::http::Method::POST, "/rpc/tasks/retry", &form, again)
            .await;
        assert!(answer.status < 400, "{}", answer.text());
    }
}

#[tokio::test]
async fn long_lines_of_a_log_are_cut_and_each_has_an_address() {
    let app = TestApp::start().await;
    let client = app.client();
    let task = json!({"description": "x", "status": "running", "agent": "outside"});
    client.create(task).await;
    let coloured = |n: usize| format!("\u{1b}[3{};4{}mx", n % 8, n % 7);
    let coloured: String = (0..8000).map(coloured).collect();
    let exact = |n: usize| format!("\u{1b}[1;3;4;38;2;{};20;30;48;2;40;50;60mx", n % 200);
    let exact: String = (0..2000).map(exact).collect();
    for (count, message) in [
        (300, "y".repeat(65_536)),
        (300, "<".repeat(65_536)),
        (600, coloured),
        (600, exact),
    ] {
        for _ in 0..count / 100 {
            let body = lines(100, &message);
            let answer = client.post("/api/tasks/1/logs", &body).await;
            answer.expect(202);
        }
        let html = page(client, "/tasks/1").await;
        assert!(html.contains("Load earlier"), "the rest has to be there");
        let whole = link(&html, "/api/tasks/1/logs?cursor=");
        let whole: Vec<LogEntry> = client.get(&whole).await.expect(200).to();
        assert_eq!(whole.len(), 1);
        assert_eq!(whole[0].message, message);
        // What the program of the page asks for is bounded too.
        let asked = json!({"task": "1", "before": null, "after": 0});
        let answer = client.post("/rpc/tasks/logs", &asked).await.expect(200);
        assert!(answer.body.len() < 2_000_000, "{}", answer.body.len());
        let part = json!({"task": "1", "part": {"line": whole[0].id}});
        let answer = client.post("/rpc/tasks/whole", &part).await.expect(200);
        assert_eq!(answer.to::<String>(), message);
    }
}

#[tokio::test]
async fn a_list_of_large_tasks_is_small_and_goes_on() {
    let app = TestApp::start().await;
    let client = app.client();
    for text in ["plain words ", "<\"", "😀"] {
        for _ in 0..12 {
            large(client, text, 5000).await;
        }
    }
    for path in ["/", "/agents/outside"] {
        // An agent that only reports may have no page.
        if client.get(path).await.status == 200 {
            page(client, path).await;
        }
    }
    let mut seen = Vec::new();
    let mut next = Some("/tasks".to_owned());
    while let Some(path) = next {
        let html = page(client, &path).await;
        let rows = html
            .split("<a ")
            .filter_map(|rest| rest.split('>').next())
            .filter(|tag| tag.contains("row-title"));
        seen.extend(rows.map(|tag| {
            let digits = tag.chars().filter(char::is_ascii_digit);
            digits.collect::<String>().parse::<i64>().unwrap()
        }));
        let more = html.contains("Load more");
        // The last such link: an earlier one opens the form over this page.
        let links = html.rfind("href=\"/tasks?cursor=");
        next = more.then(|| link(&html[links.unwrap()..], "/tasks?cursor="));
        assert_ne!(next.as_ref(), Some(&path));
    }
    let all: Vec<i64> = (1..=36).rev().collect();
    assert_eq!(seen, all);
}

#[tokio::test]
async fn pages_of_long_questions_are_small_and_ask_them() {
    let app = TestApp::with(vec![remote("outside", 256)]).await;
    let client = app.client();
    let option = |n: usize| json!({"id": format!("{n:02}{}", odd(198)), "label": odd(200)});
    let requires: Vec<_> = (0..20).map(|n| format!("{n:02}{}", odd(198))).collect();
    for _ in 0..40 {
        let task = json!({"description": "x", "status": "running", "agent": "outside"});
        let number = client.create(task).await.number;
        let options: Vec<_> = (0..50).map(option).collect();
        let ask = json!({"status": "needs_input",
            "question": {"text": odd(10_000), "options": options}});
        let path = format!("/api/tasks/{number}");
        client.patch(&path, &ask).await.expect(200);
        let waits = json!({"description": "x", "requires": requires, "after": [number]});
        client.create(waits).await;
    }
    for path in [
        "/",
        "/?status=needs_input",
        "/?status=pending",
        "/agents",
        "/agents/outside",
    ] {
        page(client, path).await;
    }
    let html = page(client, "/tasks/1").await;
    assert!(
        html.contains("more options</a>"),
        "nothing is said of the rest"
    );
    assert!(html.contains("Your answer"));
}

#[tokio::test]
async fn an_agent_is_shown_by_what_people_see_of_its_title() {
    let app = TestApp::with(vec![remote("first", 1)]).await;
    let client = app.client();
    for (name, title, shown) in [
        ("unseen", "\u{200b}", "unseen"),
        ("turned", "\u{202e}evil", "\u{202e}evil"),
    ] {
        let agent = json!({"name": name, "title": title});
        client.post("/api/agents", &agent).await.expect(201);
        for path in ["/agents".to_owned(), format!("/agents/{name}")] {
            let html = page(client, &path).await;
            let shown = format!("<bdi>{shown}</bdi>");
            assert!(html.contains(&shown), "{path} has no {shown}");
        }
    }
}

#[tokio::test]
async fn pages_with_hundreds_of_agents_are_small_and_show_each_of_them() {
    let app = TestApp::with(vec![remote("first", 256)]).await;
    let client = app.client();
    for start in (0..700).step_by(100) {
        let agents = (start..start + 100).map(|n| async move {
            let capabilities = vec![odd(200); 20];
            let agent = json!({"name": format!("agent-{n:04}"), "title": odd(200),
                "capabilities": capabilities, "concurrency": 256});
            client.post("/api/agents", &agent).await.expect(201);
        });
        join_all(agents).await;
    }
    for _ in 0..40 {
        let task = json!({"description": odd(5000), "agent": "first", "labels": labels()});
        client.create(task).await;
        client.claim("first").await;
    }
    for path in [
        "/",
        "/tasks?new=1",
        "/agents?new=1",
        "/agents/first",
        "/agents/agent-0007",
    ] {
        page(client, path).await;
    }
    let mut seen = Vec::new();
    let mut next = Some("/agents".to_owned());
    while let Some(path) = next {
        let html = page(client, &path).await;
        let names = html.match_indices("<h2><a href=\"/agents/");
        let names = names.map(|(at, found)| {
            let rest = &html[at + found.len()..];
            rest[..rest.find('"').unwrap()].to_owned()
        });
        let names: Vec<_> = names.collect();
        assert!(!names.is_empty(), "{path} shows nobody");
        seen.extend(names);
        let more = html.contains("More agents");
        next = more.then(|| link(&html, "/agents?after="));
    }
    let mut all: Vec<String> = (0..700).map(|n| format!("agent-{n:04}")).collect();
    all.push("first".to_owned());
    assert_eq!(seen, all);
    let found = page(client, "/agents?q=agent-06&status=idle").await;
    assert!(found.contains("/agents/agent-0600"));
    assert!(!found.contains("/agents/agent-0001"));
    let none = page(client, "/agents?q=nobody").await;
    assert!(none.contains("No agent matches"));
}

#[tokio::test]
async fn a_project_whose_title_nobody_sees_is_chosen_by_its_name() {
    let app = TestApp::with(vec![remote("worker", 1)]).await;
    let client = app.client();
    for (name, title) in [("unseen", "\u{200b}"), ("turned", "\u{202e}gnp")] {
        let project = json!({"name": name, "title": title});
        client.post("/api/projects", &project).await.expect(201);
    }
    let form = client.get("/agents?new=1").await.expect(200).text();
    let list = client.get("/tasks").await.expect(200).text();
    for html in [form, list] {
        for (name, shown) in [("unseen", "unseen"), ("turned", "\u{202e}gnp\u{202c}")] {
            let option = html.split("<option").find(|it| it.contains(name)).unwrap();
            assert!(option.contains(&format!(">{shown}<")), "{option:?}");
        }
    }
}
