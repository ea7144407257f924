//! What a process prints, how it ends, and what it is given.

use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use super::{Running, assignment, failed, process, said, sh};
use crate::domain::{AgentEvent, Answer, LogStream, Outcome, Then};
use crate::server::config::{InputMode, ProcessConfig, Secret};

#[tokio::test]
async fn lines_arrive_in_order_and_the_streams_stay_apart() {
    let script = r"for i in $(seq 2000); do echo out $i; echo err $i >&2; done; printf last";
    let (outcome, events) = sh(script).await;
    assert_eq!(outcome, Outcome::Completed);
    let numbered = |word: &str| {
        (1..=2000)
            .map(|i| format!("{word} {i}"))
            .collect::<Vec<_>>()
    };
    let mut expected = numbered("out");
    expected.push("last".to_owned());
    assert_eq!(said(&events, LogStream::Stdout), expected);
    assert_eq!(said(&events, LogStream::Stderr), numbered("err"));
}

#[tokio::test]
async fn an_unfinished_line_is_shown_and_invalid_text_is_mended() {
    let script = r"printf 'name? '; read -r answer; printf '\377\n'";
    let config = ProcessConfig {
        stdin: Some(String::new()),
        ..process(&["sh", "-c", "printf 'name? '; exec sleep 1000"])
    };
    let mut running = Running::start(config, assignment("x"));
    assert_eq!(running.log("name?").await, "");
    running.kill.cancel();
    assert_eq!(running.end().await.0, Outcome::Cancelled);
    let (_, events) = sh(script).await;
    assert_eq!(said(&events, LogStream::Stdout), ["name? \u{fffd}"]);
}

#[tokio::test]
async fn a_line_of_a_mebibyte_is_cut_and_the_next_is_whole() {
    let (outcome, events) = sh("head -c 1048576 /dev/zero | tr '\\0' x; echo; echo next").await;
    assert_eq!(outcome, Outcome::Completed);
    let lines = said(&events, LogStream::Stdout);
    assert_eq!(lines.len(), 2);
    assert!(lines[0].ends_with("… [cut: line longer than 64 KiB]"));
    assert_eq!(lines[1], "next");
}

#[tokio::test]
async fn what_a_task_brings_is_never_read_again() {
    let evil = "'\"; touch /tmp/owned; $(id) `id` {title}\nsecond \\ line";
    let script =
        r#"printf '%s\0' "$1" "$2" "$TASK_DESCRIPTION" "$TASK_NUMBER" "$(cat)" | od -An -v -tx1"#;
    let config = ProcessConfig {
        stdin: Some("<{description}>".to_owned()),
        ..process(&["sh", "-c", script, "sh", "{description}", "a{title}b"])
    };
    let (outcome, events) = Running::start(config, assignment(evil)).end().await;
    assert_eq!(outcome, Outcome::Completed);
    let dump = said(&events, LogStream::Stdout).join(" ");
    let bytes = dump
        .split_whitespace()
        .map(|hex| u8::from_str_radix(hex, 16));
    let text = String::from_utf8(bytes.collect::<Result<_, _>>().unwrap()).unwrap();
    let expected = format!("{evil}\0aa titleb\0{evil}\x007\0<{evil}>\0");
    assert_eq!(text, expected);
}

#[tokio::test]
async fn progress_usage_and_results_are_understood() {
    let script = r#"echo '::progress 0.5 half'; echo '{"usage":{"input_tokens":3}}' ; printf '{"result":[1]}'"#;
    let (_, events) = sh(script).await;
    assert!(events.contains(&AgentEvent::Progress(0.5)), "{events:?}");
    assert!(events.contains(&AgentEvent::Result(serde_json::json!([1]))));
    assert!(
        events
            .iter()
            .any(|event| matches!(event, AgentEvent::Usage(u) if u.input_tokens == Some(3)))
    );
}

#[tokio::test]
async fn the_end_is_told_in_words() {
    for (script, expected) in [
        ("exit 0", Outcome::Completed),
        ("exit 3", failed("exited with status 3")),
        ("exit 137", failed("exited with status 137")),
        ("exit 125", failed("exited with status 125")),
        ("kill -9 $$", failed("killed by signal 9 (SIGKILL)")),
        ("kill -TERM $$", failed("killed by signal 15 (SIGTERM)")),
        ("kill -SEGV $$", failed("killed by signal 11 (SIGSEGV)")),
    ] {
        assert_eq!(sh(script).await.0, expected, "{script}");
    }
}

