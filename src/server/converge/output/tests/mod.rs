//! What tools print, and what it is taken for.

mod documents;
mod foreign;
mod lines;
mod notations;
mod torn;

use std::path::Path;

use serde_json::{Value, json};

use super::{Manner, Output, Report};
use crate::domain::Severity;

fn read_as(manner: Manner, text: &[u8], piece: usize) -> Report {
    let mut output = Output::new(manner, Path::new("/nowhere"));
    for piece in text.chunks(piece) {
        output.push(piece);
    }
    output.finish().0
}

pub(super) fn read(text: impl AsRef<[u8]>) -> Report {
    // In odd pieces, as pipes deliver.
    read_as(Manner::Reports, text.as_ref(), 4093)
}

/// What was found, as `severity description`, and how many fixes there were; `-` for nothing said.
pub(super) fn told(report: &Report) -> String {
    let word = |entry: &Value| {
        let words = entry["description"]
            .as_str()
            .or(entry["message"].as_str())
            .or(entry.as_str())
            .unwrap_or("?");
        format!("{} {words}", Severity::of(entry).as_str())
    };
    let findings = report.findings.as_ref().map(|list| {
        let words: Vec<_> = list.entries.iter().map(word).collect();
        words.join(", ")
    });
    let fixes = report
        .fixes
        .as_ref()
        .map(|list| list.entries.len().to_string());
    let or_none = |text: Option<String>| text.unwrap_or_else(|| "-".to_owned());
    format!("{} | {}", or_none(findings), or_none(fixes))
}

/// What is wrong with it, or that it is no report.
fn trouble(report: &Report) -> String {
    let all = [report.troubles.words(), report.foreign.clone()];
    all.into_iter().flatten().collect::<Vec<_>>().join(" / ")
}

const BROKEN: &str = "looks like a report but cannot be read: line ";
const OTHER: &str = "unreadable report: this JSON is of another shape";
const HIGH: &str = r#"{"findings": [{"severity": "high", "description": "b"}]}"#;

/// Checks what each text is taken for, whatever the pieces in which it comes.
#[track_caller]
fn check(cases: &[(&str, &str, &str)]) {
    for (text, expected, wrong) in cases {
        for piece in [1, 7, 4093] {
            let report = read_as(Manner::Reports, text.as_bytes(), piece);
            assert_eq!(told(&report), *expected, "{text}");
            let trouble = trouble(&report);
            let as_told = if wrong.is_empty() {
                trouble.is_empty()
            } else {
                trouble.contains(wrong)
            };
            assert!(as_told, "{text}: {trouble:?}, not {wrong:?}");
        }
    }
}

#[test]
fn reports_are_read_in_every_shape() {
    check(&[
        ("", "- | -", ""),
        ("all is well\n", "- | -", ""),
        ("{\"findings\": []}", " | -", ""),
        ("[]", " | -", ""),
        ("{\"fixes\": []}", "- | 0", ""),
        ("{\"progress\": 0.5}\n{\"result\": {}}", "- | -", OTHER),
        ("17", "- | -", ""),
        ("[1, 2]", "- | -", OTHER),
        (
            r#"{"findings": [{"severity": "HIGH", "description": "a"}, "b"], "fixes": [{"file": "x"}]}"#,
            "high a, medium b | 1",
            "",
        ),
        (
            r#"{"vulnerabilities": [{"severity": "critical", "title": "x", "description": "v"}]}"#,
            "critical v | -",
            "",
        ),
        (
            r#"[{"severity": "low", "description": "a"}, 7]"#,
            "low a | -",
            "",
        ),
        (
            r#"{"severity": "low", "description": "alone"}"#,
            "low alone | -",
            "",
        ),
        (
            r#"{"severity": "low"}"#,
            "low {\"severity\":\"low\"} | -",
            "",
        ),
        // Lines among others, in any order.
        (
            "start\n{\"severity\": \"low\", \"description\": \"a\"}\nmore\n{\"findings\": \
             [{\"severity\": \"high\", \"description\": \"b\"}]}\n{\"fixes\": [\"f\", \"g\"]}\nend",
            "low a, high b | 2",
            "",
        ),
        // A document of many lines after lines that look like one.
        (
            "[INFO] ready\n[WARN] go\n{\n  \"findings\": [\n    {\"severity\": \"low\",\n     \
             \"description\": \"a\"}\n  ]\n}\n",
            "low a | -",
            "",
        ),
        (
            "\u{feff}{\"findings\": 7}",
            "- | -",
            "`findings` is no list",
        ),
        (
            r#"{"findings": null, "fixes": []}"#,
            "- | 0",
            "`findings` is no list",
        ),
        (
            r#"{"findings": [7, null, "", [], {}]}"#,
            "medium 7, medium an entry that says nothing, medium an entry that says nothing, \
             medium [], medium {} | -",
            "",
        ),
    ]);
}

