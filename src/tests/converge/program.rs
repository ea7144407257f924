//! A small project, and the loop as a process of its own.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::atomic::{AtomicU32, Ordering};

use futures_util::StreamExt;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader, Lines};
use tokio::net::TcpListener;
use tokio::process::{Child, ChildStdout, Command};
use tokio::time::timeout;
use tokio_tungstenite::connect_async;

use super::{DIAGNOSE, FIX, PROJECT, TEST};
use crate::tests::support::{MARK, PATIENCE, binary, eventually, nothing_is_left, processes};

/// The number of the next loop of any project.
static NEXT: AtomicU32 = AtomicU32::new(1);

/// A folder with a configuration, a target `work`, and what the loop keeps.
pub(super) struct Project {
    folder: tempfile::TempDir,
}

impl Project {
    pub(super) fn new(yaml: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("work")).unwrap();
        std::fs::write(folder.path().join("convergence.yaml"), yaml).unwrap();
        Self { folder }
    }

    /// With one enabled step, whose tool is this script.
    pub(super) fn validating(script: &str, settings: &str) -> Self {
        let yaml = format!(
            "target: work\nloop: {{backoff_seconds: 0, max_iterations: 2}}\n\
            steps:\n  validate: {{tool: ./validate.sh{settings}}}\n"
        );
        let project = Self::new(&yaml);
        project.script("validate.sh", script);
        project
    }

    /// Whose test fails first and passes after the fix step has edited a file.
    pub(super) fn small() -> Self {
        let project = Self::new(PROJECT);
        project.script("diagnose.sh", DIAGNOSE);
        project.script("fix.sh", FIX);
        project.script("test.sh", TEST);
        project.write("answer", "41");
        project.write("notes", "TO-DO");
        project
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join("work").join(name)
    }

    pub(super) fn write(&self, name: &str, text: &str) {
        std::fs::write(self.path(name), text).unwrap();
    }

    pub(super) fn script(&self, name: &str, text: &str) {
        self.write(name, &format!("#!/bin/sh\n{text}\n"));
        let mode = std::fs::Permissions::from_mode(0o755);
        std::fs::set_permissions(self.path(name), mode).unwrap();
    }

    /// Waits until a step has made this file; answers what is in it.
    pub(super) async fn made(&self, name: &str) -> String {
        let path = self.path(name);
        eventually(&format!("there is {name}"), async || {
            let text = std::fs::read_to_string(&path).ok()?;
            text.ends_with('\n').then(|| text.trim().to_owned())
        })
        .await
    }

    /// The folder of what is kept for webhooks.
    pub(super) fn outbox(&self) -> PathBuf {
        self.folder.path().join("state/kimi-converge")
    }

    /// `kimi-converge` with these words, in this project.
    pub(super) fn start(&self, words: &[&str]) -> Loop {
        self.start_with(words, &[])
    }

    /// The same with these variables.
    pub(super) fn start_with(&self, words: &[&str], variables: &[(&str, &str)]) -> Loop {
        self.spawn(Command::new(binary("kimi-converge")), words, variables)
    }

    /// The same where no file can grow beyond so many bytes, which is as good as a full disk.
    pub(super) fn start_on_full_disk(&self, bytes: u32, words: &[&str]) -> Loop {
        let mut shell = Command::new("sh");
        let limit = format!("ulimit -S -f {}; exec \"$0\" \"$@\"", bytes / 512);
        shell.args(["-c", &limit]).arg(binary("kimi-converge"));
        self.spawn(shell, words, &[])
    }

    fn spawn(&self, mut command: Command, words: &[&str], variables: &[(&str, &str)]) -> Loop {
        let folder = self.folder.path();
        // Several may run at once.
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let mark = format!("{}#{number}", folder.display());
        command.args(words).current_dir(folder);
        command.env("XDG_STATE_HOME", folder.join("state"));
        command.env(MARK, &mark);
        command.envs(variables.iter().copied());
        let pipes = command.stdin(Stdio::null()).stdout(Stdio::piped());
        let mut child = pipes
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        Loop {
            lines: BufReader::new(child.stdout.take().unwrap()).lines(),
            child,
            mark,
        }
    }

    /// Leaves events of a session in the outbox, as an earlier run may have; answers the journal.
    pub(super) fn leave(&self, session: &str, url: &str, events: &[Value]) -> PathBuf {
        std::fs::create_dir_all(self.outbox()).unwrap();
        let journal = self.outbox().join(format!("{session}.ndjson"));
        let lines = events.iter().map(|event| format!("{event}\n"));
        std::fs::write(&journal, lines.collect::<String>()).unwrap();
        let note = serde_json::json!({"session_id": session, "url": url, "sent": 0});
        std::fs::write(journal.with_extension("json"), note.to_string()).unwrap();
        journal
    }

    /// The same to its end.
    pub(super) async fn run(&self, words: &[&str]) -> Ended {
        self.start(words).end().await
    }
}

