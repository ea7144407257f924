//! The verdict on synthetic series, and that a clean iteration never worsens it.

use proptest::prelude::*;

use super::super::{IterationMetrics, SessionStatus, Verdict, VerdictKind, verdict};

fn row(iteration: u32, open: u32, regressed: u32) -> IterationMetrics {
    IterationMetrics {
        iteration,
        findings: None,
        fixes: None,
        open: Some(open),
        new: None,
        repeated: None,
        regressed: Some(regressed),
        fixed: None,
        accepted: None,
        severities: None,
        validated: None,
        complete: true,
        started_at: None,
        ended_at: None,
        duration_seconds: 0.0,
        steps: Vec::new(),
    }
}

fn rows(series: &[(u32, u32)]) -> Vec<IterationMetrics> {
    let numbered = series.iter().zip(1..);
    numbered
        .map(|((open, regressed), n)| row(n, *open, *regressed))
        .collect()
}

fn running(series: &[(u32, u32)]) -> Verdict {
    verdict(SessionStatus::Running, None, &rows(series))
}

fn of_open(open: &[u32]) -> VerdictKind {
    let series: Vec<_> = open.iter().map(|open| (*open, 0)).collect();
    running(&series).kind
}

#[test]
fn series_are_judged_as_a_person_would() {
    use VerdictKind::{Converging, Diverging, Oscillating, Stalled, TooEarly};
    let table: [(&[u32], VerdictKind); 19] = [
        (&[], TooEarly),
        (&[5], TooEarly),
        (&[5, 0], TooEarly),
        (&[5, 3, 1], Converging),
        (&[5, 3, 3], Converging),
        (&[3, 3, 3], Stalled),
        (&[5, 3, 3, 3, 3], Stalled),
        (&[3, 3, 3, 2], Converging),
        (&[1, 2, 3], Diverging),
        (&[3, 3, 4], Diverging),
        (&[9, 1, 2, 3, 4], Diverging),
        (&[5, 2, 5, 2], Oscillating),
        (&[2, 5, 2, 5], Oscillating),
        (&[9, 4, 6, 2], Converging),
        (&[5, 3, 4], Stalled),
        (&[5, 9, 0], Converging),
        (&[0, 0, 0], Converging),
        (&[2, 5, 2, 0], Converging),
        (&[0, 1, 1, 1], Diverging),
    ];
    for (series, expected) in table {
        assert_eq!(of_open(series), expected, "{series:?}");
    }
}

#[test]
fn findings_that_come_back_are_oscillation() {
    assert_eq!(
        running(&[(3, 0), (3, 1), (3, 1)]).kind,
        VerdictKind::Oscillating
    );
    assert_eq!(
        running(&[(5, 0), (4, 1), (3, 1)]).kind,
        VerdictKind::Converging
    );
}

#[test]
fn the_numbers_are_told() {
    let told = running(&[(9, 0), (5, 0), (4, 0), (4, 0), (2, 1)]);
    assert_eq!(told.iterations, [2, 3, 4, 5]);
    assert_eq!(
        (told.open, told.regressed),
        (vec![5, 4, 4, 2], vec![0, 0, 0, 1])
    );
    assert!(told.reason.contains("5, 4, 4, 2"), "{}", told.reason);
}

#[test]
fn iterations_that_do_not_tell_are_left_out() {
    let mut series = rows(&[(5, 0), (9, 0), (3, 0), (1, 0), (7, 0)]);
    series[1].open = None;
    series[4].complete = false;
    let found = verdict(SessionStatus::Running, None, &series);
    assert_eq!(
        (found.kind, found.open),
        (VerdictKind::Converging, vec![5, 3, 1])
    );
}

#[test]
fn an_end_decides() {
    let series = rows(&[(1, 0), (2, 0), (3, 0)]);
    for (status, expected) in [
        (SessionStatus::Converged, VerdictKind::Converged),
        (SessionStatus::Failed, VerdictKind::Failed),
        (SessionStatus::Ended, VerdictKind::Failed),
        (SessionStatus::Interrupted, VerdictKind::Interrupted),
    ] {
        let found = verdict(status, Some("out of patience"), &series);
        assert_eq!(found.kind, expected);
        let says_why = found.reason.contains("out of patience");
        assert_eq!(says_why, expected == VerdictKind::Failed);
    }
}

/// From bad to good.
fn rank(kind: VerdictKind) -> usize {
    use VerdictKind::{Converged, Converging, Diverging, Failed, Interrupted, Oscillating};
    use VerdictKind::{Stalled, TooEarly};
    let order = [
        Failed,
        Interrupted,
        Diverging,
        Oscillating,
        Stalled,
        TooEarly,
        Converging,
        Converged,
    ];
    order.iter().position(|it| *it == kind).unwrap()
}

proptest! {
    #[test]
    fn a_clean_iteration_never_worsens_it(
        series in prop::collection::vec((0..6_u32, 0..3_u32), 0..9),
        status in prop::sample::select(&SessionStatus::ALL[..]),
    ) {
        let before = verdict(status, None, &rows(&series)).kind;
        let mut longer = series.clone();
        longer.push((0, 0));
        let after = verdict(status, None, &rows(&longer)).kind;
        prop_assert!(rank(after) >= rank(before), "{:?}: {:?} to {:?}", series, before, after);
    }
}
