//! Reports that break off before they say anything, and text that begins as they do.

use std::path::Path;

use serde_json::json;

use super::{BROKEN, check, read, read_as, told, trouble};
use crate::server::converge::output::{Manner, Output};

#[test]
fn a_report_that_breaks_off_before_its_first_colon_is_no_text() {
    let low = r#"{"severity": "low", "description": "a"}"#;
    for (text, line) in [
        ("[", 1),
        ("[\n", 2),
        ("[\n  {\n", 3),
        ("{\"", 1),
        ("{\n  \"findings\"", 2),
        ("[\nTraceback (most recent call last):\n", 2),
        ("[\nthread 'main' panicked at a.rs\n", 2),
        ("[\n  {\nTraceback (most recent call last):\n", 3),
        ("{\nTraceback (most recent call last):\n", 2),
        ("{\"seve\nKilled\n", 1),
        ("{\"severity\"\nKilled\n", 2),
    ] {
        check(&[(text, "- | -", &format!("{BROKEN}{line}: "))]);
        let report = read(format!("{low}\n{text}"));
        assert_eq!(told(&report), "low a | -", "{text}");
        assert!(trouble(&report).contains(BROKEN), "{text}");
    }
    check(&[(&format!("{low}\n{{\"seve"), "low a | -", BROKEN)]);
    for text in [
        "[{\"severity\":\"high\",\"file\":\"a\",\"mess",
        "[{\"file\":\"a\",\"line\":3",
        "log: [{\"severity\":\"high\",\"file\":\"a\"},",
        "log: {\"file\":\"a\",\"severity\":\"high\",\"mess",
        "Report: {\"$schema\": \"https://json.s",
    ] {
        for manner in [Manner::Reports, Manner::Aside] {
            let words = trouble(&read_as(manner, text.as_bytes(), 4093));
            assert!(words.contains("it is cut off"), "{text}: {words}");
        }
    }
}

/// SARIF in many lines, and with this line behind its first bracket.
fn torn_by(line: &str) -> String {
    let sarif = json!({"runs": [{"results": [{"message": {"text": "bad"}}],
        "tool": {"driver": {"name": "X"}}}], "version": "2.1.0"});
    format!("{sarif:#}\n").replacen('\n', &format!("\n{line}\n"), 1)
}

#[test]
fn a_report_into_which_another_program_writes_is_no_text() {
    for line in [
        "[INFO] scanning",
        "2026-11-27 10:00:00 INFO x",
        "scanning files",
        "45% done",
        "[ 45%] scanning",
        "-> x",
        "✓ x",
        r#"{"level":"info","msg":"x"}"#,
        "\"x\" loaded",
        "// comment",
        "# comment",
        "/* */",
        ",",
        "$schema: 'x',",
        "\u{1b}[32m[INFO]\u{1b}[0m scanning",
    ] {
        let text = torn_by(line);
        check(&[(&text, "- | -", &format!("{BROKEN}2: "))]);
        check(&[(&text.replace('\n', "\r\n"), "- | -", BROKEN)]);
        let list = text.replace("\"runs\"", "\"findings\"");
        check(&[(&list, "- | -", &format!("{BROKEN}2: "))]);
    }
    // Its runs are known even where its beginning is lost.
    let runs =
        r#""runs":[{"tool":{"driver":{"name":"X"}},"results":[{"message":{"text":"bad"}}]}]}"#;
    for before in [
        "{[INFO] x\n\"version\":\"2.1.0\",",
        "\"version\":\"2.1.0\",",
        "x ",
    ] {
        let text = format!("{before}{runs}\n");
        check(&[(&text, "- | -", "the beginning of this SARIF is lost")]);
    }
}

#[test]
fn a_program_that_dies_behind_its_first_bracket_has_reported_nothing() {
    for words in [
        "Killed",
        "./scan.sh: line 3: 1234 Killed   scan",
        "2026-11-27 10:00:00 ERROR scan failed",
        "[ERROR] scan failed",
        "panic: runtime error",
        "thread 'main' panicked at a.rs",
        "make: *** [scan] Error 137",
        "/bin/sh: 1: x: not found",
        "false alarm",
    ] {
        for begin in ["[", "{", "[\n  {", "[\r"] {
            for after in ["", "\n", "\nmake: Leaving directory\n{\"a\": 1}\n"] {
                let text = format!("checking\n{begin}\n{words}{after}");
                check(&[(&text, "- | -", BROKEN)]);
            }
        }
    }
    check(&[(
        "{\n  \"version\"panic: runtime error\n",
        "- | -",
        &format!("{BROKEN}2: "),
    )]);
}

#[test]
fn code_and_what_compares_it_is_text() {
    for text in [
        "{\n    return 0;\n}\n",
        "{\n  a: 1,\n}\n{\n  a: 1,\n  'b-c': { d: [ 1 ] }\n}\n",
        "func main()\n{\n\tfor {\n\t\tx[0] = 1\n\t}\n}\n",
        "{\nint x;\nchar y[] = {0};\n}\n",
        "int f()\n{\n#ifdef X\n  return 1;\n#endif\n}\n",
        "@@ -1,3 +1,4 @@\n {\n     int x;\n+    int y;\n     f();\n",
        "@@ -1,3 +1,3 @@\n {\n-  \"a\": 1,\n+  \"a\": 2,\n   \"b\": 1\n }\n",
        "  {\n-   \"a\": 1,\n+   \"a\": 2,\n    \"b\": 3,\n  }\n",
        "function f()\n{\n  return {\n    \"a\": 1\n  };\n}\n",
        "server\n{\n  listen 80;\n",
        "[\nscanning files\n]\n",
        "{\n  echo hi\n}\n\"name\": value\n",
        "[ 10%] a\n[ 20%] b\n",
        "{ a: 1 }\nKilled\n",
        "{\n  a: 1,\n  \"content-type\": \"text/plain\",\n}\n",
    ] {
        check(&[(text, "- | -", "")]);
    }
}

#[test]
fn what_begins_as_a_report_and_goes_on_as_text_is_text() {
    for text in [
        "[INFO] text\n[1/4] step\n{{template}}\n",
        "[\n  'a',\n  'b'\n]\n[\n  { a: 1 }\n]\n",
        "{\n    int x = 1;\n}\n{\nint x;\n}\n",
        "{\"abc\", \"def\"}\n{\"a\" => 1}\n",
        "foo ()\n{\n    echo hi\n}\n",
        "[ OK ] done\r\n[ FAIL ] done\r\n",
        "value: {\n",
        "value: [\n",
        "expected [{\"id\": x}]\n",
    ] {
        let report = read(text);
        assert_eq!(
            (told(&report).as_str(), trouble(&report)),
            ("- | -", String::new()),
            "{text}"
        );
    }
}

#[test]
fn a_list_of_more_than_64_mib_is_said_wherever_it_stands() {
    let piece = vec![b'x'; 1024 * 1024];
    let lists = [
        (
            "log: [{\"severity\":\"high\",\"file\":\"a\",\"message\":\"",
            "\"}]\n",
        ),
        ("[\"", "\"]\n"),
    ];
    for (begin, end) in lists {
        let mut output = Output::new(Manner::Reports, Path::new("/nowhere"));
        output.push(begin.as_bytes());
        for _ in 0..65 {
            output.push(&piece);
        }
        output.push(end.as_bytes());
        let words = trouble(&output.finish().0);
        assert!(words.ends_with("has more than 64 MiB"), "{words}");
    }
}
