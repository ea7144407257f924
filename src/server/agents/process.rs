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
use tokio::process::Command;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::channel::{Channel, Told};
use super::environment::inherited;
use super::feed::Feed;
use super::processes::{NODE_VARIABLE, Node};
use super::pump::{Questions, pump};
use super::supervised::Supervised;
use super::supervisor::{NOT_STARTED, words};
use super::template::{arguments, fill, fits, variables};
use super::{Assignment, Controls};
use crate::domain::{AgentEvent, LogLevel, LogStream, NewLog, Outcome};
use crate::server::config::{InputMode, ProcessConfig, Secret, UNBUFFERED, working_folder};

/// Runs a command line for each task.
#[derive(Debug)]
pub(crate) struct ProcessAdapter {
    config: ProcessConfig,
    grace: Duration,
    node: Arc<Node>,
}

impl ProcessAdapter {
    /// `grace_seconds` pass between a polite request to stop and force.
    pub(crate) fn new(config: &ProcessConfig, grace_seconds: u32, node: Arc<Node>) -> Self {
        Self {
            config: config.clone(),
            grace: Duration::from_secs(grace_seconds.into()),
            node,
        }
    }

    /// Whether the folder is there and the program can be found.
    pub(crate) fn check(&self) -> Result<(), String> {
        self.check_in(&working_folder(&self.config, None))
    }

    /// Whether it can work in the folder of a project, where it has to.
    pub(crate) fn check_project(&self, folder: Option<&Path>) -> Result<(), String> {
        let Some(folder) = folder.filter(|_| self.config.cwd.is_none()) else {
            return Ok(());
        };
        let shown = folder.display();
        if !folder.is_dir() {
            return Err(format!("there is no folder {shown}"));
        }
        if access(folder, Access::EXEC_OK).is_err() {
            return Err(format!("{shown} may not be entered"));
        }
        // Another program may be found anywhere, or nowhere.
        if self.is_of_folder() {
            return self
                .check_in(folder)
                .map_err(|reason| format!("in {shown}, {reason}"));
        }
        Ok(())
    }

    fn check_in(&self, folder: &Path) -> Result<(), String> {
        if !folder.is_dir() {
            return Err(format!("there is no folder {}", folder.display()));
        }
        let program = self.program();
        // A program named by the task is known only when there is one.
        if self.program_is_given() {
            return Ok(());
        }
        self.find(program, folder)
            .map_err(|reason| format!("cannot start {program:?}: {reason}"))
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
        let (mut run, channel) = match self.start(&assignment) {
            Ok(run) => run,
            Err(outcome) => return outcome,
        };
        if let Some(entry) = warning(&assignment) {
            // Nobody listening is no reason to stop.
            let _ = events.send(vec![entry]).await;
        }
        let Some((stdout, stderr)) = run.output() else {
            return Outcome::NotStarted("the process has no output".to_owned());
        };
        let text = self.config.stdin.as_deref();
        let ended = CancellationToken::new();
        let feed = Feed {
            stdin: run.stdin(),
            text: text.map(|text| fill(text, &assignment)).unwrap_or_default(),
            answers: self.takes_answers().then_some(controls.input),
        };
        let questions = match self.config.input {
            InputMode::Lines => Questions::Asked,
            InputMode::None => Questions::InVain,
        };
        let feed = feed.run(ended.clone());
        let pump = pump((stdout, stderr), questions, events.clone(), ended.clone());
        let end = async {
            let status = run.end(&controls.cancel, &controls.kill, self.grace).await;
            let mut lost = 0;
            if status
                .as_ref()
                .is_ok_and(|status| status.signal().is_some())
            {
                let node = format!("{NODE_VARIABLE}={}", self.node.name);
                let marks = vec![node, format!("TASK_ID={}", assignment.task)];
                lost = run.end_lost(marks).await;
            }
            ended.cancel();
            (status, lost)
        };
        let ((status, lost), (), ()) = tokio::join!(end, feed, pump);
        let refusal = match channel.read() {
            Some(Told::Refused(reason)) => Some(reason),
            Some(Told::Left(count)) => {
                let _ = events.send(vec![what_is_left(count)]).await;
                None
            }
            None => None,
        };
        let status = match status {
            Ok(status) => status,
            Err(error) => return Outcome::failed(format!("lost sight of the process: {error}")),
        };
        if controls.cancel.is_cancelled() || controls.kill.is_cancelled() {
            return Outcome::Cancelled;
        }
        match (self.outcome(status, refusal), lost) {
            (Outcome::Failed { reason, .. }, 1..) => {
                Outcome::failed(format!("the process that watches over it was {reason}"))
            }
            (outcome, _) => outcome,
        }
    }

    fn start(&self, assignment: &Assignment) -> Result<(Supervised, Channel), Outcome> {
        let of_project = assignment.project_folder.as_deref();
        self.check_project(of_project).map_err(Outcome::Unplaced)?;
        let folder = working_folder(&self.config, of_project);
        self.check_in(&folder).map_err(Outcome::NotStarted)?;
        let arguments = arguments(&self.config.command, assignment, self.config.allow_dash)
            .map_err(Outcome::failed_for_good)?;
        self.spawn(assignment, arguments, folder)
    }

