//! The rules, as tables and as properties over the recordings of a real loop.

mod agreement;
mod decoding;
mod endings;
mod findings;
mod moves;
mod partial;
mod recordings;
mod titles;
mod verdicts;

use serde_json::Value;

use super::{LoopEvent, SessionBook, decode_batch};
use crate::domain::Timestamp;

/// When all events came; a time for those that have none.
const NOW: Timestamp = Timestamp(1_795_340_000_000_000);

/// One frame or POST a line, as the real loop sent them.
pub(super) const CONVERGED: &str =
    include_str!("../../../tests/data/convergence/run-converged.ndjson");
pub(super) const NOT_CONVERGED: &str =
    include_str!("../../../tests/data/convergence/run-not-converged.ndjson");
pub(super) const WEBHOOK: &str =
    include_str!("../../../tests/data/convergence/webhook-posts.ndjson");

fn events(lines: &str) -> Vec<LoopEvent> {
    let batches = lines
        .lines()
        .map(|line| decode_batch(serde_json::from_str(line).unwrap(), NOW));
    batches
        .flat_map(|batch| {
            assert_eq!(batch.problems, []);
            batch.events
        })
        .collect()
}

fn event(sent: Value) -> LoopEvent {
    let mut batch = decode_batch(sent, NOW);
    assert_eq!(batch.problems, []);
    batch.events.pop().unwrap()
}

/// A book of `events`, each counted once.
fn book<'a>(events: impl IntoIterator<Item = &'a LoopEvent>) -> SessionBook {
    let mut book = SessionBook::default();
    let mut known = std::collections::HashSet::new();
    for (event, arrival) in events.into_iter().zip(1..) {
        if known.insert(event.event_id.clone()) {
            book.add(event, arrival);
        }
    }
    book
}
