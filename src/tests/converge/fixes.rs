//! When the fix step runs, and what is said of it.

use super::program::{Project, types};
use super::runs::heard;

/// A loop with these steps.
fn fixing(steps: &str) -> Project {
    let yaml = format!(
        "target: work\nloop: {{max_iterations: 4, backoff_seconds: 0}}\nsteps: {{{steps}}}\n"
    );
    Project::new(&yaml)
}

#[tokio::test]
async fn a_fix_that_failed_is_run_again_and_never_converges() {
    let failing = [
        "fix: {tool: ./fix.sh}, validate: {tool: 'true'}",
        "diagnose: {tool: 'true', enabled: false}, fix: {tool: ./fix.sh}, validate: {tool: 'true'}",
        "diagnose: {tool: 'true'}, attack: {tool: ./attack.sh}, fix: {tool: ./fix.sh}",
    ];
    for steps in failing {
        for end in ["exit 1", "kill -9 $$"] {
            let project = fixing(steps);
            project.script("fix.sh", &format!("echo ran >> ../log\n{end}"));
            // What it finds is left for the fix of the second iteration, and for no other.
            let found = "[ $CONVERGENCE_ITERATION = 1 ] && echo '{\"findings\": [\"a\"]}'; true";
            project.script("attack.sh", found);
            let ended = project.run(&["run"]).await.with(2);
            let runs = std::fs::read_to_string(project.path("../log")).unwrap();
            let ran = if steps.contains("attack") { 3 } else { 4 };
            assert_eq!(runs.lines().count(), ran, "{steps} {end}: {ended:?}");
            let failed = ended.said.matches("· fix: failed (").count();
            assert_eq!(failed, ran, "{steps} {end}: {ended:?}");
        }
    }
}

#[tokio::test]
async fn a_fix_runs_as_long_as_nobody_else_looks() {
    let project = fixing("fix: {tool: ./fix.sh}, validate: {tool: 'true'}");
    project.script("fix.sh", "echo more >> notes");
    let ended = project.run(&["run"]).await.with(2);
    assert_eq!(ended.said.matches("· fix: 1 fix ·").count(), 4, "{ended:?}");
    project.script("fix.sh", "[ -e done ] || touch done");
    let ended = project.run(&["run"]).await.with(0);
    assert!(
        ended.said.contains("iteration 2 · fix: 0 fixes ·"),
        "{ended:?}"
    );
}

#[tokio::test]
async fn a_fix_is_skipped_while_a_diagnosis_finds_nothing() {
    let project = fixing("diagnose: {tool: 'true'}, fix: {tool: ./fix.sh}");
    project.script("fix.sh", "exit 1");
    let (events, code) = heard(&project, &[]).await;
    assert_eq!(code, 0);
    let done = types(&events)
        .iter()
        .filter(|it| **it == "STEP_COMPLETE")
        .count();
    assert_eq!(done, 2);
}

#[tokio::test]
async fn a_fix_that_changed_something_unasked_says_so_in_its_metrics() {
    let project = fixing("fix: {tool: ./fix.sh}");
    project.script("fix.sh", "echo more >> notes; exit 1");
    let (events, _) = heard(&project, &[]).await;
    let done = events.iter().find(|it| it["event_type"] == "STEP_COMPLETE");
    let metrics = &done.unwrap()["data"]["metrics"];
    assert_eq!(metrics["fixes_applied"], 1, "{metrics}");
    assert_eq!(metrics.get("no_issues"), None);
}

#[tokio::test]
async fn a_finding_of_a_step_that_does_not_look_is_said() {
    let project = fixing("fix: {tool: ./fix.sh}, validate: {tool: ./fix.sh}");
    project.script("fix.sh", "echo '{\"findings\": [\"a\"]}'");
    let ended = project.run(&["run"]).await.with(2);
    for words in [
        "iteration 1 · fix: 0 fixes, 1 finding, 1 without a severity: medium ·",
        "iteration 1 · validate: passed, 1 finding, 1 without a severity: medium ·",
    ] {
        assert!(ended.said.contains(words), "{ended:?}");
    }
}
