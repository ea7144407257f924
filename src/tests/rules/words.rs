//! What other programs call a level, a severity and a state: one table each.

use serde_json::json;

use crate::domain::{
    AgentEvent, LogLevel, LoopState, NewLog, SessionStatus, Severity, Sighting, StreamLine,
    VerdictKind,
};

/// Every word that is known, by what it means; no other is.
const LEVELS: [(LogLevel, &[&str]); 4] = [
    (
        LogLevel::Debug,
        &[
            "debug", "trace", "verbose", "fine", "finer", "finest", "silly", "trc", "dbg",
        ],
    ),
    (
        LogLevel::Info,
        &[
            "info",
            "information",
            "informational",
            "notice",
            "note",
            "log",
            "inf",
        ],
    ),
    (LogLevel::Warn, &["warn", "warning", "wrn"]),
    (
        LogLevel::Error,
        &[
            "error",
            "err",
            "severe",
            "critical",
            "crit",
            "fatal",
            "ftl",
            "alert",
            "emergency",
            "emerg",
            "panic",
        ],
    ),
];

const SEVERITIES: [(Severity, &[&str]); 5] = [
    (
        Severity::Low,
        &[
            "low",
            "minor",
            "trivial",
            "negligible",
            "note",
            "notice",
            "info",
            "information",
            "informational",
            "hint",
            "suggestion",
            "recommendation",
            "convention",
            "refactor",
            "style",
        ],
    ),
    (
        Severity::Medium,
        &["medium", "med", "moderate", "warning", "warn"],
    ),
    (
        Severity::High,
        &[
            "high",
            "error",
            "err",
            "major",
            "serious",
            "severe",
            "important",
        ],
    ),
    (
        Severity::Critical,
        &[
            "critical",
            "crit",
            "fatal",
            "blocker",
            "alert",
            "emergency",
            "emerg",
            "panic",
        ],
    ),
    // It is not said to be harmless, so it counts.
    (
        Severity::Unknown,
        &[
            "unknown", "", "none", "p1", "2", "10.5", "bad", "lowest", "odd", "debug",
        ],
    ),
];

/// As programs write a word.
fn spellings(word: &str) -> [String; 3] {
    [word.to_owned(), word.to_uppercase(), format!(" {word}\n")]
}

#[test]
fn every_word_for_a_level_means_the_same_at_every_door() {
    for (level, words) in LEVELS {
        assert_eq!(LogLevel::read(level.as_str()), Some(level));
        for word in words.iter().flat_map(|word| spellings(word)) {
            assert_eq!(LogLevel::read(&word), Some(level), "{word:?}");
            let entry = json!({"message": "x", "level": word});
            let posted: NewLog = serde_json::from_value(entry.clone()).unwrap();
            assert_eq!(posted.level, level, "{word:?} posted");
            for line in [
                json!({"log": "x", "level": word}),
                json!({"log": {"message": "x", "level": word}}),
            ] {
                let events = StreamLine::parse(&line.to_string()).unwrap().events;
                assert!(
                    matches!(&events[..], [AgentEvent::Log(said)] if said.level == level),
                    "{events:?}"
                );
            }
        }
    }
    for word in ["", "loud", "30", "3", "debugging", "none", "unknown"] {
        assert_eq!(LogLevel::read(word), None, "{word:?}");
        let posted = serde_json::from_value::<NewLog>(json!({"message": "x", "level": word}));
        let words = posted.unwrap_err().to_string();
        assert!(
            words.contains("`debug`, `info`, `warn`, `error`"),
            "{words}"
        );
    }
}

#[test]
fn every_word_for_a_severity_means_the_same_and_no_other_is_taken_for_harmless() {
    for (severity, words) in SEVERITIES {
        assert_eq!(Severity::read(severity.as_str()), severity);
        for word in words.iter().flat_map(|word| spellings(word)) {
            assert_eq!(Severity::read(&word), severity, "{word:?}");
            for field in ["severity", "level", "priority"] {
                let entry = json!({"description": "x", field: word});
                let sighting = Sighting::read(&entry, "finding").unwrap();
                assert_eq!(sighting.severity, severity, "{entry}");
            }
        }
    }
    for untold in [json!({"severity": 9}), json!("high")] {
        assert_eq!(Severity::of(&untold), Severity::Unknown, "{untold}");
    }
    // A score of CVSS has a point; a known word may stand among others that change nothing.
    for (told, severity) in [
        (json!(9.8), Severity::Critical),
        (json!("7.5"), Severity::High),
        (json!("SEVERITY_MEDIUM"), Severity::Medium),
        (json!("Very High"), Severity::High),
        (json!(["LOW"]), Severity::Low),
        (json!("not low"), Severity::Unknown),
    ] {
        let entry = json!({"description": "x", "severity": told});
        assert_eq!(Severity::of(&entry), severity, "{told}");
    }
}

