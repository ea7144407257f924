//! Lists that are longer than what is listed of them.

use serde_json::Value;

use super::program::Project;
use super::reports::{diagnosing, step};
use super::runs::heard;

/// The line and place of each, in order.
fn listed(data: &Value) -> Vec<String> {
    let entries = data["findings"].as_array().unwrap().iter();
    let mut listed: Vec<_> = entries.map(Value::to_string).collect();
    listed.sort();
    listed
}

/// A step that finds so many in this order.
fn finding(seq: &str) -> String {
    format!(
        "for n in $(seq {seq}); do
        echo \"{{\\\"severity\\\": \\\"low\\\", \\\"file\\\": \\\"f$n\\\", \\\"line\\\": $n, \
        \\\"description\\\": \\\"odd\\\"}}\"; done"
    )
}

#[tokio::test]
async fn all_that_was_found_is_counted_and_the_same_are_listed_in_any_order() {
    let mut seen = Vec::new();
    for seq in ["1 1500", "1500 -1 1"] {
        let project = diagnosing(&finding(seq), "");
        let (events, _) = heard(&project, &[]).await;
        let data = step(&events);
        assert_eq!(data["findings_count"], 1500);
        assert_eq!(data["metrics"]["issues_found"], 1500);
        assert_eq!(data["omitted"], 500);
        let listed = listed(data);
        assert_eq!(listed.len(), 1000);
        seen.push(listed);
        let ended = project.run(&["run"]).await.with(2);
        let words = "iteration 1 · diagnose: 1500 findings (1000 listed) ·";
        assert!(ended.said.contains(words), "{ended:?}");
    }
    assert_eq!(seen[0], seen[1]);
}

#[tokio::test]
async fn all_that_is_suppressed_is_counted_and_is_no_finding() {
    let result = |n: usize| {
        format!(
            "{{\"message\": {{\"text\": \"m{n}\"}}, \"suppressions\": [{{\"kind\": \"inSource\"}}]}}"
        )
    };
    let results: Vec<_> = (0..1200).map(result).collect();
    let sarif = format!(
        "{{\"version\": \"2.1.0\", \"runs\": [{{\"tool\": {{\"driver\": {{\"name\": \"t\"}}}}, \
         \"results\": [{}]}}]}}",
        results.join(",")
    );
    let project = diagnosing("cat report", "");
    project.write("report", &sarif);
    let (events, code) = heard(&project, &[]).await;
    let data = step(&events);
    assert_eq!((code, &data["findings_count"]), (0, &0.into()));
    assert_eq!(data["suppressed_count"], 1200);
    assert_eq!(data["omitted"], 200);
    let ended = project.run(&["run"]).await.with(0);
    let words = "diagnose: 0 findings, 1200 suppressed ·";
    assert!(ended.said.contains(words), "{ended:?}");
}

#[tokio::test]
async fn all_fixes_are_counted() {
    let project =
        Project::new("target: work\nloop: {max_iterations: 1}\nsteps: {fix: {tool: ./fix.sh}}\n");
    project.script("fix.sh", "for n in $(seq 1200); do echo > made$n; done");
    let (events, _) = heard(&project, &[]).await;
    assert_eq!(step(&events)["fixes_count"], 1200);
    assert_eq!(step(&events)["fixes"].as_array().unwrap().len(), 1000);
}
