//! Runs the program of a step: under a supervisor, in the target folder, for a limited time, and
//! so that nothing of it is left afterwards.

use std::ffi::OsString;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use super::output::{Manner, Output, Report, Tail};
use super::settings::StepSettings;
use super::terminal::Terminal;
use crate::server::agents::supervised::Supervised;
use crate::server::agents::supervisor::{NOT_STARTED, REFUSAL, words};

/// Between SIGTERM and SIGKILL.
const GRACE: Duration = Duration::from_secs(5);
/// How long the pipes may stay open after everything that could write to them is dead.
const LINGER: Duration = Duration::from_secs(2);
/// Names the session to every program of a step, and every program of a step to us.
const SESSION_VARIABLE: &str = "CONVERGENCE_SESSION_ID";

/// How the loop is told to end.
#[derive(Clone, Debug, Default)]
pub(crate) struct Stop {
    /// Politely.
    pub(crate) cancel: CancellationToken,
    /// At once.
    pub(crate) kill: CancellationToken,
}

/// What a step is told.
pub(crate) struct Briefing<'a> {
    pub(crate) session: &'a str,
    pub(crate) iteration: u32,
    pub(crate) target: &'a Path,
    /// The same place as somebody wrote it, perhaps through a symbolic link.
    pub(crate) spelled: &'a Path,
    /// A JSON array of what is open.
    pub(crate) findings: &'a Path,
    /// Variables of ours that it must not see.
    pub(crate) hidden: &'a [OsString],
}

/// How the program ended, and what it said.
#[derive(Debug)]
pub(crate) struct StepRun {
    pub(crate) end: StepEnd,
    pub(crate) report: Report,
    /// The end of what it printed, on either output.
    pub(crate) tail: Tail,
}

#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum StepEnd {
    Exited(i32),
    Signalled(i32),
    TimedOut,
    /// The loop was told to end.
    Stopped,
    NotStarted(String),
}

/// Runs a step for at most `limit`.
pub(crate) async fn run_step(
    settings: &StepSettings,
    briefing: &Briefing<'_>,
    stop: &Stop,
    limit: Duration,
    terminal: &Terminal,
) -> StepRun {
    let mut run = match start(settings, briefing) {
        Ok(run) => run,
        Err(reason) => return StepRun::failed(reason),
    };
    let Some((stdout, stderr)) = run.output() else {
        return StepRun::failed("the program has no output".to_owned());
    };
    let name = settings.step.as_str();
    let folders = [briefing.target, briefing.spelled].map(folder_of);
    let folders = folders.each_ref().map(PathBuf::as_path);
    let manner = |read| {
        if settings.reports {
            read
        } else {
            Manner::Nothing
        }
    };
    let mut output = Output::new(manner(Manner::Reports), folders);
    let mut errors = Output::new(manner(Manner::Aside), folders);
    let ended = CancellationToken::new();
    let cancel = stop.cancel.child_token();
    let end = async {
        let limit = async {
            sleep(limit).await;
            cancel.cancel();
            std::future::pending().await
        };
        let status = tokio::select! {
            status = run.end(&cancel, &stop.kill, GRACE) => status,
            never = limit => never,
        };
        // Perhaps it was the supervisor that somebody killed; then its charge lives on.
        if status.as_ref().is_ok_and(|it| it.signal().is_some()) {
            let marks = vec![
                format!("{SESSION_VARIABLE}={}", briefing.session),
                format!("CONVERGENCE_STEP={name}"),
            ];
            run.end_lost(marks).await;
        }
        ended.cancel();
        status
    };
    let hear = read(stdout, &ended, |bytes| {
        output.push(bytes);
        terminal.output(name, bytes);
    });
    let complaints = read(stderr, &ended, |bytes| {
        errors.push(bytes);
        terminal.output(name, bytes);
    });
    let (status, (), ()) = tokio::join!(end, hear, complaints);
    let (report, said) = output.finish();
    // Some write their report where others complain.
    let (more, errors) = errors.finish();
    let report = report.and(more);
    let end = match status {
        Ok(status) => outcome(status, &errors, stop, &cancel),
        Err(error) => StepEnd::NotStarted(format!("lost sight of it: {error}")),
    };
    // Tools explain themselves on either output.
    let tail = if errors.last_line().is_some() {
        errors
    } else {
        said
    };
    StepRun { end, report, tail }
}

impl StepRun {
    fn failed(reason: String) -> Self {
        Self {
            end: StepEnd::NotStarted(reason),
            report: Report::default(),
            tail: Tail::default(),
        }
    }
}

fn start(settings: &StepSettings, briefing: &Briefing<'_>) -> Result<Supervised, String> {
    let folder = folder_of(briefing.target);
    let mut command = Supervised::command(None);
    command.arg(&settings.tool).args(&settings.args);
    for name in briefing.hidden {
        command.env_remove(name);
    }
    command.envs(&settings.env);
    command.env(SESSION_VARIABLE, briefing.session);
    command.env("CONVERGENCE_STEP", settings.step.as_str());
    command.env("CONVERGENCE_ITERATION", briefing.iteration.to_string());
    command.env("CONVERGENCE_TARGET", briefing.target);
    command.env("CONVERGENCE_FINDINGS_FILE", briefing.findings);
    // As a shell has it, which tells its programs so.
    command.env("PWD", folder_of(briefing.spelled));
    command.current_dir(&folder).stdin(Stdio::null());
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    Supervised::start(&mut command, None)
        .map_err(|error| format!("cannot start {:?}: {}", settings.tool, words(&error)))
}

/// The folder itself, or that of a file.
pub(crate) fn folder_of(target: &Path) -> PathBuf {
    let folder = if target.is_dir() {
        Some(target)
    } else {
        target.parent()
    };
    folder.unwrap_or(Path::new(".")).to_owned()
}

async fn read(
    mut pipe: impl AsyncRead + Unpin,
    ended: &CancellationToken,
    mut take: impl FnMut(&[u8]),
) {
    let mut buffer = vec![0; 16 * 1024];
    let last_call = async {
        ended.cancelled().await;
        sleep(LINGER).await;
    };
    tokio::pin!(last_call);
    loop {
        tokio::select! {
            biased;
            length = pipe.read(&mut buffer) => match length {
                Ok(0) | Err(_) => return,
                Ok(length) => take(&buffer[..length]),
            },
            () = &mut last_call => return,
        }
    }
}

fn outcome(status: ExitStatus, errors: &Tail, stop: &Stop, cancel: &CancellationToken) -> StepEnd {
    if stop.cancel.is_cancelled() || stop.kill.is_cancelled() {
        return StepEnd::Stopped;
    }
    if cancel.is_cancelled() {
        return StepEnd::TimedOut;
    }
    let text = errors.text();
    let refusal = text.strip_prefix(REFUSAL);
    match (status.code(), refusal) {
        (Some(code), Some(reason)) if code == i32::from(NOT_STARTED) => {
            StepEnd::NotStarted(reason.to_owned())
        }
        (Some(code), _) => StepEnd::Exited(code),
        (None, _) => StepEnd::Signalled(status.signal().unwrap_or_default()),
    }
}
