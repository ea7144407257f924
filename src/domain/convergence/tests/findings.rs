//! Findings are recognised, and what becomes of them is told and not invented.

use serde_json::{Value, json};

use super::super::{
    Acceptance, Finding, FindingState, IterationMetrics, Ledger, LoopEvent, Severity, Sighting,
    fingerprint,
};
use super::{book, event};
use crate::domain::Timestamp;

#[test]
fn a_finding_stays_itself_when_the_code_above_it_moves() {
    let same = [
        ("lint", "src/a.rs:10", "unused variable `x` at line 10"),
        ("Lint", "./src/a.rs", "Unused  variable `x` at line 99"),
        ("lint ", "src\\a.rs:7:3", "unused variable `x` at line 1"),
    ];
    for (kind, area, description) in same {
        let expected = fingerprint("lint", "src/a.rs", "unused variable `x` at line 5");
        assert_eq!(
            fingerprint(kind, area, description),
            expected,
            "{description}"
        );
    }
    let timed = |time| fingerprint("test", "", &format!("took {time} in fn at 0x7f{time}"));
    assert_eq!(
        fingerprint("t", "", "took 12ms at 0xff"),
        fingerprint("t", "", "took 3.5s at 0x1")
    );
    assert_ne!(timed("12"), timed("13"));
}

#[test]
fn different_findings_stay_apart() {
    let all = [
        ("lint", "src/a.rs", "unused variable x"),
        ("lint", "src/b.rs", "unused variable x"),
        ("lint", "src/a.rs", "unused variable y"),
        ("style", "src/a.rs", "unused variable x"),
        ("lint", "src/a.rs unused", "variable x"),
        ("cve", "", "CVE-2024-1234"),
        ("cve", "", "CVE-2024-9999"),
        ("port", "", "port 80 is open"),
        ("port", "", "port 443 is open"),
    ];
    let prints: std::collections::BTreeSet<_> = all
        .iter()
        .map(|(kind, area, text)| fingerprint(kind, area, text))
        .collect();
    assert_eq!(prints.len(), all.len());
}

#[test]
fn entries_come_in_many_ways() {
    let read = |entry: Value| Sighting::read(&entry, "finding");
    let full =
        read(json!({"type": "sqli", "file": "db.py", "description": "d", "severity": "HIGH"}));
    let full = full.unwrap();
    assert_eq!((full.kind.as_str(), full.area.as_str()), ("sqli", "db.py"));
    assert_eq!(full.severity, Severity::High);
    let bare = read(json!("something is odd")).unwrap();
    assert_eq!(
        (bare.kind.as_str(), bare.severity),
        ("finding", Severity::Unknown)
    );
    let named = read(json!({"id": "V-7", "level": "warning"})).unwrap();
    assert_eq!(
        (named.description.as_str(), named.severity),
        ("V-7", Severity::Medium)
    );
    for nothing in [json!(7), json!({}), json!(null), json!("")] {
        assert_eq!(read(nothing), None);
    }
    // Whoever lists it has found it.
    let wordless = read(json!({"type": "leak", "severity": "low"})).unwrap();
    assert_eq!(
        (
            wordless.kind.as_str(),
            wordless.description.as_str(),
            wordless.severity
        ),
        ("leak", "without a description", Severity::Low)
    );
    let long = read(json!("x".repeat(5000))).unwrap();
    assert_eq!(long.description.chars().count(), 2001);
    assert!(!read(json!("a\0b")).unwrap().description.contains('\0'));
}

#[test]
fn a_severity_that_was_not_told_is_said_beside_the_words() {
    let entry = json!({"description": "d", "severity": "medium", "severity_assumed": true});
    let read = Sighting::read(&entry, "finding").unwrap();
    let expected = "d (how grave it is was not told: it counts as medium)";
    assert_eq!(read.description, expected);
    assert_eq!(read.fingerprint, fingerprint("finding", "", "d"));
}

