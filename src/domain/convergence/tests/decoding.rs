//! Every shape that senders use, and what is said about the others.

use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::super::{
    Batch, Envelope, EventType, LARGEST_EVENT, LoopEvent, LoopState, LoopStep, decode_batch,
};
use super::{NOW, event};
use crate::domain::Timestamp;

const AT: &str = "2026-11-21T22:22:47.002262Z";

fn plain(id: &str) -> Value {
    json!({"event_id": id, "timestamp": AT, "session_id": "s", "iteration": 2, "state": "IDLE",
        "event_type": "STEP_STARTED", "data": {"step": "fix"}})
}

fn ids(sent: Value) -> Vec<String> {
    let batch = decode_batch(sent, NOW);
    assert_eq!(batch.problems, []);
    batch
        .events
        .into_iter()
        .map(|event| event.event_id)
        .collect()
}

#[test]
fn one_event_an_array_and_an_envelope_say_the_same() {
    assert_eq!(ids(plain("a")), ["a"]);
    assert_eq!(ids(json!([plain("a"), plain("b")])), ["a", "b"]);
    assert_eq!(
        ids(json!({"session_id": "s", "events": [plain("a"), plain("b")]})),
        ["a", "b"]
    );
    assert_eq!(ids(json!({"type": "event", "data": plain("a")})), ["a"]);
    let bare = json!({"session_id": "s", "events": [{"type": "error"}]});
    assert_eq!(decode_batch(bare, NOW).events[0].session_id, "s");
}

#[test]
fn a_greeting_is_no_event() {
    for greeting in ["connected", "welcome", "Connected"] {
        let greeting = json!({"type": greeting, "timestamp": "2026-11-21T22:22:52.000000"});
        assert_eq!(ids(greeting), Vec::<String>::new());
    }
}

#[test]
fn an_event_keeps_what_its_sender_wrote() {
    let mut sent = plain("a");
    sent["extra"] = json!({"kept": true});
    let read = event(sent.clone());
    assert_eq!(read.sent, sent);
    assert_eq!((read.iteration, read.state), (2, Some(LoopState::Idle)));
    assert_eq!(read.timestamp.to_string(), AT);
    assert_eq!(read.step(), Some(LoopStep::Fix));
    assert_eq!(read.state_after(), Some(LoopState::Fixing));
    let listed = read.into_session_event();
    assert_eq!(
        (listed.state.as_str(), listed.event_type.as_str()),
        ("IDLE", "STEP_STARTED")
    );
    assert_eq!(listed.data, json!({"step": "fix"}));
}

#[test]
fn types_are_read_in_any_case_and_unknown_ones_are_kept() {
    for (name, expected) in [
        ("STEP_COMPLETE", EventType::StepComplete),
        ("step_complete", EventType::StepComplete),
        ("Step-Completed", EventType::StepComplete),
        ("session_ended", EventType::SessionEnded),
        (
            "metrics_emitted",
            EventType::Other("METRICS_EMITTED".into()),
        ),
    ] {
        let mut sent = plain("a");
        sent["event_type"] = json!(name);
        assert_eq!(event(sent).event_type, expected);
    }
}

#[test]
fn times_come_in_many_ways() {
    let read = |time: Value| {
        let mut sent = plain("a");
        sent["timestamp"] = time;
        event(sent).timestamp.to_string()
    };
    assert_eq!(read(json!("2026-11-21T23:22:47.002262+01:00")), AT);
    assert_eq!(read(json!("2026-11-21T22:22:47.002262")), AT);
    assert_eq!(read(json!("2026-11-21 22:22:47.002262")), AT);
    assert_eq!(read(json!(1_795_299_767.002_262)), AT);
    assert_eq!(
        read(json!(1_795_299_767_002_i64)),
        "2026-11-21T22:22:47.002000Z"
    );
    assert_eq!(read(json!(null)), NOW.to_string());
}

#[test]
fn what_has_no_time_that_can_be_counts_with_the_time_it_came() {
    for time in [
        json!("yesterday"),
        json!([1]),
        json!("0001-01-01T00:00:00Z"),
    ] {
        let mut sent = plain("a");
        sent["timestamp"] = time;
        let read = event(sent.clone());
        assert_eq!((read.timestamp, read.is_dated), (NOW, false));
        // What was sent stays as it was.
        assert_eq!(read.sent, sent);
    }
    assert!(event(plain("a")).is_dated);
    let mut zero = plain("a");
    zero["timestamp"] = json!(0);
    let zero = event(zero);
    assert_eq!((zero.timestamp, zero.is_dated), (Timestamp(0), false));
}

