//! The script of a fake agent: one directive a line. Pure.
//!
//! `log [debug|info|warn|error] text` · `progress 0.4` · `wait 200ms|2s` · `ask question [yes | no]` ·
//! `usage input output [cost]` · `result JSON or text` · `fail reason` ·
//! `hang` (until stopped) · `stubborn 3s` (goes on that long after a polite request to stop)

use std::time::Duration;

use serde_json::Value;

use crate::domain::{Cost, LogLevel, NewQuestion, QuestionOption, UsageReport, is_too_deep};

/// A parsed script.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Script {
    pub(super) steps: Vec<Step>,
    /// How long it goes on after a polite request to stop.
    pub(super) stubborn: Duration,
}

/// One thing that a fake agent does.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Step {
    Log(LogLevel, String),
    Progress(f64),
    Wait(Duration),
    Ask(NewQuestion),
    Usage(UsageReport),
    Result(Value),
    Fail(String),
    Hang,
}

/// What follows `fake:` at the beginning of a task's description.
pub(super) fn within(description: &str) -> Option<&str> {
    description.trim_start().strip_prefix("fake:")
}

impl Script {
    /// Reads a script; the error names the first line that makes no sense.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let mut script = Self::default();
        for (index, line) in text.lines().map(str::trim).enumerate() {
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let (verb, rest) = line.split_once(' ').unwrap_or((line, ""));
            let rest = rest.trim();
            if verb == "stubborn"
                && let Some(time) = duration(rest)
            {
                script.stubborn = time;
            } else if let Some(step) = step(verb, rest) {
                script.steps.push(step);
            } else {
                return Err(format!("script line {}: cannot read {line:?}", index + 1));
            }
        }
        Ok(script)
    }
}

fn step(verb: &str, rest: &str) -> Option<Step> {
    match verb {
        "log" => Some(log(rest)),
        "progress" => {
            let progress = rest.parse().ok()?;
            (0.0..=1.0)
                .contains(&progress)
                .then_some(Step::Progress(progress))
        }
        "wait" => duration(rest).map(Step::Wait),
        "ask" => ask(rest).map(Step::Ask),
        "usage" => usage(rest).map(Step::Usage),
        "result" => {
            let text = || Value::String(rest.to_owned());
            let value = serde_json::from_str(rest).ok();
            let value = value.filter(|value| !is_too_deep(value));
            Some(Step::Result(value.unwrap_or_else(text)))
        }
        "fail" => Some(Step::Fail(rest.to_owned())),
        "hang" => rest.is_empty().then_some(Step::Hang),
        _ => None,
    }
}

/// Text whose first word may be a level.
fn log(rest: &str) -> Step {
    let (word, text) = rest.split_once(' ').unwrap_or((rest, ""));
    // A word alone is what is said.
    let level = LogLevel::read(word).filter(|_| !text.is_empty());
    match level {
        Some(level) => Step::Log(level, text.trim().to_owned()),
        None => Step::Log(LogLevel::Info, rest.to_owned()),
    }
}

/// A question, with what can be chosen in brackets behind it.
fn ask(rest: &str) -> Option<NewQuestion> {
    let listed = rest
        .strip_suffix(']')
        .and_then(|text| text.rsplit_once('['));
    let (text, options) = listed.unwrap_or((rest, ""));
    let option = |label: &str| QuestionOption {
        id: label.to_owned(),
        label: label.to_owned(),
        kind: None,
    };
    let labels = options.split('|').map(str::trim);
    let question = NewQuestion {
        options: labels.filter(|it| !it.is_empty()).map(option).collect(),
        ..NewQuestion::asking(text.trim())
    };
    question.problems().is_empty().then_some(question)
}

fn duration(text: &str) -> Option<Duration> {
    if let Some(number) = text.strip_suffix("ms") {
        return number.parse().ok().map(Duration::from_millis);
    }
    let seconds = text.strip_suffix('s')?.parse().ok()?;
    Duration::try_from_secs_f64(seconds).ok()
}

fn usage(rest: &str) -> Option<UsageReport> {
    let mut words = rest.split_ascii_whitespace();
    let usage = UsageReport {
        input_tokens: Some(words.next()?.parse().ok()?),
        output_tokens: Some(words.next()?.parse().ok()?),
        cost_usd: match words.next() {
            Some(cost) => Some(Cost::parse(cost).ok()?),
            None => None,
        },
        ..UsageReport::default()
    };
    words.next().is_none().then_some(usage)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_directive_is_read() {
        let cases = [
            (
                "log hello there",
                Step::Log(LogLevel::Info, "hello there".into()),
            ),
            ("log warn  odd", Step::Log(LogLevel::Warn, "odd".into())),
            ("log warning", Step::Log(LogLevel::Info, "warning".into())),
            ("progress 0.4", Step::Progress(0.4)),
            ("wait 200ms", Step::Wait(Duration::from_millis(200))),
            ("wait 1.5s", Step::Wait(Duration::from_millis(1500))),
            (
                "ask which one?",
                Step::Ask(NewQuestion::asking("which one?")),
            ),
            (
                "usage 10 20 0.5",
                Step::Usage(UsageReport {
                    input_tokens: Some(10),
                    output_tokens: Some(20),
                    cost_usd: Some(Cost(500_000)),
                    ..UsageReport::default()
                }),
            ),
            (
                "result {\"a\":1}",
                Step::Result(serde_json::json!({"a": 1})),
            ),
            ("result all good", Step::Result("all good".into())),
            ("fail no way", Step::Fail("no way".into())),
            ("hang", Step::Hang),
        ];
        for (line, expected) in cases {
            let script = Script::parse(line).unwrap();
            assert_eq!(script.steps, [expected], "{line}");
        }
        let script = Script::parse(" log a \n\n# note\nstubborn 3s\nhang").unwrap();
        assert_eq!((script.steps.len(), script.stubborn.as_secs()), (2, 3));
    }

    #[test]
    fn a_question_may_bring_its_answers() {
        let Some(Step::Ask(question)) = step("ask", "go on? [yes | not yet]") else {
            panic!("a question");
        };
        let labels: Vec<_> = question
            .options
            .iter()
            .map(|it| it.label.as_str())
            .collect();
        assert_eq!(
            (question.text.as_str(), labels),
            ("go on?", vec!["yes", "not yet"])
        );
    }

    #[test]
    fn a_wrong_line_is_named() {
        for line in [
            "dance",
            "progress 2",
            "progress NaN",
            "wait 3",
            "wait -1s",
            "usage 1",
            "usage 1 2 x",
            "usage 1 2 3 4",
            "ask",
            "stubborn",
        ] {
            let error = Script::parse(&format!("log fine\n{line}")).unwrap_err();
            assert!(error.contains("line 2"), "{error}");
        }
    }

    #[test]
    fn a_description_may_bring_a_script() {
        assert_eq!(within("fake: log a\nhang"), Some(" log a\nhang"));
        assert_eq!(within("fake:\nhang"), Some("\nhang"));
        assert_eq!(within("write fake: news"), None);
    }
}
