//! What is kept for webhooks: nothing of it counts as delivered that is not, nobody starves, and
//! there is an end to it.

use std::collections::BTreeSet;
use std::time::{Duration, SystemTime};

use serde_json::{Value, json};

use super::hook::{Hook, Mood};
use super::program::{Project, free_port, is_empty};

/// Some events of a session.
fn events(session: &str, count: usize) -> Vec<Value> {
    let event = |n| {
        json!({"session_id": session, "event_id": format!("{session}-{n}"), "event_type": "X",
            "data": "x".repeat(200)})
    };
    (0..count).map(event).collect()
}

fn ids(events: &[Value]) -> Vec<&str> {
    events
        .iter()
        .map(|it| it["event_id"].as_str().unwrap())
        .collect()
}

#[tokio::test]
async fn hundreds_of_dead_addresses_hold_up_nobody() {
    let project = Project::validating("exit 0", "");
    let dead = free_port().await;
    for n in 0..150 {
        // Each is an address of its own.
        let url = format!("http://127.0.0.1:{dead}/{n}");
        project.leave(&format!("a{n:03}"), &url, &events("a", 1));
    }
    let hook = Hook::start(Mood::Takes).await;
    for n in 0..150 {
        let session = format!("b{n:03}");
        project.leave(&session, &hook.url, &events(&session, 2));
    }
    let url = hook.url.clone();
    // Its own end waits for nobody who is dead: it comes long before these seconds are over.
    let words = ["run", "--webhook-url", &url, "--linger", "3600"];
    let ended = project.run(&words).await.with(0);
    // How many of the others it had time for is not promised.
    let words = "earlier sessions could not be posted and are kept in";
    assert!(ended.complained.contains(words), "{ended:?}");
    let ended = project.run(&["deliver"]).await.with(1);
    let words = format!("events of 150 {words}");
    assert!(ended.complained.contains(&words), "{ended:?}");
    let taken = hook.taken();
    let old = taken.iter().filter(|it| it["event_type"] == "X");
    let old: BTreeSet<&str> = old.filter_map(|it| it["event_id"].as_str()).collect();
    assert_eq!(old.len(), 300);
}

#[tokio::test]
async fn a_journal_that_cannot_be_read_never_counts_as_delivered() {
    let project = Project::small();
    let hook = Hook::start(Mood::Takes).await;
    let short = project.leave("a-short", &hook.url, &events("a-short", 3));
    let note = json!({"session_id": "a-short", "url": hook.url, "sent": 100_000});
    std::fs::write(short.with_extension("json"), note.to_string()).unwrap();
    let gone = project.leave("b-gone", &hook.url, &events("b-gone", 3));
    std::fs::remove_file(&gone).unwrap();
    let odd = project.leave("c-odd", &hook.url, &events("c-odd", 3));
    std::fs::write(odd.with_extension("json"), "{").unwrap();
    let nameless = project.leave("d-nameless", &hook.url, &events("d-nameless", 3));
    std::fs::remove_file(nameless.with_extension("json")).unwrap();
    let folder = project.leave("e-folder", &hook.url, &[]);
    std::fs::remove_file(&folder).unwrap();
    std::fs::create_dir(&folder).unwrap();
    project.leave("f-fine", &hook.url, &events("f-fine", 3));
    let ended = project.run(&["deliver"]).await.with(1);
    for session in ["a-short", "b-gone", "c-odd", "d-nameless", "e-folder"] {
        let named = format!("of session {session} cannot be read: ");
        assert_eq!(
            ended.complained.matches(&named).count(),
            1,
            "{session}: {ended:?}"
        );
    }
    assert!(
        ended.complained.contains("events of 5 earlier sessions"),
        "{ended:?}"
    );
    assert_eq!(ids(&hook.taken()), ["f-fine-0", "f-fine-1", "f-fine-2"]);
    for path in [&short, &odd, &nameless] {
        assert!(path.exists(), "{}", path.display());
    }
    let list = project.run(&["deliver", "--list"]).await.with(1);
    for session in ["a-short", "b-gone", "c-odd", "d-nameless", "e-folder"] {
        assert!(list.said.contains(session), "{session}: {list:?}");
    }
    let named = ": the journal of session a-short cannot be read: a part of it is missing, ";
    assert!(list.said.contains(named), "{list:?}");
}

#[tokio::test]
async fn two_that_deliver_at_once_post_each_event_once() {
    let project = Project::small();
    let hook = Hook::start(Mood::Takes).await;
    let mut all = BTreeSet::new();
    for n in 0..60 {
        let session = format!("s{n:02}");
        let events = events(&session, 30);
        all.extend(ids(&events).into_iter().map(str::to_owned));
        project.leave(&session, &hook.url, &events);
    }
    let deliver = || project.run(&["deliver"]);
    let (first, second, third) = tokio::join!(deliver(), deliver(), deliver());
    for ended in [first, second, third] {
        // The last ones may still be on their way.
        let is_busy = ended.said.contains("being posted by another");
        ended.with(i32::from(is_busy));
    }
    let taken = hook.taken();
    assert_eq!(taken.len(), 60 * 30);
    let taken: BTreeSet<_> = ids(&taken).into_iter().map(str::to_owned).collect();
    assert_eq!(taken, all);
    assert!(is_empty(&project.outbox()));
}

