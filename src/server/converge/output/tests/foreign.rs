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
            r#"{"version": "15.0.7", "vulnerabilities": [], "scan": {"status": "failure",
                "messages": [{"level": "fatal", "value": "cannot download rules"}]}}"#,
            "did not succeed: cannot download rules",
        ),
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
}

#[test]
fn a_report_says_that_it_failed_in_many_words() {
    let words = [
        "errors",
        "is_error",
        "isError",
        "failed",
        "timed_out",
        "aborted",
        "truncated",
    ];
    let states = [
        "interrupted",
        "killed",
        "exception",
        "unsuccessful",
        "not ok",
        "partial",
        "Timed Out",
    ];
    let mut all: Vec<String> = [
        r#""success": "false""#,
        r#""success": 0"#,
        r#""completed": false"#,
        r#""complete": false"#,
        r#""exit_code": 2"#,
        r#""exitCode": 137"#,
        r#""state": "failed""#,
        r#""conclusion": "failure""#,
        r#""error_message": "x""#,
        r#""errorMessage": "x""#,
        r#""Error": "x""#,
        r#""fatal": "x""#,
        r#""exception": "x""#,
        r#""parse_errors": ["x"]"#,
        r#""failures": ["x"]"#,
        r#""summary": {"errors": ["x"]}"#,
        r#""metadata": {"status": "failed", "error": "x"}"#,
        r#""scan": {"error": "x"}"#,
    ]
    .map(str::to_owned)
    .to_vec();
    all.extend(words.map(|name| format!("\"{name}\": 2")));
    all.extend(
        words
            .map(|name| format!("\"{name}\": true"))
            .into_iter()
            .skip(1),
    );
    all.extend(states.map(|word| format!("\"status\": \"{word}\"")));
    for more in all {
        let words = trouble(&read(format!("{{\"findings\": [], {more}}}")));
        assert!(words.contains("its report says"), "{more}: {words}");
    }
    for fine in [
        r#""errors": 0, "failed": 0, "passed": 12, "skipped": 1, "exit_code": 0"#,
        r#""errors": {"total": 0}, "error": "none", "success": "true", "completed": 0"#,
        r#""truncated": false, "summary": {"errors": 0, "failed": []}, "scan": {"status": "success"}"#,
    ] {
        assert_eq!(
            trouble(&read(format!("{{\"findings\": [], {fine}}}"))),
            "",
            "{fine}"
        );
    }
}

#[test]
fn what_did_not_pass_for_its_findings_has_not_failed() {
    let found = r#"[{"severity": "low", "description": "a"}]"#;
    for more in [
        r#""success": false"#,
        r#""ok": false"#,
        r#""passed": false, "summary": {"errors": 1}"#,
        r#""errors": 1, "exit_code": 1"#,
    ] {
        check(&[(
            &format!("{{\"findings\": {found}, {more}}}"),
            "low a | -",
            "",
        )]);
    }
    for more in [
        r#""success": false, "error": "no disk""#,
        r#""truncated": true"#,
        r#""status": "timeout""#,
        r#""errors": ["no disk"]"#,
    ] {
        let text = format!("{{\"findings\": {found}, {more}}}");
        check(&[(&text, "low a | -", "its report says")]);
    }
}

#[test]
fn a_list_beside_an_empty_one_is_not_passed_over() {
    for text in [
        r#"{"vulnerabilities":[],"ok":true,"applications":[{"vulnerabilities":[{"severity":"high"}]}]}"#,
        r#"{"findings":[],"results":[{"severity":"high","file":"a","message":"x"}]}"#,
        r#"{"issues":[],"secrets":[{"severity":"high"}]}"#,
        r#"{"vulnerabilities":[],"misconfigurations":[{"severity":"HIGH"}]}"#,
        r#"{"findings":[],"modules":[{"findings":[{}]}]}"#,
        r#"{"findings":[],"by_file":{"a.py":[{"severity":"high"}]}}"#,
        r#"{"findings":[],"newIssues":["x"]}"#,
    ] {
        check(&[(text, " | -", "may hold findings")]);
    }
    for fine in [
        r#"{"vulnerabilities":[],"remediations":[],"scan":{"analyzer":{"id":"x"},"status":"success"}}"#,
        r#"{"vulnerabilities":[],"ok":true,"licensesPolicy":{"rules":{"AGPL":{"severity":"high"}}}}"#,
        r#"{"vulnerabilities":[],"filtered":{"ignore":[{"severity":"high","title":"x"}]}}"#,
        r#"{"findings":[],"rules":[{"id":"R1","severity":"high"}],"files":[{"name":"a"}]}"#,
        r#"{"findings":[],"by_severity":[{"severity":"high","count":0}]}"#,
        r#"{"findings":[],"suppressed_issues":[{"id":"R1"}],"stats":{"issues":{"high":0}}}"#,
    ] {
        check(&[(fine, " | -", "")]);
    }
    check(&[(
        r#"{"version":"2.1.0","findings":[{"severity":"high","description":"a"}],
            "runs":[{"tool":{},"results":[]}]}"#,
        "high a | -",
        "",
    )]);
}

#[test]
fn json_that_tells_of_failure_beside_a_clean_report_is_no_progress() {
    for beside in [
        r#"{"type":"error","data":"ENOTFOUND registry"}"#,
        r#"{"type":"fatal","data":"scanner crashed"}"#,
        r#"{"event":"error","message":"boom"}"#,
        r#"{"statusCode":401,"message":"Unauthorized"}"#,
        r#"{"message":"Bad credentials","documentation_url":"x"}"#,
        r#"{"passed":10,"failed":2}"#,
        r#"{"totals":{"errors":4}}"#,
        r#"{"errorCount":3}"#,
        r#"{"errors":5}"#,
        r#"{"warnings":["a.py:3 sql"]}"#,
        r#"["a.py:3: sql injection"]"#,
    ] {
        for text in [
            format!("{CLEAN}\n{beside}\n"),
            format!("{beside}\n{CLEAN}\n"),
            format!("[]\n{beside}\n"),
        ] {
            assert_ne!(trouble(&read(&text)), "", "{text}");
        }
    }
    for beside in [
        r#"{"passed":10,"failed":0}"#,
        r#"{"type":"info","data":"done"}"#,
        r#"{"status":200,"message":"OK"}"#,
        r#"{"totals":{"errors":0,"files":3}}"#,
    ] {
        check(&[(&format!("{CLEAN}\n{beside}\n"), " | -", "")]);
    }
}

#[test]
fn a_report_that_is_xml_is_told_to_be_one() {
    for text in [
        "<?xml version=\"1.0\"?><testsuites failures=\"2\"><testsuite/></testsuites>",
        "<?xml version=\"1.0\"?>\n<checkstyle version=\"8\">\n</checkstyle>",
        "  <testsuite name=\"[x]\">",
    ] {
        check(&[(
            &format!("checking\n{text}\n"),
            "- | -",
            "unreadable report: it is XML",
        )]);
    }
    let text = "<?xml version=\"1.0\"?>\n<note/>\n<html>\nsee <testsuite>\n";
    check(&[(text, "- | -", "")]);
}
