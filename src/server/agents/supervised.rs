//! A program under a supervisor: started so that it cannot outlive us, and ended so that nothing
//! of it is left.

use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitStatus;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use tokio::process::{Child, ChildStderr, ChildStdin, ChildStdout, Command};
use tokio::task::spawn_blocking;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

use super::channel::{Channel, TELLS};
use super::descriptors;
use super::orphans;
use super::processes::{Process, descendants, end_run};
use super::record::end_recorded;
use super::supervisor;

/// Stands for no folder of records.
pub(super) const NO_RECORD: &str = "-";

/// How long a supervisor may take to end everything before it is ended itself.
const SUPERVISOR_PATIENCE: Duration = Duration::from_secs(8);

/// The child is the supervisor; its child is the program.
pub(crate) struct Supervised {
    child: Child,
    /// The number of the supervisor, also after its end.
    pid: Option<Pid>,
    runs: Option<PathBuf>,
}

impl Supervised {
    /// Runs what is added to it as arguments: a program and its own arguments. Its group is its
    /// own, so that Ctrl and C at a terminal reach it only through us. In the folder `runs` the
    /// supervisor writes down what it sees.
    pub(crate) fn command(runs: Option<&Path>) -> Command {
        let mut command = Command::from(supervisor::command());
        command.arg(std::process::id().to_string());
        command.arg(descriptors::original().to_string());
        command.arg(runs.unwrap_or(Path::new(NO_RECORD))).arg("--");
        command.process_group(0);
        command
    }

    /// The same; the supervisor tells what it knows on a channel.
    pub(super) fn telling_command(runs: Option<&Path>) -> io::Result<(Command, Channel)> {
        let channel = Channel::new()?;
        let mut command = Self::command(runs);
        command.arg(TELLS).arg(channel.number());
        Ok((command, channel))
    }

    /// Starts what [`Self::command`] has become.
    pub(crate) fn start(command: &mut Command, runs: Option<&Path>) -> io::Result<Self> {
        let child = orphans::start(command)?;
        let pid = child.id().and_then(|id| Pid::from_raw(id.try_into().ok()?));
        Ok(Self {
            child,
            pid,
            runs: runs.map(Path::to_owned),
        })
    }

    /// Ends what is left of the run once its supervisor was ended by a signal: perhaps somebody
    /// killed it, and then its charge lives on. `marks` are `NAME=value`s that stand in the
    /// environment of all of it, unless it took them away. Answers how many processes it found.
    pub(crate) async fn end_lost(&self, marks: Vec<String>) -> usize {
        let (pid, runs) = (self.pid, self.runs.clone());
        // It reads all of /proc. Whatever comes of it, the outcome is known.
        let found = spawn_blocking(move || {
            let recorded = runs
                .zip(pid)
                .map_or(0, |(runs, pid)| end_recorded(&runs, pid));
            recorded + end_run(&marks) + orphans::end_orphans()
        });
        found.await.unwrap_or(0)
    }

    pub(crate) fn stdin(&mut self) -> Option<ChildStdin> {
        self.child.stdin.take()
    }

    pub(crate) fn output(&mut self) -> Option<(ChildStdout, ChildStderr)> {
        self.child.stdout.take().zip(self.child.stderr.take())
    }

    /// Waits for the end, or brings it about: politely when `cancel` fires, by force when the
    /// grace is over or `kill` fires.
    pub(crate) async fn end(
        &mut self,
        cancel: &CancellationToken,
        kill: &CancellationToken,
        grace: Duration,
    ) -> io::Result<ExitStatus> {
        let pid = self.pid();
        let told_to_end = async {
            cancel.cancelled().await;
            signal(pid, Signal::TERM);
            sleep(grace).await;
        };
        // Waiting comes first: the number is the supervisor's until that has answered.
        tokio::select! {
            biased;
            status = self.child.wait() => return status,
            () = kill.cancelled() => {}
            () = told_to_end => {}
        }
        signal(pid, Signal::USR1);
        if let Ok(status) = timeout(SUPERVISOR_PATIENCE, self.child.wait()).await {
            return status;
        }
        // It hangs or is stopped: its descendants are found before they lose it as ancestor.
        let left = pid.map(descendants).unwrap_or_default();
        signal(pid, Signal::KILL);
        left.into_iter().for_each(Process::kill);
        self.child.wait().await
    }

    /// `None` once it has ended and been waited for.
    fn pid(&self) -> Option<Pid> {
        Pid::from_raw(self.child.id()?.try_into().ok()?)
    }
}

impl Drop for Supervised {
    fn drop(&mut self) {
        signal(self.pid(), Signal::USR1);
    }
}

/// The supervisor may be ending this very moment, which is what is wanted.
fn signal(pid: Option<Pid>, signal: Signal) {
    if let Some(pid) = pid {
        let _ = kill_process(pid, signal);
    }
}
