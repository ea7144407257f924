//! What the server says about itself is found by the name of a request, and is nobody else's words.

use axum::http::Method;

use super::Running;
use crate::tests::support::{Engine, Place, eventually};

#[tokio::test]
async fn a_refused_request_is_in_the_log_by_its_name_on_one_line() {
    let place = Place::new(Engine::Sqlite).await;
    let running = Running::try_start(&place, "export RUST_LOG=info", None);
    let program = running.await.unwrap();
    let name = [("x-request-id", "trace-42")];
    let path = "/api/sessions/a%0A2026-11-22T08:30:00Z%20ERROR%20forged%1B%5B31m";
    let answer = program.client.send(Method::GET, path, &name, "").await;
    answer.problem(404);
    eventually("the refusal is in the log", async || {
        (program.times("trace-42") == 1).then_some(())
    })
    .await;
    for words in [
        "session_not_found",
        "404",
        "/api/sessions/a%0A2026",
        "forged",
    ] {
        assert_eq!(program.times(words), 1, "{words}");
    }
    let said = program.said.lock().unwrap().clone();
    assert!(!said.contains('\u{1b}'), "{said}");
    let forged = said
        .lines()
        .filter(|line| line.starts_with("2026-11-22T08:30:00Z ERROR"));
    assert_eq!(forged.count(), 0, "{said}");
    // What is asked for may hold what nobody is to read.
    let secret = "/api/tasks?nope=secret";
    program.client.get(secret).await.problem(422);
    eventually("the other refusal is in the log", async || {
        (program.times("invalid_input") == 1).then_some(())
    })
    .await;
    assert_eq!(program.times("secret"), 0);
    program.stop().await;
}
