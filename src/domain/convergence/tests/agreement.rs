//! Iterations and ledger agree on every number, whatever a session is made of.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::super::{
    Acceptance, Finding, FindingState, IterationMetrics, LoopStep, SessionBook, SessionNumbers,
    SessionStatus, StepResult, VerdictKind, verdict,
};
use super::{CONVERGED, NOT_CONVERGED, WEBHOOK, book, event, events};
use crate::domain::Timestamp;

/// Every number that two places show is the same in both.
fn agree(book: &SessionBook) -> Result<(), TestCaseError> {
    let ledger = book.ledger();
    let rows = &ledger.iterations;
    let of = |wanted: fn(&Finding) -> bool| {
        let found = ledger.findings.iter().filter(|it| wanted(it));
        u64::try_from(found.count()).unwrap()
    };
    let sum = |number: fn(&IterationMetrics) -> Option<u32>| {
        rows.iter()
            .map(|row| u64::from(number(row).unwrap_or(0)))
            .sum::<u64>()
    };
    let all = of(|_| true);
    let open = of(|it| it.state.is_open());
    let accepted = of(|it| it.state == FindingState::Accepted);
    let fixed = of(|it| it.state == FindingState::Fixed);
    let numbers = SessionNumbers::of(rows, (all, open), 0);
    prop_assert_eq!((numbers.listed, numbers.open), (all, open));
    // Open is what came and did not go, in each row and at the end.
    let mut stays = 0;
    for row in rows {
        let number = |number: Option<u32>| i64::from(number.unwrap_or(0));
        stays += number(row.new) + number(row.regressed) - number(row.fixed);
        let counted = i64::from(counted(book, row));
        prop_assert_eq!(number(row.open), stays + counted, "{:?}", row);
        let seen = seen_in(book, row.iteration);
        prop_assert_eq!(number(row.accepted), seen.1, "{:?}", row);
        let came = number(row.new) + number(row.repeated) + number(row.regressed);
        prop_assert_eq!(came, seen.0, "{:?}", row);
    }
    prop_assert_eq!(i64::try_from(open).unwrap(), stays);
    prop_assert_eq!(sum(|row| row.new), all - accepted);
    prop_assert_eq!(sum(|row| row.fixed) - sum(|row| row.regressed), fixed);
    // At the end there is what the last row says that tells of it.
    let last = rows.iter().rev().find(|row| row.tells());
    let at_the_end = last.and_then(|row| row.open).map(u64::from);
    prop_assert_eq!(numbers.open_at_the_end(), at_the_end);
    prop_assert_eq!(
        numbers.reported.map_or(0, u64::from),
        sum(|row| row.findings)
    );
    prop_assert_eq!(numbers.fixes.map_or(0, u64::from), sum(|row| row.fixes));
    // The page of an iteration and `/api/state` add up the same.
    for row in rows {
        let [findings, mended, vulnerabilities] = book.iterations[&row.iteration].totals();
        let told = (findings + vulnerabilities, mended);
        let shown = (
            row.findings.unwrap_or(0).into(),
            row.fixes.unwrap_or(0).into(),
        );
        prop_assert_eq!(told, shown);
        let steps = row.steps.iter().filter_map(|step| step.findings);
        prop_assert_eq!(steps.sum::<u32>(), row.findings.unwrap_or(0));
    }
    is_true(book, rows)
}

