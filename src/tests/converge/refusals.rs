//! What a webhook refuses is named and set aside; the rest arrives, and nobody is slowed.

use std::time::Instant;

use serde_json::{Value, json};

use super::hook::{Hook, Mood};
use super::program::{Project, is_empty, types};
use crate::tests::support::TestApp;

const POISON: Mood = Mood::Loathes("ITERATION_STARTED");

/// Events of a session, some of which somebody may not like.
fn events(session: &str, kinds: &[&str]) -> Vec<Value> {
    let kinds = kinds.iter().enumerate();
    kinds
        .map(|(n, kind)| {
            json!({"session_id": session, "event_id": format!("{session}-{n}"), "event_type": kind})
        })
        .collect()
}

fn of_type(events: &[Value], kind: &str) -> usize {
    types(events).iter().filter(|it| **it == kind).count()
}

#[tokio::test]
async fn what_is_refused_stands_alone_and_the_rest_arrives_in_order() {
    let project = Project::small();
    let hook = Hook::start(POISON).await;
    let words = ["run", "--webhook-url", &hook.url, "--linger", "30"];
    let ended = project.run(&words).await.with(0);
    let named = "is set aside: 127.0.0.1 answered 422 Unprocessable Entity: not that";
    assert_eq!(ended.complained.matches(named).count(), 3, "{ended:?}");
    assert!(
        ended.complained.contains("webhook: ITERATION_STARTED 0"),
        "{ended:?}"
    );
    let sum = "3 events of session";
    assert!(ended.complained.contains(sum), "{ended:?}");
    let taken = hook.taken();
    assert_eq!(of_type(&taken, "ITERATION_STARTED"), 0);
    assert_eq!(of_type(&taken, "STEP_COMPLETE"), 9);
    assert_eq!(types(&taken)[..2], ["SESSION_STARTED", "STATE_CHANGED"]);
    assert_eq!(types(&taken).last(), Some(&"SESSION_ENDED"));
    let times: Vec<_> = taken.iter().map(|it| it["timestamp"].to_string()).collect();
    assert!(times.is_sorted(), "{times:?}");

    let list = project.run(&["deliver", "--list"]).await.with(2);
    assert!(list.said.contains("for http://127.0.0.1:"), "{list:?}");
    assert!(list.said.contains("/events: nothing to post, "), "{list:?}");
    let named = "422 Unprocessable Entity: not that";
    assert_eq!(list.said.matches(named).count(), 3, "{list:?}");
    assert!(
        list.said.contains("set aside: ITERATION_STARTED 0"),
        "{list:?}"
    );

    // It is not posted again by itself, and nobody hears of it again.
    let posts = hook.taken().len();
    let ended = project.run(&["deliver"]).await.with(2);
    assert!(ended.said.contains("nothing is left to post"), "{ended:?}");
    assert_eq!(hook.taken().len(), posts);

    // But when somebody says so.
    hook.feels(Mood::Takes);
    project.run(&["deliver", "--again"]).await.with(0);
    assert_eq!(of_type(&hook.taken(), "ITERATION_STARTED"), 3);
    assert!(is_empty(&project.outbox()));
}

#[tokio::test]
async fn what_was_refused_can_be_forgotten() {
    let project = Project::small();
    let hook = Hook::start(POISON).await;
    project.leave(
        "s",
        &hook.url,
        &events("s", &["A", "ITERATION_STARTED", "B"]),
    );
    project.run(&["deliver"]).await.with(2);
    assert_eq!(types(&hook.taken()), ["A", "B"]);
    let ended = project.run(&["deliver", "--forget"]).await.with(0);
    assert!(ended.said.contains("nothing is kept in"), "{ended:?}");
    assert!(is_empty(&project.outbox()));
}

#[tokio::test]
async fn one_refused_among_many_takes_few_posts_and_is_named_among_them() {
    let project = Project::small();
    let hook = Hook::start(POISON).await;
    for place in [0, 1, 49, 98, 99] {
        let session = format!("s{place}");
        let mut kinds = ["X"; 100];
        kinds[place] = "ITERATION_STARTED";
        project.leave(&session, &hook.url, &events(&session, &kinds));
        project.run(&["deliver"]).await.with(2);
        let posts = hook.more_posts();
        assert!(posts <= 16, "{place}: {posts}");
        hook.posts(u32::try_from(posts).unwrap()).await;
        let list = project.run(&["deliver", "--list"]).await.with(2);
        let named = format!("set aside: ITERATION_STARTED {session}-{place}: ");
        assert!(list.said.contains(&named), "{list:?}");
    }
    let taken = hook.taken();
    assert_eq!(taken.len(), 5 * 99);
}

