//! Reports that break off before they say anything, and text that begins as they do.

use std::path::Path;

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
    ] {
        for manner in [Manner::Reports, Manner::Aside] {
            let words = trouble(&read_as(manner, text.as_bytes(), 4093));
            assert!(words.contains("it is cut off"), "{text}: {words}");
        }
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
    let mut output = Output::new(Manner::Reports, Path::new("/nowhere"));
    output.push(b"log: [{\"severity\":\"high\",\"file\":\"a\",\"message\":\"");
    let piece = vec![b'x'; 1024 * 1024];
    for _ in 0..65 {
        output.push(&piece);
    }
    output.push(b"\"}]\n");
    let words = trouble(&output.finish().0);
    assert!(words.ends_with("has more than 64 MiB"), "{words}");
}
