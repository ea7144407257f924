//! Whether a fix has changed anything: by content, not by time.

use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::process::Command;

use rustix::fs::{CWD, FileType, Mode, mknodat};
use serde_json::Value;

use super::program::Project;
use crate::domain::Timestamp;
use crate::server::converge::changes::Snapshot;

/// Long after anything here was written.
const LATER: Timestamp = Timestamp(4_000_000_000_000_000);

fn write(folder: &Path, name: &str, text: &str) {
    let path = folder.join(name);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, text).unwrap();
}

/// What `change` changes below `folder`, as `file: words`.
fn changed(folder: &Path, change: impl FnOnce()) -> Vec<String> {
    let before = Snapshot::of(folder, &Snapshot::default(), LATER);
    change();
    let after = Snapshot::of(folder, &before, LATER);
    let told = |fix: &Value| {
        let text = |name: &str| fix[name].as_str().unwrap_or_default().to_owned();
        format!("{}: {}", text("file"), text("description"))
    };
    before.changes(&after).iter().map(told).collect()
}

fn git(folder: &Path, words: &[&str]) {
    let git = Command::new("git")
        .arg("-C")
        .arg(folder)
        .args(words)
        .output();
    let git = git.expect("git is installed");
    assert!(git.status.success(), "{git:?}");
}

#[test]
fn equal_bytes_are_no_change_however_they_were_written() {
    let place = tempfile::tempdir().unwrap();
    let folder = place.path();
    write(folder, "a", "text");
    write(folder, "b/c", "text");
    let aside = tempfile::tempdir().unwrap();
    let found = changed(folder, || {
        write(folder, "a", "text");
        // A formatter writes beside and moves.
        write(folder, "b/new", "text");
        std::fs::rename(folder.join("b/new"), folder.join("b/c")).unwrap();
        let past = std::fs::FileTimes::new().set_modified(std::time::UNIX_EPOCH);
        std::fs::File::open(folder.join("a"))
            .unwrap()
            .set_times(past)
            .unwrap();
        std::fs::set_permissions(folder.join("a"), PermissionsExt::from_mode(0o600)).unwrap();
        std::fs::create_dir(folder.join("empty")).unwrap();
        std::fs::rename(folder.join("b"), aside.path().join("b")).unwrap();
        std::fs::rename(aside.path().join("b"), folder.join("b")).unwrap();
    });
    assert_eq!(found, Vec::<String>::new());
}

#[test]
fn what_is_made_changed_moved_or_removed_is_a_change() {
    let place = tempfile::tempdir().unwrap();
    let folder = place.path();
    for name in ["same", "edited", "moved", "gone", "script", "file"] {
        write(folder, name, "text");
    }
    symlink("same", folder.join("link")).unwrap();
    let found = changed(folder, || {
        let times = std::fs::metadata(folder.join("edited"))
            .unwrap()
            .modified()
            .unwrap();
        write(folder, "edited", "Text");
        // As if it had never been touched.
        let times = std::fs::FileTimes::new().set_modified(times);
        std::fs::File::open(folder.join("edited"))
            .unwrap()
            .set_times(times)
            .unwrap();
        std::fs::rename(folder.join("moved"), folder.join("there")).unwrap();
        std::fs::remove_file(folder.join("gone")).unwrap();
        std::fs::set_permissions(folder.join("script"), PermissionsExt::from_mode(0o755)).unwrap();
        std::fs::remove_file(folder.join("link")).unwrap();
        symlink("edited", folder.join("link")).unwrap();
        std::fs::remove_file(folder.join("file")).unwrap();
        symlink("same", folder.join("file")).unwrap();
        write(folder, "new/deep", "");
    });
    assert_eq!(
        found,
        [
            "edited: changed",
            "file: changed",
            "link: changed",
            "new/deep: created",
            "script: made executable",
            "there: created",
            "gone: removed",
            "moved: removed",
        ]
    );
}

