//! Nothing is left, however it ends.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader};
use tokio::time::timeout;

use super::super::processes::{NODE_VARIABLE, exists, reap_survivors};
use super::super::supervisor;
use super::{PATIENCE, Running, assignment, failed, logs, node, process, said, sh};
use crate::domain::{LogStream, Outcome};
use crate::server::config::{AgentConfig, Secret};

/// Prints its own number and those of a child that left its session and of an orphan.
const TREE: &str = r#"
    setsid sh -c 'trap "" TERM; echo "left $$"; while :; do sleep 1000; done' &
    (setsid sh -c 'trap "" TERM; echo "orphan $$"; while :; do sleep 1000; done' &)
    echo "program $$"
"#;

async fn tree(running: &mut Running) -> [Pid; 3] {
    let mut found = Vec::new();
    for name in ["left ", "orphan ", "program "] {
        let known = logs(&running.seen);
        let known = known.iter().find_map(|log| log.message.strip_prefix(name));
        found.push(match known {
            Some(pid) => Pid::from_raw(pid.parse().unwrap()).unwrap(),
            None => running.pid(name).await,
        });
    }
    found.try_into().unwrap()
}

#[tokio::test]
async fn a_polite_stop_ends_the_whole_tree() {
    let script = format!("{TREE} wait");
    let config = process(&["sh", "-c", &script]);
    let mut running = Running::start(config, assignment("x"));
    let tree = tree(&mut running).await;
    running.cancel.cancel();
    assert_eq!(running.end().await.0, Outcome::Cancelled);
    assert!(!tree.into_iter().any(exists), "{tree:?}");
}

#[tokio::test]
async fn who_ignores_the_polite_stop_is_ended_after_the_grace() {
    let script = format!("trap 'echo heard' TERM; {TREE} while :; do sleep 1000 & wait; done");
    let config = AgentConfig {
        grace_seconds: 1,
        ..process(&["sh", "-c", &script]).into()
    };
    let mut running = Running::start(config, assignment("x"));
    let tree = tree(&mut running).await;
    let begun = Instant::now();
    running.cancel.cancel();
    running.log("heard").await;
    assert_eq!(running.end().await.0, Outcome::Cancelled);
    assert!(begun.elapsed() >= Duration::from_secs(1));
    assert!(!tree.into_iter().any(exists), "{tree:?}");
}

#[tokio::test]
async fn nothing_outlives_a_task_that_ends_by_itself() {
    let script = format!("{TREE} while ! test -e \"$FLAG\"; do sleep 0.01; done");
    let flag = scratch("flag");
    let mut config = process(&["sh", "-c", &script]);
    config
        .env
        .insert("FLAG".to_owned(), Secret::new(flag.display().to_string()));
    let mut running = Running::start(config, assignment("x"));
    let tree = tree(&mut running).await;
    std::fs::write(&flag, "").unwrap();
    assert_eq!(running.end().await.0, Outcome::Completed);
    std::fs::remove_file(&flag).unwrap();
    assert!(!tree.into_iter().any(exists), "{tree:?}");
}

#[tokio::test]
async fn what_still_runs_when_a_program_ends_is_told_of() {
    for (script, told) in [
        (
            "sleep 1000 & printf unfinished >&2",
            Some("1 process was still running"),
        ),
        (
            "sleep 1000 & sleep 1000 & exit 3",
            Some("2 processes were still running"),
        ),
        ("sleep 0.01 & :", None),
        ("echo done", None),
    ] {
        let (_, events) = sh(script).await;
        let said = said(&events, LogStream::System);
        assert_eq!(
            said.len(),
            usize::from(told.is_some()),
            "{script}: {said:?}"
        );
        assert!(
            told.is_none_or(|told| said[0].starts_with(told)),
            "{said:?}"
        );
    }
    let (_, events) = sh("sleep 1000 & printf unfinished >&2").await;
    assert_eq!(said(&events, LogStream::Stderr), ["unfinished"]);
}

/// A dying process closes its files a moment before it leaves the table.
async fn until_gone<T: Copy + IntoIterator<Item = Pid>>(tree: T) {
    let gone = async {
        let mut ticks = tokio::time::interval(Duration::from_millis(10));
        while tree.into_iter().any(exists) {
            ticks.tick().await;
        }
    };
    let patience = Duration::from_secs(10);
    timeout(patience, gone).await.expect("nothing is left");
}

