//! What convergence loops send, and what it adds up to.

use serde_json::{Value, json};

use super::{
    LARGEST, NOT_BLANK, WITHOUT_NUL, anything, ids, matching, most, ratio, text, text_of, whole,
};
use crate::domain::WORD;

pub(super) fn bounds() -> Vec<(&'static str, Value)> {
    let iterations = |most: usize| json!({"maxItems": most, "items": whole(0, u32::MAX)});
    vec![
        (
            "Session",
            json!({
                "session_id": text_of(1, WORD),
                "name": text(LARGEST),
                "task_id": {"maxLength": WORD},
                "error": {"maxLength": LARGEST},
                "end_reason": {"maxLength": LARGEST},
                "source": text(LARGEST),
            }),
        ),
        ("SessionStats", json!({"convergence_rate": ratio()})),
        (
            "SessionEvent",
            json!({
                "event_id": text_of(1, WORD),
                "state": text(LARGEST),
                // Capitals may be longer than what they stand for.
                "event_type": text(600),
                "data": anything(),
            }),
        ),
        (
            "Finding",
            json!({
                "fingerprint": matching("^[0-9a-f]{32}$", 32),
                "type": text(2001),
                "area": text(2001),
                "description": text(2001),
            }),
        ),
        (
            "Acceptance",
            json!({"by": text(WORD), "reason": text_of(1, 2000)}),
        ),
        ("AcceptReason", json!({"reason": matching(NOT_BLANK, 2000)})),
        (
            "IterationMetrics",
            json!({"steps": ids(4), "untold": ids(2)}),
        ),
        (
            "Verdict",
            json!({
                "reason": text(LARGEST),
                "text": text(LARGEST),
                "iterations": iterations(4),
                "open": iterations(4),
                "regressed": iterations(4),
            }),
        ),
        (
            "LoopLink",
            json!({"url": text(LARGEST), "error": {"maxLength": LARGEST}}),
        ),
        (
            "LatestState",
            json!({"session_id": {"maxLength": 200}, "logs": {"items": {"type": "object"}}}),
        ),
        (
            "RefusedEvent",
            json!({"event_id": {"maxLength": 200}, "detail": text(LARGEST)}),
        ),
        (
            "SentEvent",
            json!({
                "event_type": matching(NOT_BLANK, 200),
                "session_id": matching(NOT_BLANK, 200),
                "event_id": matching(WITHOUT_NUL, 200),
                "iteration": most(1_000_000_u64),
            }),
        ),
        (
            "EventBatch",
            json!({"session_id": matching(NOT_BLANK, WORD), "events": ids(LARGEST)}),
        ),
    ]
}