/// Nobody is told that nothing is open where a step that looks failed or told nothing.
fn is_true(book: &SessionBook, rows: &[IterationMetrics]) -> Result<(), TestCaseError> {
    let mut clean = 0;
    for row in rows {
        let done = |step: LoopStep| book.iterations[&row.iteration].result(step);
        let looks = [LoopStep::Diagnose, LoopStep::Attack].map(done);
        let silent = |it: &&StepResult| {
            it.findings.is_none() || (it.success == Some(false) && it.findings == Some(0))
        };
        let has_silent = looks.iter().flatten().any(silent);
        let told = looks.iter().flatten().any(|it| it.findings.is_some());
        if has_silent || !told {
            prop_assert_ne!(row.open, Some(0), "{:?}", row);
        }
        prop_assert!(!has_silent || !row.untold.is_empty(), "{:?}", row);
        clean += u32::from(row.complete && row.is_known());
    }
    let found = verdict(SessionStatus::Ended, None, rows, 0);
    let last = rows.iter().rev().find(|row| row.complete && row.tells());
    if clean < 3 || last.is_some_and(|row| !row.is_known()) {
        prop_assert_eq!(found.trend, VerdictKind::TooEarly, "{:?}", rows);
        prop_assert!(!found.text.contains("converging"), "{}", found.text);
    }
    for (number, open) in found.iterations.iter().zip(&found.open) {
        let row = rows.iter().find(|row| row.iteration == *number).unwrap();
        prop_assert_eq!(row.open, Some(*open));
    }
    Ok(())
}

/// Findings that a row only counted.
fn counted(book: &SessionBook, row: &IterationMetrics) -> u32 {
    if !row.untold.is_empty() {
        return 0;
    }
    let steps = book.iterations[&row.iteration].steps.iter();
    let done = steps.filter_map(|step| step.done.as_ref().map(|done| &done.value));
    let stopped = |it: &StepResult| it.success == Some(false) && it.findings == Some(0);
    let only = done.filter(|it| !it.listed && !stopped(it));
    only.filter_map(|it| it.findings).sum()
}

/// Different findings that were seen in an iteration: open or fixed since, and accepted.
fn seen_in(book: &SessionBook, iteration: u32) -> (i64, i64) {
    let all = book.findings.values();
    let here = all.filter(|it| {
        let mut runs = it.seen.runs().into_iter();
        runs.any(|(first, last)| (first..=last).contains(&iteration))
    });
    here.fold((0, 0), |(open, accepted), it| match it.accepted {
        None => (open + 1, accepted),
        Some(_) => (open, accepted + 1),
    })
}

#[test]
fn they_agree_on_all_recordings() {
    for lines in [CONVERGED, NOT_CONVERGED, WEBHOOK] {
        let events = events(lines);
        for n in 0..=events.len() {
            agree(&book(&events[..n])).unwrap();
        }
    }
}

/// What a step reports: nothing, a count, or a list of some of six findings, twice the same.
fn report() -> impl Strategy<Value = Value> {
    let names = prop::collection::vec(prop::sample::select(vec!["a", "b", "c", "d", "e"]), 0..5);
    let success = prop::option::weighted(0.9, any::<bool>());
    let listed = (names, success.clone(), 0..3_u32).prop_map(|(names, success, fixes)| {
        json!({"findings": names, "success": success, "fixes_count": fixes})
    });
    let counted = (0..4_u32, success)
        .prop_map(|(count, success)| json!({"findings_count": count, "success": success}));
    prop_oneof![4 => listed, 1 => counted, 1 => Just(json!({}))]
}

/// A session: some steps of some iterations, in any order, and what a person accepted.
fn session() -> impl Strategy<Value = SessionBook> {
    let step = (1..7_u32, prop::sample::select(&LoopStep::ALL[..]), report());
    let accepted = prop::collection::vec(any::<bool>(), 5);
    (prop::collection::vec(step, 0..20), accepted).prop_map(|(steps, accepted)| {
        let events: Vec<_> = steps
            .into_iter()
            .map(|(iteration, step, mut data)| {
                data["step"] = json!(step.as_str());
                event(json!({"session_id": "s", "event_type": "STEP_COMPLETE",
                    "iteration": iteration, "timestamp": 1_795_336_200 + iteration, "data": data}))
            })
            .collect();
        let mut book = book(&events);
        for (finding, accepted) in book.findings.values_mut().zip(accepted) {
            finding.accepted = accepted.then(|| Acceptance {
                by: "local".to_owned(),
                reason: "known".to_owned(),
                at: Timestamp(1),
            });
        }
        book
    })
}

proptest! {
    #[test]
    fn they_agree_on_any_session(book in session()) {
        agree(&book)?;
    }
}
