//! What agents print, as people and programs read it afterwards.

use serde_json::{Value, json};

use crate::domain::{LogEntry, LogLevel, LogStream, TaskStatus};
use crate::server::config::ProcessConfig;
use crate::tests::support::{Client, TestApp, configured, shell};

/// Prints what terminals understand.
const ODD_BYTES: &str = include_str!("../data/agents/odd-bytes.sh");

async fn log(client: &Client, number: i64) -> Vec<LogEntry> {
    let path = format!("/api/tasks/{number}/logs?limit=1000");
    client.get(&path).await.expect(200).to()
}

/// Runs a script to its end.
async fn run(client: &Client, script: &str) -> (Value, Vec<LogEntry>) {
    let task = client.create(json!({"description": script})).await;
    client.until(task.number, TaskStatus::Completed).await;
    let whole = format!("/api/tasks/{}", task.number);
    let task_now: Value = client.get(&whole).await.expect(200).to();
    (task_now, log(client, task.number).await)
}

#[tokio::test]
async fn a_line_counts_however_it_is_written() {
    let app = TestApp::with(vec![shell("shell", 1)]).await;
    let client = app.client();
    for (script, result, cost, log) in [
        (
            r#"echo '{"result": {"ok": 1}, "usage": {"input_tokens": 10, "cost_usd": 0.004}}'"#,
            json!({"ok": 1}),
            json!("0.004"),
            vec![],
        ),
        (
            r#"echo '{"result": {"ok": 1}, "usage": {"output_tokens": 5, "cost_usd": "0.00000315"}}'"#,
            json!({"ok": 1}),
            json!("0.000003"),
            vec![],
        ),
        (
            r#"echo '{"progress": 45, "message": "almost half"}'"#,
            Value::Null,
            Value::Null,
            vec![
                "almost half",
                "the field \"progress\" of a line was not understood: 45",
            ],
        ),
        (
            r#"echo '{"progress": 1.0000000002, "result": {"ok": 1}}'"#,
            json!({"ok": 1}),
            Value::Null,
            vec![],
        ),
        (
            r#"echo '{"result": null}'"#,
            Value::Null,
            Value::Null,
            vec![],
        ),
        (
            r#"printf '  {"result": {"ok": 1}}\n'"#,
            json!({"ok": 1}),
            Value::Null,
            vec![],
        ),
        (
            r#"printf '{"result": {"answer": '; sleep 0.5; printf '42}}\n'"#,
            json!({"answer": 42}),
            Value::Null,
            vec![],
        ),
        (
            r#"printf '{\n  "result": {\n    "answer": 42\n  }\n}\n'; echo end"#,
            json!({"answer": 42}),
            Value::Null,
            vec!["end"],
        ),
        (
            r#"echo '{"result": 1, "usage": {"input_tokens": 5, "odd": 1}, "level": "WARNING"}'"#,
            json!(1),
            Value::Null,
            vec!["not understood in a line: \"usage.odd\""],
        ),
        (
            r#"printf '{"result": "he said \302\200\302\235yes", "usage": {"cost_usd": 1}}\n'"#,
            json!("he said \u{80}\u{9d}yes"),
            json!("1.00"),
            vec![],
        ),
        (
            r#"echo '{"result": {"loss": NaN, "ok": 1}, "usage": {"cost_usd": 2}}'"#,
            json!({"loss": null, "ok": 1}),
            json!("2.00"),
            vec!["the field \"result.loss\" of a line was not understood: \"NaN\""],
        ),
        (
            r#"echo '{"progress": 0.5}{"result": {"ok": 1}}'"#,
            json!({"ok": 1}),
            Value::Null,
            vec![],
        ),
        (
            r#"printf 'working\033[2K\033[1G{"result": {"ok": 1}}\n'"#,
            json!({"ok": 1}),
            Value::Null,
            vec![],
        ),
        (
            r#"printf '{"result": {"ok": 1}'"#,
            Value::Null,
            Value::Null,
            vec![
                r#"{"result": {"ok": 1}"#,
                "looks like a line of an agent but cannot be read: it breaks off",
            ],
        ),
    ] {
        let (task, entries) = run(client, script).await;
        assert_eq!(task["result"], result, "{script}");
        assert_eq!(task["usage"]["cost_usd"], cost, "{script}");
        assert_eq!(entries.len(), log.len(), "{script}: {entries:?}");
        for (entry, expected) in entries.iter().zip(log) {
            assert!(entry.message.starts_with(expected), "{entry:?}");
            let words = ["not understood", "cannot be read"];
            let warns = words.iter().any(|words| entry.message.contains(words));
            let is_warning = entry.level == LogLevel::Warn && entry.stream == LogStream::System;
            assert_eq!(is_warning, warns, "{entry:?}");
        }
    }
}

