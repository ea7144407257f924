//! What a process prints, how it ends, and what it is given.

use std::path::PathBuf;

use super::{Running, agent, assignment, failed, said, sh};
use crate::domain::{AgentEvent, AgentKind, LogStream, Outcome};
use crate::server::config::AgentConfig;

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
    let config = AgentConfig {
        stdin: Some(String::new()),
        ..agent(
            AgentKind::Process,
            &["sh", "-c", "printf 'name? '; exec sleep 1000"],
        )
    };
    let mut running = Running::start(&config, assignment("x"));
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
    let config = AgentConfig {
        stdin: Some("<{description}>".to_owned()),
        ..agent(
            AgentKind::Process,
            &["sh", "-c", script, "sh", "{description}", "a{title}b"],
        )
    };
    let (outcome, events) = Running::start(&config, assignment(evil)).end().await;
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
    let run = async |config: AgentConfig, description: &str| {
        Running::start(&config, assignment(description)).end().await
    };
    let process = |command: &[&str]| agent(AgentKind::Process, command);
    let missing = process(&["no-such-program-anywhere"]);
    let words = "cannot start \"no-such-program-anywhere\": No such file or directory";
    assert_eq!(run(missing, "x").await.0, failed(words));
    // The check cannot see this one coming, so the supervisor reports it.
    let later = process(&["{description}"]);
    let (outcome, events) = run(later, "/nowhere/program").await;
    let words = "cannot start \"/nowhere/program\": No such file or directory";
    assert_eq!((outcome, events), (failed(words), Vec::new()));
    let folder = AgentConfig {
        cwd: PathBuf::from("/nowhere"),
        ..process(&["true"])
    };
    assert_eq!(
        run(folder, "x").await.0,
        failed("there is no folder /nowhere")
    );
    let nul = run(process(&["echo", "{description}"]), "a\0b").await.0;
    assert!(matches!(nul, Outcome::Failed(words) if words.contains("NUL")));
    let long = "é".repeat(100_000);
    let (outcome, _) = run(process(&["echo", "{description}"]), &long).await;
    assert!(matches!(outcome, Outcome::Failed(words) if words.contains("stdin")));
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
    let config = agent(AgentKind::Process, &command);
    let (_, events) = Running::start(&config, assignment(&long)).end().await;
    assert_eq!(said(&events, LogStream::Stdout), ["100000 100000"]);

    let wide = "é".repeat(100_000);
    let config = AgentConfig {
        stdin: Some("{description}".to_owned()),
        ..agent(AgentKind::Process, &["wc", "-c"])
    };
    let (_, events) = Running::start(&config, assignment(&wide)).end().await;
    assert_eq!(said(&events, LogStream::Stdout), ["200000"]);
    assert!(said(&events, LogStream::System)[0].contains("TASK_DESCRIPTION"));

    // It never reads, and still ends.
    let config = AgentConfig {
        command: vec!["true".to_owned()],
        ..config
    };
    let (outcome, _) = Running::start(&config, assignment(&wide)).end().await;
    assert_eq!(outcome, Outcome::Completed);
}
