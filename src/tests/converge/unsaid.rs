//! What a step does not say, says in words of its own, or says of its own failure.

use serde_json::Value;

use super::program::{Project, session_of};
use super::reports::{diagnosing, step, told};
use super::runs::heard;
use crate::domain::IterationMetrics;
use crate::tests::convergence::shown;
use crate::tests::support::TestApp;

const LOW: &str = r#"{"findings": [{"severity": "low", "description": "a"}]}"#;

/// A project with one step that prints this, and what it lets stand.
fn letting(step: &str, text: &str, status: u8, min_severity: &str) -> Project {
    let yaml = format!(
        "target: work\nloop: {{max_iterations: 1, min_severity: {min_severity}}}\n\
         steps: {{{step}: {{tool: ./tool.sh}}}}\n"
    );
    let project = Project::new(&yaml);
    project.script("tool.sh", &format!("echo '{text}'; exit {status}"));
    project
}

#[tokio::test]
async fn a_program_that_was_stopped_or_killed_did_not_do_its_work() {
    for status in [124, 125, 126, 127, 137, 139, 255] {
        let project = letting("diagnose", LOW, status, "medium");
        let (events, code) = heard(&project, &[]).await;
        let data = step(&events);
        assert_eq!((code, told(data)), (2, vec!["low - - a".to_owned()]));
        assert_eq!(data["success"], false, "{data}");
        assert_eq!(data["incomplete"], true, "{data}");
        let words = format!("./tool.sh exited with status {status}");
        assert!(data["error"].as_str().unwrap().contains(&words), "{data}");
    }
    letting("diagnose", LOW, 1, "medium")
        .run(&["run"])
        .await
        .with(0);
}

#[tokio::test]
async fn a_severity_that_nobody_knows_always_counts() {
    for severity in [
        r#""urgent""#,
        r#""P0""#,
        "9",
        r#""9.8""#,
        "9.8",
        r#""HIGH (8.1)""#,
    ] {
        let text =
            format!("{{\"findings\": [{{\"severity\": {severity}, \"description\": \"a\"}}]}}");
        letting("diagnose", &text, 0, "critical")
            .run(&["run"])
            .await
            .with(if severity.contains("HIGH") { 0 } else { 2 });
        letting("diagnose", &text, 0, "high")
            .run(&["run"])
            .await
            .with(2);
    }
    let untold = r#"{"findings": ["a"]}"#;
    letting("diagnose", untold, 0, "high")
        .run(&["run"])
        .await
        .with(0);
    letting("diagnose", untold, 0, "medium")
        .run(&["run"])
        .await
        .with(2);
}

#[tokio::test]
async fn a_step_that_says_that_it_failed_did_whatever_its_exit_status() {
    let low = r#""success": false, "findings": [{"severity": "low", "description": "a"}]"#;
    let failed = format!("{{{low}, \"error\": \"no disk\"}}");
    for (name, text, words) in [
        ("diagnose", failed.as_str(), "its report says: no disk"),
        (
            "validate",
            r#"{"passed": false, "findings": []}"#,
            "did not succeed",
        ),
        (
            "validate",
            r#"{"findings": [], "errors": ["no disk"]}"#,
            "its report says: no disk",
        ),
        (
            "fix",
            r#"{"success": false, "fixes": []}"#,
            "did not succeed",
        ),
    ] {
        let project = letting(name, text, 0, "medium");
        let (events, code) = heard(&project, &[]).await;
        let data = step(&events);
        assert_eq!(
            (code, data["success"].as_bool()),
            (2, Some(false)),
            "{data}"
        );
        assert!(data["error"].as_str().unwrap().contains(words), "{data}");
    }
    // One that did not pass for what it found has found it.
    let project = letting("diagnose", &format!("{{{low}}}"), 1, "low");
    let (events, code) = heard(&project, &[]).await;
    let data = step(&events);
    assert_eq!((code, told(data)), (2, vec!["low - - a".to_owned()]));
    assert_eq!(
        (&data["success"], &data["error"]),
        (&true.into(), &Value::Null)
    );
}

#[tokio::test]
async fn the_json_of_a_tool_beside_a_clean_report_is_no_clean_report() {
    let semgrep = r#"{"results":[{"check_id":"a","path":"x.py"}],"errors":[],"paths":{}}"#;
    let script = format!("echo 'Running semgrep... {semgrep}' >&2; echo '{{\"findings\": []}}'");
    let (events, code) = heard(&diagnosing(&script, ""), &[]).await;
    let error = step(&events)["error"].as_str().unwrap().to_owned();
    assert!(
        code == 2 && error.contains("the JSON of semgrep"),
        "{error}"
    );
}

#[tokio::test]
async fn a_step_that_reports_nothing_is_not_said_to_have_found_nothing() {
    let app = TestApp::start().await;
    let hook = format!("http://{}/api/events", app.address());
    for (name, text, words, reported) in [
        (
            "diagnose",
            "all fine",
            "nothing reported, exit status 0",
            false,
        ),
        ("attack", "", "nothing reported, exit status 0", false),
        ("diagnose", r#"{"findings": []}"#, "0 findings", true),
        ("attack", "[]", "0 findings", true),
    ] {
        let project = letting(name, text, 0, "low");
        let ended = project.run(&["run"]).await.with(0);
        let line = format!("iteration 1 · {name}: {words} ·");
        assert!(ended.said.starts_with(&line), "{ended:?}");
        let (events, _) = heard(&project, &["--webhook-url", &hook]).await;
        let data = step(&events);
        assert_eq!(data["findings_count"], 0);
        assert_eq!(data["by_exit_status"] == true, !reported, "{data}");
        let path = format!("/api/sessions/{}/metrics", session_of(&events));
        let rows: Vec<IterationMetrics> = app.client().get(&path).await.expect(200).to();
        assert_eq!(rows[0].open, Some(0));
        assert_eq!(rows[0].steps[0].by_exit_status, !reported);
        let page = format!("/convergence/{}", session_of(&events));
        let page = shown(&app.client().get(&page).await.expect(200).text());
        assert_eq!(page.contains("nothing reported"), !reported, "{page}");
        assert_eq!(page.contains("0 found"), reported, "{page}");
    }
}
