//! How a session stands after events of every kind.

use serde_json::{Value, json};

use super::super::{LoopState, Session, SessionStatus};
use super::{book, event};

/// A session of these events, one a second: type, data, and the state that the sender wrote.
fn session(events: &[(&str, Value, &str)]) -> Session {
    let events: Vec<_> = events
        .iter()
        .zip(1_u32..)
        .map(|((name, data, state), second)| {
            event(
                json!({"session_id": "s", "event_type": name, "data": data, "state": state,
                "iteration": 1, "timestamp": 1_795_336_200 + second}),
            )
        })
        .collect();
    let session = Session::of("s".into(), "webhook".into(), &book(&events).facts, false);
    // Whatever comes last, the order of arrival does not matter.
    let backwards = book(events.iter().rev());
    assert_eq!(
        Session::of("s".into(), "webhook".into(), &backwards.facts, false),
        session
    );
    session
}

fn step(name: &str) -> (&'static str, Value, &'static str) {
    ("STEP_STARTED", json!({"step": name}), "IDLE")
}

fn moved(to: &str) -> (&'static str, Value, &'static str) {
    ("STATE_CHANGED", json!({"to": to}), "IDLE")
}

#[test]
fn every_ending_is_told_apart() {
    use LoopState::{Converged, Diagnosing, Failed, Fixing, Idle};
    let ended = ("SESSION_ENDED", json!({}), "IDLE");
    let error = ("ERROR", json!({"error": "no"}), "IDLE");
    let reached = ("CONVERGENCE_REACHED", json!({}), "IDLE");
    let broken_off = ("SESSION_ENDED", json!({"interrupted": true}), "IDLE");
    let odd = ("METRICS", json!({}), "IDLE");
    let cases: [(&[_], SessionStatus, LoopState); 14] = [
        (
            &[("METRICS", json!({}), "IDLE")],
            SessionStatus::Running,
            Idle,
        ),
        (&[step("diagnose")], SessionStatus::Running, Diagnosing),
        (
            &[step("diagnose"), moved("fixing")],
            SessionStatus::Running,
            Fixing,
        ),
        (
            &[step("fix"), error.clone()],
            SessionStatus::Running,
            Fixing,
        ),
        (
            &[step("fix"), error.clone(), ended.clone()],
            SessionStatus::Failed,
            Failed,
        ),
        // It went on after the error.
        (
            &[error.clone(), step("fix"), ended.clone()],
            SessionStatus::Ended,
            Fixing,
        ),
        (&[step("fix"), ended.clone()], SessionStatus::Ended, Fixing),
        (
            &[step("fix"), broken_off],
            SessionStatus::Interrupted,
            Fixing,
        ),
        (
            &[step("fix"), moved("FAILED")],
            SessionStatus::Failed,
            Failed,
        ),
        (
            &[step("fix"), reached.clone()],
            SessionStatus::Converged,
            Converged,
        ),
        // Told late, and told in no other way.
        (
            &[step("fix"), reached.clone(), moved("VALIDATING")],
            SessionStatus::Converged,
            Converged,
        ),
        (
            &[step("fix"), ended.clone(), moved("CONVERGED")],
            SessionStatus::Converged,
            Converged,
        ),
        // A session that begins again.
        (
            &[reached, ended.clone(), step("diagnose")],
            SessionStatus::Running,
            Diagnosing,
        ),
        (&[ended, odd], SessionStatus::Ended, Idle),
    ];
    for (events, status, state) in cases {
        let found = session(events);
        assert_eq!(
            (found.status, found.final_state),
            (status, state),
            "{events:?}"
        );
        let over = !matches!(status, SessionStatus::Running);
        assert_eq!(found.end_time.is_some(), over, "{events:?}");
    }
}

