//! The state machine.

use super::super::{LoopMove, LoopState, LoopStep};

#[test]
fn every_move_is_legal_from_exactly_these_states() {
    use LoopMove::{AttackComplete, Converge, DiagnosisComplete, Fail, FixComplete, Retry, Start};
    use LoopState::{Attacking, Converged, Diagnosing, Failed, Fixing, Idle, Validating};
    let legal = [
        (Idle, Start, Diagnosing),
        (Idle, Retry, Diagnosing),
        (Diagnosing, DiagnosisComplete, Fixing),
        (Fixing, FixComplete, Attacking),
        (Attacking, AttackComplete, Validating),
        (Validating, Converge, Converged),
        (Validating, Retry, Idle),
        (Idle, Fail, Failed),
        (Diagnosing, Fail, Failed),
        (Fixing, Fail, Failed),
        (Attacking, Fail, Failed),
        (Validating, Fail, Failed),
    ];
    for from in LoopState::ALL {
        for tried in LoopMove::ALL {
            let expected = legal.iter().find(|(at, by, _)| (*at, *by) == (from, tried));
            let found = from.after(tried).ok();
            assert_eq!(found, expected.map(|(_, _, to)| *to), "{from:?} {tried:?}");
        }
    }
    let refused = Converged.after(Start).unwrap_err().to_string();
    assert_eq!(refused, "a loop that is CONVERGED cannot START");
}

#[test]
fn names_are_read_in_any_case() {
    for state in LoopState::ALL {
        assert_eq!(
            LoopState::parse(&state.as_str().to_lowercase()),
            Some(state)
        );
        let text = serde_json::to_string(&state).unwrap();
        assert_eq!(text, format!("\"{}\"", state.as_str()));
    }
    for step in LoopStep::ALL {
        assert_eq!(LoopStep::parse(&step.as_str().to_uppercase()), Some(step));
        assert_eq!(LoopStep::parse(step.state().as_str()), Some(step));
    }
    assert_eq!(LoopState::parse("nowhere"), None);
    assert_eq!(LoopStep::parse("dance"), None);
}
