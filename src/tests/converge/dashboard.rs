//! A real loop and a real dashboard, end to end.

use rustix::process::Signal;
use serde_json::Value;

use super::hook::{Hook, Mood};
use super::program::{Project, free_port, listen, session_of, wait_for};
use crate::domain::{Finding, FindingState, LoopState, Session, SessionStatus, VerdictKind};
use crate::tests::convergence::{check, shown, with_events};
use crate::tests::support::{Client, Engine, Place, Program, TestApp, eventually, on_each_engine};

on_each_engine!(
    a_dashboard_from_before_the_loop_shows_all_of_it,
    a_dashboard_that_is_killed_in_the_middle_misses_nothing,
);

/// Serves events where the dashboard of a test can be told of beforehand.
const SOCKET: [&str; 4] = ["run", "--websocket", "--ws-host", "127.0.0.1"];

/// The session is what its events say, it has converged, and its finding is mended.
async fn has_converged(client: &Client, events: &[Value], source: &str) {
    check(client, events, source).await;
    let id = session_of(events);
    let path = format!("/api/sessions/{id}");
    let session: Session = client.get(&path).await.expect(200).to();
    assert_eq!(session.status, SessionStatus::Converged);
    assert_eq!(session.final_state, LoopState::Converged);
    assert_eq!(session.iterations, 3);
    assert_eq!(session.verdict.unwrap().kind, VerdictKind::Converged);
    let path = format!("/api/sessions/{id}/findings");
    let findings: Vec<Finding> = client.get(&path).await.expect(200).to();
    let states: Vec<_> = findings.iter().map(|it| it.state).collect();
    assert_eq!(states, [FindingState::Fixed]);
}

async fn a_dashboard_from_before_the_loop_shows_all_of_it(engine: Engine) {
    let project = Project::small();
    let port = free_port().await.to_string();
    let url = format!("ws://127.0.0.1:{port}");
    let app = TestApp::following(engine, vec![url.clone()], 120).await;
    // The loop may be over before the dashboard looks again; its end waits.
    let words = [&SOCKET[..], &["--ws-port", &port]].concat();
    project.run(&words).await.with(0);
    let events = stored(app.client()).await;
    has_converged(app.client(), &events, &url).await;
}

#[tokio::test]
async fn a_loop_that_did_not_converge_and_its_page_say_the_same_words() {
    let yaml = "target: work\nloop: {backoff_seconds: 0, max_iterations: 4}\n\
        steps:\n  diagnose: {tool: ./diagnose.sh}\n";
    let project = Project::new(yaml);
    project.script(
        "diagnose.sh",
        r#"set -- 20 31 24 22
shift $((CONVERGENCE_ITERATION - 1))
printf '{"findings": ["fault 1"'
for n in $(seq 2 "$1"); do printf ', "fault %s"' "$n"; done
echo ']}'"#,
    );
    let port = free_port().await.to_string();
    let app = TestApp::following(Engine::Sqlite, vec![format!("ws://127.0.0.1:{port}")], 120).await;
    let words = [&SOCKET[..], &["--ws-port", &port]].concat();
    let ended = project.run(&words).await.with(2);
    let verdict = "not converged: stalled (20, 31, 24, 22 open)";
    let said = format!("kimi-converge: {verdict}; Max iterations (4) reached\n");
    assert_eq!(ended.complained, said);
    let named = [&words[..], &["--name", "nightly", "--max-iterations", "1"]].concat();
    project.run(&named).await.with(2);
    let client = app.client();
    let sessions = eventually("both sessions are over", async || {
        let sessions: Vec<Session> = client.get("/api/sessions").await.expect(200).to();
        let over = sessions
            .iter()
            .filter(|it| it.status == SessionStatus::Ended);
        (over.count() == 2).then_some(sessions)
    })
    .await;
    let called: Vec<_> = sessions.iter().map(|it| it.name.as_str()).collect();
    assert_eq!(called, ["nightly", "work #1"]);
    let id = &sessions[1].session_id;
    let path = format!("/api/sessions/{id}");
    let session: Session = client.get(&path).await.expect(200).to();
    assert_eq!(session.verdict.unwrap().text, verdict);
    let page = client.get(&format!("/convergence/{id}")).await.expect(200);
    let shown = shown(&page.text()).replace(" : ", ": ");
    assert!(shown.contains(verdict), "{shown}");
}

/// Every event of the only session, as it was sent, once its end is there.
async fn stored(client: &Client) -> Vec<Value> {
    eventually("the end of the session is there", async || {
        let sessions: Vec<Session> = client.get("/api/sessions").await.expect(200).to();
        let id = &sessions.first()?.session_id;
        let path = format!("/api/sessions/{id}/events?limit=1000");
        let mut events: Vec<Value> = client.get(&path).await.expect(200).to();
        for event in &mut events {
            event["session_id"] = id.clone().into();
        }
        let ended = events.last()?["event_type"] == "SESSION_ENDED";
        ended.then_some(events)
    })
    .await
}

