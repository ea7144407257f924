//! How grave a result is, and whether it counts at all.

use serde_json::{Value, json};

use super::{entries, log, run, told, trouble};

/// Result, its rule, what the invocation sets for the rule, and how grave it is.
const GRADES: [(&str, &str, &str, &str); 41] = [
    ("{}", "{}", "{}", "medium"),
    (r#"{"level": "error"}"#, "{}", "{}", "high"),
    (r#"{"level": "Error"}"#, "{}", "{}", "high"),
    (r#"{"level": "ERROR"}"#, "{}", "{}", "high"),
    (r#"{"level": "warning"}"#, "{}", "{}", "medium"),
    (r#"{"level": "note"}"#, "{}", "{}", "low"),
    (r#"{"level": "none"}"#, "{}", "{}", "-"),
    (r#"{"level": null}"#, "{}", "{}", "medium"),
    // Of its rule, and of what is set for that.
    (
        "{}",
        r#"{"defaultConfiguration": {"level": "error"}}"#,
        "{}",
        "high",
    ),
    (
        "{}",
        r#"{"defaultConfiguration": {"level": "none"}}"#,
        "{}",
        "-",
    ),
    (
        "{}",
        r#"{"defaultConfiguration": {"level": "note"}}"#,
        r#"{"level": "error"}"#,
        "high",
    ),
    (
        "{}",
        r#"{"defaultConfiguration": {"level": "error"}}"#,
        r#"{"level": "none"}"#,
        "-",
    ),
    (
        r#"{"level": "note"}"#,
        r#"{"defaultConfiguration": {"level": "error"}}"#,
        r#"{"level": "error"}"#,
        "low",
    ),
    // Scores.
    (
        r#"{"properties": {"security-severity": "9.0"}}"#,
        "{}",
        "{}",
        "critical",
    ),
    (
        r#"{"properties": {"security-severity": 8.9}}"#,
        "{}",
        "{}",
        "high",
    ),
    (
        r#"{"properties": {"security-severity": "7"}}"#,
        "{}",
        "{}",
        "high",
    ),
    (
        r#"{"properties": {"security-severity": " 4.0 "}}"#,
        "{}",
        "{}",
        "medium",
    ),
    (
        r#"{"properties": {"security-severity": "3.9"}}"#,
        "{}",
        "{}",
        "low",
    ),
    (
        r#"{"properties": {"security-severity": "0"}, "level": "note"}"#,
        "{}",
        "{}",
        "low",
    ),
    (
        r#"{"properties": {"security-severity": "NaN"}, "level": "error"}"#,
        "{}",
        "{}",
        "high",
    ),
    (
        r#"{"properties": {"security-severity": 88}, "level": "error"}"#,
        "{}",
        "{}",
        "high",
    ),
    (
        r#"{"level": "note"}"#,
        r#"{"properties": {"security-severity": "9.8"}}"#,
        "{}",
        "critical",
    ),
    (
        r#"{"level": "none"}"#,
        r#"{"properties": {"security-severity": "9.8"}}"#,
        "{}",
        "-",
    ),
    // Scores under other names, and words in the place of one.
    (
        r#"{"properties": {"security-severity": "HIGH"}, "level": "note"}"#,
        "{}",
        "{}",
        "high",
    ),
    (
        r#"{"level": "note"}"#,
        r#"{"properties": {"security-severity": "HIGH"}}"#,
        "{}",
        "high",
    ),
    (
        r#"{"properties": {"security-severity": "9,8"}}"#,
        "{}",
        "{}",
        "critical",
    ),
    (
        r#"{"properties": {"security_severity": "9.8"}}"#,
        "{}",
        "{}",
        "critical",
    ),
    (
        r#"{"properties": {"securitySeverity": 7.5}}"#,
        "{}",
        "{}",
        "high",
    ),
    ("{}", r#"{"properties": {"cvss": "9.1"}}"#, "{}", "critical"),
    (
        r#"{"properties": {"cvssv3_baseScore": 8.8}}"#,
        "{}",
        "{}",
        "high",
    ),
    (
        r#"{"properties": {"cvss": {"score": 9.1}}, "level": "note"}"#,
        "{}",
        "{}",
        "critical",
    ),
    (
        r#"{"properties": {"severity": "SEVERITY_HIGH"}, "level": "note"}"#,
        "{}",
        "{}",
        "high",
    ),
    // Words among the properties.
    (
        r#"{"properties": {"severity": "CRITICAL"}, "level": "note"}"#,
        "{}",
        "{}",
        "critical",
    ),
    (
        r#"{"properties": {"issue_severity": "LOW"}, "level": "error"}"#,
        "{}",
        "{}",
        "low",
    ),
    (
        r#"{"properties": {"severity": "odd"}, "level": "error"}"#,
        "{}",
        "{}",
        "high",
    ),
    (
        "{}",
        r#"{"properties": {"problem.severity": "error"}}"#,
        "{}",
        "high",
    ),
    (
        "{}",
        r#"{"properties": {"problem.severity": "recommendation"}}"#,
        "{}",
        "low",
    ),
    (
        "{}",
        r#"{"properties": {"problem": {"severity": "error"}}}"#,
        "{}",
        "high",
    ),
    (
        r#"{"level": "error"}"#,
        r#"{"properties": {"problem.severity": "warning"}}"#,
        "{}",
        "high",
    ),
    (
        "{}",
        r#"{"properties": {"tags": ["security", "HIGH"]}}"#,
        "{}",
        "high",
    ),
    (
        r#"{"rank": 99.5}"#,
        r#"{"properties": {"tags": "security"}}"#,
        "{}",
        "medium",
    ),
];

#[test]
fn how_grave_a_result_is_follows_one_table() {
    for (result, rule, set, expected) in GRADES {
        let read = |text: &str| serde_json::from_str::<Value>(text).unwrap();
        let (mut result, mut rule) = (read(result), read(rule));
        result["ruleId"] = json!("R");
        result["message"] = json!({"text": "m"});
        rule["id"] = json!("R");
        let mut run = run(&json!([result]), &json!([rule]));
        run["invocations"] = json!([{"executionSuccessful": true, "ruleConfigurationOverrides":
            [{"descriptor": {"index": 0}, "configuration": read(set)}]}]);
        let report = log(&run);
        let found = entries(&report)
            .first()
            .map_or("-", |it| it["severity"].as_str().unwrap());
        assert_eq!(found, expected, "{result} {rule} {set}");
        assert_eq!(trouble(&report), "", "{result} {rule}");
    }
}

#[test]
fn what_is_set_for_a_rule_counts_in_its_invocation() {
    let result =
        json!([{"ruleId": "R", "message": {"text": "m"}, "provenance": {"invocationIndex": 1}}]);
    let set = |level: &str| {
        json!({"executionSuccessful": true, "ruleConfigurationOverrides": [
            {"descriptor": {"id": "R"}, "configuration": {"level": level}}]})
    };
    for rules in [json!([]), json!([{"id": "R"}])] {
        let mut run = run(&result, &rules);
        run["invocations"] = json!([set("error"), set("note")]);
        assert_eq!(told(&log(&run)), "low m | -");
    }
}

#[test]
fn only_what_failed_and_is_still_there_counts() {
    let kinds = ["pass", "open", "review", "informational", "notApplicable"];
    for kind in kinds {
        let result = json!([{"kind": kind, "level": "error", "message": {"text": "m"}}]);
        assert_eq!(told(&log(&run(&result, &json!([])))), " | -", "{kind}");
    }
    for (state, expected) in [
        ("absent", " | -"),
        ("unchanged", "medium m | -"),
        ("new", "medium m | -"),
        ("updated", "medium m | -"),
    ] {
        let result = json!([{"baselineState": state, "kind": "fail", "message": {"text": "m"}}]);
        assert_eq!(told(&log(&run(&result, &json!([])))), expected, "{state}");
    }
}
