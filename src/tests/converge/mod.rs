//! The loop as a program: what it runs, how it ends, and what others hear of it.
//!
//! This needs the programs: `cargo build --features ssr --bin kimi-converge --bin kimi-dashboard`.

mod answers;
mod changes;
mod dashboard;
mod environment;
mod fixes;
mod hook;
mod journals;
mod kept;
mod long;
mod mock;
mod program;
mod refusals;
mod reports;
mod runs;
mod socket;
mod stopped;
mod unsaid;
mod webhook;

/// A project whose test fails first, and passes once the fix step has read why.
const PROJECT: &str = r"
target: work
loop: {max_iterations: 6, backoff_seconds: 0}
steps:
  diagnose: {tool: ./diagnose.sh}
  fix: {tool: ./fix.sh}
  validate: {tool: ./test.sh}
events: {emit_interval: 0}
";
const DIAGNOSE: &str = r#"
grep -q TO-DO notes && echo '{"findings": [{"type": "note", "file": "notes", "line": 1,
    "severity": "low", "description": "something is left to do"}]}' || echo '{"findings": []}'
"#;
const FIX: &str = r#"
grep -q "expected 42" "$CONVERGENCE_FINDINGS_FILE" && echo 42 > answer
grep -q "left to do" "$CONVERGENCE_FINDINGS_FILE" && echo done > notes
true
"#;
const TEST: &str =
    r#"[ "$(cat answer)" = 42 ] || { echo "expected 42, found $(cat answer)" >&2; exit 1; }"#;
