//! The verdict on synthetic series, and that a clean iteration never worsens it.

use proptest::prelude::*;

use super::super::{
    IterationMetrics, LoopStep, SessionStatus, StepMetrics, Verdict, VerdictKind, verdict,
};

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
        cut: false,
        complete: true,
        started_at: None,
        ended_at: None,
        duration_seconds: 0.0,
        steps: Vec::new(),
        untold: Vec::new(),
    }
}

fn rows(series: &[(u32, u32)]) -> Vec<IterationMetrics> {
    let numbered = series.iter().zip(1..);
    numbered
        .map(|((open, regressed), n)| row(n, *open, *regressed))
        .collect()
}

fn running(series: &[(u32, u32)]) -> Verdict {
    verdict(SessionStatus::Running, None, &rows(series), 0)
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
    let found = verdict(SessionStatus::Running, None, &series, 0);
    assert_eq!(
        (found.kind, found.open),
        (VerdictKind::Converging, vec![5, 3, 1])
    );
}

#[test]
fn an_end_keeps_what_was_known_while_it_ran() {
    use SessionStatus::{Converged, Ended, Failed, Interrupted};
    let series = rows(&[(20, 0), (31, 0), (24, 0), (22, 0)]);
    let before = verdict(SessionStatus::Running, None, &series, 0);
    assert_eq!(before.text, "stalled (20, 31, 24, 22 open)");
    let (none, stalled) = (None, "stalled (20, 31, 24, 22 open)");
    let lost = format!("nothing more was heard of its loop; until then {stalled}");
    let stopped = format!("it was broken off (told to stop); until then {stalled}");
    for (status, why, text, reason) in [
        (Converged, none, "converged", ""),
        (
            Ended,
            none,
            "not converged: stalled (20, 31, 24, 22 open)",
            stalled,
        ),
        (Failed, Some("no tool"), "failed: no tool", "no tool"),
        (
            Failed,
            Some(" "),
            "failed: its loop did not say why",
            "its loop did not say why",
        ),
        (Interrupted, none, "interrupted", &lost),
        (Interrupted, Some("told to stop"), "interrupted", &stopped),
    ] {
        let found = verdict(status, why, &series, 0);
        assert_eq!((found.text.as_str(), found.reason.as_str()), (text, reason));
        assert_eq!(found.trend, before.kind);
        assert_eq!(found.open, [20, 31, 24, 22]);
        assert!(found.text.starts_with(found.kind.label()), "{found:?}");
    }
}

#[test]
fn a_session_that_ended_early_is_not_called_after_a_trend() {
    let ended = |series: &[(u32, u32)]| verdict(SessionStatus::Ended, None, &rows(series), 0).text;
    assert_eq!(ended(&[]), "not converged: no iteration was complete");
    assert_eq!(
        ended(&[(5, 0), (3, 0)]),
        "not converged: too few iterations to tell (5, 3 open)"
    );
    assert_eq!(
        ended(&[(5, 0), (3, 0), (1, 0)]),
        "not converged: converging (5, 3, 1 open)"
    );
}

#[test]
fn a_failed_validation_is_no_finding_but_nothing_is_well_with_it() {
    let mut series = rows(&[(0, 0), (0, 0), (0, 0)]);
    for row in &mut series {
        row.validated = Some(false);
    }
    let found = verdict(SessionStatus::Ended, None, &series, 0);
    assert_eq!(
        found.text,
        "not converged: stalled (0, 0, 0 open; validation failed in #1, #2, #3)"
    );
    assert_eq!(found.open, [0, 0, 0]);
    series[2].validated = Some(true);
    let better = verdict(SessionStatus::Running, None, &series, 0);
    assert_eq!(better.kind, VerdictKind::Converging);
    // A validation does not look for findings.
    for row in &mut series {
        row.open = None;
    }
    let only = verdict(SessionStatus::Ended, None, &series, 0);
    assert_eq!(
        only.reason,
        "it cannot be told, since no step that looks told what it found \
         (–, –, – open; validation failed in #1, #2)"
    );
}

#[test]
fn nothing_is_said_of_numbers_that_nobody_knows() {
    let blind = |row: &mut IterationMetrics, open: Option<u32>| {
        row.open = open;
        row.untold = vec![LoopStep::Diagnose];
        row.steps = vec![StepMetrics {
            step: LoopStep::Diagnose,
            started_at: None,
            ended_at: None,
            duration_seconds: None,
            success: Some(false),
            findings: None,
            fixes: None,
            by_exit_status: false,
        }];
    };
    let mut series = rows(&[(3, 0), (0, 0), (0, 0)]);
    blind(&mut series[1], None);
    blind(&mut series[2], None);
    let since = "it cannot be told, since diagnose failed in #2, #3 (3, –, – open)";
    let found = verdict(SessionStatus::Ended, None, &series, 0);
    assert_eq!(found.text, format!("not converged: {since}"));
    assert_eq!((found.iterations, found.open), (vec![1], vec![3]));
    let found = verdict(SessionStatus::Running, None, &series, 0);
    assert_eq!(
        (found.kind, found.text.as_str()),
        (VerdictKind::TooEarly, since)
    );
    // What is listed stays open; whether there is more, nobody knows.
    let mut falling = rows(&[(5, 0), (3, 0), (1, 0)]);
    blind(&mut falling[2], Some(1));
    let found = verdict(SessionStatus::Running, None, &falling, 0);
    assert_eq!(found.trend, VerdictKind::TooEarly);
    // One that was blind in between is left out.
    let mut later = rows(&[(5, 0), (3, 0), (9, 0), (1, 0)]);
    blind(&mut later[2], None);
    let found = verdict(SessionStatus::Running, None, &later, 0);
    assert_eq!(found.text, "converging (5, 3, –, 1 open)");
}

#[test]
fn an_event_that_could_not_be_read_is_said() {
    let series = rows(&[(5, 0), (3, 0), (0, 0)]);
    let of = |status, refused| verdict(status, None, &series, refused).text;
    let one = "one of its events could not be read";
    assert_eq!(of(SessionStatus::Converged, 1), format!("converged: {one}"));
    assert_eq!(
        of(SessionStatus::Ended, 1),
        format!("not converged: it cannot be told, since {one} (5, 3, 0 open)")
    );
    assert!(of(SessionStatus::Running, 2).contains("events of it could not be read, 2 times"));
}

/// From bad to good.
fn rank(kind: VerdictKind) -> usize {
    use VerdictKind::{Converged, Converging, Diverging, Failed, Interrupted, NotConverged};
    use VerdictKind::{Oscillating, Stalled, TooEarly};
    let order = [
        Failed,
        NotConverged,
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
        let before = verdict(status, None, &rows(&series), 0);
        let mut longer = series.clone();
        longer.push((0, 0));
        let after = verdict(status, None, &rows(&longer), 0);
        for (before, after) in [(before.kind, after.kind), (before.trend, after.trend)] {
            prop_assert!(rank(after) >= rank(before), "{:?}: {:?} to {:?}", series, before, after);
        }
    }
}
