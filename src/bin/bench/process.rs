//! A program under measurement: started on a free port, watched through `/proc`, and killed
//! with its handle.

use std::fs::File;
use std::net::SocketAddr;
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

use super::{Flags, Outcome};

/// A running program.
pub(crate) struct Process {
    child: Child,
    pid: u32,
    pub(crate) address: SocketAddr,
    /// From exec to the line that says that it listens.
    pub(crate) started_in: Duration,
}

/// The unit of times in `/proc`, the same on every Linux.
const TICK: Duration = Duration::from_millis(10);
const PATIENCE: Duration = Duration::from_mins(1);

impl Process {
    /// Starts the server under measurement with its database in `folder`.
    pub(crate) async fn server(flags: &Flags, folder: &Path) -> Outcome<Self> {
        Self::following(flags, folder, &[]).await
    }

    /// The same, following the convergence loops at these addresses.
    pub(crate) async fn following(flags: &Flags, folder: &Path, urls: &[String]) -> Outcome<Self> {
        let mut command = Command::new(std::path::absolute(&flags.server)?);
        command.args(["--port", "0", "--db-path", "dashboard.db"]);
        for url in urls {
            command.args(["--convergence-url", url]);
        }
        Self::start(command, folder).await
    }

    /// Starts this program as the bare one.
    pub(crate) async fn bare(folder: &Path) -> Outcome<Self> {
        let mut command = Command::new(std::env::current_exe()?);
        command.arg("--bare");
        Self::start(command, folder).await
    }

    async fn start(mut command: Command, folder: &Path) -> Outcome<Self> {
        let log = folder.join("stderr.txt");
        command
            .current_dir(folder)
            .env_clear()
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(File::create(&log)?)
            .kill_on_drop(true);
        let begun = Instant::now();
        let mut child = command.spawn()?;
        let stdout = child.stdout.take().ok_or("no standard output")?;
        let mut lines = BufReader::new(stdout).lines();
        let first = tokio::time::timeout(PATIENCE, lines.next_line()).await??;
        let started_in = begun.elapsed();
        let address = first
            .as_deref()
            .and_then(|line| line.strip_prefix("listening on http://"))
            .ok_or_else(|| {
                let said = std::fs::read_to_string(&log).unwrap_or_default();
                format!("the program did not start: {said}")
            })?
            .parse()?;
        let pid = child.id().ok_or("the program ended at once")?;
        Ok(Self {
            child,
            pid,
            address,
            started_in,
        })
    }

    /// Resident memory in KiB.
    pub(crate) fn resident_kib(&self) -> Outcome<usize> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.pid))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let number = line.and_then(|line| line.split_whitespace().next());
        Ok(number.ok_or("no VmRSS")?.parse()?)
    }

    /// CPU time so far, user and system.
    pub(crate) fn cpu(&self) -> Outcome<Duration> {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.pid))?;
        // The second field is the name, in parentheses; times are fields 14 and 15.
        let after_name = stat.rsplit_once(") ").ok_or("no stat")?.1;
        let mut fields = after_name.split_whitespace().skip(11);
        let mut ticks = || -> Outcome<u32> { Ok(fields.next().ok_or("no times")?.parse()?) };
        let total = ticks()? + ticks()?;
        Ok(TICK * total)
    }

    /// Asks it to stop, and waits until it has.
    pub(crate) async fn stop(mut self) -> Outcome<()> {
        let pid = i32::try_from(self.pid)
            .ok()
            .and_then(Pid::from_raw)
            .ok_or("no pid")?;
        kill_process(pid, Signal::TERM)?;
        tokio::time::timeout(Duration::from_secs(15), self.child.wait()).await??;
        Ok(())
    }
}
