//! What a webhook's answer is about: some events, one session, or whoever posts. And no answer that
//! cannot be read counts as one that took them.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::hook::{Hook, Mood, answering};
use super::program::{Project, is_empty};

/// What somebody answers a post of these events.
type Says = fn(&[Value]) -> String;

/// Events of a session with these types.
fn events(session: &str, kinds: &[&str]) -> Vec<Value> {
    let event = |(n, kind): (usize, &&str)| json!({"session_id": session, "event_id": format!("{session}-{n}"), "event_type": kind});
    kinds.iter().enumerate().map(event).collect()
}

/// The ids of events, each once.
fn ids(events: &[Value]) -> BTreeSet<String> {
    let ids = events.iter().map(|it| it["event_id"].as_str());
    ids.map(|id| id.unwrap().to_owned()).collect()
}

fn set(ids: &[&str]) -> BTreeSet<String> {
    ids.iter().map(|id| (*id).to_owned()).collect()
}

#[tokio::test]
async fn a_session_that_is_never_taken_starves_no_other_of_its_address() {
    let project = Project::validating("exit 0", "");
    let hook = Hook::start(Mood::BreaksFor("a")).await;
    for session in ["a", "b", "c"] {
        project.leave(session, &hook.url, &events(session, &["X"]));
    }
    let ended = project.run(&["deliver"]).await.with(1);
    let said = "posted what was left of 2 sessions";
    assert!(ended.said.contains(said), "{ended:?}");
    let kept = "events of 1 earlier session could not be posted and are kept in";
    assert!(ended.complained.contains(kept), "{ended:?}");
    assert_eq!(ids(&hook.taken()), set(&["b-0", "c-0"]));
    // Neither of a later run.
    project.leave("d", &hook.url, &events("d", &["X"]));
    let words = ["run", "--webhook-url", &hook.url, "--linger", "30"];
    let ended = project.run(&words).await.with(0);
    assert!(ended.complained.contains(kept), "{ended:?}");
    assert!(ids(&hook.taken()).contains("d-0"), "{ended:?}");
    // Once it is, it arrives.
    hook.feels(Mood::Takes);
    project.run(&["deliver"]).await.with(0);
    assert!(ids(&hook.taken()).contains("a-0"));
    assert!(is_empty(&project.outbox()));
}

/// What refuses all of these events, in words.
fn refusal(events: &[Value]) -> String {
    let refused = |event: &Value| json!({"event_id": event["event_id"], "detail": "odd"});
    let refused: Vec<_> = events.iter().map(refused).collect();
    json!({"accepted": 0, "refused": refused}).to_string()
}

/// An answer that claims so many bytes.
fn claiming(bytes: usize, text: &str) -> String {
    format!("HTTP/1.1 202 Accepted\r\nContent-Length: {bytes}\r\nConnection: close\r\n\r\n{text}")
}

#[tokio::test]
async fn a_refusal_that_cannot_be_read_never_counts_as_delivered() {
    let project = Project::small();
    let cut: [Says; 3] = [
        |events| {
            let text = refusal(events);
            claiming(text.len(), &text[..text.len() / 2])
        },
        |events| claiming(20, &refusal(events)),
        |events| claiming(refusal(events).len(), ""),
    ];
    let mut hooks = Vec::new();
    for (n, answer) in cut.into_iter().enumerate() {
        let (url, hook) = answering(answer).await;
        let session = format!("s{n}");
        project.leave(&session, &url, &events(&session, &["X", "Y"]));
        hooks.push(hook);
    }
    let ended = project.run(&["deliver"]).await.with(1);
    let words = "what it says of the events cannot be read; trying again";
    assert!(ended.complained.contains(words), "{ended:?}");
    assert!(!ended.said.contains("posted"), "{ended:?}");
    let list = project.run(&["deliver", "--list"]).await.with(1);
    assert_eq!(
        list.said.matches(": 2 events to post").count(),
        3,
        "{list:?}"
    );
}