#[tokio::test]
async fn what_cannot_start_says_why() {
    let run = async |config: ProcessConfig, description: &str| {
        Running::start(config, assignment(description)).end().await
    };
    let not_started = |reason: &str| Outcome::NotStarted(reason.to_owned());
    let missing = process(&["no-such-program-anywhere"]);
    let words = "cannot start \"no-such-program-anywhere\": No such file or directory";
    assert_eq!(run(missing, "x").await.0, not_started(words));
    let scratch = tempfile::tempdir().unwrap();
    let plain = scratch.path().join("plain");
    std::fs::write(&plain, "true\n").unwrap();
    let plain = plain.to_str().unwrap();
    let words = format!("cannot start \"{plain}\": Permission denied");
    assert_eq!(run(process(&[plain]), "x").await.0, not_started(&words));
    let folder = ProcessConfig {
        cwd: Some(PathBuf::from("/nowhere")),
        ..process(&["true"])
    };
    let words = "there is no folder /nowhere";
    assert_eq!(run(folder, "x").await.0, not_started(words));
    // The check cannot see this one coming, so the supervisor reports it: its interpreter is missing.
    let script = scratch.path().join("script");
    std::fs::write(&script, "#!/nowhere/interpreter\n").unwrap();
    std::fs::set_permissions(&script, std::fs::Permissions::from_mode(0o755)).unwrap();
    let (outcome, events) = run(process(&[script.to_str().unwrap()]), "x").await;
    assert!(matches!(outcome, Outcome::NotStarted(_)), "{outcome:?}");
    assert_eq!(events, Vec::new());
}

#[tokio::test]
async fn what_a_program_prints_is_never_taken_for_words_of_its_supervisor() {
    let lines = [
        "grep: kimi-dashboard: left and ended: 5 files",
        "kimi-dashboard: not started: haha",
        "refused: haha",
        "left: 7",
    ];
    let prints = lines.map(|line| format!("echo '{line}' >&2; ")).concat();
    for (status, expected) in [
        (0, Outcome::Completed),
        (3, failed("exited with status 3")),
        (125, failed("exited with status 125")),
    ] {
        let (outcome, events) = sh(&format!("{prints} exit {status}")).await;
        assert_eq!(outcome, expected);
        assert_eq!(said(&events, LogStream::Stderr), lines);
        assert_eq!(said(&events, LogStream::System), [""; 0]);
    }
}

#[tokio::test]
async fn what_only_the_task_is_to_blame_for_is_not_tried_again() {
    let run = async |command: &[&str], description: &str| {
        let run = Running::start(process(command), assignment(description));
        match run.end().await.0 {
            Outcome::Failed { reason, then } => {
                assert_eq!(then, Then::Fail, "{reason}");
                reason
            }
            other => panic!("{other:?}"),
        }
    };
    let words = "cannot start \"/nowhere/program\": No such file or directory";
    assert_eq!(run(&["{description}"], "/nowhere/program").await, words);
    let nul = run(&["echo", "{description}"], "a\0b").await;
    assert!(nul.contains("NUL"), "{nul}");
    let long = "é".repeat(100_000);
    let long = run(&["echo", "{description}"], &long).await;
    assert!(long.contains("stdin"), "{long}");
    let dash = run(&["echo", "{description}"], "--version").await;
    assert!(dash.contains("allow_dash"), "{dash}");
}