#[tokio::test]
async fn a_run_that_is_dropped_or_loses_its_supervisor_leaves_nothing() {
    let pipe = scratch("pipe");
    let made = std::process::Command::new("mkfifo").arg(&pipe).status();
    assert!(made.unwrap().success());
    let script = format!("exec 9>\"$PIPE\"; {TREE} wait");
    let mut config = process(&["sh", "-c", &script]);
    config
        .env
        .insert("PIPE".to_owned(), Secret::new(pipe.display().to_string()));

    let mut running = Running::start(config.clone(), assignment("x"));
    let end = end_of(&pipe).await;
    let dropped = tree(&mut running).await;
    drop(running);
    end.await;
    until_gone(dropped).await;

    let mut running = Running::start(config, assignment("x"));
    let end = end_of(&pipe).await;
    let lost = tree(&mut running).await;
    kill_process(parent(lost[2]), Signal::KILL).unwrap();
    let (outcome, _) = running.end().await;
    let reason = "the process that watches over it was killed by signal 9 (SIGKILL)";
    assert_eq!(outcome, failed(reason));
    end.await;
    until_gone(lost).await;
    std::fs::remove_file(&pipe).unwrap();
}

/// Opens a named pipe; what comes out waits until everybody who writes to it is gone.
async fn end_of(pipe: &Path) -> impl Future<Output = ()> + use<> {
    let mut file = tokio::fs::File::open(pipe.to_owned()).await.unwrap();
    async move {
        let all = async { file.read_to_end(&mut Vec::new()).await };
        timeout(PATIENCE, all)
            .await
            .expect("everybody gone")
            .unwrap();
    }
}

#[tokio::test]
async fn everything_dies_with_the_server() {
    let mut server = fake_server("dies-with-server");
    let mut lines = BufReader::new(server.stdout.take().unwrap()).lines();
    for _ in 0..3 {
        timeout(PATIENCE, lines.next_line())
            .await
            .unwrap()
            .unwrap()
            .unwrap();
    }
    server.start_kill().unwrap();
    // The pipe ends when everybody who holds it is gone.
    let rest = async { while lines.next_line().await.unwrap().is_some() {} };
    timeout(PATIENCE, rest).await.expect("everybody gone");
    assert_eq!(reap_survivors(&node("dies-with-server")), 0);
    server.wait().await.unwrap();
}

#[tokio::test]
async fn survivors_of_an_earlier_server_are_found_and_ended() {
    let mut orphan = tokio::process::Command::new("sh");
    orphan.args([
        "-c",
        "(setsid sh -c 'echo here; exec sleep 1000' &) ; exit 0",
    ]);
    orphan
        .env(NODE_VARIABLE, "left-behind")
        .stdout(Stdio::piped());
    let mut orphan = orphan.spawn().unwrap();
    let mut lines = BufReader::new(orphan.stdout.take().unwrap()).lines();
    lines.next_line().await.unwrap().unwrap();
    orphan.wait().await.unwrap();
    assert_eq!(reap_survivors(&node("left-behind")), 1);
    assert_eq!(lines.next_line().await.unwrap(), None);
    assert_eq!(reap_survivors(&node("left-behind")), 0);
}

/// A shell that runs the tree under a supervisor, as a server would.
fn fake_server(node: &str) -> tokio::process::Child {
    let supervisor = supervisor::command();
    let mut server = tokio::process::Command::new("sh");
    server.args([
        "-c",
        r#"tree=$1; shift; "$@" $$ "$(ulimit -n)" - -- sh -c "$tree wait" & wait"#,
        "sh",
        TREE,
    ]);
    server
        .arg(supervisor.get_program())
        .args(supervisor.get_args());
    server.env(NODE_VARIABLE, node).stdin(Stdio::null());
    server.stdout(Stdio::piped()).spawn().unwrap()
}

fn parent(pid: Pid) -> Pid {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
    let fields = stat.rsplit_once(')').unwrap().1;
    let parent = fields.split_ascii_whitespace().nth(1).unwrap();
    Pid::from_raw(parent.parse().unwrap()).unwrap()
}

fn scratch(name: &str) -> PathBuf {
    let path = std::env::temp_dir().join(format!("agents-{name}-{}", std::process::id()));
    assert!(!path.exists());
    path
}
