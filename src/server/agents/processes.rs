//! What `/proc` knows: who descends from whom, who carries a mark, and how to end them.

use std::collections::HashMap;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use rustix::process::{Pid, PidfdFlags, Signal, getpid, pidfd_open, pidfd_send_signal};

use super::record::end_all;

/// Variable that every process of an agent inherits. Its value names the server.
pub(super) const NODE_VARIABLE: &str = "KIMI_DASHBOARD_NODE";

/// How long [`end_marked`] insists.
const PATIENCE: Duration = Duration::from_secs(2);

/// A process as it was when it was seen. The start time tells it from a later one
/// that got the same number.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Process {
    pub(super) pid: Pid,
    parent: i32,
    /// In ticks of the system, since it began.
    pub(super) started: u64,
}

/// This server and its successors: how they know what they started.
#[derive(Debug)]
pub(crate) struct Node {
    /// The value of [`NODE_VARIABLE`].
    pub(crate) name: String,
    /// Where supervisors write down what they see; `None` where nothing can be written.
    pub(crate) runs: Option<PathBuf>,
}

impl Process {
    pub(super) fn read(pid: Pid) -> Option<Self> {
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        // The name stands in parentheses and may hold anything, parentheses included.
        let (_, fields) = stat.rsplit_once(')')?;
        let mut fields = fields.split_ascii_whitespace();
        Some(Self {
            pid,
            parent: fields.nth(1)?.parse().ok()?,
            started: fields.nth(17)?.parse().ok()?,
        })
    }

    /// True when it only waits to be collected, or is gone.
    pub(super) fn has_ended(self) -> bool {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.pid)).unwrap_or_default();
        let state = stat.rsplit_once(") ").map(|(_, fields)| fields);
        state.is_none_or(|state| state.starts_with(['Z', 'X']))
    }

    /// Ends it by force, unless its number belongs to another process by now.
    pub(super) fn kill(self) {
        // The handle is taken before the check: from then on the number cannot change hands.
        let Ok(handle) = pidfd_open(self.pid, PidfdFlags::empty()) else {
            return;
        };
        if Self::read(self.pid).is_some_and(|now| now.started == self.started) {
            // It may have ended in between, which is what is wanted.
            let _ = pidfd_send_signal(handle, Signal::KILL);
        }
    }

    /// True when its environment, as it was at its start, holds every one of these entries.
    fn carries(self, entries: &[String]) -> bool {
        let environment = std::fs::read(format!("/proc/{}/environ", self.pid));
        let environment = environment.unwrap_or_default();
        let has = |entry: &String| {
            let mut variables = environment.split(|byte| *byte == 0);
            variables.any(|variable| variable == entry.as_bytes())
        };
        !environment.is_empty() && entries.iter().all(has)
    }
}

fn all() -> Vec<Process> {
    let entries = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    let pids = entries.filter_map(|entry| Pid::from_raw(entry.file_name().to_str()?.parse().ok()?));
    pids.filter_map(Process::read).collect()
}

/// What `parent` started itself, or was given.
pub(super) fn children(parent: Pid) -> Vec<Process> {
    let Ok(threads) = std::fs::read_dir(format!("/proc/{parent}/task")) else {
        return Vec::new();
    };
    let mut found = Vec::new();
    for thread in threads.flatten() {
        let Ok(children) = std::fs::read_to_string(thread.path().join("children")) else {
            // A thread that has ended; or a system that does not tell, where all have to be asked.
            if thread.path().exists() {
                let is_child = |it: &Process| it.parent == parent.as_raw_pid();
                return all().into_iter().filter(is_child).collect();
            }
            continue;
        };
        let pids = children.split_ascii_whitespace();
        let pids = pids.filter_map(|pid| Pid::from_raw(pid.parse().ok()?));
        found.extend(pids.filter_map(Process::read));
    }
    found
}

/// Everything that `ancestor` started, directly or not.
pub(super) fn descendants(ancestor: Pid) -> Vec<Process> {
    let all = all();
    let mut children: HashMap<i32, Vec<Process>> = HashMap::new();
    for process in &all {
        children.entry(process.parent).or_default().push(*process);
    }
    let mut found = children.remove(&ancestor.as_raw_pid()).unwrap_or_default();
    let mut next = 0;
    while let Some(process) = found.get(next) {
        let more = children.remove(&process.pid.as_raw_pid());
        found.extend(more.unwrap_or_default());
        next += 1;
    }
    found
}

/// Ends every process that carries all of these environment entries, except this one
/// and those that are spared. Answers how many it found.
fn end_marked(entries: &[String], spared: impl Fn() -> Vec<Process>) -> usize {
    let deadline = Instant::now() + PATIENCE;
    let mut seen: Vec<Pid> = Vec::new();
    // What dies may have forked a moment before, so look until there is nothing to see.
    loop {
        let spared = spared();
        let marked = all().into_iter().filter(|process| {
            process.pid != getpid() && !spared.contains(process) && process.carries(entries)
        });
        let marked: Vec<_> = marked.collect();
        if marked.is_empty() || Instant::now() > deadline {
            return seen.len();
        }
        for process in marked {
            process.kill();
            if !seen.contains(&process.pid) {
                seen.push(process.pid);
            }
        }
    }
}

/// Ends what a run left behind after its supervisor was killed by somebody else: every process
/// whose environment holds all of these `NAME=value`s.
pub(super) fn end_run(marks: &[String]) -> usize {
    end_marked(marks, Vec::new)
}

/// Ends what an earlier server of the same node left behind: the second belt, for the case
/// that server and supervisor were killed together. Reads all of `/proc`, so it blocks a little.
/// Answers how many processes were found.
pub(crate) fn reap_survivors(node: &Node) -> usize {
    let entries = [format!("{NODE_VARIABLE}={}", node.name)];
    let marked = end_marked(&entries, || descendants(getpid()));
    marked + node.runs.as_deref().map_or(0, end_all)
}

/// True while a process with this number runs; one that only waits to be collected does not.
#[cfg(test)]
pub(super) fn exists(pid: Pid) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    let state = stat.rsplit_once(") ").map(|(_, fields)| fields);
    state.is_some_and(|state| !state.starts_with(['Z', 'X']))
}
