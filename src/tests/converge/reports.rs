//! What the loop makes of the reports of steps, from the tool to the exit status and the ledger.

use std::time::{Duration, Instant};

use serde_json::Value;

use super::program::{Project, session_of};
use super::runs::heard;
use crate::domain::{Finding, FindingState, Session, VerdictKind};
use crate::tests::support::TestApp;

/// Reports of tools, the exit status of the tool, that of the loop, what was found, and why the
/// step failed.
const REPORTS: [(&str, u8, i32, &[&str], &str); 21] = [
    (
        "parse-error-only.sarif",
        1,
        2,
        &["medium diagnose - ./diagnose.sh exited with status 1 and reported nothing"],
        "exited with status 1 and reported nothing: ESLint: Parsing error: unexpected token (src/broken.js:2)",
    ),
    (
        "parse-error-only.sarif",
        0,
        2,
        &[],
        "ESLint: Parsing error: unexpected token (src/broken.js:2)",
    ),
    (
        "results-missing.sarif",
        0,
        2,
        &[],
        "scanner: it has no results: it did not scan",
    ),
    (
        "runs-empty.sarif",
        0,
        2,
        &[],
        "this SARIF holds no run: nothing was scanned",
    ),
    (
        "bom-utf8.sarif",
        0,
        2,
        &["high no-eval src/app.js eval is used"],
        "",
    ),
    (
        "lone-surrogate.sarif",
        0,
        2,
        &["high no-eval src/app.js cut emoji \u{fffd} and on"],
        "",
    ),
    (
        "truncated.sarif",
        0,
        2,
        &[],
        "looks like a report but cannot be read: line 29: it is cut off",
    ),
    (
        "then-make-line.txt",
        0,
        2,
        &["high no-eval src/app.js eval is used"],
        "",
    ),
    (
        "oneline-among-logs.txt",
        0,
        2,
        &["high no-eval src/app.js eval is used"],
        "",
    ),
    (
        "oneline-among-logs.txt",
        1,
        2,
        &["high no-eval src/app.js eval is used"],
        "",
    ),
    (
        "two-documents.txt",
        0,
        2,
        &["high no-eval src/app.js eval is used"],
        "",
    ),
    ("level-none.sarif", 0, 0, &[], ""),
    (
        "message-by-id.sarif",
        0,
        2,
        &[
            "medium R9 a.c Variable 'alpha' is never read in 'f'.",
            "medium R9 a.c Variable 'beta' is never read in 'f'.",
        ],
        "",
    ),
    (
        "ruleindex-mismatch.sarif",
        0,
        2,
        &["high G304 cmd/main.go file path from user input"],
        "",
    ),
    (
        "rules-in-extension.sarif",
        0,
        2,
        &[
            "critical js/code-injection src/a b.js user data reaches eval",
            "critical js/code-injection - rule only by reference",
        ],
        "",
    ),
    (
        "suppressions.sarif",
        0,
        2,
        &[
            "medium S2 src/app.js waits for review",
            "high S3 src/app.js nobody suppressed it",
            "medium S1 src/app.js nosemgrep (inSource)",
        ],
        "",
    ),
    (
        "uris.sarif",
        0,
        2,
        &[
            "medium U1 src/my file.js space as %20",
            "medium U2 /repo/app/a.js single slash",
            "medium U3 C:/repo/a.cs drive letter",
            "medium U4 /repo/a.js host",
            "medium U5 src/c#.js hash",
            "medium U6 src/über.js not ascii",
            "medium U7 src/x.js relative to a base",
            "medium U8 - no place at all",
        ],
        "",
    ),
    (
        "semgrep.json",
        0,
        2,
        &[],
        "unreadable report: this is the JSON of semgrep: `semgrep scan --sarif` gives SARIF",
    ),
    (
        "semgrep.json",
        1,
        2,
        &["medium diagnose - ./diagnose.sh exited with status 1"],
        "exited with status 1: unreadable report: this is the JSON of semgrep",
    ),
    (
        "empty.json",
        2,
        2,
        &["medium diagnose - ./diagnose.sh exited with status 2 and reported nothing"],
        "exited with status 2 and reported nothing",
    ),
    ("log-lines.txt", 0, 0, &[], ""),
];

/// A project whose diagnosis is this script, and that tries once.
pub(super) fn diagnosing(script: &str, settings: &str) -> Project {
    let yaml = format!(
        "target: work\nloop: {{backoff_seconds: 0, max_iterations: 1}}\n\
         steps:\n  diagnose: {{tool: ./diagnose.sh{settings}}}\n"
    );
    let project = Project::new(&yaml);
    project.script("diagnose.sh", script);
    project
}

