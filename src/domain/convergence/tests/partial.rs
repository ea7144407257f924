//! What is counted and not listed, and what was cut off, is neither nothing nor gone.

use serde_json::{Value, json};

use super::super::{FindingState, LoopEvent, Session, SessionNumbers, Verdict};
use super::{book, event};

fn at(second: u32, kind: &str, iteration: u32, data: &Value) -> LoopEvent {
    event(
        json!({"session_id": "s", "event_type": kind, "iteration": iteration, "data": data,
        "timestamp": 1_795_336_200 + second}),
    )
}

fn done(step: &str, mut data: Value) -> Value {
    data["step"] = json!(step);
    data
}

fn verdict(events: &[LoopEvent]) -> Verdict {
    let book = book(events);
    let session = Session::of("s".into(), "webhook".into(), &book.facts, false);
    book.judged(session).0.verdict.unwrap()
}

/// What is known to be open after a step that says this.
fn known(step: &str, data: Value) -> Option<u32> {
    let data = done(step, data);
    let rows = book(&[at(1, "STEP_COMPLETE", 1, &data)])
        .ledger()
        .iterations;
    rows[0].open.filter(|_| rows[0].untold.is_empty())
}

#[test]
fn what_a_step_counts_and_does_not_list_is_open_as_well() {
    for (step, data, open) in [
        (
            "diagnose",
            json!({"findings": [], "findings_count": 5}),
            Some(5),
        ),
        (
            "diagnose",
            json!({"findings": ["a", "b"], "findings_count": 5}),
            Some(5),
        ),
        (
            "diagnose",
            json!({"findings": ["a", "b"], "omitted": 3}),
            Some(5),
        ),
        (
            "diagnose",
            json!({"findings": ["a", "b"], "findings_count": 1}),
            Some(2),
        ),
        (
            "diagnose",
            json!({"findings_count": 0, "metrics": {"issues_found": 4}}),
            Some(4),
        ),
        (
            "diagnose",
            json!({"findings_count": 0, "vulnerabilities": 2}),
            Some(2),
        ),
        (
            "attack",
            json!({"findings_count": 0, "vulnerabilities": 3}),
            Some(3),
        ),
        (
            "attack",
            json!({"findings": [], "vulnerabilities_count": 3}),
            Some(3),
        ),
        (
            "attack",
            json!({"findings_count": 0, "metrics": {"vulnerabilities_found": 3}}),
            Some(3),
        ),
    ] {
        assert_eq!(known(step, data.clone()), open, "{step} {data}");
    }
}

#[test]
fn a_step_that_failed_or_cannot_be_read_has_not_told_that_there_is_nothing() {
    for (step, data, open) in [
        // It tells of some, and nobody can read how many.
        (
            "attack",
            json!({"findings_count": 0, "vulnerabilities": {"high": 3}}),
            None,
        ),
        (
            "attack",
            json!({"findings": [], "vulnerabilities": {"high": 3}}),
            None,
        ),
        (
            "diagnose",
            json!({"findings_count": 0, "success": "false"}),
            None,
        ),
        ("diagnose", json!({"findings_count": 0, "success": 0}), None),
        (
            "diagnose",
            json!({"findings_count": 0, "status": "failed"}),
            None,
        ),
        (
            "diagnose",
            json!({"findings": [], "incomplete": "true"}),
            None,
        ),
        (
            "diagnose",
            json!({"findings_count": 0, "success": "true"}),
            Some(0),
        ),
        (
            "diagnose",
            json!({"findings_count": 0, "status": "ok"}),
            Some(0),
        ),
    ] {
        assert_eq!(known(step, data.clone()), open, "{step} {data}");
    }
}

#[test]
fn what_is_left_out_of_a_list_is_not_fixed() {
    let mut events = Vec::new();
    // Of five findings three are listed, others each time; then all of two.
    let lists = [
        (["a", "b", "c"], 5),
        (["c", "d", "e"], 5),
        (["a", "b", "e"], 5),
    ];
    for ((list, count), number) in lists.into_iter().zip(1..) {
        let data = done(
            "diagnose",
            json!({"findings": list, "findings_count": count}),
        );
        events.push(at(number, "STEP_COMPLETE", number, &data));
    }
    let ledger = book(&events).ledger();
    let open: Vec<_> = ledger.iterations.iter().map(|row| row.open).collect();
    assert_eq!(open, [Some(5), Some(5), Some(5)]);
    assert!(ledger.iterations.iter().all(|row| row.fixed.is_none()));
    let is_fixed = |state| matches!(state, FindingState::Fixed | FindingState::Regressed);
    assert!(!ledger.findings.iter().any(|it| is_fixed(it.state)));
    let ended = [events.clone(), vec![at(9, "SESSION_ENDED", 3, &json!({}))]].concat();
    let text = verdict(&ended).text;
    assert_eq!(text, "not converged: stalled (5, 5, 5 open)");

    let data = done(
        "diagnose",
        json!({"findings": ["a", "b"], "findings_count": 2}),
    );
    events.push(at(4, "STEP_COMPLETE", 4, &data));
    let ledger = book(&events).ledger();
    let last = ledger.iterations.last().unwrap();
    assert_eq!((last.open, last.fixed), (Some(2), Some(3)));
}