#[test]
fn a_larger_event_keeps_its_head_and_counts_as_a_whole() {
    let mut sent = plain("a");
    sent["event_type"] = json!("STEP_COMPLETE");
    let findings: Vec<_> = (0..40_000)
        .map(|n| json!({"description": format!("finding {n}")}))
        .collect();
    sent["data"]["findings"] = json!(findings);
    let read = event(sent);
    let kept = read.kept.as_ref().unwrap();
    assert_eq!(read.stored(), kept);
    assert!(kept.to_string().len() <= LARGEST_EVENT);
    assert!(kept.to_string().len() > LARGEST_EVENT / 2);
    assert_eq!(kept["data"]["truncated"], true);
    assert_eq!(kept["data"]["cut"], json!({"findings": 40_000}));
    assert_eq!(read.report().findings, Some(40_000));
    assert_eq!(event(plain("a")).kept, None);
}

#[test]
fn an_event_without_id_is_known_by_its_content() {
    let mut sent = plain("a");
    sent.as_object_mut().unwrap().remove("event_id");
    let first = event(sent.clone()).event_id;
    assert_eq!(first.len(), 32);
    assert_eq!(event(sent.clone()).event_id, first);
    let text = r#"{"data":{"step":"fix"},"event_type":"STEP_STARTED","state":"IDLE","iteration":2,
        "session_id":"s","timestamp":"2026-11-21T22:22:47.002262Z"}"#;
    assert_eq!(event(serde_json::from_str(text).unwrap()).event_id, first);
    sent["iteration"] = json!(3);
    assert_ne!(event(sent).event_id, first);
}

#[test]
fn what_cannot_be_read_is_named_and_the_rest_is_kept() {
    let wrong = |key: &str, value: Value| {
        let mut sent = plain("x");
        sent[key] = value;
        sent
    };
    let deep = (0..70).fold(Value::Null, |inner, _| json!([inner]));
    let cases = [
        (json!(7), "events[1]"),
        (wrong("event_type", json!(7)), "events[1].event_type"),
        (wrong("event_type", json!(" ")), "events[1].event_type"),
        (wrong("session_id", json!("")), "events[1].session_id"),
        (
            wrong("session_id", json!("x".repeat(201))),
            "events[1].session_id",
        ),
        (wrong("session_id", json!("a\0b")), "events[1].session_id"),
        (wrong("iteration", json!(-1)), "events[1].iteration"),
        (wrong("iteration", json!(1.5)), "events[1].iteration"),
        (
            wrong("event_id", json!("x".repeat(201))),
            "events[1].event_id",
        ),
        (wrong("data", deep), "events[1].data"),
    ];
    for (bad, place) in cases {
        let batch = decode_batch(json!({"events": [plain("a"), bad, plain("b")]}), NOW);
        let fields: Vec<_> = batch.problems.iter().map(|it| it.field.as_str()).collect();
        assert_eq!(fields, [place]);
        assert_eq!(batch.events.len(), 2);
    }
    for nothing in [
        json!("text"),
        json!(null),
        json!({"events": 7}),
        json!({"type": "x"}),
    ] {
        let batch = decode_batch(nothing, NOW);
        assert_eq!((batch.events.len(), batch.problems.len()), (0, 1));
    }
}

#[test]
fn what_we_write_is_what_the_real_loop_writes() {
    let mut data = Map::new();
    data.insert("step".into(), json!("diagnose"));
    let ours = LoopEvent::new(
        "e".into(),
        Timestamp::parse(AT).unwrap(),
        "s",
        (1, LoopState::Diagnosing),
        EventType::StepStarted,
        data,
    );
    assert_eq!(
        ours.sent,
        json!({"event_id": "e", "timestamp": AT, "session_id": "s", "iteration": 1,
            "state": "DIAGNOSING", "event_type": "STEP_STARTED", "data": {"step": "diagnose"}})
    );
    let read = event(ours.sent.clone());
    let came = read.came;
    assert_eq!(
        read,
        LoopEvent {
            came,
            ..ours.clone()
        }
    );
    // The same keys as in the recording.
    let recorded: Value = serde_json::from_str(super::CONVERGED.lines().nth(1).unwrap()).unwrap();
    let keys = |value: &Value| {
        value
            .as_object()
            .unwrap()
            .keys()
            .cloned()
            .collect::<Vec<_>>()
    };
    assert_eq!(keys(&ours.sent), keys(&recorded));
}

/// Everything that a text brings.
fn sent(text: &str) -> Batch {
    Envelope::open(text.to_owned()).unwrap().next(NOW).unwrap()
}