#[tokio::test]
async fn what_a_receiver_says_it_left_out_is_set_aside() {
    let project = Project::small();
    let hook = Hook::start(Mood::LeavesOut("B")).await;
    project.leave("s", &hook.url, &events("s", &["A", "B", "C", "B", "D"]));
    let ended = project.run(&["deliver"]).await.with(2);
    assert_eq!(types(&hook.taken()), ["A", "C", "D"]);
    for id in ["s-1", "s-3"] {
        let named = format!("webhook: B {id} is set aside: 202 Accepted: too odd");
        assert!(ended.complained.contains(&named), "{ended:?}");
    }
    assert_eq!(hook.more_posts(), 1);
}

#[tokio::test]
async fn a_line_that_is_no_event_is_set_aside_and_the_rest_arrives() {
    let project = Project::small();
    let hook = Hook::start(Mood::Takes).await;
    let journal = project.leave("s", &hook.url, &events("s", &["A", "B"]));
    let mut text = std::fs::read(&journal).unwrap();
    text.extend(b"\0\0\0\0\n{\"half\": \n");
    text.extend(br#"{"session_id": "s", "event_id": "x", "event_type": "C", "data": ""#);
    text.extend(b"\xff\"}\n{\"session_id\": \"s\", \"event_type\": \"D\"}\n");
    std::fs::write(&journal, text).unwrap();
    let ended = project.run(&["deliver"]).await.with(2);
    let named = "an event is set aside: it cannot be read in the journal";
    assert!(ended.complained.contains(named), "{ended:?}");
    assert_eq!(types(&hook.taken()), ["A", "B", "C", "D"]);
}

#[tokio::test]
async fn an_address_that_is_gone_ends_its_parcels_with_a_word() {
    let project = Project::small();
    let hook = Hook::start(Mood::IsGone).await;
    let words = ["run", "--webhook-url", &hook.url, "--linger", "30"];
    let begun = Instant::now();
    let ended = project.run(&words).await.with(0);
    assert!(begun.elapsed().as_secs() < 20, "{:?}", begun.elapsed());
    let named = "webhook: 127.0.0.1 answered 410 Gone: moved to the sea; nothing more of this \
        session is posted there";
    assert_eq!(ended.complained.matches(named).count(), 1, "{ended:?}");
    assert_eq!(hook.more_posts(), 1);
    // Later runs, and `deliver`, leave it alone.
    let other = Hook::start(Mood::Takes).await;
    let words = ["run", "--webhook-url", &other.url, "--linger", "30"];
    let ended = project.run(&words).await.with(0);
    assert_eq!(ended.complained, "");
    project.run(&["deliver"]).await.with(2);
    assert_eq!(hook.more_posts(), 1);
    let list = project.run(&["deliver", "--list"]).await.with(2);
    assert!(list.said.contains("nothing more to post"), "{list:?}");
    let named = "events were not taken: 127.0.0.1 answered 410 Gone: moved to the sea";
    assert!(list.said.contains(named), "{list:?}");
    // Perhaps it was a mistake.
    hook.feels(Mood::Takes);
    project.run(&["deliver", "--again"]).await.with(0);
    assert_eq!(types(&hook.taken()).last(), Some(&"SESSION_ENDED"));
    assert!(is_empty(&project.outbox()));
}

#[tokio::test]
async fn who_takes_nothing_at_all_is_not_asked_for_ever() {
    let project = Project::small();
    let hook = Hook::start(Mood::LoathesAll).await;
    project.leave("s", &hook.url, &events("s", &vec!["A"; 2000]));
    let ended = project.run(&["deliver"]).await.with(2);
    let named = "answered 400 Bad Request: no such thing (as of each of 100); nothing more";
    assert!(ended.complained.contains(named), "{ended:?}");
    assert!(hook.more_posts() < 300, "{}", hook.more_posts());
    let list = project.run(&["deliver", "--list"]).await.with(2);
    assert!(list.said.contains("2000 events were not taken"), "{list:?}");
    assert!(!list.said.contains("set aside"), "{list:?}");
}

#[tokio::test]
async fn an_answer_that_is_the_same_for_each_event_is_one_refusal_of_all() {
    let project = Project::validating("exit 0", "");
    let hook = Hook::start(Mood::LoathesAll).await;
    let words = ["run", "--webhook-url", &hook.url, "--linger", "30"];
    let ended = project.run(&words).await.with(0);
    let named = "answered 400 Bad Request: no such thing (as of each of 11); nothing more";
    assert_eq!(ended.complained.matches(named).count(), 1, "{ended:?}");
    assert!(!ended.complained.contains(" is set aside"), "{ended:?}");
    let list = project.run(&["deliver", "--list"]).await.with(2);
    assert!(list.said.contains("11 events were not taken: "), "{list:?}");
    hook.feels(Mood::Takes);
    project.run(&["deliver", "--again"]).await.with(0);
    assert_eq!(hook.taken().len(), 11);
    assert!(is_empty(&project.outbox()));
}

#[tokio::test]
async fn a_parameter_that_a_dashboard_does_not_know_is_one_refusal_of_all() {
    let app = TestApp::start().await;
    let project = Project::validating("exit 0", "");
    let url = format!("http://{}/api/events?token=x", app.address());
    let words = ["run", "--webhook-url", &url, "--linger", "30"];
    let ended = project.run(&words).await.with(0);
    let named = "; nothing more of this session is posted there";
    assert_eq!(ended.complained.matches(named).count(), 1, "{ended:?}");
    assert!(
        ended.complained.contains("\"field\":\"token\""),
        "{ended:?}"
    );
    assert!(!ended.complained.contains(" is set aside"), "{ended:?}");
    let list = project.run(&["deliver", "--list"]).await.with(2);
    assert!(list.said.contains("11 events were not taken: "), "{list:?}");
}

#[tokio::test]
async fn a_password_goes_to_no_other_port() {
    let project = Project::small();
    let other = Hook::start(Mood::Takes).await;
    let hook = Hook::start(Mood::Moved(other.url.clone().leak())).await;
    let url = hook.url.replace("127.0.0.1", "me:secret@127.0.0.1");
    project.leave("s", &url, &events("s", &["A"]));
    let ended = project.run(&["deliver"]).await.with(0);
    let words = format!(
        "webhook: it has moved to {}, which is told no password",
        other.url
    );
    assert!(ended.complained.contains(&words), "{ended:?}");
    assert_eq!(other.logins(), [None]);
    assert!(hook.logins().iter().all(Option::is_some));
}

#[tokio::test]
async fn an_address_that_is_none_is_listed_as_it_stands() {
    let project = Project::small();
    for (url, told) in [
        ("not a url", "session s for not a url: "),
        ("me:secret@host/x?token=secret", "session s for host/x: "),
    ] {
        project.leave("s", url, &events("s", &["A"]));
        let list = project.run(&["deliver", "--list"]).await.with(1);
        assert!(list.said.contains(told), "{list:?}");
        assert!(!list.said.contains("secret"), "{list:?}");
    }
}

#[tokio::test]
async fn a_move_on_the_same_host_is_followed_and_another_is_named() {
    let project = Project::small();
    let hook = Hook::start(Mood::Moved("/moved")).await;
    project.leave("a", &hook.url, &events("a", &["A"; 150]));
    let ended = project.run(&["deliver"]).await.with(0);
    assert_eq!((ended.complained.as_str(), hook.taken().len()), ("", 150));
    // The address is remembered: one post was sent on.
    assert_eq!(hook.more_posts(), 3);
    for (to, words) in [
        (
            "http://me:secret@example.org/x?token=secret",
            "it names http://example.org/x, where nothing is posted unless you name that",
        ),
        ("/events", "127.0.0.1 sends us round in circles"),
    ] {
        hook.feels(Mood::Moved(to));
        project.leave("b", &hook.url, &events("b", &["A"]));
        let ended = project.run(&["deliver"]).await.with(1);
        assert!(ended.complained.contains(words), "{ended:?}");
        assert!(!ended.complained.contains("secret"), "{ended:?}");
        let list = project.run(&["deliver", "--list"]).await.with(1);
        assert!(list.said.contains("1 event to post"), "{list:?}");
    }
}

#[tokio::test]
async fn who_is_not_let_in_keeps_everything_and_says_so() {
    let project = Project::small();
    let hook = Hook::start(Mood::Forbids).await;
    let url = hook.url.replace("127.0.0.1", "loop:s%33cret@127.0.0.1");
    let words = ["run", "--webhook-url", &url, "--linger", "0.5"];
    let ended = project.run(&words).await.with(0);
    let named = "127.0.0.1 answered 401 Unauthorized: who are you?; the events are kept until the \
        address has what lets us in";
    assert!(ended.complained.contains(named), "{ended:?}");
    let list = project.run(&["deliver", "--list"]).await.with(1);
    for ended in [&ended, &list] {
        let all = format!("{ended:?}");
        assert!(!all.contains("cret") && !all.contains("s%33"), "{all}");
    }
    hook.feels(Mood::Takes);
    project.run(&["deliver"]).await.with(0);
    assert_eq!(types(&hook.taken())[0], "SESSION_STARTED");
    // The name and the password, as the address means them.
    let logins = hook.logins();
    let basic = Some("Basic bG9vcDpzM2NyZXQ=".to_owned());
    assert!(logins.iter().all(|login| *login == basic), "{logins:?}");
}

#[tokio::test]
async fn who_asks_to_wait_is_waited_for() {
    let project = Project::small();
    let hook = Hook::start(Mood::IsBusy).await;
    project.leave("s", &hook.url, &events("s", &["A"]));
    let run = project.start(&["deliver"]);
    hook.posts(1).await;
    hook.feels(Mood::Takes);
    let begun = Instant::now();
    let ended = run.end().await.with(0);
    assert!(begun.elapsed().as_millis() > 800, "{:?}", begun.elapsed());
    let words = "503 Service Unavailable: busy; it asks to wait 1 s; trying again";
    assert!(ended.complained.contains(words), "{ended:?}");
    assert_eq!(hook.taken().len(), 1);
}