#[test]
fn a_loop_that_reached_a_limit_did_not_fail() {
    use SessionStatus::{Ended, Failed};
    let ended = ("SESSION_ENDED", json!({}), "IDLE");
    let said = |data: Value| ("ERROR", data, "IDLE");
    let error = said(json!({"error": "no"}));
    let limit = said(json!({"error": "Max iterations (4) reached"}));
    let out = said(json!({"error": "enough", "outcome": "not_converged"}));
    let failed = moved("FAILED");
    for (events, status) in [
        (vec![limit.clone(), ended.clone()], Ended),
        (vec![limit.clone(), failed.clone(), ended.clone()], Ended),
        (vec![limit.clone(), failed], Ended),
        (vec![out.clone(), ended.clone()], Ended),
        // The last that it says counts.
        (vec![out, error.clone(), ended.clone()], Failed),
        (vec![limit, error, ended], Failed),
    ] {
        let found = session(&[vec![step("fix")], events].concat());
        let state = LoopState::Failed;
        assert_eq!((found.status, found.final_state), (status, state));
    }
}

#[test]
fn a_loop_whose_events_only_write_a_state_is_believed() {
    let written = |state: &'static str| ("TICK", json!({}), state);
    let found = session(&[written("FIXING"), written("IDLE")]);
    assert_eq!(
        (found.status, found.final_state),
        (SessionStatus::Running, LoopState::Fixing)
    );
    let done = session(&[written("FIXING"), written("CONVERGED")]);
    assert_eq!(
        (done.status, done.final_state),
        (SessionStatus::Converged, LoopState::Converged)
    );
    // What events are comes first.
    let both = session(&[step("attack"), written("FIXING")]);
    assert_eq!(both.final_state, LoopState::Attacking);
}

#[test]
fn why_a_session_ended_is_said_where_it_is_known() {
    let facts = |events: &[(&str, Value, &str)]| {
        let events = events
            .iter()
            .zip(1_u32..)
            .map(|((name, data, state), second)| {
                event(
                    json!({"session_id": "s", "event_type": name, "data": data, "state": state,
                "iteration": 1, "timestamp": 1_795_336_200 + second}),
                )
            });
        book(&events.collect::<Vec<_>>()).facts
    };
    let told = json!({"interrupted": true, "reason": "told to stop"});
    let stopped = facts(&[step("fix"), ("SESSION_ENDED", told, "IDLE")]);
    assert_eq!(stopped.why(stopped.status(false)), Some("told to stop"));
    let failed = facts(&[step("fix"), ("ERROR", json!({"error": "no"}), "FAILED")]);
    assert_eq!(failed.why(failed.status(false)), Some("no"));
    // It went on after that error, so that is not why.
    let later = [
        ("ERROR", json!({"error": "no"}), "IDLE"),
        step("fix"),
        moved("FAILED"),
    ];
    let later = facts(&later);
    assert_eq!(later.status(false), SessionStatus::Failed);
    assert_eq!(later.why(SessionStatus::Failed), None);
    let lost = facts(&[("ERROR", json!({"error": "no"}), "IDLE"), step("fix")]);
    assert_eq!(lost.why(lost.status(true)), None);
    for (words, gave_up) in [
        ("Max iterations (2) reached", true),
        ("maximum iterations exceeded", true),
        ("Iteration limit exhausted.", true),
        ("Timeout (3 min 0 s) reached", true),
        ("max iterations must be a number", false),
        ("fix: Timeout (3 s) reached", false),
        ("iteration 2: kimi exceeded its quota", false),
        (
            "Traceback (most recent call last): retries exhausted after max iterations of backoff",
            false,
        ),
        ("Max iterations (2) reached\nTraceback: no more", false),
    ] {
        let ended = facts(&[
            step("fix"),
            ("ERROR", json!({"error": words}), "IDLE"),
            ("SESSION_ENDED", json!({}), "IDLE"),
        ]);
        let expected = if gave_up {
            SessionStatus::Ended
        } else {
            SessionStatus::Failed
        };
        assert_eq!(ended.status(false), expected, "{words}");
        assert_eq!(ended.why(expected), Some(words));
    }
}