#[test]
fn a_severity_is_known_by_the_names_that_tools_give_it() {
    for (told, severity) in [
        (json!({"Severity": "HIGH"}), Severity::High),
        (json!({"issue_severity": "HIGH"}), Severity::High),
        (json!({"cvss": 9.8}), Severity::Critical),
        (json!({"cvss": 9}), Severity::Critical),
        (json!({"cvss": {"score": "7,5"}}), Severity::High),
        (json!({"cvss": "high"}), Severity::High),
        (json!({"cvssScore": "9.8"}), Severity::Critical),
        (json!({"risk": "High"}), Severity::High),
        (json!({"riskdesc": "High (Medium)"}), Severity::High),
        (json!({"impact": "critical"}), Severity::Critical),
        (json!({"extra": {"severity": "ERROR"}}), Severity::High),
        (
            json!({"rule": {"name": "r", "severity": "error"}}),
            Severity::High,
        ),
        (json!({"info": {"severity": "low"}}), Severity::Low),
        // The first that says it decides, and what is no word for it says nothing.
        (json!({"severity": "low", "cvss": 9.8}), Severity::Low),
        (
            json!({"severity": "", "level": "note", "risk": "high"}),
            Severity::Low,
        ),
        (
            json!({"severity": "P0", "level": "note"}),
            Severity::Unknown,
        ),
        (json!({"cvss": "CVSS:3.1/AV:N/AC:L"}), Severity::Unknown),
        (json!({"cvss": 11}), Severity::Unknown),
        (
            json!({"impact": "a critical error may be hidden"}),
            Severity::Unknown,
        ),
        (json!({"risk": "some", "rule": "high"}), Severity::Unknown),
    ] {
        assert_eq!(Severity::of(&told), severity, "{told}");
        assert_eq!(
            Sighting::read(&told, "x").map(|it| it.severity),
            Some(severity),
            "{told}"
        );
    }
}

#[test]
fn every_state_has_one_name_and_one_word() {
    let words = [
        (LoopState::Idle, "IDLE", "Idle"),
        (LoopState::Diagnosing, "DIAGNOSING", "Diagnosing"),
        (LoopState::Fixing, "FIXING", "Fixing"),
        (LoopState::Attacking, "ATTACKING", "Attacking"),
        (LoopState::Validating, "VALIDATING", "Validating"),
        (LoopState::Converged, "CONVERGED", "Converged"),
        (LoopState::Failed, "FAILED", "Failed"),
    ];
    assert_eq!(words.map(|(state, ..)| state), LoopState::ALL);
    for (state, name, word) in words {
        for spelling in spellings(name).into_iter().chain(spellings(word)) {
            assert_eq!(LoopState::parse(&spelling), Some(state), "{spelling:?}");
        }
        assert_eq!((state.as_str(), state.label()), (name, word));
    }
    for word in ["", "DONE", "COMPLETED", "ERROR", "RUNNING", "VALIDATE"] {
        assert_eq!(LoopState::parse(word), None, "{word:?}");
    }
    let statuses = [
        (SessionStatus::Running, "running", "running"),
        (SessionStatus::Converged, "converged", "converged"),
        (SessionStatus::Failed, "failed", "failed"),
        (SessionStatus::Ended, "ended", "not converged"),
        (SessionStatus::Interrupted, "interrupted", "interrupted"),
    ];
    assert_eq!(statuses.map(|(status, ..)| status), SessionStatus::ALL);
    for (status, name, word) in statuses {
        assert_eq!(SessionStatus::parse(name), Some(status));
        assert_eq!((status.as_str(), status.label()), (name, word));
    }
    for (kind, word) in [
        (VerdictKind::Converging, "converging"),
        (VerdictKind::Stalled, "stalled"),
        (VerdictKind::Oscillating, "oscillating"),
        (VerdictKind::Diverging, "diverging"),
        (VerdictKind::Converged, "converged"),
        (VerdictKind::Failed, "failed"),
        (VerdictKind::Interrupted, "interrupted"),
        (VerdictKind::TooEarly, "too early to tell"),
    ] {
        assert_eq!(kind.label(), word);
    }
}