/// Three iterations with two findings each, and what came of a fourth.
fn broken_off(rest: &[(&str, Value)], end: &[(&str, Value)]) -> Vec<LoopEvent> {
    let mut second = 0;
    let mut events = Vec::new();
    let mut say = |iteration, kind: &str, data: &Value| {
        second += 1;
        events.push(at(second, kind, iteration, data));
    };
    let found = done("diagnose", json!({"success": true, "findings": ["a", "b"]}));
    let passed = done("validate", json!({"success": true}));
    for iteration in 1..4 {
        say(iteration, "ITERATION_STARTED", &json!({}));
        say(iteration, "STEP_COMPLETE", &found);
        say(iteration, "STEP_COMPLETE", &passed);
        say(iteration, "ITERATION_ENDED", &json!({}));
    }
    say(4, "ITERATION_STARTED", &json!({}));
    for (kind, data) in rest.iter().chain(end) {
        say(4, kind, data);
    }
    events
}

#[test]
fn a_session_that_ends_within_an_iteration_keeps_what_was_known() {
    let begun = ("STEP_STARTED", json!({"step": "diagnose"}));
    let failed = (
        "STEP_COMPLETE",
        done("diagnose", json!({"success": false, "findings_count": 0})),
    );
    let found = done("diagnose", json!({"success": true, "findings": ["a", "b"]}));
    let found = ("STEP_COMPLETE", found);
    let cut = ("STEP_COMPLETE", done("validate", json!({"success": false})));
    let limit = json!({"error": "Timeout (6 s) reached", "outcome": "not_converged"});
    let limit = [("ERROR", limit), ("SESSION_ENDED", json!({}))];
    let stop = [(
        "SESSION_ENDED",
        json!({"interrupted": true, "reason": "told to stop"}),
    )];
    let stopped = "it was broken off (told to stop); until then stalled (2, 2, 2 open)";
    let over = "stalled (2, 2, 2 open)";
    for (rest, end, expected) in [
        (vec![begun.clone()], &stop[..], stopped),
        (vec![begun.clone(), failed.clone()], &limit[..], over),
        (vec![begun.clone(), found.clone(), cut], &limit[..], over),
        (vec![begun.clone(), found], &stop[..], stopped),
        (vec![], &stop[..], stopped),
    ] {
        let events = broken_off(&rest, end);
        assert_eq!(verdict(&events).reason, expected, "{rest:?}");
        let rows = book(&events).ledger().iterations;
        let numbers = SessionNumbers::of(&rows, (2, 2), 0);
        assert_eq!(
            (numbers.open_at_the_end(), numbers.at_least),
            (Some(2), false)
        );
    }
    // While it runs nothing is cut: the step that failed is said.
    let running = broken_off(&[begun, failed, ("ITERATION_ENDED", json!({}))], &[]);
    assert!(verdict(&running).reason.contains("diagnose failed in #4"));
}

#[test]
fn a_session_that_says_it_converged_names_the_scan_that_failed() {
    let failed = done("diagnose", json!({"success": false, "findings_count": 0}));
    let looked = done("diagnose", json!({"success": true, "findings_count": 0}));
    for (data, text) in [
        (failed, "converged: diagnose failed in #1"),
        (looked, "converged"),
    ] {
        let events = [
            at(1, "STEP_COMPLETE", 1, &data),
            at(2, "CONVERGENCE_REACHED", 1, &json!({})),
        ];
        assert_eq!(verdict(&events).text, text);
    }
}

#[test]
fn iterations_whose_steps_say_nothing_are_not_called_incomplete() {
    let events = [
        at(1, "ITERATION_STARTED", 1, &json!({})),
        at(
            2,
            "STEP_COMPLETE",
            1,
            &done("scan", json!({"findings_count": 3})),
        ),
        at(3, "SESSION_ENDED", 1, &json!({})),
    ];
    let text = verdict(&events).text;
    assert_eq!(text, "not converged: no step that looks told what it found");
}

#[test]
fn an_iteration_without_a_number_takes_that_of_its_data() {
    for iteration in [json!(null), json!(3)] {
        let sent = json!({"session_id": "s", "event_type": "STEP_STARTED", "iteration": iteration,
            "data": {"iteration": 3}});
        assert_eq!(event(sent).iteration, 3, "{iteration}");
    }
}
