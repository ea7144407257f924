//! The rules that hold for every input, tried with many: the moves of a task, and the order of
//! the queue against a model so simple that it is right; and what words mean.

mod queue;
mod transitions;
mod words;

use proptest::test_runner::Config;

/// A failure prints the smallest input that fails; it leaves no files behind.
fn config() -> Config {
    Config {
        cases: 500,
        failure_persistence: None,
        ..Config::default()
    }
}
