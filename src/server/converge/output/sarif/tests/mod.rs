//! What becomes of SARIF: each part of a log that decides about a finding.

mod references;
mod severity;

use serde_json::{Value, json};

use super::super::Report;
use super::super::tests::{read, told};

fn log(run: &Value) -> Report {
    read(json!({"version": "2.1.0", "runs": [run]}).to_string())
}

/// A run with these results of a tool with these rules.
fn run(results: &Value, rules: &Value) -> Value {
    json!({"tool": {"driver": {"name": "lint", "rules": rules}}, "results": results})
}

fn entries(report: &Report) -> &[Value] {
    &report.findings.as_ref().expect("it has findings").entries
}

fn trouble(report: &Report) -> String {
    report.troubles.words().unwrap_or_default()
}

#[test]
fn sarif_is_read() {
    let sarif = json!({"version": "2.1.0", "runs": [{
    "tool": {"driver": {"name": "t", "rules": [
        {"id": "R1", "properties": {"security-severity": "9.1"}},
        {"id": "R2", "shortDescription": {"text": "by its rule"},
         "defaultConfiguration": {"level": "error"}}]}},
    "results": [
        {"ruleId": "R1", "message": {"text": "bad"}, "locations": [{"physicalLocation":
            {"artifactLocation": {"uri": "file:///a.rs"}, "region": {"startLine": 7}}}]},
        {"ruleIndex": 1},
        {"ruleId": "R3", "level": "note", "message": {"text": "small"}},
        {"ruleId": "R4", "message": {"text": "as usual"}},
        {"ruleId": "R5", "kind": "pass", "message": {"text": "good"}},
        {"ruleId": "R6", "message": {"text": "gone"}, "baselineState": "absent"},
        {"ruleId": "R7", "message": {"text": "known"}, "suppressions": [{"kind": "inSource"}]},
        {"ruleId": "R8", "message": {"text": "refused"},
         "suppressions": [{"kind": "external", "status": "rejected"}]},
    ]}]});
    let report = read(format!("{sarif:#}"));
    let expected = "critical bad, high by its rule, low small, medium as usual, medium refused | -";
    assert_eq!(told(&report), expected);
    assert_eq!(trouble(&report), "");
    let first = &entries(&report)[0];
    let place = (&first["type"], &first["file"], &first["line"]);
    assert_eq!(place, (&json!("R1"), &json!("/a.rs"), &json!(7)));
    let clean = json!({"version": "2.1.0", "runs": [{"results": []}]});
    assert_eq!(told(&read(clean.to_string())), " | -");
}

#[test]
fn a_result_is_suppressed_when_everybody_accepts_that() {
    let cases = [
        (json!([]), None),
        (json!(null), None),
        (
            json!([{"kind": "inSource"}]),
            Some(json!({"kind": "inSource"})),
        ),
        (
            json!([{"kind": "external", "status": "accepted", "justification": " a test "}]),
            Some(json!({"kind": "external", "justification": "a test"})),
        ),
        (
            json!([{"kind": "external", "justification": "b"}, {"kind": "inSource", "justification": "a"}]),
            Some(json!({"kind": "inSource", "justification": "b; a"})),
        ),
        (json!([{"kind": "external", "status": "underReview"}]), None),
        (json!([{"kind": "external", "status": "rejected"}]), None),
        (
            json!([{"kind": "inSource"}, {"kind": "external", "status": "rejected"}]),
            None,
        ),
        (json!([{"kind": "inSource", "status": "odd"}]), None),
        (
            json!([{"status": "accepted"}]),
            Some(json!({"kind": "external"})),
        ),
    ];
    for (suppressions, expected) in cases {
        let result = json!([{"message": {"text": "m"}, "suppressions": suppressions}]);
        let report = log(&run(&result, &json!([])));
        assert_eq!(trouble(&report), "", "{suppressions}");
        let found = report.findings.unwrap();
        let told = found.suppressed.first().map(|it| it["suppressed"].clone());
        assert_eq!(told, expected, "{suppressions}");
        assert_eq!(found.entries.len(), usize::from(expected.is_none()));
    }
}