#[tokio::test]
async fn a_refusal_that_is_all_there_counts_whatever_its_length_is_said_to_be() {
    let project = Project::small();
    let (url, _hook) = answering(|events| {
        let text = refusal(events);
        claiming(text.len() + 10, &text)
    })
    .await;
    project.leave("s", &url, &events("s", &["X", "Y"]));
    let ended = project.run(&["deliver"]).await.with(2);
    for named in ["X s-0 is set aside: 202", "Y s-1 is set aside: 202"] {
        assert!(ended.complained.contains(named), "{ended:?}");
    }
}

#[tokio::test]
async fn an_event_is_refused_by_its_id_alone() {
    let project = Project::small();
    let hook = Hook::start(Mood::NamesIds("BAD")).await;
    project.leave("s", &hook.url, &events("s", &["X", "BAD", "Y"]));
    let ended = project.run(&["deliver"]).await.with(2);
    let named = "webhook: BAD s-1 is set aside: 202 Accepted: too odd";
    assert!(ended.complained.contains(named), "{ended:?}");
    assert_eq!(ids(&hook.taken()), set(&["s-0", "s-2"]));
}

#[tokio::test]
async fn what_is_not_let_in_alone_stands_alone_and_the_rest_arrives() {
    for mood in [Mood::Names("BAD"), Mood::Blocks("BAD")] {
        for kinds in [
            ["X", "X", "BAD", "X", "BAD"],
            ["BAD", "BAD", "X", "X", "X"],
            ["X", "X", "X", "BAD", "BAD"],
        ] {
            let project = Project::small();
            let hook = Hook::start(mood).await;
            project.leave("s", &hook.url, &events("s", &kinds));
            let ended = project.run(&["deliver"]).await.with(2);
            assert_eq!(ids(&hook.taken()).len(), 3, "{mood:?} {kinds:?}: {ended:?}");
            let list = project.run(&["deliver", "--list"]).await.with(2);
            let named = list.said.matches("set aside: BAD s-").count();
            assert_eq!(named, 2, "{mood:?} {kinds:?}: {list:?}");
            assert!(!list.said.contains("are kept until"), "{list:?}");
        }
    }
}

#[tokio::test]
async fn who_lets_nothing_in_keeps_everything() {
    let project = Project::small();
    let hook = Hook::start(Mood::Blocks("BAD")).await;
    for session in ["s", "t"] {
        project.leave(session, &hook.url, &events(session, &["BAD"; 5]));
    }
    let ended = project.run(&["deliver"]).await.with(1);
    let words = "403 Forbidden: blocked; the events are kept until the address has what lets us in";
    assert!(ended.complained.contains(words), "{ended:?}");
    let list = project.run(&["deliver", "--list"]).await.with(1);
    assert_eq!(
        list.said.matches(": 5 events to post").count(),
        2,
        "{list:?}"
    );
    assert!(!list.said.contains("set aside"), "{list:?}");
}

#[tokio::test]
async fn a_hundred_that_are_refused_do_not_keep_the_rest_from_arriving() {
    let project = Project::small();
    let hook = Hook::start(Mood::Loathes("BAD")).await;
    let mut kinds = vec!["BAD"; 150];
    kinds.extend(["X"; 3]);
    project.leave("s", &hook.url, &events("s", &kinds));
    let ended = project.run(&["deliver"]).await.with(2);
    let expected = set(&["s-150", "s-151", "s-152"]);
    assert_eq!(ids(&hook.taken()), expected, "{ended:?}");
    let sum = "150 events of session s were refused and are set aside";
    assert!(ended.complained.contains(sum), "{ended:?}");
}

/// Answers a post with this status and body, whatever it brings.
fn saying(status: &str, body: &str) -> String {
    let length = body.len();
    format!("HTTP/1.1 {status}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}")
}