#[test]
fn caches_and_what_git_ignores_are_no_change_and_what_git_tracks_is_one() {
    let place = tempfile::tempdir().unwrap();
    // The target itself may have the name of a cache.
    let folder = &place.path().join("target");
    let caches = [
        ".ruff_cache/x",
        "sub/.mypy_cache/x",
        ".pytest_cache/v/x",
        ".eslintcache",
        "node_modules/.cache/x",
        "target/debug/x",
        "sub/__pycache__/x.pyc",
        ".git/x",
        "dist/x",
        "sub/log.txt",
    ];
    let seen = [
        ".env",
        "node_modules/x",
        ".cache/x",
        "targets/x",
        "sub/.gitignore",
    ];
    for name in caches.iter().chain(&seen) {
        write(folder, name, "1");
    }
    write(folder, ".gitignore", "dist/\n");
    write(folder, "sub/.gitignore", "*.txt\n");
    let change = || {
        for name in caches.iter().chain(&seen) {
            let text = if name.ends_with("ignore") {
                "*.txt\n\n"
            } else {
                "2"
            };
            write(folder, name, text);
        }
    };
    let expected = [
        ".cache/x: changed",
        ".env: changed",
        "node_modules/x: changed",
        "sub/.gitignore: changed",
        "targets/x: changed",
    ];
    assert_eq!(changed(folder, change), expected, "no repository");
    std::fs::remove_dir_all(folder.join(".git")).unwrap();
    git(folder, &["init", "-q"]);
    write(folder, ".git/info/exclude", "targets\n");
    git(folder, &["add", "-f", "dist/x", "target/debug/x"]);
    let tracked = || {
        for name in ["dist/x", "target/debug/x", "targets/x", "sub/log.txt"] {
            write(folder, name, "3");
        }
    };
    assert_eq!(
        changed(folder, tracked),
        ["dist/x: changed", "target/debug/x: changed"]
    );
    // Rules of the folders above count as far as the repository goes.
    write(place.path(), ".gitignore", "*\n");
    write(folder, "src/a", "1");
    let sub = &folder.join("src");
    write(folder, ".gitignore", "*.o\n");
    let built = || {
        write(sub, "a", "2");
        write(sub, "a.o", "2");
    };
    assert_eq!(changed(sub, built), ["a: changed"]);
    // A target that is ignored as a whole is looked at nevertheless.
    write(folder, ".gitignore", "*\n");
    assert_eq!(changed(sub, || write(sub, "a", "3")), ["a: changed"]);
}

#[test]
fn a_folder_is_a_cache_where_its_tool_is_and_a_file_or_a_link_is_none() {
    let place = tempfile::tempdir().unwrap();
    let folder = place.path();
    for name in [
        "src/a",
        "rust/Cargo.toml",
        "java/pom.xml",
        "scala/build.sbt",
    ] {
        write(folder, name, "1");
    }
    write(folder, "tagged/target/CACHEDIR.TAG", "1");
    let change = || {
        for name in ["rust", "java", "scala", "tagged", "src", "."] {
            write(folder, &format!("{name}/target/new"), "2");
        }
        write(folder, "__pycache__", "a file");
        write(folder, "sub/.mypy_cache", "a file");
        write(folder, ".eslintcache", "a file");
        symlink("/nowhere", folder.join("rust/.ruff_cache")).unwrap();
    };
    let found = changed(folder, change);
    let expected = [
        "__pycache__: created",
        "rust/.ruff_cache: created",
        "src/target/new: created",
        "sub/.mypy_cache: created",
    ];
    assert_eq!(found, expected);
    symlink("src", folder.join("link")).unwrap();
    let lead_elsewhere = || {
        std::fs::remove_file(folder.join("link")).unwrap();
        symlink("rust", folder.join("link")).unwrap();
    };
    assert_eq!(changed(folder, lead_elsewhere), ["link: changed"]);
}

