//! Whether a step that says nothing has changed anything: the files of the target before and
//! after it, by what the file system says of them.

use std::collections::BTreeMap;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

/// Folders that hold no sources: what is built from them, or what belongs to tools.
const NO_SOURCES: [&str; 8] = [
    ".git",
    ".hg",
    ".venv",
    "__pycache__",
    "node_modules",
    "target",
    ".pytest_cache",
    ".kimi-converge",
];
/// Of a larger target nothing is said.
const MOST_FILES: usize = 50_000;

/// How the files of a target looked.
#[derive(Debug, Default)]
pub(crate) struct Snapshot {
    files: BTreeMap<PathBuf, (u64, i64, i64, u64)>,
    too_many: bool,
}

impl Snapshot {
    /// Reads the folder, or the file. Blocks a little.
    pub(crate) fn of(target: &Path) -> Self {
        let mut snapshot = Self::default();
        let mut folders = vec![target.to_owned()];
        if target.is_file() {
            snapshot.add(target, target.parent().unwrap_or(target));
        }
        while let Some(folder) = folders.pop() {
            // What cannot be read cannot be compared.
            for entry in std::fs::read_dir(&folder).into_iter().flatten().flatten() {
                let path = entry.path();
                let skipped = entry.file_name();
                let skipped = skipped.to_str().is_some_and(|it| NO_SOURCES.contains(&it));
                match entry.file_type() {
                    Ok(kind) if kind.is_dir() && !skipped => folders.push(path),
                    Ok(kind) if !kind.is_dir() => snapshot.add(&path, target),
                    _ => {}
                }
            }
            if snapshot.files.len() > MOST_FILES {
                snapshot.files.clear();
                snapshot.too_many = true;
                break;
            }
        }
        snapshot
    }

    fn add(&mut self, path: &Path, root: &Path) {
        if let Ok(about) = path.symlink_metadata() {
            let name = path.strip_prefix(root).unwrap_or(path).to_owned();
            let seen = (about.size(), about.mtime(), about.mtime_nsec(), about.ino());
            self.files.insert(name, seen);
        }
    }

    /// What is different in `later`, as fixes.
    pub(crate) fn changes(&self, later: &Self) -> Vec<Value> {
        if self.too_many || later.too_many {
            return Vec::new();
        }
        let told = |name: &PathBuf, words: &str| json!({"file": name, "description": words});
        let now = later.files.iter();
        let new = now.filter_map(|(name, seen)| match self.files.get(name) {
            None => Some(told(name, "created")),
            Some(before) if before != seen => Some(told(name, "changed")),
            Some(_) => None,
        });
        let before = self.files.keys();
        let gone = before.filter(|name| !later.files.contains_key(*name));
        new.chain(gone.map(|name| told(name, "removed"))).collect()
    }
}
