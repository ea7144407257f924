//! What a supervisor writes down of its run, so that what it leaves behind is found even when it is
//! killed together with the server: its group, and every process that it saw.

use std::collections::HashSet;
use std::fs::{self, File};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rustix::fs::OFlags;
use rustix::process::{Pid, getpid};

use super::group::Group;
use super::processes::{Process, children, descendants};

/// How long to insist on the end of what was written down.
const PATIENCE: Duration = Duration::from_secs(2);
/// More processes than this are not written down.
const MOST: usize = 10_000;

/// The record of the run of this process.
pub(super) struct Record {
    path: PathBuf,
    file: File,
    known: HashSet<(Pid, u64)>,
}

impl Record {
    /// A file in `folder`, named by the number of this process.
    pub(super) fn begin(folder: &Path) -> Option<Self> {
        let path = folder.join(std::process::id().to_string());
        let flags = i32::try_from(OFlags::NOFOLLOW.bits()).ok()?;
        let mut options = File::options();
        options.write(true).create(true).truncate(true).mode(0o600);
        let mut file = options.custom_flags(flags).open(&path).ok()?;
        writeln!(file, "boot {}", boot()?).ok()?;
        Some(Self {
            path,
            file,
            known: HashSet::new(),
        })
    }

    pub(super) fn note_group(&mut self, group: &Group) {
        // Without a record there still is the environment.
        let _ = writeln!(self.file, "group {}", group.path().display());
    }

    /// Writes down what descends from this process and is not written down yet.
    pub(super) fn note_descendants(&mut self) {
        let mut found = children(getpid());
        while let Some(process) = found.pop() {
            found.extend(children(process.pid));
            if self.known.len() < MOST && self.known.insert((process.pid, process.started)) {
                let _ = writeln!(self.file, "process {} {}", process.pid, process.started);
            }
        }
    }

    /// Nothing of the run is left.
    pub(super) fn end(self) {
        let _ = fs::remove_file(&self.path);
    }
}

/// Ends what the supervisor with this number left behind. Answers how many processes were found.
pub(super) fn end_recorded(folder: &Path, supervisor: Pid) -> usize {
    end_written(&folder.join(supervisor.to_string()))
}

/// Ends what all supervisors left behind that wrote to `folder`, and removes what they wrote.
pub(super) fn end_all(folder: &Path) -> usize {
    let files = fs::read_dir(folder).into_iter().flatten().flatten();
    let is_ours = |path: &PathBuf| {
        let name = path.file_name().and_then(|name| name.to_str());
        name.is_some_and(|name| name.bytes().all(|byte| byte.is_ascii_digit()))
    };
    let files = files.map(|file| file.path()).filter(is_ours);
    files.map(|path| end_written(&path)).sum()
}

fn end_written(path: &Path) -> usize {
    let Ok(written) = fs::read_to_string(path) else {
        return 0;
    };
    let mut lines = written.lines();
    // The numbers of processes begin anew when the system does.
    let same_boot = lines.next().and_then(|line| line.strip_prefix("boot ")) == boot().as_deref();
    let mut found = 0;
    if same_boot {
        let mut processes = Vec::new();
        for line in lines {
            if let Some(group) = line.strip_prefix("group ").and_then(Group::at) {
                found += usize::from(group.is_populated());
                group.end();
            } else {
                processes.extend(line.strip_prefix("process ").and_then(known));
            }
        }
        found += end_processes(&processes);
    }
    let _ = fs::remove_file(path);
    found
}

/// A number and a time of start.
fn known(line: &str) -> Option<(Pid, u64)> {
    let (pid, started) = line.split_once(' ')?;
    Some((Pid::from_raw(pid.parse().ok()?)?, started.parse().ok()?))
}

fn end_processes(known: &[(Pid, u64)]) -> usize {
    let deadline = Instant::now() + PATIENCE;
    let mut seen = HashSet::new();
    loop {
        let mut left = Vec::new();
        for (pid, started) in known {
            let process = Process::read(*pid).filter(|now| now.started == *started);
            if let Some(process) = process.filter(|it| it.pid != getpid() && !it.has_ended()) {
                left.extend(descendants(process.pid));
                left.push(process);
            }
        }
        if left.is_empty() || Instant::now() > deadline {
            return seen.len();
        }
        for process in left {
            process.kill();
            seen.insert(process.pid);
        }
    }
}

fn boot() -> Option<String> {
    let id = fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?;
    Some(id.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use std::io::{BufRead, BufReader};
    use std::process::{Command, Stdio};

    use super::{Pid, Process, end_all, fs};

    #[test]
    fn what_is_written_down_is_ended_unless_its_number_is_somebody_elses() {
        let folder = tempfile::tempdir().unwrap();
        let tree = "sleep 1000 & echo ready; wait";
        let mut child = Command::new("sh")
            .args(["-c", tree])
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        let mut out = BufReader::new(child.stdout.take().unwrap());
        out.read_line(&mut line).unwrap();
        let process = Process::read(Pid::from_child(&child)).unwrap();
        let write = |boot: &str, started: u64| {
            let text = format!("boot {boot}\nprocess {} {started}\n", process.pid);
            fs::write(folder.path().join("1"), text).unwrap();
        };
        let boot = super::boot().unwrap();
        write(&boot, process.started + 1);
        assert_eq!(end_all(folder.path()), 0);
        write("another", process.started);
        assert_eq!(end_all(folder.path()), 0);
        assert!(!process.has_ended());
        write(&boot, process.started);
        assert_eq!(end_all(folder.path()), 2);
        child.wait().unwrap();
        // The end of the pipe: its child is gone, too.
        line.clear();
        assert_eq!(out.read_line(&mut line).unwrap(), 0);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }
}