/// A loop that runs.
pub(super) struct Loop {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
    mark: String,
}

#[derive(Debug)]
pub(super) struct Ended {
    pub(super) code: Option<i32>,
    /// What was left of standard output.
    pub(super) said: String,
    pub(super) complained: String,
}

impl Loop {
    /// Waits for a line of standard output that begins so; answers its rest.
    pub(super) async fn says(&mut self, beginning: &str) -> String {
        let look = async {
            while let Some(line) = self.lines.next_line().await.unwrap() {
                if let Some(rest) = line.strip_prefix(beginning) {
                    return rest.to_owned();
                }
            }
            panic!("it ended and never said {beginning:?}")
        };
        timeout(PATIENCE, look)
            .await
            .unwrap_or_else(|_| panic!("it never said {beginning:?}"))
    }

    /// The address of its events.
    pub(super) async fn url(&mut self) -> String {
        self.says("events on ").await
    }

    pub(super) fn signal(&self, signal: Signal) {
        let pid = i32::try_from(self.child.id().expect("it runs")).unwrap();
        kill_process(Pid::from_raw(pid).unwrap(), signal).unwrap();
    }

    /// How many processes are of it: itself, and those of a step.
    pub(super) fn processes(&self) -> usize {
        processes(&self.mark)
    }

    /// Waits for its end, after which nothing of it is left.
    pub(super) async fn end(mut self) -> Ended {
        let mut stderr = self.child.stderr.take().unwrap();
        let (mut said, mut complained) = (String::new(), String::new());
        let all = async {
            while let Some(line) = self.lines.next_line().await.unwrap() {
                said.push_str(&line);
                said.push('\n');
            }
            stderr.read_to_string(&mut complained).await.unwrap();
            self.child.wait().await.unwrap()
        };
        let status = timeout(PATIENCE * 2, all).await.expect("it ends in time");
        nothing_is_left(&self.mark).await;
        Ended {
            code: status.code(),
            said,
            complained,
        }
    }
}

impl Ended {
    #[track_caller]
    pub(super) fn with(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "{self:?}");
        self
    }
}

/// Listens from the beginning to the end; answers every event.
pub(super) async fn listen(url: &str) -> Vec<Value> {
    let (mut socket, _) = connect_async(url).await.unwrap();
    let mut events = Vec::new();
    let all = async {
        while let Some(Ok(message)) = socket.next().await {
            if let Ok(text) = message.into_text()
                && !text.is_empty()
            {
                events.push(serde_json::from_str::<Value>(&text).unwrap());
            }
        }
    };
    timeout(PATIENCE, all).await.expect("it ends in time");
    let greeting = events.remove(0);
    assert_eq!(greeting["type"], "connected");
    assert!(greeting.get("event_type").is_none() && greeting["timestamp"].is_string());
    events
}

/// The types of events, in order.
pub(super) fn types(events: &[Value]) -> Vec<&str> {
    let types = events.iter().map(|event| event["event_type"].as_str());
    types.map(Option::unwrap).collect()
}

/// The session of these events.
pub(super) fn session_of(events: &[Value]) -> String {
    events[0]["session_id"].as_str().unwrap().to_owned()
}

/// A port that is free, for who has to be told of an address before somebody listens there.
pub(super) async fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    listener.local_addr().unwrap().port()
}

/// Has a step wait for a file that the test makes.
pub(super) fn wait_for(name: &str) -> String {
    format!("while [ ! -e {name} ]; do sleep 0.02; done")
}

/// A folder and nothing else.
pub(super) fn is_empty(folder: &Path) -> bool {
    std::fs::read_dir(folder).unwrap().next().is_none()
}