/// The data of the first step that ended.
pub(super) fn step(events: &[Value]) -> &Value {
    let done = events.iter().find(|it| it["event_type"] == "STEP_COMPLETE");
    &done.expect("a step ended")["data"]
}

pub(super) fn told(data: &Value) -> Vec<String> {
    let word = |entry: &Value, name: &str| entry[name].as_str().unwrap_or("-").to_owned();
    let one = |entry: &Value| {
        let names = ["severity", "type", "file", "description"];
        let words = names.map(|name| word(entry, name)).join(" ");
        match entry["suppressed"]["kind"].as_str() {
            Some(kind) => format!("{words} ({kind})"),
            None => words,
        }
    };
    let entries = data["findings"].as_array();
    entries.into_iter().flatten().map(one).collect()
}

#[tokio::test]
async fn reports_of_real_tools_are_complete_or_the_step_fails_with_the_reason() {
    let data = concat!(env!("CARGO_MANIFEST_DIR"), "/src/tests/data/reports");
    for (file, status, code, found, error) in REPORTS {
        let project = diagnosing(&format!("cat '{data}/{file}'; exit {status}"), "");
        let (events, ended) = heard(&project, &[]).await;
        let case = format!("{file} {status}");
        let data = step(&events);
        assert_eq!(ended, code, "{case}: {data}");
        assert_eq!(told(data), found, "{case}: {data}");
        let words = data["error"].as_str().unwrap_or_default();
        assert_eq!(error.is_empty(), words.is_empty(), "{case}: {data}");
        assert!(words.contains(error), "{case}: {data}");
        assert_eq!(data["success"], error.is_empty(), "{case}: {data}");
    }
}

#[tokio::test]
async fn a_step_that_failed_never_says_that_it_found_nothing() {
    let project = diagnosing("echo '{\"version\": \"2.1.0\", \"runs\": []}'", "");
    let ended = project.run(&["run"]).await.with(2);
    let line = "iteration 1 · diagnose: failed (this SARIF holds no run: nothing was scanned) ·";
    assert!(ended.said.starts_with(line), "{ended:?}");
    // What was read before it broke off is told, and that there may be more.
    let script = "echo '{\"findings\": [\"a\"]}'; echo '{\"findings\": ['; sleep 60";
    let project = diagnosing(script, ", timeout_seconds: 0.5");
    let (events, code) = heard(&project, &[]).await;
    let data = step(&events);
    assert_eq!((code, told(data)), (2, vec!["medium - - a".to_owned()]));
    assert_eq!(
        (&data["success"], &data["incomplete"]),
        (&false.into(), &true.into())
    );
    let error = data["error"].as_str().unwrap();
    assert!(
        error.starts_with("./diagnose.sh took longer than 0.5 s"),
        "{error}"
    );
    let killed = diagnosing("echo '{\"findings\": []}'; kill -9 $$", "");
    let (events, _) = heard(&killed, &[]).await;
    assert_eq!(
        step(&events)["error"],
        "./diagnose.sh was killed by SIGKILL"
    );
}

#[tokio::test]
async fn a_step_that_has_no_report_is_told_by_its_exit_status() {
    let data = concat!(env!("CARGO_MANIFEST_DIR"), "/src/tests/data/reports");
    let script = format!("cat {data}/semgrep.json {data}/truncated.sarif; exit $STATUS");
    let settings = |status| format!(", report: none, env: {{STATUS: {status}}}");
    let fine = diagnosing(&script, &settings(0));
    fine.run(&["run"]).await.with(0);
    let (events, code) = heard(&diagnosing(&script, &settings(3)), &[]).await;
    assert_eq!(code, 2);
    assert_eq!(
        told(step(&events)),
        ["medium diagnose - ./diagnose.sh exited with status 3"]
    );
    assert_eq!(step(&events)["success"], false);
}

#[tokio::test]
async fn a_report_counts_on_either_output() {
    let data = concat!(env!("CARGO_MANIFEST_DIR"), "/src/tests/data/reports");
    let script = format!("echo checking; cat {data}/bom-utf8.sarif >&2; exit 1");
    let (events, code) = heard(&diagnosing(&script, ""), &[]).await;
    assert_eq!((code, step(&events)["success"].as_bool()), (2, Some(true)));
    assert_eq!(
        told(step(&events)),
        ["high no-eval src/app.js eval is used"]
    );
}