#[tokio::test]
async fn what_nobody_takes_is_dropped_after_its_time_with_a_word() {
    let project = Project::small();
    let url = format!("http://127.0.0.1:{}/", free_port().await);
    let old = project.leave("a", &url, &events("a", 7));
    let young = project.leave("b", &url, &events("b", 7));
    let ahead = project.leave("c", &url, &events("c", 7));
    let days = |path: &std::path::Path, days: u64, past: bool| {
        let span = Duration::from_hours(24 * days);
        let now = std::fs::metadata(path).unwrap().modified().unwrap();
        let time: SystemTime = if past { now - span } else { now + span };
        let file = std::fs::File::options().append(true).open(path).unwrap();
        file.set_modified(time).unwrap();
    };
    days(&old, 31, true);
    days(&young, 29, true);
    days(&ahead, 400, false);
    let list = project.run(&["deliver", "--list"]).await.with(1);
    let age = |session: &str| {
        let line = list.said.lines().find(|line| line.starts_with(session));
        line.unwrap().rsplit_once(", ").unwrap().1.to_owned()
    };
    let ages = ["session a ", "session b ", "session c "].map(age);
    assert_eq!(ages, ["31 days old", "29 days old", "0 s old"]);
    let ended = project.run(&["deliver"]).await.with(1);
    let words = "7 events of 1 session were dropped from";
    assert!(ended.complained.contains(words), "{ended:?}");
    assert!(
        ended.complained.contains("as many days as keep_days says"),
        "{ended:?}"
    );
    // What was dropped is not kept.
    let kept = "events of 2 earlier sessions could not be posted and are kept in";
    assert!(ended.complained.contains(kept), "{ended:?}");
    assert!(!old.exists() && young.exists() && ahead.exists());
    let run = project.start_with(&["deliver"], &[("CONVERGENCE_KEEP_DAYS", "3")]);
    run.end().await.with(1);
    assert!(!young.exists() && ahead.exists());
}

#[tokio::test]
async fn the_oldest_is_dropped_when_there_is_too_much_with_a_word() {
    let project = Project::validating("exit 0", "");
    let url = format!("http://127.0.0.1:{}/", free_port().await);
    // Some 600 kB each.
    let kept = ["00a", "00b", "00c"].map(|name| project.leave(name, &url, &events(name, 2000)));
    let words = ["run", "--webhook-url", &url, "--linger", "0"];
    let variables = [("CONVERGENCE_KEEP_MIB", "1")];
    let ended = project.start_with(&words, &variables).end().await.with(0);
    let words = "4000 events of 2 sessions were dropped from";
    assert!(ended.complained.contains(words), "{ended:?}");
    assert!(
        ended.complained.contains("no room for more than 1 MiB"),
        "{ended:?}"
    );
    let words = "events of 1 earlier session could not be posted and are kept in";
    assert!(ended.complained.contains(words), "{ended:?}");
    assert_eq!(kept.map(|path| path.exists()), [false, false, true]);
    // What this run could not post is the newest.
    let list = project.run(&["deliver", "--list"]).await.with(1);
    assert_eq!(list.said.matches("\nsession ").count(), 2, "{list:?}");
}

#[tokio::test]
async fn a_session_that_cannot_be_kept_fails_and_never_converges() {
    let project = Project::validating("exit 0", "");
    let hook = Hook::start(Mood::Takes).await;
    let words = ["run", "--webhook-url", &hook.url];
    let ended = project.start_on_full_disk(2048, &words).end().await.with(1);
    assert!(
        ended.complained.contains("the events cannot be kept: "),
        "{ended:?}"
    );
    let taken = hook.taken();
    assert!(!taken.is_empty(), "what was kept arrives");
    for event in &taken {
        assert_ne!(event["event_type"], "CONVERGENCE_REACHED");
    }
}

#[tokio::test]
async fn what_cannot_be_noted_on_a_full_disk_is_still_there_when_there_is_room() {
    let project = Project::small();
    let hook = Hook::start(Mood::Loathes("Y")).await;
    let mut some = events("s", 3);
    some[1]["event_type"] = json!("Y");
    let journal = project.leave("s", &hook.url, &some);
    let deliver = || project.start_on_full_disk(0, &["deliver"]).end();
    let ended = deliver().await.with(2);
    assert!(
        ended.complained.contains("some may come twice: "),
        "{ended:?}"
    );
    // Nobody noted what became of it: it is looked at afresh, and nothing of it is lost.
    let list = project.run(&["deliver", "--list"]).await.with(1);
    assert!(list.said.contains("3 events to post"), "{list:?}");
    let ended = project
        .start_on_full_disk(0, &["deliver", "--forget"])
        .end()
        .await
        .with(1);
    assert!(!ended.complained.contains("panicked"), "{ended:?}");
    assert!(journal.exists());
    project.run(&["deliver"]).await.with(2);
    let list = project.run(&["deliver", "--list"]).await.with(2);
    assert!(list.said.contains("Y s-1"), "{list:?}");
    // What has arrived whole is removed, for which there is always room.
    project.run(&["deliver", "--forget"]).await.with(0);
    project.leave("t", &hook.url, &events("t", 3));
    deliver().await.with(0);
    assert!(is_empty(&project.outbox()));
}