#[test]
fn what_git_tracks_is_seen_whoever_it_belongs_to_and_when_git_will_not_say() {
    let place = tempfile::tempdir().unwrap();
    let folder = place.path();
    git(folder, &["init", "-q"]);
    write(folder, ".gitignore", "dist/\n");
    write(folder, "dist/x", "1");
    git(folder, &["add", "-f", "dist/x"]);
    // Where nobody but the owner may say which files are tracked.
    if rustix::process::geteuid().is_root() {
        std::os::unix::fs::chown(folder, Some(65534), None).unwrap();
        std::os::unix::fs::chown(folder.join(".git"), Some(65534), None).unwrap();
    }
    let change = || write(folder, "dist/x", "2");
    assert_eq!(changed(folder, change), ["dist/x: changed"]);
    write(folder, ".git/index", "broken");
    let seen = Snapshot::of(folder, &Snapshot::default(), LATER);
    let words = seen.remark().unwrap();
    assert!(
        words.contains("git does not say which files it tracks"),
        "{words}"
    );
    let change = || write(folder, "dist/x", "3");
    assert_eq!(changed(folder, change), ["dist/x: changed"]);
}

#[test]
fn what_has_no_content_or_cannot_be_read_holds_up_nobody() {
    let place = tempfile::tempdir().unwrap();
    let folder = place.path();
    mknodat(CWD, folder.join("pipe"), FileType::Fifo, Mode::RUSR, 0).unwrap();
    symlink("loop", folder.join("loop")).unwrap();
    write(folder, "a", "1");
    assert_eq!(changed(folder, || write(folder, "a", "2")), ["a: changed"]);
    // A file alone.
    let file = &folder.join("a");
    assert_eq!(changed(file, || write(folder, "a", "3")), ["a: changed"]);
    assert_eq!(
        changed(file, || write(folder, "b", "3")),
        Vec::<String>::new()
    );
}

#[test]
fn a_file_that_is_written_twice_at_once_is_read_twice() {
    let place = tempfile::tempdir().unwrap();
    let folder = place.path();
    write(folder, "a", "1");
    // By the clock of whoever looks, it was written just now.
    let written = std::fs::metadata(folder.join("a"))
        .unwrap()
        .modified()
        .unwrap();
    let written = written.duration_since(std::time::UNIX_EPOCH).unwrap();
    let now = Timestamp(i64::try_from(written.as_micros()).unwrap());
    let before = Snapshot::of(folder, &Snapshot::default(), now);
    write(folder, "a", "2");
    let after = Snapshot::of(folder, &before, now);
    assert_eq!(before.changes(&after).len(), 1);
}

#[tokio::test]
async fn a_fix_that_writes_what_is_there_already_has_mended_nothing() {
    let fix = "cat notes > new && mv new notes && touch * && mkdir -p .ruff_cache && date +%N > .ruff_cache/x";
    let ended = mending(fix).await;
    assert!(ended.contains("iteration 1 · fix: 0 fixes"), "{ended}");
    assert!(ended.contains("converged"), "{ended}");
}

#[tokio::test]
async fn a_fix_that_says_it_did_nothing_is_not_believed_when_something_changed() {
    let fix = "echo more >> notes; echo '{\"fixes\": []}'";
    let ended = mending(fix).await;
    assert!(ended.contains("iteration 1 · fix: 1 fix ·"), "{ended}");
    assert!(ended.contains("iteration 2 ·"), "{ended}");
}

/// What a loop says of which the fix step does this, twice at most.
async fn mending(fix: &str) -> String {
    let project = Project::new(
        "target: work\nloop: {max_iterations: 2, backoff_seconds: 0}\n\
         steps: {fix: {tool: ./fix.sh}, validate: {tool: 'true'}}",
    );
    project.write("notes", "text\n");
    project.script("fix.sh", fix);
    project.run(&["run"]).await.said
}
