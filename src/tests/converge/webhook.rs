//! The webhook loses nothing, whatever becomes of whoever receives it.

use std::collections::BTreeSet;

use rustix::process::Signal;
use serde_json::Value;

use super::hook::{Hook, Mood};
use super::program::{Project, free_port, is_empty, types, wait_for};

/// Every event of one session once, from the first to the last.
#[track_caller]
fn whole(events: &[Value]) -> Vec<Value> {
    let mut ids = BTreeSet::new();
    let mut once = events.to_vec();
    once.retain(|event| ids.insert(event["event_id"].to_string()));
    assert_eq!(types(&once)[0], "SESSION_STARTED");
    assert_eq!(types(&once).last(), Some(&"SESSION_ENDED"));
    let times: Vec<_> = once.iter().map(|it| it["timestamp"].to_string()).collect();
    assert!(times.is_sorted(), "{times:?}");
    once
}

#[tokio::test]
async fn a_webhook_that_breaks_lies_and_sulks_gets_everything_in_order() {
    let project = Project::small();
    let hook = Hook::start(Mood::Breaks).await;
    let run = project.start(&["run", "--webhook-url", &hook.url, "--linger", "30"]);
    hook.posts(2).await;
    hook.feels(Mood::Lies);
    hook.posts(1).await;
    hook.feels(Mood::Sulks);
    hook.posts(1).await;
    hook.feels(Mood::Narrow);
    hook.posts(3).await;
    hook.feels(Mood::Takes);
    let ended = run.end().await.with(0);
    let words = "webhook: 127.0.0.1 answered 500 Internal Server Error: out of order; trying again";
    assert_eq!(ended.complained.matches(words).count(), 1, "{ended:?}");
    let events = whole(&hook.taken());
    assert_eq!(
        events
            .iter()
            .filter(|it| it["event_type"] == "STEP_COMPLETE")
            .count(),
        9
    );
    assert!(is_empty(&project.outbox()));
    // Its own address is told without what may be secret.
    assert_eq!(events[0]["data"]["webhook_url"], hook.url);
}

#[tokio::test]
async fn what_could_not_be_posted_is_kept_and_delivered_later() {
    let project = Project::small();
    let port = free_port().await;
    let url = format!("http://127.0.0.1:{port}/events");
    let words = ["run", "--webhook-url", &url, "--linger", "0"];
    let ended = project.run(&words).await.with(0);
    let kept = "events could not be posted and are kept in";
    assert!(ended.complained.contains(kept), "{ended:?}");
    assert!(
        ended.complained.contains("`kimi-converge deliver`"),
        "{ended:?}"
    );
    let hook = Hook::at(port, Mood::Takes).await;
    let ended = project.run(&["deliver"]).await.with(0);
    assert!(
        ended.said.contains("posted what was left of 1 session"),
        "{ended:?}"
    );
    whole(&hook.taken());
    assert!(is_empty(&project.outbox()));
    let ended = project.run(&["deliver"]).await.with(0);
    assert!(ended.said.contains("nothing is left to post"), "{ended:?}");
}

#[tokio::test]
async fn a_run_that_was_killed_has_its_events_posted_by_the_next_one() {
    let project = Project::validating(&format!("echo > there; {}", wait_for("go")), "");
    let hook = Hook::start(Mood::Breaks).await;
    let words = ["run", "--webhook-url", &hook.url, "--linger", "30"];
    let run = project.start(&words);
    project.made("there").await;
    hook.posts(1).await;
    // What the other is still writing is not ours to deliver.
    let busy = project.run(&["deliver"]).await.with(1);
    assert_eq!(busy.said, "1 session is being posted by another\n");
    let list = project.run(&["deliver", "--list"]).await.with(1);
    assert!(list.said.contains("is being posted right now"), "{list:?}");
    run.signal(Signal::KILL);
    run.end().await;
    project.write("go", "");
    hook.feels(Mood::Takes);
    project.run(&words).await.with(0);
    let taken = hook.taken();
    let sessions: BTreeSet<_> = taken.iter().map(|it| it["session_id"].as_str()).collect();
    let mut sessions = sessions.into_iter();
    let of = |id: Option<&str>| -> Vec<Value> {
        let own = taken.iter().filter(|it| it["session_id"].as_str() == id);
        own.cloned().collect()
    };
    let (first, second) = (sessions.next().unwrap(), sessions.next().unwrap());
    assert_eq!(sessions.next(), None);
    let begun = ["SESSION_STARTED", "ITERATION_STARTED", "STATE_CHANGED"];
    assert_eq!(types(&of(first))[..3], begun);
    assert_eq!(types(&of(first)).last(), Some(&"STEP_STARTED"));
    whole(&of(second));
    assert!(is_empty(&project.outbox()));
}
