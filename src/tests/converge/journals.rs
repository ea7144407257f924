//! Journals that are not as their run left them: what is missing never counts as delivered.

use std::path::{Path, PathBuf};

use rustix::process::Signal;
use serde_json::json;

use super::hook::{Hook, Mood};
use super::program::{Project, free_port, is_empty, types, wait_for};

/// A project of which all events of a run are kept for this port, and their journal.
async fn keeping(port: u16) -> (Project, PathBuf) {
    let project = Project::validating("exit 0", "");
    let url = format!("http://127.0.0.1:{port}/events");
    let words = ["run", "--webhook-url", &url, "--linger", "0"];
    project.run(&words).await.with(0);
    let journal = journal(&project);
    (project, journal)
}

fn journal(project: &Project) -> PathBuf {
    let mut files = std::fs::read_dir(project.outbox()).unwrap();
    let is_one = |path: &PathBuf| path.extension().is_some_and(|it| it == "ndjson");
    files
        .find_map(|file| Some(file.unwrap().path()).filter(is_one))
        .unwrap()
}

/// As a disk may lose it: cut there, and perhaps as long as before.
fn cut(journal: &Path, length: u64, is_filled: bool) {
    let file = std::fs::File::options().write(true).open(journal).unwrap();
    let before = file.metadata().unwrap().len();
    file.set_len(length).unwrap();
    if is_filled {
        file.set_len(before).unwrap();
    }
}

#[tokio::test]
async fn a_journal_that_was_cut_is_kept_with_a_word_and_never_counts_as_delivered() {
    for (length, is_filled) in [(0, false), (0, true), (900, false), (900, true)] {
        let case = format!("{length} {is_filled}");
        let port = free_port().await;
        let (project, path) = keeping(port).await;
        cut(&path, length, is_filled);
        let hook = Hook::at(port, Mood::Takes).await;
        // It stays so.
        for _ in 0..2 {
            let ended = project.run(&["deliver"]).await.with(1);
            let words = "cannot be read: a part of it is missing";
            assert!(ended.complained.contains(words), "{case}: {ended:?}");
            assert!(!ended.said.contains("posted"), "{case}: {ended:?}");
            assert!(path.exists(), "{case}");
        }
        // What is there has arrived.
        let taken = hook.taken();
        assert_eq!(taken.is_empty(), length == 0, "{case}");
        let list = project.run(&["deliver", "--list"]).await.with(1);
        assert!(
            list.said.contains("a part of it is missing"),
            "{case}: {list:?}"
        );
        project.run(&["deliver", "--forget"]).await.with(0);
        assert!(is_empty(&project.outbox()), "{case}");
    }
}

#[tokio::test]
async fn a_line_that_was_being_written_is_left_out_with_a_word() {
    let port = free_port().await;
    let (project, path) = keeping(port).await;
    let mut text = std::fs::read(&path).unwrap();
    text.extend(br#"{"event_id": "half", "event_ty"#);
    std::fs::write(&path, text).unwrap();
    let hook = Hook::at(port, Mood::Takes).await;
    let ended = project.run(&["deliver"]).await.with(0);
    let words = "is only half written, and left out";
    assert!(ended.complained.contains(words), "{ended:?}");
    assert_eq!(types(&hook.taken()).last(), Some(&"SESSION_ENDED"));
    assert!(is_empty(&project.outbox()));
}

#[tokio::test]
async fn a_run_that_was_killed_has_noted_how_much_there_was() {
    let project = Project::validating(&format!("echo > there; {}", wait_for("go")), "");
    let hook = Hook::start(Mood::Breaks).await;
    let run = project.start(&["run", "--webhook-url", &hook.url, "--linger", "30"]);
    project.made("there").await;
    hook.posts(2).await;
    run.signal(Signal::KILL);
    run.end().await;
    cut(&journal(&project), 0, false);
    hook.feels(Mood::Takes);
    let ended = project.run(&["deliver"]).await.with(1);
    let words = "cannot be read: a part of it is missing";
    assert!(ended.complained.contains(words), "{ended:?}");
}

#[tokio::test]
async fn a_journal_of_an_earlier_version_is_empty_only_by_mistake() {
    let project = Project::small();
    let hook = Hook::start(Mood::Takes).await;
    let path = project.leave("s", &hook.url, &[]);
    project.run(&["deliver"]).await.with(1);
    project.run(&["deliver", "--again"]).await.with(1);
    assert!(path.exists());
    // A run that was killed at its beginning has left nothing, and has said so.
    let note = json!({"session_id": "s", "url": hook.url, "sent": 0, "bytes": 0});
    std::fs::write(path.with_extension("json"), note.to_string()).unwrap();
    let ended = project.run(&["deliver"]).await.with(0);
    assert!(ended.said.contains("nothing is left to post"), "{ended:?}");
    assert!(is_empty(&project.outbox()));
}
