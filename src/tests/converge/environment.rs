//! What a loop takes from where it runs, and what its steps see of that.

use serde_json::Value;

use super::hook::{Hook, Mood};
use super::program::Project;

const PYTHON: &str = "
loop: {max_iterations: 10, convergence_threshold: 0.95, backoff_seconds: 0.0}
steps:
  diagnose: {enabled: true, tool: kimi-security-auditor-of-nobody, args: [--scan, .]}
  fix: {enabled: false, tool: ./not-there.sh}
  attack: {enabled: true, tool: ./not-there.sh}
  validate: {enabled: true, tool: 'true', env: {}}
events: {webhook_url: '', emit_interval: 5, buffer_size: 1000}
target: work
";

#[tokio::test]
async fn validate_takes_the_file_of_the_python_loop_and_names_what_is_not_there() {
    let project = Project::new(PYTHON);
    let valid = project.run(&["config", "validate"]).await.with(0);
    let words = "convergence.yaml is fine but for the programs that are not there; it runs \
        diagnose, attack, validate\n";
    assert_eq!(valid.said, words);
    for words in [
        "line 2: loop.convergence_threshold: 0.95 is the Python loop's",
        "steps.diagnose.tool: \"kimi-security-auditor-of-nobody\" is not found in PATH; install it",
        "steps.attack.tool: there is no program /",
    ] {
        assert!(valid.complained.contains(words), "{words}: {valid:?}");
    }
    assert!(!valid.complained.contains("steps.validate"), "{valid:?}");
    assert!(!valid.complained.contains("steps.fix"), "{valid:?}");
    project.script("not-there.sh", "true");
    let valid = project.run(&["config", "validate"]).await.with(0);
    assert!(!valid.complained.contains("steps.attack"), "{valid:?}");
}

#[tokio::test]
async fn validate_names_missing_programs_beside_everything_else() {
    let project = Project::new(
        "steps:\n  diagnose: {tool: nosuch-scanner}\n  fix: {tool: npm run lint}\ntarget: work\n",
    );
    let wrong = project.run(&["config", "validate"]).await.with(1);
    for words in [
        "steps.diagnose.tool: \"nosuch-scanner\" is not found in PATH",
        "steps.fix.tool: expected a program alone",
    ] {
        let told = wrong.complained.matches(words).count();
        assert_eq!(told, 1, "{words}: {wrong:?}");
    }
    // What is looked for in a folder that is not there says nothing of the program.
    let project = Project::new("steps: {fix: {tool: ./fix.sh}}\ntarget: nowhere\n");
    let wrong = project.run(&["config", "validate"]).await.with(1);
    assert!(
        wrong.complained.contains("target: cannot find "),
        "{wrong:?}"
    );
    assert!(!wrong.complained.contains("steps.fix"), "{wrong:?}");
}

#[tokio::test]
async fn the_short_flags_of_the_python_loop_are_understood() {
    let project = Project::new("steps: {validate: {tool: 'false'}}\nloop: {backoff_seconds: 0}");
    let there = project.path("../convergence.yaml");
    std::fs::rename(&there, project.path("../other.yaml")).unwrap();
    let hook = Hook::start(Mood::Takes).await;
    let words = [
        "run",
        "-c",
        "other.yaml",
        "-t",
        "work",
        "-i",
        "1",
        "-w",
        &hook.url,
        "-v",
    ];
    let ended = project.run(&words).await.with(2);
    assert!(
        ended.complained.contains("Max iterations (1) reached"),
        "{ended:?}"
    );
    assert_eq!(hook.taken()[0]["event_type"], "SESSION_STARTED");
}