    fn spawn(
        &self,
        assignment: &Assignment,
        arguments: Vec<String>,
        folder: PathBuf,
    ) -> Result<(Supervised, Channel), Outcome> {
        let runs = self.node.runs.as_deref();
        let (mut command, channel) =
            Supervised::telling_command(runs).map_err(|error| self.cannot_start(&words(&error)))?;
        command.args(arguments);
        self.set_environment(&mut command, assignment);
        command.current_dir(folder);
        command.stdin(if self.config.stdin.is_some() || self.takes_answers() {
            Stdio::piped()
        } else {
            Stdio::null()
        });
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let run = Supervised::start(&mut command, runs).map_err(|error| {
            let program = self.program();
            // Of these the task is the cause, and it will not change.
            let reason = match error.kind() {
                io::ErrorKind::ArgumentListTooLong => {
                    "an argument is longer than 128 KiB, or all of them together are too long; pass \
                     the description through stdin"
                }
                io::ErrorKind::InvalidInput => "the task or the command contains a NUL character",
                _ => return self.cannot_start(&words(&error)),
            };
            Outcome::failed_for_good(format!("cannot start {program:?}: {reason}"))
        });
        Ok((run?, channel))
    }

    fn cannot_start(&self, reason: &str) -> Outcome {
        Outcome::NotStarted(format!("cannot start {:?}: {reason}", self.program()))
    }

    fn set_environment(&self, command: &mut Command, assignment: &Assignment) {
        command.env_clear();
        // A person wants to see what a program prints when it prints it.
        command.env(UNBUFFERED.0, UNBUFFERED.1);
        command.envs(inherited(std::env::vars_os(), &self.config.pass_env));
        let own: &BTreeMap<String, Secret> = &self.config.env;
        command.envs(own.iter().map(|(name, value)| (name, value.expose())));
        command.envs(variables(assignment).filter(|(name, value)| fits(name, value)));
        command.env(NODE_VARIABLE, &self.node.name);
    }

    fn program(&self) -> &str {
        self.config.command.first().map_or("", String::as_str)
    }

    /// True when the task says which program it is.
    fn program_is_given(&self) -> bool {
        self.program().contains('{')
    }

    /// True for a program like `./build.sh`, which is another one in another folder.
    fn is_of_folder(&self) -> bool {
        let program = self.program();
        program.contains('/') && !program.starts_with('/') && !self.program_is_given()
    }

    fn takes_answers(&self) -> bool {
        self.config.input == InputMode::Lines
    }

    /// The search that starting it will do.
    fn find(&self, program: &str, folder: &Path) -> Result<(), &'static str> {
        let own = self.config.env.get("PATH");
        let own = own.map(|path| OsString::from(path.expose()));
        let path = own.or_else(|| std::env::var_os("PATH")).unwrap_or_default();
        let places: Vec<PathBuf> = if program.contains('/') {
            vec![folder.join(program)]
        } else if program.is_empty() {
            Vec::new()
        } else {
            let folders = std::env::split_paths(&path);
            folders
                .map(|place| folder.join(place).join(program))
                .collect()
        };
        let files: Vec<_> = places.into_iter().filter(|path| path.is_file()).collect();
        if files
            .iter()
            .any(|path| access(path, Access::EXEC_OK).is_ok())
        {
            Ok(())
        } else if files.is_empty() {
            Err("No such file or directory")
        } else {
            Err("Permission denied")
        }
    }

    fn outcome(&self, status: ExitStatus, refusal: Option<String>) -> Outcome {
        match (status.code(), status.signal(), refusal) {
            (Some(0), ..) => Outcome::Completed,
            (Some(code), _, Some(reason)) if code == i32::from(NOT_STARTED) => {
                if self.program_is_given() {
                    Outcome::failed_for_good(reason)
                } else {
                    Outcome::NotStarted(reason)
                }
            }
            (Some(code), ..) => Outcome::failed(format!("exited with status {code}")),
            (None, number, _) => {
                let number = number.unwrap_or_default();
                let name = signal_hook::low_level::signal_name(number).unwrap_or("unknown");
                Outcome::failed(format!("killed by signal {number} ({name})"))
            }
        }
    }
}

/// Says that the description reaches the agent only by other ways than its variable.
fn warning(assignment: &Assignment) -> Option<AgentEvent> {
    let mut left_out = variables(assignment).filter(|(name, value)| !fits(name, value));
    let (name, _) = left_out.next()?;
    let words = format!("{name} is left out of the environment: it is longer than 128 KiB");
    Some(warn(words))
}

fn what_is_left(count: usize) -> AgentEvent {
    warn(match count {
        1 => "1 process was still running when it ended, and was ended with it".to_owned(),
        _ => format!("{count} processes were still running when it ended, and were ended with it"),
    })
}

fn warn(message: String) -> AgentEvent {
    AgentEvent::Log(NewLog {
        message,
        level: LogLevel::Warn,
        stream: LogStream::System,
        ..NewLog::default()
    })
}