#[tokio::test]
async fn who_counts_fewer_than_were_posted_is_asked_of_each() {
    // What is not wanted is passed over in silence, but for the sum.
    let silent: Says = |events| {
        let wanted = events.iter().filter(|it| it["event_type"] != "BAD");
        let body = json!({"accepted": wanted.count(), "duplicates": 0, "refused": []});
        saying("202 Accepted", &body.to_string())
    };
    let named: Says = |events| {
        let bad = events.iter().position(|it| it["event_type"] == "BAD");
        let errors: Vec<_> = bad
            .map(|bad| json!({"field": format!("events[{bad}].timestamp")}))
            .into_iter()
            .collect();
        let body = json!({"accepted": events.len() - errors.len(), "errors": errors});
        saying("202 Accepted", &body.to_string())
    };
    let rejected: Says = |events| {
        let bad = events.iter().position(|it| it["event_type"] == "BAD");
        let body = json!({"rejected": bad.map(|bad| vec![json!({"index": bad})])});
        saying("202 Accepted", &body.to_string())
    };
    let each: Says = |events| {
        let status = |it: &Value| if it["event_type"] == "BAD" { 400 } else { 201 };
        let all: Vec<_> = events
            .iter()
            .map(|it| json!({"status": status(it)}))
            .collect();
        saying("207 Multi-Status", &json!(all).to_string())
    };
    for (n, answer) in [silent, named, rejected, each].into_iter().enumerate() {
        let project = Project::small();
        let (url, _hook) = answering(answer).await;
        project.leave("s", &url, &events("s", &["X", "BAD", "X", "X"]));
        let ended = project.run(&["deliver"]).await.with(2);
        let sum = "1 event of session s was refused and is set aside: \
            `kimi-converge deliver --list` names it";
        assert!(ended.complained.contains(sum), "{n}: {ended:?}");
        let list = project.run(&["deliver", "--list"]).await.with(2);
        assert!(list.said.contains("set aside: BAD s-1: "), "{n}: {list:?}");
    }
}

#[tokio::test]
async fn who_takes_nothing_has_taken_nothing_whatever_the_status_is() {
    // What may pass is kept, and what is refused stands aside as a whole.
    let answers: [(Says, i32); 7] = [
        (
            |_| {
                let body = r#"{"success":false,"error":"database is locked"}"#;
                saying("200 OK", body)
            },
            1,
        ),
        (|_| saying("200 OK", r#"{"ok":false}"#), 1),
        (|_| saying("200 OK", r#"{"error":"quota exceeded"}"#), 1),
        (
            |_| saying("200 OK", "<!DOCTYPE html><title>Log in</title>"),
            1,
        ),
        (
            |_| saying("207 Multi-Status", "<status>HTTP/1.1 400 No</status>"),
            1,
        ),
        (
            |_| {
                let body = r#"{"accepted":0,"duplicates":0,"refused":[]}"#;
                saying("202 Accepted", body)
            },
            2,
        ),
        (
            |_| {
                let body = r#"{"accepted":1,"duplicates":0,"refused":[],"refused_more":25}"#;
                saying("202 Accepted", body)
            },
            2,
        ),
    ];
    let check = async |(answer, code): (Says, i32)| {
        let project = Project::small();
        let (url, _hook) = answering(answer).await;
        let path = project.leave("s", &url, &events("s", &["X"; 26]));
        let ended = project.run(&["deliver"]).await.with(code);
        assert!(!ended.said.contains("posted"), "{ended:?}");
        assert!(path.exists(), "{ended:?}");
        let list = project.run(&["deliver", "--list"]).await.with(code);
        let words = match code {
            1 => "26 events to post",
            _ => "26 events were not taken: ",
        };
        assert!(list.said.contains(words), "{list:?}");
    };
    futures_util::future::join_all(answers.map(check)).await;
}

#[tokio::test]
async fn a_success_in_words_of_its_own_is_one() {
    let answers: [Says; 5] = [
        |_| saying("200 OK", ""),
        |_| saying("200 OK", "ok"),
        |_| saying("201 Created", r#"{"id": 7, "status": "ok"}"#),
        |_| saying("200 OK", r#"{"success": true, "error": null}"#),
        |_| saying("207 Multi-Status", r#"[{"status": 201}]"#),
    ];
    for answer in answers {
        let project = Project::small();
        let (url, _hook) = answering(answer).await;
        project.leave("s", &url, &events("s", &["X", "Y"]));
        project.run(&["deliver"]).await.with(0);
        assert!(is_empty(&project.outbox()));
    }
}
