//! The small process that stands between the server and a program it runs.
//!
//! It keeps two promises that the server cannot keep when it is killed: the program dies
//! with the server, and nothing that the program started outlives the program. It can, because
//! it watches the server through a pidfd and is the *subreaper* of its descendants: whoever
//! leaves the program's process group or session, and loses its parent, becomes its child.
//!
//! The server (or the convergence loop) starts its own executable with
//! `supervise <server's pid> <descriptors> <folder of records> -- program arguments…`, and may give it a
//! channel on which it tells what only it knows.
//! Should it be killed itself, what it watched over is found by the group of the system that it was
//! started in (where one may be made), by its record, by descent from the server, or by its environment.
//! SIGTERM is passed on to the program's group; SIGUSR1 means: end everything now.
//! It ends as the program ended, by the same signal if it was one.

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::{Command, ExitCode, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::process::{
    DumpableBehavior, Pid, PidfdFlags, Signal, WaitOptions, WaitStatus, getpid, getppid,
    kill_process_group, pidfd_open, set_child_subreaper, set_dumpable_behavior, wait,
};
use signal_hook::consts::{SIGCHLD, SIGTERM, SIGUSR1};

use super::channel::{TELLS, Told};
use super::descriptors;
use super::group::Group;
use super::processes::descendants;
use super::record::Record;
use super::supervised::NO_RECORD;

/// Exit status that says: the program was never started. The reason is on the channel; without one it is
/// on standard error after [`REFUSAL`].
pub(crate) const NOT_STARTED: u8 = 125;
pub(crate) const REFUSAL: &str = "kimi-dashboard: not started: ";

/// How long to insist on the end of what does not die, such as a process of another user.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long what ends with the program, such as the other end of a pipe, may take to do so.
const AFTERGLOW: Duration = Duration::from_millis(100);
const BETWEEN_SWEEPS: Timespec = Timespec {
    tv_sec: 0,
    tv_nsec: 20_000_000,
};

/// How long after its start, and how often later, it looks for what the program has started.
const FIRST_LOOK: Duration = Duration::from_millis(50);
const LONGEST_LOOK: Duration = Duration::from_secs(1);

/// How the program ended.
#[derive(Clone, Copy)]
enum Ending {
    Exited(u8),
    Signalled(i32),
}

/// The whole program; `arguments` are those after `supervise`.
pub(crate) fn main(arguments: impl Iterator<Item = OsString>) -> ExitCode {
    ExitCode::from(supervise(arguments, Stdio::inherit()))
}

/// The command that the server runs; takes the arguments that follow `supervise`.
#[cfg(not(test))]
pub(super) fn command() -> Command {
    use std::os::unix::process::CommandExt;
    // The running executable itself, even when its file was replaced meanwhile.
    let mut command = Command::new("/proc/self/exe");
    command.arg0("kimi-dashboard").arg("supervise");
    command
}

#[cfg(test)]
pub(super) use self::tests::command;

fn supervise(arguments: impl Iterator<Item = OsString>, stdout: Stdio) -> u8 {
    let mut channel = None;
    match run(arguments, stdout, &mut channel) {
        Ok(Ending::Exited(code)) => code,
        Ok(Ending::Signalled(signal)) => die_by(signal),
        Err(reason) => {
            if !Told::Refused(reason.clone()).tell(channel.as_mut()) {
                // Without standard error there is nobody to tell.
                let _ = writeln!(io::stderr(), "{REFUSAL}{reason}");
            }
            NOT_STARTED
        }
    }
}

fn run(
    mut arguments: impl Iterator<Item = OsString>,
    stdout: Stdio,
    channel: &mut Option<File>,
) -> Result<Ending, String> {
    let server = arguments.next().and_then(|pid| pid.to_str()?.parse().ok());
    let server = server.and_then(Pid::from_raw).ok_or("no server named")?;
    let limit = arguments
        .next()
        .and_then(|limit| limit.to_str()?.parse().ok());
    let runs = arguments.next().filter(|folder| folder != NO_RECORD);
    let mut program = arguments.nth(1).ok_or("no program named")?;
    if program == TELLS {
        let number = arguments.next().ok_or("no channel named")?;
        // Without it, what can be is said on standard error.
        *channel = number.to_str().and_then(|it| Told::open(server, it).ok());
        program = arguments.next().ok_or("no program named")?;
    }
    let server = watch(server)?;
    // Before there is anything to supervise, a signal may simply end this process.
    let signals = Signals::arm().map_err(|error| error.to_string())?;
    set_child_subreaper(Some(getpid())).map_err(|error| error.to_string())?;
    // Without it the program has more descriptors than it needs.
    let _lowered = limit.is_some_and(descriptors::set);
    let mut record = runs.and_then(|folder| Record::begin(Path::new(&folder)));
    let group = record.as_mut().and_then(enter_group);
    let program = start(program, arguments, stdout);
    // Where it cannot leave, it must not end the group later: that would end itself.
    let group = group.filter(|group| group.leave().is_ok());
    let program = program.inspect_err(|_| clean_up(group.as_ref(), &mut record))?;

    let (mut ending, mut was_stopped) = (None, false);
    let mut pause = FIRST_LOOK;
    loop {
        reap(program, &mut ending);
        if ending.is_some() || signals.kill.load(Ordering::SeqCst) {
            break;
        }
        if signals.terminate.swap(false, Ordering::SeqCst) {
            was_stopped = true;
            // The group may be gone this very moment.
            let _ = kill_process_group(program, Signal::TERM);
        }
        if let Some(record) = &mut record {
            record.note_descendants();
        }
        let limit = record
            .is_some()
            .then(|| Timespec::try_from(pause).ok())
            .flatten();
        if signals.sleep(Some(&server), limit.as_ref()) {
            break;
        }
        pause = (pause * 2).min(LONGEST_LOOK);
    }
    // Who was told to end leaves what it leaves.
    let is_told = signals.kill.load(Ordering::SeqCst) || was_stopped;
    if let Some(channel) = channel
        && !is_told
        && ending.is_some()
    {
        tell_what_is_left(channel, program, &signals, &mut ending);
    }
    end_descendants(program, &signals, &mut ending);
    clean_up(group.as_ref(), &mut record);
    Ok(ending.unwrap_or(Ending::Signalled(Signal::KILL.as_raw())))
}

/// The group that the program is to be in, once it is written down.
fn enter_group(record: &mut Record) -> Option<Group> {
    let group = Group::make()?;
    record.note_group(&group);
    if group.enter().is_err() {
        group.end();
        return None;
    }
    Some(group)
}

/// Nothing is left of the run, nor of what was written down of it.
fn clean_up(group: Option<&Group>, record: &mut Option<Record>) {
    if let Some(group) = group {
        group.end();
    }
    if let Some(record) = record.take() {
        record.end();
    }
}

/// A handle that becomes readable when the server dies. Should it have died already,
/// its number may be somebody else's, but it is no longer our parent.
fn watch(server: Pid) -> Result<OwnedFd, String> {
    let handle = pidfd_open(server, PidfdFlags::empty())
        .map_err(|error| format!("cannot watch the server: {error}"))?;
    if getppid() == Some(server) {
        Ok(handle)
    } else {
        Err("the server is gone".to_owned())
    }
}

/// In a group of its own, so that this process can signal the group and not itself.
fn start(
    program: OsString,
    arguments: impl Iterator<Item = OsString>,
    stdout: Stdio,
) -> Result<Pid, String> {
    use std::os::unix::process::CommandExt;
    let mut command = Command::new(&program);
    command.args(arguments).stdout(stdout).process_group(0);
    let child = command.spawn().map_err(|error| {
        let program = program.display();
        format!("cannot start \"{program}\": {}", words(&error))
    })?;
    let pid = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
    pid.ok_or_else(|| "no process number".to_owned())
}

/// What the system said, without the number that people do not need.
pub(crate) fn words(error: &io::Error) -> String {
    let text = error.to_string();
    match text.split_once(" (os error") {
        Some((words, _)) => words.to_owned(),
        None => text,
    }
}

/// Collects whoever has ended. Answers whether any child is left.
fn reap(program: Pid, ending: &mut Option<Ending>) -> bool {
    loop {
        match wait(WaitOptions::NOHANG) {
            Ok(Some((pid, status))) if pid == program => *ending = Some(Ending::from(status)),
            Ok(Some(_)) | Err(Errno::INTR) => {}
            Ok(None) => return true,
            Err(_) => return false,
        }
    }
}

/// Whoever loses its parent becomes our child, so "no child left" means nothing is left at all.
fn end_descendants(program: Pid, signals: &Signals, ending: &mut Option<Ending>) {
    let deadline = Instant::now() + PATIENCE;
    while reap(program, ending) && Instant::now() < deadline {
        for process in descendants(getpid()) {
            process.kill();
        }
        signals.sleep(None, Some(&BETWEEN_SWEEPS));
    }
}

/// A program may say that its work is done while others of it are at it.
fn tell_what_is_left(
    channel: &mut File,
    program: Pid,
    signals: &Signals,
    ending: &mut Option<Ending>,
) {
    let deadline = Instant::now() + AFTERGLOW;
    while reap(program, ending) {
        if Instant::now() >= deadline {
            let left = descendants(getpid()).into_iter();
            let left = left.filter(|process| !process.has_ended()).count();
            Told::Left(left).tell(Some(channel));
            return;
        }
        signals.sleep(None, Some(&BETWEEN_SWEEPS));
    }
}

impl From<WaitStatus> for Ending {
    fn from(status: WaitStatus) -> Self {
        match (status.terminating_signal(), status.exit_status()) {
            (Some(signal), _) => Self::Signalled(signal),
            (None, code) => Self::Exited(code.and_then(|c| u8::try_from(c).ok()).unwrap_or(1)),
        }
    }
}

/// Ends by the signal that ended the program, so that the server sees what happened.
fn die_by(signal: i32) -> u8 {
    // It was the program that crashed: a core file of this process would mislead.
    let _ = set_dumpable_behavior(DumpableBehavior::NotDumpable);
    let _ = signal_hook::low_level::emulate_default_handler(signal);
    u8::try_from(signal).map_or(1, |signal| signal.saturating_add(128))
}

/// The signals that matter, remembered as flags; the stream wakes whoever sleeps.
struct Signals {
    wake: UnixStream,
    terminate: Arc<AtomicBool>,
    kill: Arc<AtomicBool>,
}

impl Signals {
    fn arm() -> io::Result<Self> {
        let (wake, sender) = UnixStream::pair()?;
        wake.set_nonblocking(true)?;
        let signals = Self {
            wake,
            terminate: Arc::default(),
            kill: Arc::default(),
        };
        // The flag is registered before the pipe: whoever is woken finds it set.
        signal_hook::flag::register(SIGTERM, Arc::clone(&signals.terminate))?;
        signal_hook::flag::register(SIGUSR1, Arc::clone(&signals.kill))?;
        for signal in [SIGTERM, SIGUSR1, SIGCHLD] {
            signal_hook::low_level::pipe::register(signal, sender.try_clone()?)?;
        }
        Ok(signals)
    }

    /// Waits for a signal or for `limit`; true when the server is dead.
    fn sleep(&self, server: Option<&OwnedFd>, limit: Option<&Timespec>) -> bool {
        let mut fds = vec![PollFd::new(&self.wake, PollFlags::IN)];
        fds.extend(server.map(|server| PollFd::new(server, PollFlags::IN)));
        let woken = poll(&mut fds, limit).is_ok();
        let mut bytes = [0; 64];
        while (&self.wake).read(&mut bytes).is_ok_and(|length| length > 0) {}
        woken
            && fds
                .get(1)
                .is_some_and(|server| !server.revents().is_empty())
    }
}

#[cfg(test)]
mod tests {
    use std::fs::File;
    use std::process::{Command, Stdio, exit};

    const ENTRY: &str = "server::agents::supervisor::tests::entry";

    /// A test executable has no `main` of ours, but it has the test below. The test harness
    /// prints to standard output, so the real one travels as descriptor 3.
    pub(in super::super) fn command() -> Command {
        let script = r#"test=$1; exe=$2; shift 2
            KIMI_TEST_SUPERVISE=1 exec "$exe" --exact "$test" --nocapture -- "$@" 3>&1 >/dev/null"#;
        let mut command = Command::new("/bin/sh");
        command.args(["-c", script, "sh", ENTRY]);
        command.arg(std::env::current_exe().unwrap());
        command
    }

    #[test]
    fn entry() {
        if std::env::var_os("KIMI_TEST_SUPERVISE").is_none() {
            return;
        }
        let arguments = std::env::args_os().skip_while(|argument| argument != "--");
        let stdout = File::options().write(true).open("/proc/self/fd/3").unwrap();
        exit(super::supervise(arguments.skip(1), Stdio::from(stdout)).into());
    }
}
