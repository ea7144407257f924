//! The recordings, in any order and any number of times, end as recorded.

use proptest::prelude::*;

use super::super::{
    LoopEvent, LoopState, LoopStep, Session, SessionBook, SessionStatus, VerdictKind,
};
use super::{CONVERGED, NOT_CONVERGED, WEBHOOK, book, events};

fn session(book: &SessionBook, silent: bool) -> Session {
    let session = Session::of("s".into(), "webhook".into(), &book.facts, silent);
    book.judged(session).0
}

#[test]
fn the_run_that_converged() {
    let events = events(CONVERGED);
    let book = book(&events);
    let session = session(&book, false);
    assert_eq!(session.final_state, LoopState::Converged);
    assert_eq!(session.status, SessionStatus::Converged);
    assert!(session.convergence_reached);
    assert_eq!((session.iterations, session.events), (1, 17));
    assert_eq!(
        session.end_time.unwrap().to_string(),
        "2026-11-21T22:22:47.021692Z"
    );
    assert!(
        (session.duration_seconds - 0.019_43).abs() < 1e-9,
        "{session:?}"
    );
    assert_eq!(session.verdict.unwrap().kind, VerdictKind::Converged);
    let ledger = book.ledger();
    let [row] = &ledger.iterations[..] else {
        panic!("{ledger:?}");
    };
    assert_eq!(
        (row.findings, row.fixes, row.open),
        (Some(0), Some(0), Some(0))
    );
    assert_eq!(row.validated, Some(true));
    assert_eq!(
        row.steps.iter().map(|it| it.step).collect::<Vec<_>>(),
        LoopStep::ALL
    );
    assert!(
        row.steps
            .iter()
            .all(|it| it.duration_seconds.is_some_and(|s| s < 0.02))
    );
}

#[test]
fn the_run_that_did_not_converge() {
    let events = events(NOT_CONVERGED);
    let book = book(&events);
    let session = session(&book, false);
    assert_eq!(session.final_state, LoopState::Failed);
    assert_eq!(session.status, SessionStatus::Ended);
    assert!(!session.convergence_reached);
    assert_eq!(session.error.as_deref(), Some("Max iterations (2) reached"));
    let verdict = session.verdict.unwrap();
    assert_eq!(verdict.kind, VerdictKind::NotConverged);
    assert_eq!(
        verdict.text,
        "not converged: too few iterations to tell (3, 3 open; validation failed in #1, #2)"
    );
    // Two findings and one vulnerability.
    assert_eq!((verdict.iterations, verdict.open), (vec![1, 2], vec![3, 3]));
    let ledger = book.ledger();
    assert_eq!(ledger.findings, []);
    for row in ledger.iterations {
        assert_eq!((row.findings, row.validated), (Some(3), Some(false)));
        let severities = row.severities.unwrap();
        assert_eq!((severities.medium, severities.low), (1, 1));
    }
}

/// What a page shows after each event of the recording.
#[test]
fn the_state_is_true_at_every_step() {
    use LoopState::{
        Attacking as A, Converged as C, Diagnosing as D, Fixing as F, Idle as I, Validating as V,
    };
    let events = events(CONVERGED);
    let states: Vec<_> = (1..=events.len())
        .map(|n| session(&book(&events[..n]), false).final_state)
        .collect();
    assert_eq!(states, [I, I, D, D, F, F, A, A, V, D, F, A, V, V, C, C, C]);
}

#[test]
fn a_session_that_starts_in_the_middle_is_a_session() {
    let events = events(NOT_CONVERGED);
    let from_the_middle = session(&book(&events[20..27]), false);
    assert_eq!(from_the_middle.status, SessionStatus::Running);
    assert_eq!(from_the_middle.final_state, LoopState::Attacking);
    assert_eq!(from_the_middle.iterations, 2);
    assert_eq!(from_the_middle.verdict.unwrap().kind, VerdictKind::TooEarly);
}

#[test]
fn a_loop_that_vanished_is_never_shown_as_running() {
    let events = events(NOT_CONVERGED);
    for n in 1..=events.len() {
        let vanished = session(&book(&events[..n]), true);
        assert_ne!(vanished.status, SessionStatus::Running);
        let over = n == events.len();
        let expected = if over {
            VerdictKind::NotConverged
        } else {
            VerdictKind::Interrupted
        };
        assert_eq!(vanished.verdict.unwrap().kind, expected, "after {n} events");
    }
}

fn shuffled(lines: &'static str) -> impl Strategy<Value = Vec<LoopEvent>> {
    let all = events(lines);
    let twice: Vec<_> = all.iter().chain(&all).cloned().collect();
    (
        Just(twice).prop_shuffle(),
        any::<prop::sample::Index>(),
        Just(all),
    )
        .prop_map(
            // Some duplicates, but each event at least once.
            |(shuffled, cut, all)| {
                let cut = cut.index(all.len());
                shuffled[..cut]
                    .iter()
                    .chain(&all[..])
                    .cloned()
                    .collect::<Vec<_>>()
            },
        )
}

/// What arrival decided is not compared: no two events of a recording have the same time.
fn settled(events: &[LoopEvent]) -> (Session, super::super::Ledger) {
    let book = book(events);
    let session = Session::of("s".into(), "webhook".into(), &book.facts, false);
    book.judged(session)
}

proptest! {
    #[test]
    fn any_order_and_duplication_ends_in_the_same_session(
        mixed in prop_oneof![Just(CONVERGED), Just(NOT_CONVERGED), Just(WEBHOOK)]
            .prop_flat_map(|lines| (Just(lines), shuffled(lines).prop_shuffle()))
    ) {
        let (lines, mixed) = mixed;
        prop_assert_eq!(settled(&mixed), settled(&events(lines)));
    }
}
