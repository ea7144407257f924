//! What the end of a session, and errors before it, say of how it went: in the words of many loops.

use serde_json::Value;

use super::whole::truth;
use super::{LoopEvent, LoopState};

/// What the end of a session says of it.
pub(super) struct End {
    pub(super) interrupted: bool,
    /// Why it ended, where that is no error.
    pub(super) reason: Option<String>,
    /// Why it failed, where it says that it did. One that was broken off did not.
    pub(super) failure: Option<String>,
    /// Whether it converged, where it says so.
    pub(super) converged: Option<bool>,
}

impl End {
    pub(super) fn of(event: &LoopEvent) -> Self {
        let data = event.data();
        let says = |name: &str| data.get(name).and_then(truth);
        let state = data.get("final_state").and_then(Value::as_str);
        let state = state.and_then(LoopState::parse);
        let reached = says("convergence_reached").or_else(|| says("converged"));
        let denies = state == Some(LoopState::Failed)
            || reached == Some(false)
            || says("success") == Some(false);
        let converged = state == Some(LoopState::Converged) || reached == Some(true);
        let interrupted = says("interrupted") == Some(true);
        let words = ["error", "errors", "exception"].map(|name| data.get(name).and_then(words_of));
        let words = words.into_iter().flatten().next();
        // An error that it names beside its success was overcome.
        let has_failed = denies || !(converged || says("success") == Some(true));
        Self {
            interrupted,
            reason: data.get("reason").and_then(words_of),
            failure: words.filter(|_| has_failed && !interrupted),
            converged: (denies || converged).then_some(!denies),
        }
    }
}

/// The words of an `ERROR`.
pub(super) fn error_of(event: &LoopEvent) -> String {
    let data = event.data();
    let names = [
        "error",
        "message",
        "detail",
        "exception",
        "reason",
        "errors",
    ];
    let mut all = names.iter().filter_map(|name| data.get(*name));
    let words = all.find_map(words_of);
    let words = words.or_else(|| data.as_str().and_then(said));
    words.unwrap_or_else(|| "the loop did not say why".to_owned())
}

/// The words of an error, which may be an object that holds them, or a list of such.
fn words_of(value: &Value) -> Option<String> {
    match value {
        Value::String(words) => said(words),
        Value::Object(inner) => {
            let names = ["message", "error", "detail", "description", "type"];
            let mut inner = names.iter().filter_map(|name| inner.get(*name)?.as_str());
            inner.find_map(said)
        }
        Value::Array(all) => all.iter().find_map(|one| match one {
            Value::Array(_) => None,
            one => words_of(one),
        }),
        _ => None,
    }
}

/// The beginning of words that say something.
fn said(words: &str) -> Option<String> {
    let words = words.trim();
    (!words.is_empty()).then(|| beginning(words))
}

fn beginning(words: &str) -> String {
    words.chars().take(2000).collect()
}

/// True for words of a loop that ran into a limit of its own: "Max iterations (2) reached".
/// Migration 0009 has nearly the same in SQL, for what was stored before.
///
/// Only its own sentence is one: a tool that failed may speak of limits, too.
pub(super) fn names_a_limit(words: &str) -> bool {
    let words = words.trim().trim_end_matches('.').to_lowercase();
    if words.contains('\n') || words.chars().count() > LONGEST_LIMIT {
        return false;
    }
    let reached = ["reached", "exceeded", "exhausted", "hit"];
    // "Max iterations (2) reached", "Reached the maximum number of iterations (10)".
    let first = reached.iter().find_map(|it| words.strip_prefix(it));
    let limit = first.unwrap_or(&words).trim_start();
    let limit = limit.strip_prefix("the ").unwrap_or(limit);
    let is_said = first.is_some() || reached.iter().any(|it| limit.contains(it));
    let in_number = ["max ", "maximum ", "iteration limit", "limit of "];
    let in_number = in_number.iter().any(|it| limit.starts_with(it)) && limit.contains("iteration");
    // What a tool waits for in vain has a name: "Timeout reached while connecting to db".
    let bare = |rest: &str| {
        let mut words = rest.split(|c: char| !c.is_alphanumeric() && c != '.');
        words.all(|word| {
            let word = word.trim_start_matches(|c: char| c.is_ascii_digit() || c == '.');
            let known = [
                "", "after", "of", "s", "sec", "second", "seconds", "min", "minute",
            ];
            known.contains(&word)
                || matches!(word, "minutes" | "h" | "hour" | "hours" | "ms")
                || reached.contains(&word)
        })
    };
    let in_time = ["timeout", "time limit"]
        .iter()
        .filter_map(|it| limit.strip_prefix(it));
    is_said && (in_number || in_time.into_iter().any(bare))
}

/// Characters of a sentence that names a limit.
const LONGEST_LIMIT: usize = 100;

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{names_a_limit, words_of};

    #[test]
    fn a_loop_names_its_limit_in_many_words_and_a_tool_that_speaks_of_one_does_not() {
        for words in [
            "Max iterations (2) reached",
            "Reached maximum iterations (10)",
            "Reached the maximum number of iterations (10).",
            "Maximum number of iterations reached",
            "max iterations exceeded",
            "Iteration limit exhausted",
            "Timeout (60 s) reached",
            "Timeout reached after 3600 seconds",
            "Timeout of 3600s exceeded",
            "Time limit reached (1.5 h)",
        ] {
            assert!(names_a_limit(words), "{words}");
        }
        for words in [
            "timeout",
            "Timeout reached while connecting to the database",
            "eslint: maximum call stack size exceeded",
            "maximum memory reached",
            "the test reached max iterations of its solver",
            "disk full",
            "max iterations reached\nat solver.py:3",
        ] {
            assert!(!names_a_limit(words), "{words}");
        }
    }

    #[test]
    fn the_words_of_an_error_are_found_where_they_stand() {
        for (value, expected) in [
            (json!(" disk full "), Some("disk full")),
            (json!(""), None),
            (json!({"message": "disk full"}), Some("disk full")),
            (json!({"code": 5, "error": "disk full"}), Some("disk full")),
            (json!(["", {"detail": "disk full"}]), Some("disk full")),
            (json!([["deep"]]), None),
            (json!(5), None),
            (Value::Null, None),
        ] {
            assert_eq!(words_of(&value).as_deref(), expected, "{value}");
        }
    }
}
