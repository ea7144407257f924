//! Events as files.

use serde_json::{Value, json};

use super::{NOT_CONVERGED, post, recorded};
use crate::tests::support::{Engine, TestApp, on_each_engine};

on_each_engine!(
    events_are_exported_as_lines_and_as_a_table,
    no_cell_of_a_table_is_a_formula,
);

async fn events_are_exported_as_lines_and_as_a_table(engine: Engine) {
    let app = TestApp::on(engine, vec![]).await;
    let client = app.client();
    let events = recorded(NOT_CONVERGED, "s");
    post(client, &events).await;
    // More than are read at once.
    let many: Vec<Value> = (0..1100)
        .map(|n| {
            json!({"session_id": "s", "event_type": "X", "event_id": format!("=cmd|{n}"),
            "timestamp": 1_900_000_000 + n, "data": {"text": "a \"quote\", and a comma"}})
        })
        .collect();
    post(client, &many).await;
    let lines = client
        .get("/api/sessions/s/events/export")
        .await
        .expect(200);
    assert_eq!(lines.header("content-type"), "application/x-ndjson");
    let sent: Vec<Value> = lines
        .text()
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(sent[..events.len()], events);
    assert_eq!(sent[events.len()..], many);
    let table = client
        .get("/api/sessions/s/events/export?format=csv")
        .await
        .expect(200);
    assert_eq!(
        table.header("content-disposition"),
        "attachment; filename=\"session-1-events.csv\""
    );
    let text = table.text();
    let mut rows = text.split_terminator("\r\n");
    assert_eq!(
        rows.next(),
        Some("event_id,timestamp,iteration,state,event_type,data")
    );
    assert_eq!(rows.clone().count(), events.len() + many.len());
    let last = rows.last().unwrap();
    let expected = "\"'=cmd|1099\",2030-03-17T18:04:59.000000Z,0,\"\",\"X\",\
        \"{\"\"text\"\":\"\"a \\\"\"quote\\\"\", and a comma\"\"}\"";
    assert_eq!(last, expected);
    let one = client
        .get("/api/sessions/s/events/export?type=error")
        .await
        .expect(200);
    assert_eq!(one.text().lines().count(), 1);
    client
        .get("/api/sessions/nobody/events/export")
        .await
        .problem(404);
    client
        .get("/api/sessions/s/events/export?format=xml")
        .await
        .invalid("format");
    client
        .get("/api/sessions/s/events/export?limit=1")
        .await
        .invalid("limit");
}

async fn no_cell_of_a_table_is_a_formula(engine: Engine) {
    let app = TestApp::on(engine, vec![]).await;
    let client = app.client();
    let starts = [
        "=",
        "+",
        "-",
        "@",
        "\t",
        "\r",
        "\n",
        "＝",
        "＋",
        "－",
        "＠",
        " =",
        "\u{a0}+",
        "\u{feff}=",
        "\u{200b}@",
        "\u{b}-",
        "\u{3000}\u{2060}＝",
    ];
    let odd = |start: &str| {
        json!({"session_id": "s", "event_id": format!("{start}1+1"),
        "event_type": format!("{start}X"), "timestamp": "2026-11-22T08:30:00Z"})
    };
    post(client, &starts.map(odd)).await;
    let table = client
        .get("/api/sessions/s/events/export?format=csv")
        .await
        .expect(200)
        .text();
    for start in starts {
        let guarded = format!("\"'{start}1+1\",2026-11-22T08:30:00.000000Z,");
        assert!(
            table.contains(&guarded),
            "{start:?} is not guarded in {table}"
        );
    }
    assert!(table.contains("\"'=X\""), "{table}");
}