#[test]
fn a_tool_may_say_that_a_finding_is_to_be_lived_with() {
    let read = |suppressed: Value| {
        let entry = json!({"description": "d", "suppressed": suppressed});
        let suppressed = Sighting::read(&entry, "").unwrap().suppressed;
        suppressed.map(|it| (it.by(), it.reason))
    };
    let why = json!({"kind": "inSource", "justification": " why "});
    assert_eq!(read(why), Some(("its tool, inSource", "why".to_owned())));
    let (by, reason) = read(json!({"kind": "external"})).unwrap();
    assert_eq!(by, "its tool, external");
    assert!(reason.ends_with("without a justification"), "{reason}");
    let none = [
        json!(true),
        json!({}),
        json!({"kind": "odd"}),
        json!(null),
        json!("inSource"),
    ];
    for nothing in none {
        assert_eq!(read(nothing), None);
    }
}

#[test]
fn what_is_suppressed_is_accepted_in_any_order_and_open_where_one_place_is() {
    let with = |iteration: u32, suppressed: &[bool]| {
        let entry = |it: &bool| {
            if *it {
                json!({"description": "a", "suppressed": {"kind": "inSource"}})
            } else {
                json!({"description": "a"})
            }
        };
        let findings: Vec<Value> = suppressed.iter().map(entry).collect();
        done(
            iteration,
            "diagnose",
            &json!({"success": true, "findings": findings}),
        )
    };
    let cases: [(&[&[bool]], bool, u32); 6] = [
        (&[&[true]], true, 0),
        (&[&[true], &[true, true]], true, 0),
        (&[&[false], &[true]], true, 0),
        (&[&[true], &[false]], false, 1),
        (&[&[true, false]], false, 1),
        (&[&[false, true]], false, 1),
    ];
    for (rounds, accepted, open) in cases {
        let rounds = (1..).zip(rounds);
        let mut events: Vec<_> = rounds.map(|(number, it)| with(number, it)).collect();
        for _ in 0..2 {
            let ledger = book(&events).ledger();
            let is = ledger.findings[0].state == FindingState::Accepted;
            assert_eq!(is, accepted, "{events:?}");
            assert_eq!(ledger.findings[0].accepted.is_some(), accepted);
            assert_eq!(
                ledger.iterations.last().unwrap().open,
                Some(open),
                "{events:?}"
            );
            events.reverse();
        }
    }
}

/// The end of `step` in `iteration` with this data.
fn done(iteration: u32, step: &str, data: &Value) -> LoopEvent {
    let mut data = data.clone();
    data["step"] = json!(step);
    let second = u64::from(iteration) * 10 + u64::try_from(step.len()).unwrap();
    event(
        json!({"session_id": "s", "event_type": "STEP_COMPLETE", "iteration": iteration,
        "timestamp": 1_795_336_200 + second, "data": data}),
    )
}

fn listed(iteration: u32, step: &str, names: &[&str]) -> LoopEvent {
    done(
        iteration,
        step,
        &json!({"success": true, "findings": names}),
    )
}

fn summary(row: &IterationMetrics) -> [Option<u32>; 4] {
    [row.new, row.repeated, row.regressed, row.fixed]
}

fn state_of(ledger: &Ledger, name: &str) -> Option<FindingState> {
    let named = |finding: &&Finding| finding.description == name;
    ledger
        .findings
        .iter()
        .find(named)
        .map(|finding| finding.state)
}

#[test]
fn findings_are_followed_from_iteration_to_iteration() {
    let events = [
        listed(1, "diagnose", &["a", "b"]),
        listed(2, "diagnose", &["a", "c"]),
        listed(3, "diagnose", &["b"]),
        listed(4, "diagnose", &["b"]),
    ];
    let ledger = book(&events).ledger();
    let rows: Vec<_> = ledger.iterations.iter().map(summary).collect();
    let row = |numbers: [u32; 4]| numbers.map(Some);
    let expected = [[2, 0, 0, 0], [1, 1, 0, 1], [0, 0, 1, 2], [0, 1, 0, 0]];
    assert_eq!(rows, expected.map(row));
    assert_eq!(state_of(&ledger, "a"), Some(FindingState::Fixed));
    assert_eq!(state_of(&ledger, "b"), Some(FindingState::Repeated));
    assert_eq!(state_of(&ledger, "c"), Some(FindingState::Fixed));
    let b = ledger
        .findings
        .iter()
        .find(|finding| finding.description == "b")
        .unwrap();
    assert_eq!((b.first_iteration, b.last_iteration), (1, 4));
    let regressed = book(&events[..3]).ledger();
    assert_eq!(state_of(&regressed, "b"), Some(FindingState::Regressed));
    assert_eq!(
        state_of(&book(&events[..1]).ledger(), "a"),
        Some(FindingState::New)
    );
}