#[tokio::test]
async fn steps_see_no_password_of_a_webhook_and_their_findings_are_their_own() {
    let script = "env > told; tr '\\0' ' ' < /proc/$PPID/cmdline >> told
        tr '\\0' ' ' < /proc/$$/cmdline >> told
        stat -c '\nmode %a' \"$(dirname \"$CONVERGENCE_FINDINGS_FILE\")\" >> told
        stat -c 'mode %a' \"$CONVERGENCE_FINDINGS_FILE\" >> told";
    let project = Project::validating(script, ", env: {MINE: 'kept-secret-word'}");
    let hook = Hook::start(Mood::Takes).await;
    let url = hook.url.replace("http://", "http://me:secret-word@");
    let variables = [
        ("CONVERGENCE_WEBHOOK_URL", "http://me:another@example.org/"),
        ("HOOK", &url),
        ("HOOK_PASSWORD", "secret-word"),
        ("OTHER", "stays"),
    ];
    let words = ["run", "--webhook-url", &url];
    let run = project.start_with(&words, &variables);
    run.end().await.with(0);
    let told = project.made("told").await;
    let said: Vec<_> = told
        .lines()
        .filter(|line| line.contains("secret") || line.contains("another"))
        .collect();
    // What its own settings give it is meant for it.
    assert_eq!(said, ["MINE=kept-secret-word"]);
    assert!(
        told.contains("OTHER=stays") && told.contains("supervise"),
        "{told}"
    );
    assert!(told.ends_with("mode 700\nmode 600"), "{told}");
    let text = serde_json::to_string(&hook.taken()).unwrap();
    assert!(!text.contains("secret-word"), "{text}");
}

#[tokio::test]
async fn findings_have_one_place_by_every_name_of_the_target() {
    let script = r#"
        real=$(pwd -P)
        result() {
            echo "{\"message\": {\"text\": \"m\"}, \"locations\": [{\"physicalLocation\":
                {\"artifactLocation\": {\"uri\": \"file://$1\"}}}]}"
        }
        echo "{\"version\": \"2.1.0\", \"runs\": [{\"tool\": {\"driver\": {\"name\": \"t\"}},
            \"results\": [$(result "$PWD/a.js"), $(result "$real/b.js"), $(result "$OTHER/c.js")]}]}"
    "#;
    let project = Project::new(
        "target: work\nloop: {backoff_seconds: 0, max_iterations: 1}\n\
         steps:\n  diagnose: {tool: ./diagnose.sh}\n",
    );
    project.script("diagnose.sh", script);
    let folder = project.path("..").canonicalize().unwrap();
    let aside = tempfile::tempdir().unwrap();
    let link = aside.path().join("link");
    std::os::unix::fs::symlink(&folder, &link).unwrap();
    std::os::unix::fs::symlink("work", folder.join("short")).unwrap();
    let hook = Hook::start(Mood::Takes).await;
    let place = link.to_str().unwrap();
    // From where the shell says that it is, and by a flag.
    for (words, other) in [
        (["-t", "work"], "link/work"),
        (["-t", "short"], "link/short"),
    ] {
        let other = aside.path().join(other);
        let variables = [("PWD", place), ("OTHER", other.to_str().unwrap())];
        let words = ["run", words[0], words[1], "-w", &hook.url, "--linger", "30"];
        let ended = project.start_with(&words, &variables).end().await.with(2);
        let taken = hook.taken();
        let done = taken.iter().rfind(|it| it["event_type"] == "STEP_COMPLETE");
        let found = done.unwrap()["data"]["findings"]
            .as_array()
            .unwrap()
            .clone();
        let files: Vec<_> = found.iter().map(|it| it["file"].as_str()).collect();
        let expected = ["a.js", "b.js", "c.js"].map(Some);
        assert_eq!(files, expected, "{ended:?}");
    }
}

#[tokio::test]
async fn the_task_that_a_loop_works_for_is_sent_with_its_session() {
    let project = Project::validating("exit 0", "");
    let hook = Hook::start(Mood::Takes).await;
    let words = ["run", "--webhook-url", &hook.url];
    let id = "019a0000-0000-7000-8000-000000000001";
    let run = project.start_with(&words, &[("TASK_ID", id)]);
    run.end().await.with(0);
    assert_eq!(hook.taken()[0]["data"]["task_id"], id);
    project.run(&words).await.with(0);
    let taken = hook.taken();
    let last = taken
        .iter()
        .rfind(|it| it["event_type"] == "SESSION_STARTED");
    assert_eq!(last.unwrap()["data"].get("task_id"), None::<&Value>);
}
