//! Nothing of a step is left, however the loop or the step has to end.

use rustix::process::Signal;
use serde_json::json;

use super::program::{Project, listen, types};

/// Names itself and has a child that hangs; both would go on for ever.
const TREE: &str = "sh -c 'sleep 1000' &\necho $$ > pid\nwait";
/// The same, and deaf to polite words.
const DEAF: &str = "trap '' TERM INT\nsh -c 'sleep 1000' &\necho $$ > pid\nwait\nwait\nsleep 1000";

#[tokio::test]
async fn ctrl_c_ends_the_step_and_everybody_hears_why() {
    let project = Project::validating(TREE, "");
    let mut run = project.start(&["run", "--websocket", "--ws-port", "0"]);
    let url = run.url().await;
    let (events, ()) = tokio::join!(listen(&url), async {
        project.made("pid").await;
        run.signal(Signal::INT);
    });
    let ended = run.end().await.with(130);
    assert!(ended.said.contains("interrupted ·"), "{ended:?}");
    let end = events.last().unwrap();
    assert_eq!(end["event_type"], "SESSION_ENDED");
    assert_eq!(end["data"]["interrupted"], json!(true));
    assert_eq!(end["state"], "VALIDATING");
    let ends = types(&events)
        .iter()
        .filter(|it| **it == "SESSION_ENDED")
        .count();
    assert_eq!(ends, 1);
}

#[tokio::test]
async fn a_second_ctrl_c_is_immediate() {
    let project = Project::validating(DEAF, "");
    let mut run = project.start(&["run"]);
    project.made("pid").await;
    assert!(run.processes() >= 4, "{}", run.processes());
    run.signal(Signal::INT);
    run.says("stopping;").await;
    let begun = std::time::Instant::now();
    run.signal(Signal::INT);
    run.end().await.with(130);
    // The grace of a deaf step is 5 s.
    assert!(begun.elapsed().as_secs() < 4);
}

#[tokio::test]
async fn sigterm_is_heard_between_iterations_too() {
    let project = Project::new(
        "target: work\nloop: {backoff_seconds: 1000}\nsteps: {validate: {tool: 'false'}}",
    );
    let mut run = project.start(&["run"]);
    run.says("iteration 1 · validate: failed").await;
    run.signal(Signal::TERM);
    run.end().await.with(130);
}

#[tokio::test]
async fn a_loop_that_is_killed_leaves_no_step() {
    let project = Project::validating(DEAF, "");
    let run = project.start(&["run"]);
    project.made("pid").await;
    // The loop, a supervisor, the step and its child.
    assert!(run.processes() >= 4, "{}", run.processes());
    run.signal(Signal::KILL);
    assert_eq!(run.end().await.code, None);
}

#[tokio::test]
async fn a_step_that_takes_too_long_is_killed_as_a_group() {
    let project = Project::validating(TREE, ", timeout_seconds: 0.2");
    let ended = project.run(&["run", "--max-iterations", "1"]).await.with(2);
    let words = "validate: failed (./validate.sh took longer than 0.2 s)";
    assert!(ended.said.contains(words), "{ended:?}");
}

#[tokio::test]
async fn the_whole_loop_has_a_limit() {
    let project = Project::new(
        "target: work\nloop: {timeout_seconds: 0.3}\nsteps: {validate: {tool: sleep, args: [1000]}}",
    );
    let ended = project.run(&["run"]).await.with(2);
    assert!(
        ended.complained.contains("Timeout (0.3 s) reached"),
        "{ended:?}"
    );
}
