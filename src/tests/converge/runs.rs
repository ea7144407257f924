//! What the loop runs, and how that ends.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::program::{Project, listen, types, wait_for};
use crate::domain::{LoopState, Timestamp, decode_batch};

const CONVERGED: &str = include_str!("../data/convergence/run-converged.ndjson");
const NOT_CONVERGED: &str = include_str!("../data/convergence/run-not-converged.ndjson");

/// Runs it and listens.
pub(super) async fn heard(project: &Project, words: &[&str]) -> (Vec<Value>, i32) {
    let mut run = project.start(&[&["run", "--websocket", "--ws-port", "0"], words].concat());
    let url = run.url().await;
    let events = listen(&url).await;
    let ended = run.end().await;
    (events, ended.code.unwrap())
}

#[tokio::test]
async fn a_small_project_converges_once_its_test_passes_and_nothing_changes() {
    let project = Project::small();
    let ended = project.run(&["run"]).await.with(0);
    let lines: Vec<_> = ended.said.lines().collect();
    let begins = [
        "iteration 1 · diagnose: 1 finding ·",
        "iteration 1 · fix: 1 fix ·",
        "iteration 1 · validate: failed (./test.sh exited with status 1: expected 42, found 41) ·",
        "iteration 2 · diagnose: 0 findings ·",
        "iteration 2 · fix: 1 fix ·",
        "iteration 2 · validate: passed ·",
        "iteration 3 · diagnose: 0 findings ·",
        "iteration 3 · fix: 0 fixes ·",
        "iteration 3 · validate: passed ·",
        "converged ·",
    ];
    assert_eq!(lines.len(), begins.len(), "{lines:?}");
    for (line, begin) in lines.iter().zip(begins) {
        assert!(line.starts_with(begin), "{line:?} {begin:?}");
    }
    assert_eq!(ended.complained, "");
    // What is done already needs one look.
    let again = project.run(&["run", "--quiet"]).await.with(0);
    assert_eq!((again.said.as_str(), again.complained.as_str()), ("", ""));
}

#[tokio::test]
async fn events_have_the_shapes_of_the_recorded_loop_and_true_states() {
    let project = Project::small();
    project.script("diagnose.sh", &format!("{}\necho []", wait_for("../go")));
    let mut run = project.start(&["run", "--websocket", "--ws-port", "0"]);
    let url = run.url().await;
    let (events, ()) = tokio::join!(listen(&url), async { project.write("../go", "") });
    run.end().await.with(0);
    assert_eq!(
        types(&events)[..12],
        [
            "SESSION_STARTED",
            "ITERATION_STARTED",
            "STATE_CHANGED",
            "STEP_STARTED",
            "STEP_COMPLETE",
            "STATE_CHANGED",
            "STEP_STARTED",
            "STEP_COMPLETE",
            "STATE_CHANGED",
            "STATE_CHANGED",
            "STEP_STARTED",
            "STEP_COMPLETE",
        ]
    );
    let ends = ["STATE_CHANGED", "CONVERGENCE_REACHED", "SESSION_ENDED"];
    assert_eq!(types(&events)[events.len() - 3..], ends);
    let mut state = LoopState::Idle;
    let mut last = Timestamp(0);
    let mut ids = BTreeSet::new();
    for event in decode_batch(json!(events), Timestamp(0)).events {
        state = event.state_after().unwrap_or(state);
        assert_eq!(event.state, Some(state), "{event:?}");
        assert!(event.timestamp > last, "{event:?}");
        last = event.timestamp;
        assert!(ids.insert(event.event_id));
    }
    assert_eq!(ids.len(), events.len());
    // Every key of the recorded events is there.
    let mut compared = BTreeSet::new();
    let recorded = CONVERGED.lines().chain(NOT_CONVERGED.lines());
    for recorded in recorded.map(|line| serde_json::from_str::<Value>(line).unwrap()) {
        let same = |event: &&Value| {
            let step = |event: &Value| event["data"]["step"].clone();
            event["event_type"] == recorded["event_type"] && step(event) == step(&recorded)
        };
        let Some(event) = events.iter().find(same) else {
            continue;
        };
        compared.insert(recorded["event_type"].to_string());
        let keys = |value: &Value| -> BTreeSet<String> {
            value
                .as_object()
                .into_iter()
                .flat_map(|map| map.keys().cloned())
                .collect()
        };
        assert!(keys(&recorded) == keys(event), "{recorded} {event}");
        let (theirs, ours) = (&recorded["data"], &event["data"]);
        assert!(keys(ours).is_superset(&keys(theirs)), "{theirs} {ours}");
        let (theirs, ours) = (&theirs["metrics"], &ours["metrics"]);
        let fix = event["data"]["step"] == "fix";
        assert!(fix || keys(ours) == keys(theirs), "{theirs} {ours}");
    }
    // All but what only a loop says that gave up.
    let told: BTreeSet<_> = events
        .iter()
        .map(|it| it["event_type"].to_string())
        .collect();
    assert_eq!(compared, told);
}

