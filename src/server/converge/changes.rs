//! What a fix has changed: the content of the target's files before and after it, by their
//! digests. Times change with every look of many tools, and say nothing.
//!
//! Content is what git takes for it: the bytes of a file, whether it is executable, where a
//! symbolic link leads. What git ignores is left out, and so are well-known caches; but a file that
//! git tracks is looked at wherever it lies. Where git will not say what that is, nothing is ignored.

use std::collections::BTreeMap;
use std::fs::{File, Metadata};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use ignore::{DirEntry, WalkBuilder};
use rustix::fs::OFlags;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::domain::Timestamp;

/// Names of folders that belong to tools, at any depth below the target.
const CACHES: [&str; 9] = [
    ".git",
    ".hg",
    ".jj",
    ".svn",
    ".ruff_cache",
    ".mypy_cache",
    ".pytest_cache",
    "__pycache__",
    // Events that could not be posted, where there is no home.
    ".kimi-converge",
];
/// The same of files: a repository may be elsewhere.
const CACHE_FILES: [&str; 2] = [".git", ".eslintcache"];
/// Many a folder is called `target`. It is a cache where its tool is.
const BUILDS: [&str; 3] = ["Cargo.toml", "pom.xml", "build.sbt"];
/// Whatever holds it says that it is a cache.
const CACHE_TAG: &str = "CACHEDIR.TAG";
/// Of a larger target nothing can be said.
const MOST_FILES: usize = 1_000_000;
/// A larger file counts as changed when it was written, whatever was written.
const LARGEST_FILE: u64 = 1 << 30;
/// A file that was written so many seconds ago or less may be written again without that its times
/// tell: file systems count in steps.
const YOUNG: i64 = 3;

/// What git says where there is nothing of it but a name.
const NO_REPOSITORY: &str = "not a git repository (or any";

/// How the files of a target looked.
#[derive(Debug, Default)]
pub(crate) struct Snapshot {
    files: BTreeMap<PathBuf, Seen>,
    too_many: bool,
    /// What is not known of the files, in words.
    remark: Option<String>,
}

#[derive(Clone, Debug)]
struct Seen {
    content: Content,
    executable: bool,
    stat: Stat,
    /// A file with the same `stat` has the same content.
    settled: bool,
}

#[derive(Clone, Debug, Eq, PartialEq)]
enum Content {
    Bytes([u8; 32]),
    Link(PathBuf),
    /// It cannot be read, or is too large: its size and when it was written.
    Unread(u64, i64, i64),
}

/// What the file system says of a file. Nobody can set the time of the last change of it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
struct Stat {
    place: (u64, u64),
    size: u64,
    mode: u32,
    written: (i64, i64),
    changed: (i64, i64),
}

impl Snapshot {
    /// Looks at the folder, or the file. Only what looks different from `earlier` is read, so that
    /// a large target is read once. Blocks.
    pub(crate) fn of(target: &Path, earlier: &Self, now: Timestamp) -> Self {
        let mut snapshot = Self::default();
        let root = if target.is_file() {
            target.parent().unwrap_or(target)
        } else {
            target
        };
        let (files, remark) = files(target);
        snapshot.remark = remark;
        for path in files.into_iter().take(MOST_FILES + 1) {
            let name = path.strip_prefix(root).unwrap_or(&path);
            // What is gone already, or cannot be seen, cannot be compared.
            let Ok(about) = path.symlink_metadata() else {
                continue;
            };
            let known = earlier.files.get(name);
            if let Some(seen) = Seen::of(&path, &about, known, now) {
                snapshot.files.insert(name.to_owned(), seen);
            }
        }
        if snapshot.files.len() > MOST_FILES {
            snapshot.files.clear();
            snapshot.too_many = true;
        }
        snapshot
    }

    /// What a person is to know of how this looked.
    pub(crate) fn remark(&self) -> Option<&str> {
        self.remark.as_deref()
    }

    /// What is different in `later`, as fixes.
    pub(crate) fn changes(&self, later: &Self) -> Vec<Value> {
        if self.too_many || later.too_many {
            let words = format!(
                "whether anything changed is not known: the target has more than {MOST_FILES} \
                 files; name a smaller one"
            );
            return vec![json!({"description": words})];
        }
        let now = later.files.iter().filter_map(|(name, seen)| {
            let words = match self.files.get(name) {
                None => "created",
                Some(before) if before.content != seen.content => "changed",
                Some(before) if before.executable == seen.executable => return None,
                Some(_) if seen.executable => "made executable",
                Some(_) => "made not executable",
            };
            Some((name, words))
        });
        let gone = self.files.keys();
        let gone = gone.filter(|name| !later.files.contains_key(*name));
        now.chain(gone.map(|name| (name, "removed")))
            .map(|(name, words)| json!({"file": name.to_string_lossy(), "description": words}))
            .collect()
    }
}

impl Seen {
    /// Nothing for what has no content, such as a socket.
    fn of(path: &Path, about: &Metadata, known: Option<&Self>, now: Timestamp) -> Option<Self> {
        let stat = Stat::of(about);
        if let Some(known) = known.filter(|known| known.settled && known.stat == stat) {
            return Some(known.clone());
        }
        let unread = Content::Unread(stat.size, stat.written.0, stat.written.1);
        let content = if about.is_symlink() {
            std::fs::read_link(path).map_or(unread, Content::Link)
        } else if !about.is_file() {
            return None;
        } else if stat.size > LARGEST_FILE {
            unread
        } else {
            digest(path).map_or(unread, Content::Bytes)
        };
        let last = stat.written.0.max(stat.changed.0);
        Some(Self {
            content,
            executable: about.is_file() && stat.mode & 0o100 != 0,
            stat,
            settled: last.saturating_add(YOUNG) < now.0 / 1_000_000,
        })
    }
}