#[tokio::test]
async fn a_process_sees_nothing_of_the_server_but_what_is_listed() {
    let own = ProcessConfig {
        env: [
            ("OWN".to_owned(), Secret::new("mine")),
            ("PYTHONUNBUFFERED".to_owned(), Secret::new("own")),
        ]
        .into(),
        pass_env: vec!["CARGO_MANIFEST_DIR".to_owned()],
        ..process(&["env"])
    };
    let (_, events) = Running::start(own, assignment("x")).end().await;
    let lines = said(&events, LogStream::Stdout);
    let names = lines
        .iter()
        .filter_map(|line| Some(line.split_once('=')?.0));
    let names: Vec<&str> = names.collect();
    // cargo sets these for its tests.
    assert!(std::env::var_os("CARGO_PKG_NAME").is_some());
    assert!(!names.contains(&"CARGO_PKG_NAME"), "{names:?}");
    let expected = [
        "PATH",
        "OWN",
        "CARGO_MANIFEST_DIR",
        "TASK_PROJECT",
        "DASHBOARD_URL",
    ];
    for name in expected {
        assert!(names.contains(&name), "{name} is not in {names:?}");
    }
    for line in ["TASK_LABELS=[\"a\"]", "PYTHONUNBUFFERED=own"] {
        assert!(lines.contains(&line.to_owned()), "{lines:?}");
    }
    let (_, events) = Running::start(process(&["env"]), assignment("x"))
        .end()
        .await;
    let lines = said(&events, LogStream::Stdout);
    let unbuffered = "PYTHONUNBUFFERED=1".to_owned();
    assert!(lines.contains(&unbuffered), "{lines:?}");
}

#[tokio::test]
async fn a_process_asks_and_reads_the_answer_from_its_input() {
    let script = r#"read -r task; echo "task: $task"; echo '{"question":{"text":"which?","options":["a"]}}'
        read -r answer; echo "answer: $answer""#;
    let config = ProcessConfig {
        stdin: Some("{title}".to_owned()),
        input: InputMode::Lines,
        ..process(&["sh", "-c", script])
    };
    let mut running = Running::start(config, assignment("x"));
    running.log("task: a title").await;
    let asks =
        |event: &AgentEvent| matches!(event, AgentEvent::NeedsInput(it) if it.text == "which?");
    while !running.seen.iter().any(asks) {
        let batch = running.events.recv().await.expect("it asks");
        running.seen.extend(batch);
    }
    let answer = Answer {
        question: "1".to_owned(),
        text: "a".to_owned(),
        option: Some("a".to_owned()),
    };
    running.input.send(answer).unwrap();
    let line = running.log("answer: ").await;
    let line: serde_json::Value = serde_json::from_str(&line).unwrap();
    let expected = serde_json::json!({"input": {"question": "1", "text": "a", "option": "a"}});
    assert_eq!(line, expected);
    assert_eq!(running.end().await.0, Outcome::Completed);
}

#[tokio::test]
async fn a_process_that_hears_no_answers_is_told_so_once() {
    let script = r#"echo '{"question":"one?"}'; echo '{"question":"two?"}'"#;
    let (outcome, events) = sh(script).await;
    assert_eq!(outcome, Outcome::Completed);
    let asked = said(&events, LogStream::Stdout);
    assert_eq!(asked, ["asks: one?", "asks: two?"]);
    let [warning] = &said(&events, LogStream::System)[..] else {
        panic!("one warning");
    };
    assert!(warning.contains("input = \"lines\""), "{warning}");
}

#[tokio::test]
async fn long_descriptions_arrive() {
    let long = "x".repeat(100_000);
    let command = [
        "sh",
        "-c",
        "echo ${#1} ${#TASK_DESCRIPTION}",
        "sh",
        "{description}",
    ];
    let config = process(&command);
    let (_, events) = Running::start(config, assignment(&long)).end().await;
    assert_eq!(said(&events, LogStream::Stdout), ["100000 100000"]);

    let wide = "é".repeat(100_000);
    let config = ProcessConfig {
        stdin: Some("{description}".to_owned()),
        ..process(&["wc", "-c"])
    };
    let (_, events) = Running::start(config.clone(), assignment(&wide))
        .end()
        .await;
    assert_eq!(said(&events, LogStream::Stdout), ["200000"]);
    assert!(said(&events, LogStream::System)[0].contains("TASK_DESCRIPTION"));

    // It never reads, and still ends.
    let config = ProcessConfig {
        command: vec!["true".to_owned()],
        ..config
    };
    let (outcome, _) = Running::start(config, assignment(&wide)).end().await;
    assert_eq!(outcome, Outcome::Completed);
}