#[test]
fn lines_of_loggers_are_no_findings() {
    let lines = [
        // Google Cloud.
        r#"{"severity":"ERROR","time":"2026-11-26T08:00:00Z","message":"m","pid":4711}"#,
        r#"{"severity":"ERROR","message":"m","logging.googleapis.com/labels":{"a":"b"}}"#,
        r#"{"severity":"ERROR","message":"m","file":"a.go","line":3,"insertId":"x"}"#,
        r#"{"severity":"ERROR","message":"m","httpRequest":{"status":500},"path":"/x"}"#,
        // zerolog, also with another name for its level.
        r#"{"level":"error","time":1795680000,"message":"m","caller":"/src/a.go:3"}"#,
        r#"{"severity":"error","time":1795680000,"caller":"/src/a.go:3","message":"m"}"#,
        r#"{"severity":"error","component":"db","time":"2026-11-26T08:00:00Z","message":"m"}"#,
        // syslog, journald, the Elastic schema, bunyan.
        r#"{"severity":3,"facility":"daemon","message":"m"}"#,
        r#"{"severity":"err","facility":3,"hostname":"h","appname":"a","procid":"1","msgid":"-","message":"m"}"#,
        r#"{"severity":3,"message":"m"}"#,
        r#"{"PRIORITY":"3","MESSAGE":"m","__REALTIME_TIMESTAMP":"1"}"#,
        r#"{"@timestamp":"2026-11-26T08:00:00Z","log.level":"ERROR","message":"m","severity":"ERROR","type":"x"}"#,
        r#"{"name":"a","hostname":"h","pid":1,"level":50,"msg":"m","time":"x","v":0}"#,
        // Without a place or a rule.
        r#"{"severity":"ERROR","message":"m"}"#,
    ];
    let all = lines.join("\n");
    let report = read(&all);
    assert_eq!(
        (told(&report).as_str(), trouble(&report)),
        ("- | -", String::new())
    );
    // All but the last are none even alone, and none hides a finding.
    for (number, line) in lines.iter().enumerate() {
        let alone = told(&read(line));
        let expected = if number + 1 == lines.len() {
            "high m | -"
        } else {
            "- | -"
        };
        assert_eq!(alone, expected, "{line}");
        assert_eq!(told(&read(format!("{line}\ntext\n"))), "- | -", "{line}");
        assert_eq!(
            told(&read(format!("{line}\n{HIGH}\n{line}"))),
            "high b | -",
            "{line}"
        );
    }
    let findings = [
        r#"{"severity":"high","file":"a.py","message":"m"}"#,
        r#"{"severity":"high","rule":"R1","message":"m"}"#,
        r#"{"severity":"high","type":"sqli","message":"m"}"#,
        r#"{"severity":"high","rule_id":"R1","path":"a.py","message":"m","timestamp":"2026-11-26"}"#,
        r#"{"severity":"high","description":"m","time":"2026-11-26T08:00:00Z"}"#,
    ];
    for line in findings {
        assert_eq!(
            told(&read(format!("text\n{line}\n{all}\n"))),
            "high m | -",
            "{line}"
        );
    }
}