#[test]
fn a_name_that_is_no_text_a_number_beyond_all_and_a_fraction_of_zero_cost_no_event() {
    let event = |data: &str| {
        format!(
            r#"{{"event_id": "e", "session_id": "s", "iteration": 1.0, "event_type": "STEP_COMPLETE",
            "data": {{"step": "diagnose", "success": true, {data}}}}}"#
        )
    };
    let found = r#"[{"file": "caf\udce9.py", "type": "E501", "description": "d"}]"#;
    for envelope in [false, true] {
        let read = |data: &str| {
            let text = event(data);
            let text = if envelope {
                format!("{{\"events\": [{text}]}}")
            } else {
                text
            };
            let mut batch = sent(&text);
            assert_eq!(batch.problems, [], "{text}");
            batch.events.pop().unwrap()
        };
        let named = read(&format!("\"findings\": {found}"));
        assert_eq!((named.iteration, named.report().findings), (1, Some(1)));
        let sightings = named.report().sightings.unwrap();
        assert_eq!(sightings[0].area, "caf\u{fffd}.py");
        let large = read(&format!("\"took\": 1e400, \"findings\": {found}"));
        assert_eq!(large.report().findings, Some(1));
    }
}

#[test]
fn what_is_refused_is_named_with_its_event_and_its_session() {
    let deep = format!("{}1{}", "[".repeat(500), "]".repeat(500));
    let text =
        format!(r#"[{{"event_id": "e", "session_id": "s", "event_type": "X", "data": {deep}}}]"#);
    let [problem] = &sent(&text).problems[..] else {
        panic!("one is refused");
    };
    assert_eq!(problem.event_id.as_deref(), Some("e"));
    assert_eq!(problem.session_id.as_deref(), Some("s"));
    assert_eq!(problem.field, "[0].data");
}

#[test]
fn a_count_that_cannot_be_read_is_no_zero() {
    let report = |data: Value| {
        let mut sent = plain("a");
        sent["event_type"] = json!("STEP_COMPLETE");
        sent["data"] = data;
        sent["data"]["step"] = json!("diagnose");
        let report = event(sent).report();
        (report.findings, report.unread)
    };
    for (data, expected) in [
        (json!({"findings_count": 3}), (Some(3), false)),
        (json!({"findings_count": 3.0}), (Some(3), false)),
        (json!({"findings_count": "3"}), (Some(3), false)),
        (json!({"findings": 5}), (Some(5), false)),
        (json!({"findings_count": 3.7}), (None, true)),
        (json!({"findings_count": -1}), (None, true)),
        (
            json!({"findings_count": 9_007_199_254_740_993_u64}),
            (None, true),
        ),
        (
            json!({"findings_count": 9_223_372_036_854_775_808_u64}),
            (None, true),
        ),
        (json!({"findings_count": {"high": 3}}), (None, true)),
        (json!({"findings": {"high": 3}}), (None, true)),
        (json!({"findings": [7]}), (None, true)),
        (json!({"findings": ["a", 7]}), (Some(1), true)),
        (
            json!({"findings": [7], "findings_count": 1}),
            (Some(1), true),
        ),
        (json!({"findings_count": null}), (None, false)),
        (json!({}), (None, false)),
    ] {
        assert_eq!(report(data.clone()), expected, "{data}");
    }
}

#[test]
fn an_event_without_a_time_stands_beside_its_neighbours() {
    let event = |id: &str, at: Option<u32>| {
        json!({"event_id": id, "session_id": "s", "event_type": "X",
            "timestamp": at.map(|at| 1_795_336_200 + at)})
    };
    let other = json!({"event_id": "other", "session_id": "t", "event_type": "X"});
    let events = [
        event("a", None),
        event("b", Some(5)),
        other,
        event("c", None),
        event("d", Some(2)),
        event("e", None),
    ];
    let batch = decode_batch(json!(events), NOW);
    let at = |seconds: i64| Timestamp(1_795_336_200_000_000 + seconds * 1_000_000);
    let order: Vec<_> = batch.events.iter().map(|event| event.order).collect();
    assert_eq!(order, [at(5), at(5), NOW, at(5), at(2), at(2)]);
    // What lasted is told by when it came.
    assert_eq!(batch.events[0].counted(), NOW);
}

fn anything() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<f64>().prop_map(|n| json!(n)),
        any::<i64>().prop_map(Value::from),
        ".{0,12}".prop_map(Value::from),
    ];
    let key = prop_oneof![
        Just("events".to_owned()),
        Just("event_type".to_owned()),
        Just("session_id".to_owned()),
        Just("timestamp".to_owned()),
        Just("data".to_owned()),
        Just("findings".to_owned()),
        ".{0,4}",
    ];
    leaf.prop_recursive(4, 40, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::btree_map(key.clone(), inner, 0..6)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn whatever_comes_is_understood_or_named(sent in anything()) {
        let items = match &sent {
            Value::Array(items) => items.len(),
            _ => sent["events"].as_array().map_or(1, Vec::len),
        };
        let batch = decode_batch(sent, NOW);
        prop_assert_eq!(batch.events.len() + batch.problems.len(), items);
        let rows = super::book(&batch.events).ledger().iterations;
        prop_assert!(rows.len() <= batch.events.len());
    }
}
