//! Lines of findings and lines of loggers, where they are hard to tell apart.

use super::{check, read, told, trouble};

#[test]
fn what_names_a_place_and_a_rule_in_any_spelling_is_a_finding() {
    for line in [
        r#"{"severity":"high","cwe_id":"CWE-89","fileName":"a.py","message":"m"}"#,
        r#"{"severity":"high","file":"a.py","line":3,"message":"m","timestamp":"2026-11-26"}"#,
        r#"{"severity":"ERROR","file":"a.py","line":3,"message":"m","time":"2026-11-26"}"#,
        r#"{"severity":"error","file_name":"a.py","message":"m"}"#,
        r#"{"severity":"error","File":"a.py","message":"m"}"#,
        r#"{"severity":"error","uri":"a.py","message":"m"}"#,
        r#"{"severity":"error","url":"http://x/","message":"m"}"#,
        r#"{"severity":"error","resource":"aws_s3","message":"m"}"#,
        r#"{"severity":"error","package":"flask","message":"m"}"#,
        r#"{"severity":"error","test_id":"B1","message":"m"}"#,
        r#"{"severity":"error","RuleId":"B1","message":"m"}"#,
        r#"{"severity":"error","ruleID":"B1","message":"m"}"#,
        r#"{"severity":"error","cwe":"79","message":"m","time":"x"}"#,
        r#"{"severity":"error","id":"GHSA-1","message":"m","time":"x"}"#,
        r#"{"severity":"high","message":"m"}"#,
        r#"{"severity":2,"ruleId":"no-eval","line":1,"message":"m"}"#,
    ] {
        let report = read(format!("text\n{line}\n{line}\n"));
        let found = told(&report);
        assert_eq!(found.matches(" m").count(), 2, "{line}: {found}");
        assert_eq!(trouble(&report), "", "{line}");
    }
    for line in [
        r#"{"severity":"high","alert":"XSS"}"#,
        r#"{"id":"GHSA-1","severity":"HIGH"}"#,
        r#"{"severity":"low","alert":"XSS","timestamp":"x"}"#,
    ] {
        let found = read(format!("{line}\n{line}\n")).findings;
        assert_eq!(found.unwrap().entries.len(), 2, "{line}");
    }
    // A list of them is a report as a whole, but for what only loggers write.
    check(&[
        (
            r#"[{"severity": "error", "message": "m", "time": "x"}]"#,
            "high m | -",
            "",
        ),
        (
            r#"[{"severity": "error", "message": "m", "insertId": "x"}]"#,
            "- | -",
            "unreadable report",
        ),
    ]);
}

#[test]
fn what_a_tool_finds_is_no_log_line_for_its_time_or_a_name_that_loggers_use() {
    for line in [
        r#"{"severity":"critical","hostname":"web1","cve":"CVE-2021-44228","title":"m"}"#,
        r#"{"severity":"high","hostname":"web1","title":"m","description":"m","port":443}"#,
        r#"{"severity":"high","description":"m","sourceLocation":{"file":"A.java"},"ruleId":"x"}"#,
        r#"{"severity":"high","description":"m","record":"old.example.com","ruleId":"x"}"#,
        r#"{"severity":"high","description":"m","facility":"Plant 3","rule":"x"}"#,
        r#"{"severity":"high","title":"m","url":"http://x","httpRequest":"GET /","cwe":79}"#,
        r#"{"severity":"high","file":"a.go","line":3,"rule":"G304","caller":"f","message":"m"}"#,
        r#"{"@timestamp":"x","severity":"high","rule":"r","message":"m"}"#,
        r#"{"severity":"error","rule":"aws-key","message":"m","timestamp":"x"}"#,
        r#"{"severity":"warning","rule_id":"aws-key","message":"m","time":"x"}"#,
        r#"{"severity":"error","file":"config/prod.env","message":"m","timestamp":"x"}"#,
        r#"{"severity":"critical","path":"a.py","message":"m","date":"x"}"#,
        r#"{"severity":"critical","url":"http://x/login","message":"m","timestamp":"x"}"#,
        r#"{"severity":"error","check":"CKV_AWS_20","resource":"s3.x","message":"m","time":"x"}"#,
    ] {
        let report = read(format!("text\n{line}\n{line}\n"));
        let found = report.findings.as_ref().map(|it| it.entries.len());
        assert_eq!(
            (found, trouble(&report)),
            (Some(2), String::new()),
            "{line}"
        );
    }
    for line in [
        r#"{"level":"error","file":"a.js","rule":"no-eval","message":"eval used"}"#,
        r#"{"level":"error","rule":"no-eval","message":"eval used"}"#,
        r#"{"level":"warning","path":"Dockerfile","code":"DL3006","message":"tag"}"#,
        r#"{"level":"error","hostname":"h","cve":"CVE-2021-44228","message":"m"}"#,
    ] {
        let words = trouble(&read(format!("text\n{line}\n{line}\n")));
        assert!(words.contains("unreadable report"), "{line}: {words}");
    }
    // In a list, each counts; and so does a text beside them.
    let list = r#"[{"severity":"high","description":"a","record":"x"}, {"severity":"low",
        "description":"b"}, {"severity":"low","description":"c","insertId":"x"}, "d"]"#;
    check(&[(list, "high a, low b, low c, medium d | -", "")]);
}

