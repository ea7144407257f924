//! Any command line as an agent: started under a supervisor, heard line by line, and
//! stopped so that nothing of it is left.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::sync::Arc;
use std::time::Duration;

use rustix::fs::{Access, access};
use tokio::io::AsyncWriteExt;
use tokio::process::ChildStdin;
use tokio::sync::mpsc;
use tokio::task::spawn_blocking;
use tokio_util::sync::CancellationToken;

use super::processes::{NODE_VARIABLE, end_run};
use super::pump::pump;
use super::supervised::Supervised;
use super::supervisor::{NOT_STARTED, words};
use super::template::{fill, fits, variables};
use super::{Assignment, Controls};
use crate::domain::{AgentEvent, LogLevel, LogStream, NewLog, Outcome};
use crate::server::config::{AgentConfig, Secret};

/// What the server knows and agents need not.
const KEPT_FROM_AGENTS: [&str; 2] = ["DATABASE_URL", "REDIS_URL"];

/// Runs a command line for each task.
#[derive(Debug)]
pub(crate) struct ProcessAdapter {
    command: Vec<String>,
    stdin: Option<String>,
    cwd: PathBuf,
    env: BTreeMap<String, Secret>,
    grace: Duration,
    node: Arc<str>,
}

impl ProcessAdapter {
    pub(crate) fn new(config: &AgentConfig, node: Arc<str>) -> Self {
        Self {
            command: config.command.clone(),
            stdin: config.stdin.clone(),
            cwd: config.cwd.clone(),
            env: config.env.clone(),
            grace: Duration::from_secs(config.grace_seconds.into()),
            node,
        }
    }

    /// Whether the folder is there and the program can be found.
    pub(crate) fn check(&self) -> Result<(), String> {
        if !self.cwd.is_dir() {
            return Err(format!("there is no folder {}", self.cwd.display()));
        }
        let program = self.command.first().map_or("", String::as_str);
        // A program named by the task is known only when there is one.
        if program.contains('{') || self.finds(program) {
            return Ok(());
        }
        Err(format!(
            "cannot start {program:?}: No such file or directory"
        ))
    }

    pub(crate) async fn run(
        &self,
        assignment: Assignment,
        controls: Controls,
        events: mpsc::Sender<Vec<AgentEvent>>,
    ) -> Outcome {
        if controls.cancel.is_cancelled() || controls.kill.is_cancelled() {
            return Outcome::Cancelled;
        }
        if let Some(entry) = warning(&assignment) {
            // Nobody listening is no reason to stop.
            let _ = events.send(vec![entry]).await;
        }
        let mut run = match self.check().and_then(|()| self.spawn(&assignment)) {
            Ok(run) => run,
            Err(reason) => return Outcome::Failed(reason),
        };
        let Some((stdout, stderr)) = run.output() else {
            return Outcome::Failed("the process has no output".to_owned());
        };
        let stdin = run.stdin();
        let text = self.stdin.as_deref().map(|text| fill(text, &assignment));
        let ended = CancellationToken::new();
        let feed = feed(stdin, text.unwrap_or_default(), ended.clone());
        let pump = pump(stdout, stderr, events, ended.clone());
        let end = async {
            let status = run.end(&controls.cancel, &controls.kill, self.grace).await;
            // Perhaps it was the supervisor that somebody killed; then its charge lives on.
            if status
                .as_ref()
                .is_ok_and(|status| status.signal().is_some())
            {
                let node = format!("{NODE_VARIABLE}={}", self.node);
                let marks = [node, format!("TASK_ID={}", assignment.task)];
                // It reads all of /proc. Whatever comes of it, the outcome is known.
                let _ = spawn_blocking(move || end_run(&marks)).await;
            }
            ended.cancel();
            status
        };
        let (status, (), refusal) = tokio::join!(end, feed, pump);
        let status = match status {
            Ok(status) => status,
            Err(error) => return Outcome::Failed(format!("lost sight of the process: {error}")),
        };
        if controls.cancel.is_cancelled() || controls.kill.is_cancelled() {
            return Outcome::Cancelled;
        }
        outcome(status, refusal)
    }

    fn spawn(&self, assignment: &Assignment) -> Result<Supervised, String> {
        let program = self.command.first().map_or("", String::as_str);
        let mut command = Supervised::command();
        command.args(self.command.iter().map(|part| fill(part, assignment)));
        for name in KEPT_FROM_AGENTS {
            command.env_remove(name);
        }
        command.envs(self.env.iter().map(|(name, value)| (name, value.expose())));
        command.envs(variables(assignment).filter(|(name, value)| fits(name, value)));
        command.env(NODE_VARIABLE, &*self.node);
        command.current_dir(&self.cwd);
        command.stdin(match self.stdin {
            Some(_) => Stdio::piped(),
            None => Stdio::null(),
        });
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        Supervised::start(&mut command).map_err(|error| {
            let reason = match error.kind() {
                io::ErrorKind::ArgumentListTooLong => {
                    "an argument is longer than 128 KiB; pass the description through stdin"
                }
                io::ErrorKind::InvalidInput => "the task or the command contains a NUL character",
                _ => return format!("cannot start {program:?}: {}", words(&error)),
            };
            format!("cannot start {program:?}: {reason}")
        })
    }

    /// The search that starting it will do.
    fn finds(&self, program: &str) -> bool {
        let is_program = |path: &Path| path.is_file() && access(path, Access::EXEC_OK).is_ok();
        if program.contains('/') {
            return is_program(&self.cwd.join(program));
        }
        let own = self
            .env
            .get("PATH")
            .map(|path| OsString::from(path.expose()));
        let path = own.or_else(|| std::env::var_os("PATH")).unwrap_or_default();
        let mut folders = std::env::split_paths(&path);
        !program.is_empty()
            && folders.any(|folder| is_program(&self.cwd.join(folder).join(program)))
    }
}

/// Ends early when the process does: one that never reads must not keep us.
async fn feed(stdin: Option<ChildStdin>, text: String, ended: CancellationToken) {
    if let Some(mut stdin) = stdin {
        // A process may close its input before it has read everything.
        let _ = ended
            .run_until_cancelled(stdin.write_all(text.as_bytes()))
            .await;
    }
}

fn outcome(status: ExitStatus, refusal: Option<String>) -> Outcome {
    match (status.code(), status.signal(), refusal) {
        (Some(0), ..) => Outcome::Completed,
        (Some(code), _, Some(reason)) if code == i32::from(NOT_STARTED) => Outcome::Failed(reason),
        (Some(code), ..) => Outcome::Failed(format!("exited with status {code}")),
        (None, number, _) => {
            let number = number.unwrap_or_default();
            let name = signal_hook::low_level::signal_name(number).unwrap_or("unknown");
            Outcome::Failed(format!("killed by signal {number} ({name})"))
        }
    }
}

/// Says that the description reaches the agent only by other ways than its variable.
fn warning(assignment: &Assignment) -> Option<AgentEvent> {
    let mut left_out = variables(assignment).filter(|(name, value)| !fits(name, value));
    let (name, _) = left_out.next()?;
    Some(AgentEvent::Log(NewLog {
        message: format!("{name} is left out of the environment: it is longer than 128 KiB"),
        level: LogLevel::Warn,
        stream: LogStream::System,
        ..NewLog::default()
    }))
}