#[test]
fn a_log_without_results_fails_the_step() {
    let failed = |runs: Value| json!({"version": "2.1.0", "runs": runs});
    let one = |run: Value| failed(json!([run]));
    let lint = json!({"driver": {"name": "lint"}});
    let aside = json!({"results": [{"location": {"uri": "r.json"}}]});
    let cases = [
        (
            failed(json!([])),
            "this SARIF holds no run: nothing was scanned",
        ),
        (failed(Value::Null), "this SARIF holds no run"),
        (
            json!({"version": "2.1.0", "$schema": "https://x/sarif-2.1.0.json"}),
            "holds no run",
        ),
        (
            one(json!({"tool": lint})),
            "lint: it has no results: it did not scan",
        ),
        (
            one(json!({"tool": lint, "results": null})),
            "lint: it has no results",
        ),
        (one(json!({"tool": {}})), "the tool: it has no results"),
        (
            one(json!({"tool": lint, "results": [], "externalPropertyFileReferences": aside})),
            "lint: its results stand in another file",
        ),
        (
            json!({"version": "2.1.0", "runs": [{"results": []}], "inlineExternalProperties": [{"results": []}]}),
            "stand under inlineExternalProperties",
        ),
        (
            json!({"version": "2.0.0", "runs": [{"results": []}]}),
            "of version \"2.0.0\", and only 2.1.0",
        ),
        (
            json!({"version": 2, "runs": [{"results": []}], "$schema": "sarif"}),
            "of version 2, and only",
        ),
    ];
    for (log, expected) in cases {
        let report = read(log.to_string());
        assert!(trouble(&report).contains(expected), "{log}: {report:?}");
    }
    // One run that failed does not hide what another found.
    let result = json!([{"message": {"text": "m"}, "level": "error"}]);
    let runs = json!([{"tool": {"driver": {"name": "a"}}}, run(&result, &json!([]))]);
    let report = read(failed(runs).to_string());
    assert_eq!(told(&report), "high m | -");
    assert_eq!(trouble(&report), "a: it has no results: it did not scan");
}

#[test]
fn a_run_that_did_not_do_its_work_says_so_in_the_words_of_its_tool() {
    let ran = |invocation: &Value| {
        log(
            &json!({"results": [], "invocations": [invocation], "tool": {"driver": {"name": "lint",
            "notifications": [{"id": "N1", "defaultConfiguration": {"level": "error"},
                "messageStrings": {"default": {"text": "cannot read {0}"}}}]}}}),
        )
    };
    let note = |level: &str| json!({"level": level, "message": {"text": "no memory"}});
    let by_id = json!({"descriptor": {"id": "N1"}, "message": {"id": "default", "arguments": ["a.c"]},
        "locations": [{"physicalLocation": {"artifactLocation": {"uri": "a.c"},
            "region": {"startLine": 2}}}]});
    let cases = [
        (
            json!({"executionSuccessful": false}),
            "lint: it says that it did not succeed",
        ),
        (
            json!({"executionSuccessful": false, "exitCodeDescription": "bad flag"}),
            "lint: bad flag",
        ),
        (
            json!({"executionSuccessful": false, "exitCode": 3}),
            "lint: it ended with status 3",
        ),
        (json!({"exitCode": 1}), "lint: it ended with status 1"),
        (
            json!({"executionSuccessful": null, "exitSignalName": "SIGSEGV"}),
            "lint: it was killed by SIGSEGV",
        ),
        (
            json!({"executionSuccessful": true, "processStartFailureMessage": "no shell"}),
            "lint: no shell",
        ),
        (
            json!({"executionSuccessful": true, "toolExecutionNotifications": [note("error")]}),
            "lint: no memory",
        ),
        (
            json!({"toolConfigurationNotifications": [note("Error")]}),
            "lint: no memory",
        ),
        (
            json!({"configurationNotifications": [note("error")]}),
            "lint: no memory",
        ),
        (
            json!({"toolNotifications": [note("error")], "toolExecutionNotifications": []}),
            "lint: no memory",
        ),
        (
            json!({"toolExecutionNotifications": [by_id]}),
            "lint: cannot read a.c (a.c:2)",
        ),
    ];
    for (invocation, expected) in cases {
        let report = ran(&invocation);
        assert!(
            trouble(&report).contains(expected),
            "{invocation}: {report:?}"
        );
    }
    let set = json!([{"descriptor": {"id": "N1"}, "configuration": {"level": "note"}}]);
    let small = json!([note("warning"), note("none"), {"message": {"text": "x"}}]);
    let fine = [
        json!({"executionSuccessful": true, "exitCode": 1}),
        json!({"executionSuccessful": null, "exitCode": 0}),
        json!({}),
        json!({"executionSuccessful": true, "toolExecutionNotifications": small}),
        json!({"notificationConfigurationOverrides": set, "toolExecutionNotifications": [by_id]}),
    ];
    for invocation in fine {
        let report = ran(&invocation);
        assert_eq!(told(&report), " | -", "{invocation}");
        assert_eq!(trouble(&report), "", "{invocation}");
    }
}

