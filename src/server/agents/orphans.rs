//! What loses its supervisor becomes a child of this process, which is a *subreaper* itself: by that
//! it is found, whatever it did to its environment and its session.

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use rustix::process::{Pid, WaitOptions, getpid, set_child_subreaper, waitpid};
use tokio::process::{Child, Command};

use super::processes::{Process, children, descendants};

/// How long to insist on the end of orphans.
const PATIENCE: Duration = Duration::from_secs(2);

static ADOPTS: AtomicBool = AtomicBool::new(false);
/// The children that this process has started. All others are orphans.
static STARTED: Mutex<Vec<Process>> = Mutex::new(Vec::new());

/// From now on, orphans come to this process. Every child that it starts has to be a supervisor.
pub(crate) fn adopt() {
    if set_child_subreaper(Some(getpid())).is_ok() {
        ADOPTS.store(true, Ordering::SeqCst);
    }
}

/// Starts a child of ours.
pub(super) fn start(command: &mut Command) -> io::Result<Child> {
    // Whoever looks for orphans waits until it is known.
    let mut started = STARTED.lock().unwrap_or_else(PoisonError::into_inner);
    let child = command.spawn()?;
    let pid = child.id().and_then(|id| Pid::from_raw(id.try_into().ok()?));
    started.extend(pid.and_then(Process::read));
    Ok(child)
}

/// Ends all orphans and what they started. Answers how many processes were found.
pub(super) fn end_orphans() -> usize {
    if !ADOPTS.load(Ordering::SeqCst) {
        return 0;
    }
    let deadline = Instant::now() + PATIENCE;
    let mut seen: Vec<Pid> = Vec::new();
    loop {
        let orphans = orphans();
        if orphans.is_empty() || Instant::now() > deadline {
            return seen.len();
        }
        for orphan in orphans {
            if orphan.has_ended() {
                // Nobody else waits for it.
                let _ = waitpid(Some(orphan.pid), WaitOptions::NOHANG);
                continue;
            }
            for process in descendants(orphan.pid).into_iter().chain([orphan]) {
                process.kill();
                if !seen.contains(&process.pid) {
                    seen.push(process.pid);
                }
            }
        }
    }
}

fn orphans() -> Vec<Process> {
    let mut started = STARTED.lock().unwrap_or_else(PoisonError::into_inner);
    let children = children(getpid());
    let is_same = |one: &Process, two: &Process| one.pid == two.pid && one.started == two.started;
    started.retain(|it| children.iter().any(|child| is_same(it, child)));
    let is_ours = |child: &Process| started.iter().any(|it| is_same(it, child));
    children.into_iter().filter(|it| !is_ours(it)).collect()
}