#[tokio::test]
async fn every_end_has_its_exit_status() {
    let red = Project::validating("exit 1", "");
    let ended = red.run(&["run"]).await.with(2);
    let words = "not converged: too few iterations to tell (–, – open; validation failed in #1, #2); \
        Max iterations (2) reached";
    assert!(ended.complained.contains(words), "{ended:?}");
    let (events, code) = heard(&red, &["--max-iterations", "1", "--linger", "5"]).await;
    assert_eq!(code, 2);
    let ends = ["ITERATION_ENDED", "ERROR", "STATE_CHANGED", "SESSION_ENDED"];
    assert_eq!(types(&events)[events.len() - 4..], ends);
    let error = &events[events.len() - 3]["data"]["error"];
    assert_eq!(error, "Max iterations (1) reached");

    let absent = Project::new("steps: {validate: {tool: ./nothing.sh}}");
    let ended = absent.run(&["run"]).await.with(1);
    let words = "failed: validate: cannot start \"./nothing.sh\": No such file or directory";
    assert!(ended.complained.contains(words), "{ended:?}");

    let wrong = Project::new("stepz: 1\nloop: {max_iterations: many}\n");
    let ended = wrong
        .run(&["run", "--ws-port", "x", "--websocket"])
        .await
        .with(1);
    for words in [
        "convergence.yaml, line 1: stepz: unknown setting; known here: loop, steps, events, target, name",
        "convergence.yaml, line 2: loop.max_iterations: expected a whole number from 1 to 10000",
        "--ws-port: expected a port from 0 to 65535, not \"x\"",
        "steps: no step is enabled",
    ] {
        assert!(ended.complained.contains(words), "{words}: {ended:?}");
    }
    red.run(&["run", "--nonsense"]).await.with(1);
    red.run(&["run", "--config", "absent.yaml"]).await.with(1);
}

#[tokio::test]
async fn a_sample_is_written_once_and_is_valid() {
    let project = Project::new("");
    let config = |words: &'static [&'static str]| project.run(words);
    let there = config(&["config", "init"]).await.with(1);
    assert!(there.complained.contains("--force"), "{there:?}");
    config(&["config", "init", "--force"]).await.with(0);
    let valid = config(&["config", "validate"]).await.with(0);
    assert!(
        valid.said.contains("it runs diagnose, validate"),
        "{valid:?}"
    );
    config(&["config", "init", "work/other.yaml"]).await.with(0);
    config(&["config", "validate", "work/other.yaml"])
        .await
        .with(0);
    config(&["config", "validate", "work/none.yaml"])
        .await
        .with(1);
}

#[tokio::test]
async fn a_step_is_told_where_it_is() {
    let script = r#"env | grep ^CONVERGENCE_ | sort | sed "s/SESSION_ID=.*/SESSION_ID=x/" > told
        pwd >> told; cat "$CONVERGENCE_FINDINGS_FILE" >> told; echo >> told; echo "$WORD""#;
    let project = Project::validating(script, ", env: {WORD: 17}");
    let ended = project.run(&["run", "--verbose"]).await.with(0);
    assert!(ended.said.contains("  validate | 17\n"), "{ended:?}");
    let told = project.made("told").await;
    let work = project.path("").canonicalize().unwrap();
    let work = work.display();
    let lines: Vec<_> = told.lines().collect();
    assert!(
        lines[0].starts_with("CONVERGENCE_FINDINGS_FILE=/"),
        "{told}"
    );
    assert_eq!(
        lines[1..].join("\n"),
        format!(
            "CONVERGENCE_ITERATION=1\nCONVERGENCE_SESSION_ID=x\nCONVERGENCE_STEP=validate\n\
             CONVERGENCE_TARGET={work}\n{work}\n[]"
        )
    );
}

#[tokio::test]
async fn so_many_clean_iterations_converge_as_asked() {
    let project = Project::new(
        "target: work\nloop: {convergence_threshold: 3, backoff_seconds: 0}\n\
         steps: {validate: {tool: 'true'}}",
    );
    let ended = project.run(&["run"]).await.with(0);
    assert_eq!(
        ended.said.matches("validate: passed").count(),
        3,
        "{ended:?}"
    );
}

#[tokio::test]
async fn a_flood_of_output_is_survived_and_its_end_is_kept() {
    // 64 MiB without a line break, then a JSON line.
    let script = "head -c 67108864 /dev/zero | tr '\\0' x; echo
        echo '{\"findings\": [{\"severity\": \"high\", \"description\": \"after the flood\"}]}'";
    let project = Project::validating(script, "");
    let (events, code) = heard(&project, &["--max-iterations", "1"]).await;
    assert_eq!(code, 2);
    let complete = events.iter().find(|it| it["event_type"] == "STEP_COMPLETE");
    let data = &complete.unwrap()["data"];
    assert_eq!(data["findings"][0]["description"], "after the flood");
}