#[test]
fn an_invocation_counts_wherever_it_stands() {
    let mut run = run(&json!([]), &json!([]));
    run["invocations"] = json!({"executionSuccessful": false, "exitCode": 5});
    let words = trouble(&log(&run));
    assert!(words.ends_with("it ended with status 5"), "{words}");
    run["invocations"] = json!([]);
    run["conversion"] = json!({"invocation": {"executionSuccessful": false, "exitCode": 4}});
    let words = trouble(&log(&run));
    assert!(words.ends_with("it ended with status 4"), "{words}");
}

#[test]
fn an_odd_field_fails_the_step_with_its_place_and_hides_no_other_finding() {
    let fine = json!({"message": {"text": "fine"}, "level": "error"});
    let place = "looks like a report but cannot be read: line 1: runs[0].results[0]";
    let cases = [
        (
            json!({"message": {"text": "m"}, "level": "huge"}),
            format!("{place}.level: "),
        ),
        (
            json!({"message": {"text": "m"}, "kind": "bad"}),
            format!("{place}.kind: "),
        ),
        (
            json!({"message": {"text": 7}}),
            format!("{place}.message.text: "),
        ),
        (
            json!({"message": {"text": "m"}, "ruleIndex": "1"}),
            format!("{place}.ruleIndex: "),
        ),
        (
            json!({"message": {"text": "m"}, "ruleIndex": 1.5}),
            format!("{place}.ruleIndex: "),
        ),
        (
            json!({"message": {"text": "m"}, "locations": {}}),
            format!("{place}.locations: "),
        ),
        (
            json!({"message": {"text": "m"}, "ruleIndex": 1e300}),
            format!("{place}.ruleIndex: "),
        ),
        (json!("text"), format!("{place} is no object")),
    ];
    for (odd, expected) in cases {
        let report = log(&run(&json!([odd, fine]), &json!([])));
        assert!(trouble(&report).starts_with(&expected), "{odd}: {report:?}");
        assert_eq!(told(&report), "high fine | -", "{odd}");
    }
    let odd_rule = log(&run(
        &json!([fine]),
        &json!([{"id": "R", "defaultConfiguration": {"level": "huge"}}]),
    ));
    let words = "runs[0].tool.driver.rules[0].defaultConfiguration.level";
    assert!(trouble(&odd_rule).contains(words), "{odd_rule:?}");
    // What no finding needs may be anything.
    let odd = json!([{"message": {"text": "m"}, "codeFlows": 7, "rank": "high", "unknown": {},
        "properties": {"tags": 7}, "locations": [{"physicalLocation": {"region": {"endLine": "x"}}}]}]);
    let report = log(&run(&odd, &json!([])));
    assert_eq!(
        (told(&report).as_str(), trouble(&report)),
        ("medium m | -", String::new())
    );
    // Many odd results are counted, and cost no more time than good ones.
    let many: Vec<Value> = (0..5000).map(|_| json!({"level": 7})).collect();
    let words = trouble(&log(&run(&json!(many), &json!([]))));
    assert!(words.ends_with("; and 4997 more"), "{words}");
}