#[tokio::test]
async fn a_dashboard_that_starts_during_the_loop_shows_all_of_it() {
    let project = Project::small();
    let test = format!("{}\n{}\necho >> tested", wait_for("go"), super::TEST);
    project.script("test.sh", &test);
    let mut run = project.start(&["run", "--websocket", "--ws-port", "0"]);
    let url = run.url().await;
    run.says("iteration 1 · fix").await;
    let app = TestApp::following(Engine::Sqlite, vec![url.clone()], 120).await;
    let running = eventually("the session is there", async || {
        let sessions = app.client().get("/api/sessions").await.expect(200);
        let mut sessions: Vec<Session> = sessions.to();
        sessions
            .pop()
            .filter(|it| it.final_state == LoopState::Validating)
    })
    .await;
    assert_eq!(running.status, SessionStatus::Running);
    let (events, ()) = tokio::join!(listen(&url), async { project.write("go", "") });
    run.end().await.with(0);
    has_converged(app.client(), &events, &url).await;
}

#[tokio::test]
async fn a_dashboard_that_starts_after_the_loop_shows_all_of_it() {
    let project = Project::small();
    let mut run = project.start(&["run", "--websocket", "--ws-port", "0", "--linger", "30"]);
    let url = run.url().await;
    run.says("converged").await;
    run.says("waiting up to 30 s").await;
    let app = TestApp::following(Engine::Sqlite, vec![url.clone()], 120).await;
    run.end().await.with(0);
    let events = stored(app.client()).await;
    has_converged(app.client(), &events, &url).await;
}

#[tokio::test]
async fn socket_and_webhook_together_count_each_event_once() {
    let project = Project::small();
    project.script(
        "diagnose.sh",
        &format!("{}\n{}", wait_for("go"), super::DIAGNOSE),
    );
    let port = free_port().await.to_string();
    let source = format!("ws://127.0.0.1:{port}");
    let app = TestApp::following(Engine::Sqlite, vec![source.clone()], 120).await;
    let hook = format!("http://{}/api/events", app.address());
    let own = ["--ws-port", &port, "--webhook-url", &hook];
    let mut run = project.start(&[&SOCKET[..], &own].concat());
    let url = run.url().await;
    let (events, ()) = tokio::join!(listen(&url), async {
        let links = async || {
            let links = app.client().get("/api/loops").await.expect(200).json();
            links[0]["connected"].as_bool().filter(|is| *is)
        };
        eventually("the dashboard is connected", links).await;
        project.write("go", "");
    });
    run.end().await.with(0);
    let id = session_of(&events);
    let session = with_events(app.client(), &id, events.len()).await;
    // Whichever came first is its source.
    has_converged(app.client(), &events, &session.source).await;
}

#[tokio::test]
async fn events_that_were_kept_reach_a_dashboard_that_starts_later() {
    let project = Project::small();
    let port = free_port().await;
    let url = format!("http://127.0.0.1:{port}/events");
    project
        .run(&["run", "--webhook-url", &url, "--linger", "0"])
        .await
        .with(0);
    // The dashboard's port is its own affair: what arrives here is passed on to it.
    let hook = Hook::at(port, Mood::Takes).await;
    project.run(&["deliver"]).await.with(0);
    let app = TestApp::start().await;
    let events = hook.taken();
    let body = serde_json::json!({"events": events});
    app.client().post("/api/events", &body).await.expect(202);
    app.client().post("/api/events", &body).await.expect(202);
    has_converged(app.client(), &events, "webhook").await;
}

async fn a_dashboard_that_is_killed_in_the_middle_misses_nothing(engine: Engine) {
    let project = Project::small();
    let gates = "n=$(cat count 2>/dev/null || echo 0); n=$((n + 1)); echo $n > count
        while [ ! -e go$n ]; do sleep 0.02; done";
    project.script("test.sh", &format!("{gates}\n{}", super::TEST));
    let mut run = project.start(&["run", "--websocket", "--ws-port", "0"]);
    let url = run.url().await;
    let place = Place::new(engine).await;
    let first = Program::following(&place, &url).await;
    let sees = async |program: &Program, iteration: u32| {
        eventually("the dashboard is up to date", async || {
            let sessions = program.client().get("/api/sessions").await.expect(200);
            let mut sessions: Vec<Session> = sessions.to();
            let session = sessions.pop()?;
            let there = session.final_state == LoopState::Validating;
            (there && session.iterations == iteration).then_some(session)
        })
        .await
    };
    sees(&first, 1).await;
    first.kill().await;
    // Nobody listens to the second iteration.
    project.write("go1", "");
    run.says("iteration 2 · fix").await;
    let second = Program::following(&place, &url).await;
    let session = sees(&second, 2).await;
    assert_eq!(session.status, SessionStatus::Running);
    project.write("go2", "");
    let (events, ()) = tokio::join!(listen(&url), async { project.write("go3", "") });
    run.end().await.with(0);
    has_converged(second.client(), &events, &url).await;
    second.stop().await;
}

#[tokio::test]
async fn a_loop_that_somebody_stops_is_interrupted() {
    let project = Project::validating("echo > there; sleep 1000", "");
    let mut run = project.start(&["run", "--websocket", "--ws-port", "0"]);
    let url = run.url().await;
    let app = TestApp::following(Engine::Sqlite, vec![url], 120).await;
    project.made("there").await;
    eventually("the session is there", async || {
        let text = app.client().get("/api/sessions").await.text();
        text.contains("VALIDATING").then_some(())
    })
    .await;
    run.signal(Signal::INT);
    run.end().await.with(130);
    eventually("the session is interrupted", async || {
        let sessions = app.client().get("/api/sessions").await.expect(200);
        let session = sessions.to::<Vec<Session>>().remove(0);
        (session.status == SessionStatus::Interrupted).then_some(())
    })
    .await;
}