#[tokio::test]
async fn a_long_result_arrives_and_one_that_is_too_long_is_said_to_be_lost() {
    let app = TestApp::with(vec![shell("shell", 1)]).await;
    let client = app.client();
    let script = |length: usize| {
        format!(
            "printf '{{\"result\": \"'; head -c {length} /dev/zero | tr '\\0' x; \
             printf '\", \"usage\": {{\"input_tokens\": 7}}}}\\n'; echo end"
        )
    };
    for length in [200_000, 4_000_000] {
        let (task, log) = run(client, &script(length)).await;
        assert_eq!(task["result"].as_str().map(str::len), Some(length));
        assert_eq!(task["usage"]["input_tokens"], 7);
        let messages: Vec<_> = log.iter().map(|entry| &entry.message).collect();
        assert_eq!(messages, ["end"]);
    }
    let (task, log) = run(client, &script(5_000_000)).await;
    assert_eq!(task["result"], Value::Null);
    let last = log.last().unwrap();
    assert_eq!(
        last.message,
        "its result was longer than 4 MiB and is not kept, nor is what else its line said"
    );
    assert_eq!(
        (last.level, last.stream),
        (LogLevel::Error, LogStream::System)
    );
    let page = client
        .get(&format!("/tasks/{}", task["number"]))
        .await
        .expect(200);
    assert!(page.text().contains("its result was longer than 4 MiB"));
}

#[tokio::test]
async fn a_task_that_is_tried_again_has_only_the_result_of_its_last_attempt() {
    let app = TestApp::with(vec![shell("shell", 1)]).await;
    let client = app.client();
    let script = "test $TASK_ATTEMPT = 1 || exit 0; echo '{\"result\": \"all pass\"}'; exit 1";
    let task = json!({"description": script, "max_attempts": 2});
    client.create(task).await;
    client.until(1, TaskStatus::Completed).await;
    let task: Value = client.get("/api/tasks/1").await.expect(200).to();
    assert_eq!(
        (&task["result"], &task["error"]),
        (&Value::Null, &Value::Null)
    );
    let said = log(client, 1).await;
    assert!(
        said.iter()
            .any(|it| it.message.contains("does not count: \"all pass\"")),
        "{said:?}"
    );
}

#[tokio::test]
async fn output_for_terminals_reads_as_a_terminal_shows_it() {
    let app = TestApp::with(vec![shell("shell", 1)]).await;
    let (_, log) = run(app.client(), ODD_BYTES).await;
    let messages: Vec<&str> = log.iter().map(|entry| entry.message.as_str()).collect();
    let expected = [
        "link after",
        "split link end",
        "before ",
        "next line is whole",
        "\u{1b}[31mred begins\u{1b}[0m",
        "\u{1b}[31mstill red\u{1b}[0m",
        "plain",
        "\u{1b}[4:3mcurly\u{1b}[0m red underline colour \u{1b}[38;2;255;100;31mtrue colour\u{1b}[0m",
        "\u{1b}[31mC1 CSI\u{1b}[0m",
        "rtl \u{202e} gnp.exe ",
        "zwj \u{1f469}\u{200d}\u{1f469}\u{200d}\u{1f467}",
    ];
    assert_eq!(messages[..expected.len()], expected);
    let rest = &messages[expected.len()..];
    let lines: Vec<&str> = rest[0].lines().map(str::trim_start).collect();
    assert_eq!(
        lines,
        [
            "nul  here, form feed ",
            ", vertical tab ",
            ", backspace xyz"
        ]
    );
    assert_eq!(rest[1], "sep\u{2028}LINE SEPARATOR and\u{2029}PARAGRAPH");
    assert_eq!(
        rest[2..5],
        ["download 10%", "download 50%", "download 100%"]
    );
    assert_eq!(rest[5..].concat(), "half 👩 doneno line break at the end");
    let page = app.client().get("/tasks/1").await.expect(200);
    let page = page.text();
    assert!(!page.contains('\u{9b}') && !page.contains('\u{8}'));
    assert!(
        page.contains("<span class=\"fg-1\">still red</span>"),
        "{page}"
    );
    let exact = "style=\"color:light-dark(#b74716,#ff641f);";
    assert!(page.contains(exact), "{page}");
}

#[tokio::test]
async fn a_description_reaches_programs_with_line_feeds_from_every_door() {
    let dump = ProcessConfig {
        command: [
            "sh",
            "-c",
            "cat; echo; printf %s \"$TASK_DESCRIPTION\" | od -An -c",
        ]
        .map(str::to_owned)
        .into(),
        stdin: Some("{description}".to_owned()),
        ..ProcessConfig::default()
    };
    let app = TestApp::with(vec![configured("dump", dump)]).await;
    let client = app.client();
    let held = json!({"description": "a\r\nb", "start_after": "2199-01-01T00:00:00Z"});
    let created = [
        client.create(json!({"description": "a\r\nb"})).await,
        client.create(held.clone()).await,
        client.create(held).await,
    ];
    let change = json!({"description": "c\r\nd\re"});
    client.patch("/api/tasks/2", &change).await.expect(200);
    client
        .post("/api/tasks/2/start", &json!({}))
        .await
        .expect(200);
    client.delete("/api/tasks/3").await.expect(200);
    let again = json!({"description": "f\r\n\r\ng"});
    client.post("/api/tasks/3/retry", &again).await.expect(201);
    for (number, expected) in [(1, "a\\nb"), (2, "c\\nd\\re"), (4, "f\\n\\ng")] {
        client.until(number, TaskStatus::Completed).await;
        let log = log(client, number).await;
        let dumped = log.last().unwrap().message.replace(' ', "");
        assert_eq!(dumped, expected, "{number}");
        assert!(log.iter().all(|entry| !entry.message.contains("\\r\\n")));
    }
    assert_eq!(created.len(), 3);
}
