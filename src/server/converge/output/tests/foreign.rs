//! What another tool writes is never lost beside a report, and what a report says of itself counts.

use super::{OTHER, check, read, read_as, told, trouble};
use crate::server::converge::output::Manner;

const CLEAN: &str = r#"{"findings": []}"#;
const SARIF: &str =
    r#"{"version": "2.1.0", "runs": [{"tool": {"driver": {"name": "t"}}, "results": []}]}"#;

#[test]
fn a_clean_report_hides_nothing_that_may_hold_findings() {
    let pylint =
        r#"[{"type": "error", "path": "a.py", "line": 1, "message": "m", "message-id": "E1"}]"#;
    for foreign in [
        pylint,
        r#"[{"file": "a.sh", "line": 2, "level": "error", "code": 2154, "message": "m"}]"#,
        r#"[{"Description": "key", "StartLine": 3, "File": "a", "RuleID": "aws"}]"#,
        r#"{"Description": "key", "StartLine": 3, "File": "a", "RuleID": "aws"}"#,
        r#"[{"source": "a.css", "warnings": []}, {"source": "b.css", "warnings": [{"line": 1}]}]"#,
        r#"[[], [{"a": 1}]]"#,
        r#"{"check_type": "x", "results": {"failed_checks": [{"id": "C1"}]}, "summary": {}}"#,
        r#"{"actions": [], "advisories": {"118": {"title": "x"}}, "metadata": {}}"#,
        r#"{"sarif": {"version": "2.1.0", "runs": [{"results": [{"message": {}}]}]}}"#,
        r#"{"data": {"findings": [{"severity": "high"}]}}"#,
        r#"{"data": {"findings": ["a"]}}"#,
        r#"{"results": {"a.py": [{"line": 1}]}}"#,
        r#"{"results": {"a.py": ["unused x"]}}"#,
        r#"{"VulnerabilityID": "CVE-1", "PkgName": "x", "Severity": "HIGH"}"#,
        r#"{"file": "a.sh", "line": 2, "level": "error", "code": 2154, "message": "m"}"#,
        r#"{"file": "a.py", "line": 2, "message": "undefined name"}"#,
        r#"{"dependencies": [{"name": "flask", "vulns": [{"id": "PYSEC-1"}]}], "fixes": []}"#,
        r#"{"problems": [{"file": "a"}], "fixes": []}"#,
        r#"{"diagnostics": [{"message": "m"}], "severity": "WARNING", "source": {"name": "ruff"}}"#,
        r#"{"warnings": [{"message": "m"}], "severity": "WARNING"}"#,
    ] {
        for clean in [CLEAN, SARIF, "text"] {
            for text in [
                format!("{clean}\n{foreign}\n"),
                format!("{foreign}\n{clean}\n"),
            ] {
                let words = trouble(&read(&text));
                assert!(words.contains("unreadable report: "), "{text}: {words}");
            }
        }
        assert!(
            trouble(&read(foreign)).contains("unreadable report: "),
            "{foreign}"
        );
    }
    // Nothing of that is in what tells how far it is, nor in lines of logs.
    for beside in [
        r#"{"progress": 0.5, "file": "a.py"}"#,
        r#"{"event_type": "done", "stats": {"files": 3}, "tags": ["a"]}"#,
        r#"{"errors": [], "ok": true, "error": null}"#,
        r#"{"level": "error", "msg": "m", "error": "refused", "ctx": {"a": {"b": [{"c": 1}]}}}"#,
        r#"{"timestamp": "x", "level": "INFO", "fields": {"message": "m"}, "spans": [{"name": "s"}]}"#,
        r#"{"text": "m", "record": {"level": {"name": "INFO"}, "file": {"path": "a"}}}"#,
        r#"{"time": "x", "level": "info", "file": "a.py", "line": 3, "message": "m"}"#,
        "[1, 2]",
    ] {
        for text in [
            format!("{CLEAN}\n{beside}\n"),
            format!("{beside}\n{CLEAN}\n"),
        ] {
            let report = read(&text);
            assert_eq!(
                (told(&report).as_str(), trouble(&report)),
                (" | -", String::new()),
                "{text}"
            );
        }
    }
    // What mended something may say more of it.
    check(&[
        (
            r#"{"fixes": [{"file": "a"}], "skipped": [{"file": "b"}]}"#,
            "- | 1",
            "",
        ),
        (r#"{"fixes": [], "files": ["a"]}"#, "- | 0", ""),
        (r#"{"fixes": [], "files": [{"name": "a"}]}"#, "- | 0", OTHER),
    ]);
}

#[test]
fn a_known_tool_is_known_wherever_its_json_stands() {
    let semgrep = r#"{"results":[{"check_id":"a","path":"x.py"}],"errors":[],"paths":{}}"#;
    for before in [
        "",
        "Running semgrep... ",
        "Scanning 10%\rScanning 100%\r",
        "\u{1b}(B\u{1b}[m",
        "\u{1b}[2K\u{1b}[1G",
        "\u{1b}P0q\u{1b}\\",
    ] {
        for after in ["\n", " done\n", "\n{\"findings\": []}\n"] {
            let text = format!("{before}{semgrep}{after}");
            for manner in [Manner::Reports, Manner::Aside] {
                for piece in [1, 4093] {
                    let report = read_as(manner, text.as_bytes(), piece);
                    let words = trouble(&report);
                    assert!(words.contains("the JSON of semgrep"), "{text:?}: {words}");
                }
            }
        }
    }
    // JSON of no known tool begins a line behind what a terminal does not show, too.
    for before in ["\r", "50%\r", "\u{1b}(B\u{1b}[m", "10%\u{1b}[1G"] {
        let text = format!("{before}{{\"data\": [{{\"a\": 1}}]}}\n");
        assert!(trouble(&read(&text)).contains(OTHER), "{text:?}");
    }
    // A progress bar is none, and a line may end with both.
    check(&[
        ("[1]\r[2]\r[3]\rdone\r\n", "- | -", ""),
        ("[]\r\n", " | -", ""),
        (
            "Error: {\"reason\": \"NotFound\", \"message\": \"m\"}\n",
            "- | -",
            "",
        ),
    ]);
}

#[test]
fn a_report_that_says_that_it_failed_did() {
    let cases = [
        (
            r#"{"findings": [], "errors": ["could not parse a.py"]}"#,
            "says: could not parse a.py",
        ),
        (
            r#"{"issues": [], "errors": [{"message": "bad"}, {"message": "b"}]}"#,
            "bad (and 1 more)",
        ),
        (r#"{"findings": [], "ok": false}"#, "did not succeed"),
        (
            r#"{"findings": [], "status": "error"}"#,
            "its status is error",
        ),
        (
            r#"{"findings": [], "status": "Failed", "message": "no disk"}"#,
            "succeed: no disk",
        ),
        (r#"{"findings": [], "error": true}"#, "did not succeed"),
        (r#"{"success": false, "fixes": []}"#, "did not succeed"),
        (r#"{"passed": false, "findings": []}"#, "did not succeed"),
        (
            r#"{"findings": [], "error": {"code": "E", "summary": "needs a lockfile"}}"#,
            "says: needs a lockfile",
        ),
        (
            "{\"error\": {\"code\": \"E\", \"summary\": \"needs a lockfile\"}}\n{\"findings\": []}",
            "says: needs a lockfile",
        ),
        (
            "{\"findings\": []}\n{\"error\": {\"code\": \"E\", \"summary\": \"needs a lockfile\"}}",
            "says: needs a lockfile",
        ),
        (
            r#"[{"vulnerabilities": [], "ok": true}, {"ok": false, "error": "no key"}]"#,
            "says: no key",
        ),
        (
            "{\"findings\": []}\n{\"success\": false}",
            "did not succeed",
        ),
    ];
    for (text, words) in cases {
        let told = trouble(&read(text));
        assert!(told.contains(words), "{text}: {told}");
    }
    for fine in [
        r#"{"findings": [], "errors": [], "error": {}, "ok": true, "status": "complete"}"#,
        r#"{"findings": [], "errors": {}, "warnings": ["w"], "success": null, "status": 200}"#,
    ] {
        assert_eq!(trouble(&read(fine)), "", "{fine}");
    }
    let low = r#"{"success": false, "findings": [{"severity": "low", "description": "a"}]}"#;
    check(&[(low, "low a | -", "did not succeed")]);
}