#[test]
fn only_the_step_that_found_it_can_say_that_it_is_gone() {
    let attack = [
        listed(1, "attack", &["hole"]),
        listed(2, "diagnose", &[]),
        done(3, "attack", &json!({"success": false, "findings_count": 0})),
        done(4, "attack", &json!({"success": true, "findings_count": 2})),
        done(5, "attack", &json!({"success": true, "findings_count": 0})),
    ];
    for n in 1..=4 {
        let ledger = book(&attack[..n]).ledger();
        assert_eq!(
            state_of(&ledger, "hole"),
            Some(FindingState::New),
            "after {n}"
        );
    }
    assert_eq!(
        state_of(&book(&attack).ledger(), "hole"),
        Some(FindingState::Fixed)
    );
}

#[test]
fn counts_stay_counts() {
    let events = [done(
        1,
        "diagnose",
        &json!({"success": true, "findings_count": 3}),
    )];
    let ledger = book(&events).ledger();
    assert_eq!(ledger.findings, []);
    let row = &ledger.iterations[0];
    assert_eq!((row.findings, row.open), (Some(3), Some(3)));
    assert_eq!(summary(row), [None; 4]);
    let silent = book(&[done(1, "diagnose", &json!({}))]).ledger();
    assert_eq!(
        (silent.iterations[0].findings, silent.iterations[0].open),
        (None, None)
    );
}

#[test]
fn an_accepted_finding_is_no_longer_open() {
    let events = [
        listed(1, "diagnose", &["a", "b"]),
        listed(2, "diagnose", &["a", "b"]),
    ];
    let mut book = book(&events);
    let print = fingerprint("finding", "", "a");
    book.findings.get_mut(&print).unwrap().accepted = Some(Acceptance {
        by: "local".into(),
        reason: "known".into(),
        at: Timestamp(1),
    });
    let ledger = book.ledger();
    assert_eq!(state_of(&ledger, "a"), Some(FindingState::Accepted));
    let rows: Vec<_> = ledger
        .iterations
        .iter()
        .map(|row| (row.open, row.accepted))
        .collect();
    assert_eq!(rows, [(Some(1), Some(1)), (Some(1), Some(1))]);
}

#[test]
fn a_failed_validation_is_no_finding() {
    let failed = json!({"success": false, "findings_count": 0});
    let alone = book(&[done(1, "validate", &failed)]).ledger();
    let row = &alone.iterations[0];
    assert_eq!((row.open, row.validated), (None, Some(false)));
    let beside = [
        listed(1, "diagnose", &["a"]),
        done(1, "validate", &failed),
        listed(2, "diagnose", &[]),
        done(2, "validate", &failed),
    ];
    let ledger = book(&beside).ledger();
    let open: Vec<_> = ledger.iterations.iter().map(|row| row.open).collect();
    assert_eq!(open, [Some(1), Some(0)]);
    // What it names are findings.
    let named = json!({"success": false, "findings": ["test_a", "test_b"]});
    assert_eq!(
        book(&[done(1, "validate", &named)]).ledger().iterations[0].open,
        Some(2)
    );
}

#[test]
fn what_nobody_looked_for_again_stays_open() {
    let events = [
        listed(1, "diagnose", &["a", "b"]),
        listed(1, "attack", &["hole"]),
        // It crashed before it looked.
        done(
            2,
            "diagnose",
            &json!({"success": false, "findings_count": 0}),
        ),
        listed(2, "attack", &[]),
        listed(3, "diagnose", &["a"]),
    ];
    let ledger = book(&events).ledger();
    let open: Vec<_> = ledger.iterations.iter().map(|row| row.open).collect();
    assert_eq!(open, [Some(3), Some(2), Some(1)]);
    let fixed: Vec<_> = ledger.iterations.iter().map(|row| row.fixed).collect();
    assert_eq!(fixed, [Some(0), Some(1), Some(1)]);
}