#[tokio::test]
async fn a_finding_in_the_target_has_the_same_place_in_every_checkout() {
    let sarif = r#"{"version": "2.1.0", "runs": [{"tool": {"driver": {"name": "t"}}, "results": [
        {"message": {"text": "m"}, "locations": [{"physicalLocation": {"artifactLocation":
        {"uri": "file://'"$PWD"'/src/a%20b.js"}}}]}]}]}"#;
    for _ in 0..2 {
        let project = diagnosing(&format!("echo '{sarif}'"), "");
        let (events, _) = heard(&project, &[]).await;
        assert_eq!(told(step(&events)), ["medium finding src/a b.js m"]);
    }
}

#[tokio::test]
async fn a_long_list_hides_no_grave_finding() {
    let script =
        "for n in $(seq 1200); do echo '{\"severity\": \"low\", \"description\": \"a\"}'; done
        for n in $(seq 1200); do echo '{\"severity\": \"high\", \"description\": \"b\"}'; done";
    let project = diagnosing(script, "");
    let yaml = "target: work\nloop: {max_iterations: 1, min_severity: high}\n\
        steps: {diagnose: {tool: ./diagnose.sh}}\n";
    project.write("../convergence.yaml", yaml);
    let (events, code) = heard(&project, &[]).await;
    assert_eq!((code, &step(&events)["omitted"]), (2, &1400.into()));
    assert!(told(step(&events)).iter().all(|it| it == "high - - b"));
}

#[tokio::test]
async fn megabytes_of_any_output_are_read_in_a_moment() {
    let kinds = [
        "{",
        "[",
        "[1,",
        "{\\\"a\\\": {",
        "{\\\"a",
        "\\\"[{",
        "text {x} [y] and more of a line that a compiler writes while it works",
    ];
    for kind in kinds {
        let flood = |and: &str| format!("yes \"{kind}\" {and} | head -c 4194304; echo");
        let lines = flood("");
        let one_line = flood("| tr -d '\\n'");
        let finding =
            "echo '{\"findings\": [{\"severity\": \"high\", \"description\": \"after\"}]}'";
        let project = diagnosing(&format!("{lines}\n{one_line}\n{finding}"), "");
        let begun = Instant::now();
        let (events, code) = heard(&project, &["--linger", "0"]).await;
        let took = begun.elapsed();
        assert!(took < Duration::from_secs(30), "{kind}: {took:?}");
        assert_eq!(code, 2, "{kind}");
        // What may have been a report that breaks off was said.
        let data = step(&events);
        let is_said = data["success"] == false || told(data) == ["high - - after"];
        assert!(is_said, "{kind}: {data}");
    }
}

#[tokio::test]
async fn what_a_tool_suppresses_is_accepted_in_the_ledger_and_holds_up_nothing() {
    let app = TestApp::start().await;
    let sarif = r#"{"version": "2.1.0", "runs": [{"tool": {"driver": {"name": "t"}}, "results": [
        {"ruleId": "S1", "level": "error", "message": {"text": "hard-coded"},
         "suppressions": [{"kind": "inSource", "justification": "a test key"}]},
        {"ruleId": "S2", "level": "error", "message": {"text": "old"},
         "suppressions": [{"kind": "external"}]}]}]}"#;
    let project = diagnosing(&format!("echo '{sarif}'"), "");
    let hook = format!("http://{}/api/events", app.address());
    let (events, code) = heard(&project, &["--webhook-url", &hook]).await;
    assert_eq!(code, 0);
    assert_eq!(step(&events)["findings_count"], 0);
    assert_eq!(step(&events)["suppressed_count"], 2);
    let ended = diagnosing(&format!("echo '{sarif}'"), "")
        .run(&["run"])
        .await
        .with(0);
    assert!(
        ended
            .said
            .starts_with("iteration 1 · diagnose: 0 findings, 2 suppressed ·"),
        "{ended:?}"
    );
    let path = format!("/api/sessions/{}", session_of(&events));
    let session: Session = app.client().get(&path).await.expect(200).to();
    assert_eq!(session.verdict.unwrap().kind, VerdictKind::Converged);
    let path = format!("{path}/findings");
    let findings: Vec<Finding> = app.client().get(&path).await.expect(200).to();
    let mut told: Vec<_> = findings
        .into_iter()
        .map(|it| {
            let accepted = it.accepted.unwrap();
            assert_eq!(it.state, FindingState::Accepted);
            format!("{}: {}: {}", it.kind, accepted.by, accepted.reason)
        })
        .collect();
    told.sort();
    assert_eq!(
        told,
        [
            "S1: its tool, inSource: a test key",
            "S2: its tool, external: suppressed outside of the source, without a justification",
        ]
    );
}