#[test]
fn lines_of_common_loggers_say_nothing_of_findings() {
    for line in [
        r#"{"@level":"info","@message":"x","@module":"m","@timestamp":"t"}"#,
        r#"{"@t":"2026-11-27T10:00:00Z","@mt":"Started {X}","@l":"Warning","X":1}"#,
        r#"{"@t":"2026-11-27T10:00:00Z","@mt":"Started {X}","X":1}"#,
        r#"{"Timestamp":"t","Level":"Information","MessageTemplate":"x"}"#,
        r#"{"version":"1.1","host":"h","short_message":"m","timestamp":1.1,"level":6}"#,
        r#"{"timestamp":"1","severityText":"INFO","severityNumber":9,"body":"x"}"#,
        r#"{"L":"INFO","T":"2026-11-27","C":"x.go:3","M":"msg"}"#,
        r#"{"message":"m"}"#,
        r#"{"level":"info","time":"2026-11-27T10:00:00Z","count":3}"#,
        r#"{"level":"error","error":"EOF","time":"2026-11-27T10:00:00Z"}"#,
        r#"{"textPayload":"x","insertId":"a","timestamp":"t","logName":"l"}"#,
        r#"{"jsonPayload":{"message":"x","a":{"b":{"c":1}}},"insertId":"a"}"#,
        r#"{"msg":"m","severity":"3","host":"h","timestamp":"x"}"#,
    ] {
        check(&[(&format!("{line}\n{line}\n"), "- | -", "")]);
        check(&[(&format!("{{\"findings\": []}}\n{line}\n"), " | -", "")]);
    }
    // What is no logger's fields alone.
    for line in [
        r#"{"level":"info","time":"t","results":[{"id":1}]}"#,
        r#"{"level":"error","time":"t","file":"a.py","line":3,"code":"E1"}"#,
    ] {
        let words = trouble(&read(format!("{line}\n{line}\n")));
        assert!(words.contains("unreadable report"), "{line}: {words}");
    }
}

#[test]
fn what_a_service_logs_of_itself_is_no_finding() {
    for line in [
        r#"{"severity":"INFO","timestamp":"x","message":"ok","check":"db","path":"/healthz"}"#,
        r#"{"severity":"ERROR","timestamp":"x","message":"down","check":"db","path":"/healthz"}"#,
        r#"{"severity":"NOTICE","message":"This is the default display field.","component":"arbitrary-property"}"#,
        r#"{"severity":"INFO","message":"m","url":"/x"}"#,
        r#"{"severity":"ERROR","message":"m","logging.googleapis.com/sourceLocation":{"file":"a.py","line":"3"},"file":"a.py","line":3,"rule":"R"}"#,
        r#"{"severity":"error","time":1,"caller":"a.go:3","message":"m","file":"a.go","line":3}"#,
        r#"{"severity":"ERROR","logger":"app","file":"a.py","line":3,"message":"m","timestamp":"x"}"#,
    ] {
        for text in [line.to_owned(), format!("{line}\n{line}\n")] {
            let report = read(text);
            assert_eq!(
                (told(&report).as_str(), trouble(&report)),
                ("- | -", String::new()),
                "{line}"
            );
        }
    }
}

#[test]
fn a_severity_under_another_name_is_none_that_was_not_told() {
    let report = read(
        r#"{"issues": [{"rule": {"name": "aws_x", "severity": "error"}, "message": "a"},
            {"cvss": "CVSS:3.1/AV:N/AC:L", "message": "b"}, {"Severity": "HIGH", "message": "c"},
            {"impact": "some words of it", "message": "d"}], "errors": []}"#,
    );
    assert_eq!(told(&report), "high a, unknown b, high c, medium d | -");
    let entries = report.findings.unwrap().entries;
    let assumed = entries
        .iter()
        .map(|it| it.get("severity_assumed").is_some());
    assert_eq!(assumed.collect::<Vec<_>>(), [false, false, false, true]);
}

#[test]
fn a_severity_that_is_plain_is_read_in_any_form() {
    for (told_as, expected) in [
        (r#""9.8""#, "critical"),
        ("9.8", "critical"),
        ("7.0", "high"),
        ("3.9", "low"),
        (r#""10.0""#, "critical"),
        (r#""10.1""#, "unknown"),
        ("9", "unknown"),
        (r#""9""#, "unknown"),
        (r#""urgent""#, "unknown"),
        (r#""P0""#, "unknown"),
        (r#""Very High""#, "high"),
        (r#""HIGH (8.1)""#, "high"),
        (r#""LOW (9.8)""#, "critical"),
        (r#""SEVERITY_HIGH""#, "high"),
        (r#""severity-low""#, "low"),
        (r#""EMERG""#, "critical"),
        (r#"["HIGH"]"#, "high"),
        (r#"["low", "urgent"]"#, "unknown"),
        (r#""not minor""#, "unknown"),
        (r#""non-trivial""#, "unknown"),
        (r#""low-medium""#, "medium"),
        (r#"{"level": "low"}"#, "unknown"),
        ("true", "unknown"),
        ("null", "medium"),
        (r#""  ""#, "medium"),
        ("[]", "medium"),
    ] {
        let text =
            format!("{{\"findings\": [{{\"description\": \"d\", \"severity\": {told_as}}}]}}");
        assert_eq!(told(&read(&text)), format!("{expected} d | -"), "{text}");
    }
    // One that is left out may be anything.
    let odd = r#"{"severity": "urgent", "description": "a"}"#;
    let low = r#"{"severity": "low", "description": "b"}"#;
    let text = format!(
        "{}{}",
        format!("{odd}\n").repeat(1001),
        format!("{low}\n").repeat(5)
    );
    let found = read(text).findings.unwrap();
    assert_eq!(found.worst_omitted, Some(crate::domain::Severity::Unknown));
}