#[test]
fn an_end_that_says_that_it_failed_is_believed() {
    use SessionStatus::{Converged, Ended, Failed, Interrupted};
    let reached = ("CONVERGENCE_REACHED", json!({}), "IDLE");
    let end = |data: Value| ("SESSION_ENDED", data, "IDLE");
    let failed = json!({"success": false, "error": "no space", "final_state": "FAILED"});
    let limit = json!({"success": false, "error": "Max iterations (2) reached"});
    let stopped = json!({"success": false, "error": "told to", "interrupted": true});
    for (before, data, status, error) in [
        (step("fix"), failed.clone(), Failed, Some("no space")),
        (reached.clone(), failed, Failed, Some("no space")),
        (
            step("fix"),
            limit,
            Ended,
            Some("Max iterations (2) reached"),
        ),
        (step("fix"), stopped, Interrupted, None),
        (step("fix"), json!({"success": false}), Ended, None),
        (
            reached,
            json!({"success": true, "error": null}),
            Converged,
            None,
        ),
    ] {
        let found = session(&[before, end(data.clone())]);
        let told = (found.status, found.error.as_deref());
        assert_eq!(told, (status, error), "{data}");
    }
}

#[test]
fn the_end_of_a_session_is_believed_when_it_says_how_it_went() {
    use SessionStatus::{Converged, Ended, Failed, Interrupted};
    let reached = ("CONVERGENCE_REACHED", json!({}), "IDLE");
    let end = |data: Value| ("SESSION_ENDED", data, "IDLE");
    for (events, status, why) in [
        // Its last word is that it did not.
        (
            vec![
                reached.clone(),
                end(json!({"final_state": "FAILED", "success": false})),
            ],
            Ended,
            None,
        ),
        (
            vec![reached.clone(), end(json!({"convergence_reached": false}))],
            Ended,
            None,
        ),
        (vec![reached.clone(), end(json!({}))], Converged, None),
        // Who listens late hears only the end.
        (
            vec![end(json!({"final_state": "CONVERGED", "success": true}))],
            Converged,
            None,
        ),
        (
            vec![end(json!({"convergence_reached": "true"}))],
            Converged,
            None,
        ),
        (vec![end(json!({"success": true}))], Ended, None),
        (
            vec![end(json!({"error": "disk full"}))],
            Failed,
            Some("disk full"),
        ),
        (
            vec![end(
                json!({"error": {"message": "disk full"}, "success": 0}),
            )],
            Failed,
            Some("disk full"),
        ),
        (
            vec![end(json!({"error": "Max iterations (3) reached"}))],
            Ended,
            Some("Max iterations (3) reached"),
        ),
        (
            vec![end(json!({"reason": "budget exhausted"}))],
            Ended,
            Some("budget exhausted"),
        ),
        (
            vec![end(
                json!({"reason": "SIGTERM", "interrupted": true, "error": "x"}),
            )],
            Interrupted,
            Some("SIGTERM"),
        ),
        // What went wrong was overcome.
        (
            vec![reached, end(json!({"success": true, "error": "a retry"}))],
            Converged,
            None,
        ),
    ] {
        let found = session(&[vec![step("fix")], events.clone()].concat());
        let told = found.error.or(found.end_reason);
        assert_eq!((found.status, told.as_deref()), (status, why), "{events:?}");
    }
}

#[test]
fn an_error_that_a_later_success_overcame_did_not_end_it() {
    use SessionStatus::{Ended, Failed};
    let error = ("ERROR", json!({"error": "flaky test, retrying"}), "IDLE");
    let done = |success: bool| {
        let data = json!({"step": "validate", "success": success});
        ("STEP_COMPLETE", data, "IDLE")
    };
    let ended = ("SESSION_ENDED", json!({}), "IDLE");
    for (success, status) in [(true, Ended), (false, Failed)] {
        let found = session(&[
            step("validate"),
            error.clone(),
            done(success),
            ended.clone(),
        ]);
        assert_eq!(found.status, status);
    }
}

#[test]
fn the_words_of_an_error_are_found_whatever_they_are_called() {
    let ended = ("SESSION_ENDED", json!({}), "IDLE");
    for data in [
        json!({"error": "disk full"}),
        json!({"error": "", "message": "disk full"}),
        json!({"error": {"message": "disk full"}}),
        json!({"exception": "disk full"}),
        json!({"reason": "disk full"}),
        json!({"errors": [{"detail": "disk full"}]}),
    ] {
        let found = session(&[step("fix"), ("ERROR", data.clone(), "IDLE"), ended.clone()]);
        assert_eq!(found.error.as_deref(), Some("disk full"), "{data}");
    }
}
