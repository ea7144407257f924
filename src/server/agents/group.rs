//! A group of processes that the system keeps (a *cgroup*), where one may be made: nothing that is
//! started in it leaves it, whatever it does to its environment, its session or its parents.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

const PREFIX: &str = "kimi-dashboard.";
/// How long to insist on the end of what is in it.
const PATIENCE: Duration = Duration::from_secs(2);

/// A group of ours.
#[derive(Debug)]
pub(super) struct Group(PathBuf);

impl Group {
    /// Makes one, inside the group of this process and named after it.
    pub(super) fn make() -> Option<Self> {
        let group = Self(own_folder()?.join(format!("{PREFIX}{}", std::process::id())));
        if group.0.exists() {
            // Of an earlier process that had our number.
            group.end();
        }
        fs::create_dir(&group.0).ok()?;
        Some(group)
    }

    /// One that was made earlier, by what [`Self::path`] said of it.
    pub(super) fn at(path: &str) -> Option<Self> {
        let path = PathBuf::from(path);
        let name = path.file_name()?.to_str()?;
        let is_ours = name
            .strip_prefix(PREFIX)?
            .bytes()
            .all(|it| it.is_ascii_digit());
        (is_ours && path.starts_with(mounted()?.place)).then_some(Self(path))
    }

    pub(super) fn path(&self) -> &Path {
        &self.0
    }

    /// What this process starts from now on is in it, as it is itself.
    pub(super) fn enter(&self) -> io::Result<()> {
        move_to(&self.0)
    }

    /// Goes back to the group around it. What was started meanwhile stays.
    pub(super) fn leave(&self) -> io::Result<()> {
        move_to(self.0.parent().unwrap_or(&self.0))
    }

    /// Ends all that is in it, and the group.
    pub(super) fn end(&self) {
        let deadline = Instant::now() + PATIENCE;
        while self.is_populated() && Instant::now() < deadline {
            // It may have ended by itself.
            let _ = fs::write(self.0.join("cgroup.kill"), "1");
        }
        remove(&self.0);
    }

    pub(super) fn is_populated(&self) -> bool {
        let events = fs::read_to_string(self.0.join("cgroup.events"));
        events.is_ok_and(|events| events.lines().any(|line| line == "populated 1"))
    }
}

fn move_to(folder: &Path) -> io::Result<()> {
    fs::write(folder.join("cgroup.procs"), std::process::id().to_string())
}

/// A group is removed once there are none inside it.
fn remove(folder: &Path) {
    for inner in fs::read_dir(folder).into_iter().flatten().flatten() {
        if inner.file_type().is_ok_and(|kind| kind.is_dir()) {
            remove(&inner.path());
        }
    }
    // Whoever does not die keeps it; that is said by what lives on.
    let _ = fs::remove_dir(folder);
}

/// Where groups are, and which of all groups is the first that is seen there.
struct Mount {
    place: PathBuf,
    root: String,
}

fn mounted() -> Option<Mount> {
    let mounts = fs::read_to_string("/proc/self/mountinfo").ok()?;
    let line = mounts.lines().find(|line| line.contains(" - cgroup2 "))?;
    let mut fields = line.split(' ').skip(3);
    let root = fields.next()?.to_owned();
    Some(Mount {
        place: PathBuf::from(fields.next()?),
        root,
    })
}

/// The folder of the group that this process is in.
fn own_folder() -> Option<PathBuf> {
    let Mount { place, root } = mounted()?;
    let groups = fs::read_to_string("/proc/self/cgroup").ok()?;
    let own = groups.lines().find_map(|line| line.strip_prefix("0::"))?;
    let inside = own.strip_prefix(root.trim_end_matches('/'))?;
    let folder = place.join(inside.trim_start_matches('/'));
    folder.is_dir().then_some(folder)
}
