//! What agents hold, and what workers send.

use serde_json::{Value, json};

use super::{
    LARGEST, NOT_BLANK_LINE, TRIMMED, WITHOUT_NUL, agent_name, from_one, ids, list, matching,
    ratio, text, text_in, text_of,
};
use crate::domain::{
    CAPABILITIES, CONCURRENCY, LARGEST_BODY, LIMITS, LONGEST_NAME, OPTION_TEXT, WORD,
};

pub(super) fn bounds() -> Vec<(&'static str, Value)> {
    let lease = || text_of(1, WORD);
    vec![
        (
            "Agent",
            json!({
                "name": agent_name(),
                "title": text(WORD),
                "profile": {"maxLength": LONGEST_NAME},
                "running": json!({"maxItems": CONCURRENCY}),
                "concurrency": from_one(CONCURRENCY),
                "capabilities": list(&text(WORD), CAPABILITIES),
                "error": {"maxLength": LARGEST},
                "quota": ids(CAPABILITIES),
            }),
        ),
        (
            "Quota",
            json!({"window": text(WORD), "source": text(WORD), "used_ratio": ratio()}),
        ),
        ("AgentMetrics", json!({"busy_ratio": ratio()})),
        (
            "NewAgent",
            json!({
                "name": agent_name(),
                "title": {"maxLength": LIMITS.title, "pattern": NOT_BLANK_LINE},
                "capabilities": list(&text_in(1, WORD, TRIMMED), CAPABILITIES),
                "concurrency": from_one(CONCURRENCY),
            }),
        ),
        (
            "Leases",
            json!({"leases": list(&matching(WITHOUT_NUL, LARGEST_BODY), 1000)}),
        ),
        ("LeaseTerms", json!({"id": lease()})),
        (
            "Heartbeat",
            json!({"cancel": list(&text(LARGEST_BODY), 1000), "input": ids(LARGEST)}),
        ),
        (
            "Input",
            json!({
                "question": text_of(1, WORD),
                "text": text(LIMITS.description),
                "option": {"maxLength": OPTION_TEXT},
            }),
        ),
    ]
}
