//! Findings in the notation of a program, which is no JSON, and other values in it.

use super::{BROKEN, check};

#[test]
fn findings_as_a_program_prints_its_values_are_no_text() {
    for text in [
        "[{'severity': 'high', 'file': 'a.py'}]",
        "{'severity': 'high', 'file': 'a.py'}",
        "{'file': 'a.py', 'line': 3, 'severity': 'high'}",
        "{'version': '2.1.0', 'runs': [{'tool': {'driver': {'name': 'x'}}, 'results': []}]}",
        "[ { severity: 'high', file: 'a.js' } ]",
        "[\n  { severity: 'high', file: 'a.js' },\n  { severity: 'low' }\n]",
        "{\n  version: '2.1.0',\n  runs: [ { tool: [Object], results: [Array] } ]\n}",
        "{ issues: [Array] }",
        r#"{"findings"=>[{"severity"=>"high"}]}"#,
        r#"{"findings" => [{"severity" => "high"}]}"#,
        r#"{:findings=>[{:severity=>"high"}]}"#,
        r#"[{"severity"=>"high"}]"#,
        r#"{findings: [{severity: "high"}]}"#,
        "{\u{201c}findings\u{201d}: [{\u{201c}severity\u{201d}: \u{201c}high\u{201d}}]}",
        r#""{\"version\":\"2.1.0\",\"runs\":[{\"results\":[]}]}""#,
        r#""[{\"severity\":\"high\"}]""#,
    ] {
        check(&[(&format!("checking\n{text}\ndone\n"), "- | -", BROKEN)]);
    }
}

#[test]
fn other_values_of_a_program_are_text() {
    for text in [
        "[ { a: 1 } ]",
        "{\"a\" => 1}",
        "{'issues': 0}",
        "{ issues: 0, fixes: 2 }",
        "{'a': 'severity', 'b': ['findings']}",
        "{:ok, severity}",
        "{ a: { severity: 'x' } }",
        "{severity::High, x}",
        "\u{201c}findings\u{201d}: [",
        r#""{\"a\":1}""#,
        r#"curl -d "{\"findings\": []}""#,
    ] {
        check(&[(&format!("checking\n{text}\ndone\n"), "- | -", "")]);
    }
}