#[test]
fn json_of_another_shape_is_no_report_and_names_what_gives_one() {
    let semgrep = include_str!("../../../../tests/data/reports/semgrep.json");
    let tools = [
        (semgrep, "`semgrep scan --sarif` gives SARIF"),
        (
            r#"{"SchemaVersion": 2, "ArtifactName": ".", "Results": []}"#,
            "`trivy … --format sarif`",
        ),
        (
            r#"{"errors": [], "generated_at": "x", "metrics": {}, "results": []}"#,
            "`bandit -f sarif`",
        ),
        (
            r#"[{"filePath": "a.js", "messages": [], "errorCount": 0}]"#,
            "`eslint -f @microsoft/eslint-formatter-sarif`",
        ),
        (
            r#"{"created": 1, "duration": 1, "exitcode": 0, "root": "/", "environment": {}, "summary": {}}"#,
            "pytest has no SARIF",
        ),
        (
            "{\"reason\":\"compiler-artifact\",\"package_id\":\"a\"}\n{\"reason\":\"build-finished\",\"success\":true}",
            "clippy-sarif",
        ),
    ];
    for (text, ask) in tools {
        let report = read(text);
        assert_eq!(told(&report), "- | -", "{text}");
        let words = trouble(&report);
        assert!(
            words.starts_with("unreadable report: this is the JSON of ") && words.contains(ask),
            "{words}"
        );
        assert!(words.contains("`report: none`"), "{words}");
        // It is one, whatever stands beside it.
        assert!(
            trouble(&read(format!("{{\"findings\": []}}\n{text}"))).contains(ask),
            "{text}"
        );
    }
    check(&[
        ("{}", "- | -", OTHER),
        ("[\"a\", \"b\"]", "- | -", OTHER),
        ("[\n  \"a\"\n]\n", "- | -", OTHER),
        ("{\"status\": \"ok\"}", "- | -", OTHER),
        ("{\"report\": {\"findings\": []}}", "- | -", OTHER),
        ("[{\"file\": \"a\", \"text\": \"b\"}]", "- | -", OTHER),
        // Progress beside a report is none; what may hold findings is.
        (
            "{\"progress\": 1}\n{\"findings\": []}\n{\"n\": [1]}",
            " | -",
            "",
        ),
        (
            "{\"findings\": []}\n{\"problems\": [{\"file\": \"a\"}]}",
            " | -",
            OTHER,
        ),
    ]);
}

#[test]
fn a_report_may_say_itself_that_it_is_none() {
    check(&[
        (
            r#"{"findings": [], "error": "no config"}"#,
            " | -",
            "its report says: no config",
        ),
        (
            r#"{"findings": [], "success": false}"#,
            " | -",
            "did not succeed",
        ),
        (
            r#"{"findings": ["a"], "success": false, "error": "b"}"#,
            "medium a | -",
            "its report says: b",
        ),
        (
            r#"{"findings": [], "success": true, "error": null}"#,
            " | -",
            "",
        ),
        (r#"{"findings": [], "error": ""}"#, " | -", ""),
    ]);
}

#[test]
fn a_finding_without_a_severity_counts_as_medium_and_one_of_its_own_words_is_not_known() {
    let report = read(
        r#"{"findings": ["a", {"description": "b", "severity": "odd"}, {"description": "c", "severity": 7},
        {"description": "d", "level": "error"}]}"#,
    );
    assert_eq!(told(&report), "medium a, unknown b, unknown c, high d | -");
    let entries = report.findings.unwrap().entries;
    assert_eq!(
        entries[0],
        json!({"description": "a", "severity": "medium", "severity_assumed": true})
    );
    let words: Vec<_> = entries
        .iter()
        .map(|it| it["severity_told"].clone())
        .collect();
    assert_eq!(words, [Value::Null, json!("odd"), json!(7), Value::Null]);
    assert!(
        entries[1..]
            .iter()
            .all(|it| it.get("severity_assumed").is_none())
    );
    // The words of a long one are told once, too.
    let long = json!({"findings": [{"description": "y".repeat(20_000), "line": 7}]});
    let entry = &read(long.to_string()).findings.unwrap().entries[0];
    let expected = json!({"description": "y".repeat(1000), "severity": "medium",
        "severity_assumed": true, "line": 7});
    assert_eq!(*entry, expected);
}

#[test]
fn the_end_of_an_output_explains_it() {
    let mut output = Output::new(Manner::Nothing, Path::new("/nowhere"));
    for n in 0..10_000 {
        output.push(format!("line {n}\n\n").as_bytes());
    }
    let (_, tail) = output.finish();
    assert!(tail.text().len() <= 4096);
    assert_eq!(tail.last_line().as_deref(), Some("line 9999"));
}
