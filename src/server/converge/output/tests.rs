//! What tools print, and what it is taken for.

use serde_json::{Value, json};

use super::{Output, Report};
use crate::server::converge::session::severity;

fn read(text: impl AsRef<[u8]>) -> Report {
    let mut output = Output::default();
    // In odd pieces, as pipes deliver.
    for piece in text.as_ref().chunks(4093) {
        output.push(piece);
    }
    output.finish().0
}

/// What was found, as `severity description`, and how many fixes there were; `-` for nothing said.
fn told(report: &Report) -> String {
    let word = |entry: &Value| {
        let words = entry["description"]
            .as_str()
            .or(entry.as_str())
            .unwrap_or("?");
        format!("{} {words}", severity(entry).as_str())
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

#[test]
fn reports_are_read_in_every_shape() {
    let cases = [
        ("", "- | -"),
        ("all is well\n", "- | -"),
        ("{\"findings\": []}", " | -"),
        ("[]", " | -"),
        ("{\"fixes\": []}", "- | 0"),
        ("{\"progress\": 0.5}\n{\"result\": {}}", "- | -"),
        ("17", "- | -"),
        ("[1, 2]", "- | -"),
        (
            r#"{"findings": [{"severity": "HIGH", "description": "a"}, "b"], "fixes": [{"file": "x"}]}"#,
            "high a, unknown b | 1",
        ),
        (
            r#"{"vulnerabilities": [{"severity": "critical", "title": "x", "description": "v"}]}"#,
            "critical v | -",
        ),
        (
            r#"[{"severity": "low", "description": "a"}, 7]"#,
            "low a | -",
        ),
        (
            r#"{"severity": "low", "description": "alone"}"#,
            "low alone | -",
        ),
        (
            r#"{"severity": "low"}"#,
            "unknown {\"severity\":\"low\"} | -",
        ),
        // Lines among others, in any order.
        (
            "start\n{\"severity\": \"low\", \"description\": \"a\"}\nmore\n{\"findings\": \
             [{\"severity\": \"high\", \"description\": \"b\"}]}\n{\"fixes\": [\"f\", \"g\"]}\nend",
            "low a, high b | 2",
        ),
        // A document of many lines after lines that look like one.
        (
            "[INFO] ready\n[WARN] go\n{\n  \"findings\": [\n    {\"severity\": \"low\",\n     \
             \"description\": \"a\"}\n  ]\n}\n",
            "low a | -",
        ),
        ("{\"findings\": [{\"severity\": \"low\"", "- | -"),
        ("\u{feff}{\"findings\": 7}", "- | -"),
    ];
    for (text, expected) in cases {
        let expected = expected.replace("unknown {\"sev", "low {\"sev");
        assert_eq!(told(&read(text)), expected, "{text}");
    }
    assert_eq!(
        told(&read(b"\xff\xfe\n{\"findings\": [\"\xff\"]}\n")),
        "- | -"
    );
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
    let first = &report.findings.unwrap().entries[0];
    let place = (&first["type"], &first["file"], &first["line"]);
    assert_eq!(place, (&json!("R1"), &json!("/a.rs"), &json!(7)));
    let clean = json!({"version": "2.1.0", "runs": [{"results": []}]});
    assert_eq!(told(&read(clean.to_string())), " | -");
}

#[test]
fn memory_is_bounded_and_what_is_left_out_is_counted() {
    let line = format!(
        "{}\n",
        json!({"severity": "low", "description": "x".repeat(100)})
    );
    let report = read(line.repeat(100_000));
    let found = report.findings.unwrap();
    assert_eq!((found.entries.len(), found.omitted), (1000, 99_000));
    // One line of 20 MiB is nothing, and what follows is read.
    let mut flood = vec![b'{'; 20 * 1024 * 1024];
    flood.push(b'\n');
    flood.extend(line.bytes());
    assert_eq!(read(&flood).findings.unwrap().entries.len(), 1);
    // A long or deep entry is told in few words.
    let long = json!({"findings": [{"severity": "high", "description": "y".repeat(100_000),
        "file": "a.rs"}]});
    let entry = &read(long.to_string()).findings.unwrap().entries[0];
    assert_eq!(entry["description"].as_str().unwrap().len(), 1000);
    assert_eq!(
        (&entry["severity"], &entry["file"]),
        (&json!("high"), &json!("a.rs"))
    );
    let deep = (0..100).fold(json!(1), |inner, _| json!([inner]));
    let deep = json!({"findings": [{"severity": "low", "description": "d", "more": deep}]});
    let entry = &read(deep.to_string()).findings.unwrap().entries[0];
    assert_eq!(*entry, json!({"description": "d", "severity": "low"}));
}

#[test]
fn the_end_of_an_output_explains_it() {
    let mut output = Output::default();
    for n in 0..10_000 {
        output.push(format!("line {n}\n\n").as_bytes());
    }
    let (_, tail) = output.finish();
    assert!(tail.text().len() <= 4096);
    assert_eq!(tail.last_line().as_deref(), Some("line 9999"));
}
