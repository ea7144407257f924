//! Whatever is tried in whatever order, a task only moves as its state machine says.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

use crate::domain::{TaskStatus, Transition};

fn moves() -> impl Strategy<Value = Vec<Transition>> {
    vec(select(Transition::ALL.to_vec()), 0..40)
}

proptest! {
    #![proptest_config(super::config())]

    #[test]
    fn a_finished_task_never_moves_again(moves in moves()) {
        let mut status = TaskStatus::Pending;
        for transition in moves {
            let next = status.after(transition);
            if status.is_finished() {
                prop_assert!(next.is_err(), "{status:?} {transition:?}");
            }
            if let Ok(next) = next {
                prop_assert_eq!(next, transition.target());
                prop_assert!(next != status, "a move goes somewhere: {status:?} {transition:?}");
                status = next;
            }
        }
    }

    #[test]
    fn only_a_claim_leaves_the_queue_and_only_a_requeue_returns_to_it(moves in moves()) {
        let mut status = TaskStatus::Pending;
        for transition in moves {
            let Ok(next) = status.after(transition) else { continue };
            if status == TaskStatus::Pending {
                prop_assert!(matches!(transition, Transition::Claim | Transition::Cancel));
            }
            if next == TaskStatus::Pending {
                prop_assert_eq!(transition, Transition::Requeue);
            }
            status = next;
        }
    }
}

#[test]
fn toward_and_after_agree() {
    for from in TaskStatus::ALL {
        for to in TaskStatus::ALL {
            let reachable = Transition::ALL.into_iter().any(|t| from.after(t) == Ok(to));
            match from.toward(to) {
                Ok(transition) => assert_eq!(from.after(transition), Ok(to)),
                Err(illegal) => {
                    assert!(!reachable, "{from:?} can become {to:?}");
                    assert_eq!((illegal.from, illegal.to), (from, to));
                }
            }
        }
    }
}