impl Stat {
    fn of(about: &Metadata) -> Self {
        Self {
            place: (about.dev(), about.ino()),
            size: about.size(),
            mode: about.mode(),
            written: (about.mtime(), about.mtime_nsec()),
            changed: (about.ctime(), about.ctime_nsec()),
        }
    }
}

fn digest(path: &Path) -> io::Result<[u8; 32]> {
    // It may have become a pipe, or a link, since somebody looked.
    let flags = i32::try_from((OFlags::NOFOLLOW | OFlags::NONBLOCK).bits());
    let flags = flags.map_err(io::Error::other)?;
    let mut file = File::options().read(true).custom_flags(flags).open(path)?;
    let mut digest = Sha256::new();
    io::copy(&mut file, &mut digest)?;
    Ok(digest.finalize().into())
}

/// What git says of the files of a target.
enum Tracked {
    /// These are its business.
    These(Vec<PathBuf>),
    /// It will not say: why.
    Unknown(String),
    /// It cannot be asked: why.
    Unasked(String),
}

/// Which files have a say.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Rules {
    /// Those of the target.
    Own,
    /// And those of the folders above it, as far as its repository goes.
    Repository,
    Nobody,
}

/// The files of the target, each once, in order, and what a person is to know of that.
fn files(target: &Path) -> (Vec<PathBuf>, Option<String>) {
    let in_git = target.ancestors().any(|it| it.join(".git").exists());
    let tracked = if in_git {
        tracked(target)
    } else {
        Tracked::These(Vec::new())
    };
    let (more, rules, remark) = match tracked {
        Tracked::These(more) if in_git => (more, Rules::Repository, None),
        Tracked::These(more) => (more, Rules::Own, None),
        Tracked::Unknown(why) => {
            let words = format!(
                "git does not say which files it tracks, so what it ignores is looked at too: {why}"
            );
            (Vec::new(), Rules::Nobody, Some(words))
        }
        Tracked::Unasked(why) => {
            let words = format!("whether git tracks what it ignores is not known: {why}");
            (Vec::new(), Rules::Repository, Some(words))
        }
    };
    let mut files = walk(target, rules);
    if files.is_empty() {
        // The target as a whole is ignored by what it lies in: then that has no say.
        files = walk(target, Rules::Own);
    }
    files.extend(more);
    files.sort();
    files.dedup();
    (files, remark)
}

fn walk(target: &Path, rules: Rules) -> Vec<PathBuf> {
    let within = rules == Rules::Repository;
    let mut walk = WalkBuilder::new(target);
    walk.standard_filters(rules != Rules::Nobody)
        .hidden(false)
        .ignore(false)
        .parents(within)
        // Above a repository nobody has a say. A list of what is to be ignored says so also where
        // there is none yet.
        .require_git(within)
        .filter_entry(|entry| !is_cache(entry));
    let entries = walk.build().flatten().filter(|entry| !is_folder(entry));
    let paths = entries.map(DirEntry::into_path);
    paths.take(MOST_FILES + 1).collect()
}

fn is_folder(entry: &DirEntry) -> bool {
    entry.file_type().is_some_and(|kind| kind.is_dir())
}

fn is_cache(entry: &DirEntry) -> bool {
    let Some(name) = entry.file_name().to_str().filter(|_| entry.depth() > 0) else {
        return false;
    };
    // A link leads wherever it leads.
    if !is_folder(entry) {
        return CACHE_FILES.contains(&name) && !entry.path_is_symlink();
    }
    let Some(within) = entry.path().parent() else {
        return false;
    };
    match name {
        ".cache" => within.file_name().is_some_and(|it| it == "node_modules"),
        "target" => {
            let beside = |name: &&str| within.join(name).is_file();
            let is_tagged = || entry.path().join(CACHE_TAG).is_file();
            entry.depth() == 1 || BUILDS.iter().any(beside) || is_tagged()
        }
        name => CACHES.contains(&name),
    }
}

/// What git tracks in the folder. Of a file alone nothing need be asked.
fn tracked(target: &Path) -> Tracked {
    if !target.is_dir() {
        return Tracked::These(Vec::new());
    }
    let mut git = Command::new("git");
    git.arg("-C").arg(target).env("LC_ALL", "C");
    // It only reads the index, and starts nothing: so it does not matter whose repository it is.
    git.args(["-c", "core.fsmonitor=false", "-c", "safe.directory=*"]);
    git.args(["ls-files", "-z"]);
    for name in ["GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE"] {
        git.env_remove(name);
    }
    let listed = match git.stdin(Stdio::null()).output() {
        Ok(listed) => listed,
        Err(error) => return Tracked::Unasked(format!("cannot start git: {error}")),
    };
    if !listed.status.success() {
        let words = String::from_utf8_lossy(&listed.stderr);
        return if words.contains(NO_REPOSITORY) {
            Tracked::These(Vec::new())
        } else {
            Tracked::Unknown(words.lines().next().unwrap_or_default().to_owned())
        };
    }
    let names = listed.stdout.split(|byte| *byte == 0);
    let names = names.filter(|name| !name.is_empty());
    let paths = names.map(|name| target.join(std::ffi::OsStr::from_bytes(name)));
    Tracked::These(paths.collect())
}
