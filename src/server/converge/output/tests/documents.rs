//! Documents are found in whatever stands around them, however they are encoded; what is broken is
//! said, and what is too much is bounded.

use std::path::Path;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::super::{Manner, Output, Report};
use super::{BROKEN, HIGH, check, read, read_as, told, trouble};
use crate::domain::Severity;

#[test]
fn every_document_counts_wherever_it_stands() {
    let low = r#"{"severity": "low", "description": "a"}"#;
    let empty = r#"{"findings": []}"#;
    let pretty = format!("{:#}", serde_json::from_str::<Value>(HIGH).unwrap());
    let many = "note: a line of a log\n".repeat(200);
    let braces = "fn main() {\n    if [ -f x ]; then {x}; fi\n}\n[1/5] go\n[[x]] {{y}} {z\n";
    for text in [
        format!("{HIGH}\n{empty}\n"),
        format!("{empty}\n{HIGH}\nmake[1]: Leaving directory '/repo'\n"),
        format!("{many}{pretty}\n{many}"),
        format!("{many}{HIGH}{many}"),
        format!("{braces}{pretty}\n{braces}"),
        format!("{{\"progress\": 0.5}}\n{pretty}\n{{\"done\": true}}\n"),
        format!("{empty}{HIGH}{empty}"),
        format!("{empty} {HIGH}\r\n"),
        format!("2026-11-26 08:00 INFO report: {HIGH} (1 problem)\n"),
        format!("Report: {pretty}\n"),
        format!("[12\n{HIGH}\n"),
        format!("[12,\n\n{{\n{HIGH}\n"),
        format!("\u{1b}[32m{HIGH}\u{1b}[0m\n\u{1b}]0;title\u{7}done\n"),
        format!("\u{1b}]0;title\u{9c}{HIGH}\n"),
        format!("\u{1b}]0;title{HIGH}\n"),
        format!("\u{1b}Pq{HIGH}\n"),
        format!("\u{1b}{HIGH}\n"),
        format!("\u{1e}{HIGH}\n\u{1e}{empty}\n"),
        format!("\u{feff}{empty}\n\u{feff}{HIGH}"),
        format!("[{HIGH}, {empty}]"),
        pretty.replace('\n', "\r\n"),
        // As `jq -C` colours it.
        pretty.replace("\"findings\"", "\u{1b}[34;1m\"findings\"\u{1b}[0m"),
    ] {
        let report = read(&text);
        assert_eq!(told(&report), "high b | -", "{text}");
        assert_eq!(trouble(&report), "", "{text}");
    }
    let text = format!("{low}\n{pretty}{low} {HIGH}\n[{low}]\n");
    assert_eq!(told(&read(text)), "low a, high b, low a, high b, low a | -");
    let sarif = |name: &str| {
        json!({"version": "2.1.0", "runs": [{"tool": {"driver": {"name": "t"}},
            "results": [{"message": {"text": name}}]}]})
    };
    let text = format!("{}\n{:#}\n{HIGH}", sarif("x"), sarif("y"));
    assert_eq!(told(&read(text)), "medium x, medium y, high b | -");
}

#[test]
fn a_report_on_standard_error_counts_and_its_logs_do_not() {
    let aside = |text: &str| read_as(Manner::Aside, text.as_bytes(), 4093);
    let pretty = format!("{:#}", serde_json::from_str::<Value>(HIGH).unwrap());
    assert_eq!(
        told(&aside(&format!("warning: x\n{pretty}\n"))),
        "high b | -"
    );
    for noise in [
        "{\"progress\": 1}\n{\"a\": [{}]}",
        "{\"a\": ",
        "[1, 2]\n[]\n{}",
        "{\"severity\": \"high\", \"message\": \"m\"}",
    ] {
        let report = aside(noise);
        assert_eq!(
            (told(&report).as_str(), trouble(&report)),
            ("- | -", String::new()),
            "{noise}"
        );
    }
    assert!(trouble(&aside("{\"findings\": [")).contains("it is cut off"));
    let both = read(r#"{"findings": ["a"]}"#).and(aside(HIGH));
    assert_eq!(told(&both), "medium a, high b | -");
    let nothing = read_as(Manner::Nothing, HIGH.as_bytes(), 4093);
    assert_eq!(nothing, Report::default());
}

/// What is broken, the line of the output, and the words.
const BROKEN_REPORTS: &[(&str, (u32, &str))] = &[
    (
        "{\"findings\": [{\"severity\": \"low\"",
        (1, "it is cut off"),
    ),
    ("x\n\n{\n\"findings\": [\n", (5, "it is cut off")),
    ("{\"findings\": [],}", (1, "there is a comma before `}`")),
    (
        "{\n\"findings\": [\n\"a\",\n]}",
        (4, "there is a comma before `]`"),
    ),
    ("{\"findings\": [\"a\tb\"]}", (1, "a raw control character")),
    (
        "{\"findings\":\n [\"a\u{1b}[0m\"]}",
        (2, "a raw control character"),
    ),
    ("{\"findings\": [\"a\nb\"]}", (1, "a raw control character")),
    (
        "{\"findings\": [{\"score\": NaN}]}",
        (1, "`N` stands where a value"),
    ),
    (
        "{\"findings\": [{\"score\": -Infinity}]}",
        (1, "invalid number"),
    ),
    (
        "{\"findings\": [{\"score\":\n 1e999}]}",
        (2, "number out of range"),
    ),
    ("{\"findings\": [{\"score\": 01}]}", (1, "invalid number")),
    ("{\"findings\": [tru]}", (1, "expected ident")),
    ("{\"findings\": [\"\\x\"]}", (1, "invalid escape")),
    (
        "{\"findings\": [{\"a\": 1} {\"a\": 2}]}",
        (1, "`{` stands where a comma"),
    ),
    (
        "{\"findings\": [\"a\"],\n\"findings\": []}",
        (2, "\"findings\" stands twice"),
    ),
    (
        "{\"findings\": [\n{\"severity\": \"high\", \"severity\": \"low\"}]}",
        (2, "\"severity\" stands twice"),
    ),
    (
        "{'findings': []}",
        (1, "it is no JSON: findings must stand in double"),
    ),
    (
        "{\n  findings: [ { severity: 'high' } ]\n}",
        (2, "it is no JSON"),
    ),
    (
        "INFO report: {\"findings\": [oops",
        (1, "`o` stands where a value"),
    ),
    ("text\n{\0\"\0f\0i\0", (2, "it is UTF-16 within other text")),
];

#[test]
fn what_looks_like_a_report_and_cannot_be_read_is_said_with_its_line() {
    for (text, (line, words)) in BROKEN_REPORTS {
        check(&[(text, "- | -", &format!("{BROKEN}{line}: {words}"))]);
    }
    let deep = format!("{{\"findings\": {}{}}}", "[".repeat(200), "]".repeat(200));
    check(&[(
        &deep,
        "- | -",
        "line 1: it is nested more than 127 levels deep",
    )]);
    // What stands beside it counts.
    check(&[(
        &format!("{HIGH}\n{{\"findings\": [\n"),
        "high b | -",
        BROKEN,
    )]);
    let many = "{\"findings\": [,]}\n".repeat(10);
    assert!(trouble(&read(many)).ends_with("; and 7 more"));
}

#[test]
fn plain_text_does_not_look_like_a_report() {
    for text in [
        "{braces} in a text\n{ and more }\nfn f() { 1 }\nmap {\"a\" to 1}\n",
        "[ OK ] started\n[====>   ] 40%\n[1/5] go\n[1] 4711\n[2026-11-26 08:00] x\n[\"a\" is odd]\n",
        "assert {'a': 1} == {'b': 2}\n{'a': 1}\n{ a: 1 }\n",
        "expected {\"user\": 1} but got {\"user\": \"x\n{\n",
        "test[1] ok, test[{}] ok\n{{ template }}\n{% if x %}\n",
        "make: *** [Makefile:3: test] Error 2\n[test] \n[null pointer]\n",
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
fn encodings_are_read() {
    let text = r#"{"findings": [{"severity": "high", "description": "grün 🦀"}]}"#;
    let wide = |little: bool, text: &str| -> Vec<u8> {
        let units = text.encode_utf16();
        let bytes = |unit: u16| {
            if little {
                unit.to_le_bytes()
            } else {
                unit.to_be_bytes()
            }
        };
        units.flat_map(bytes).collect()
    };
    let marked = format!("\u{feff}{text}");
    let lines = format!("\u{feff}検査中、しばらくお待ちください。これは長い行です。\r\n{text}\r\n");
    for bytes in [
        text.as_bytes().to_vec(),
        marked.as_bytes().to_vec(),
        wide(true, &marked),
        wide(false, &marked),
        wide(true, text),
        wide(false, text),
        wide(true, &lines),
        wide(
            true,
            &format!("\u{feff}Scanning\r\n{}\r\n{text}", "═".repeat(300)),
        ),
        // UTF-8 of another program behind it.
        [wide(true, "\u{feff}Scanning\r\n"), text.into()].concat(),
        [
            wide(true, "\u{feff}Scanning\r\n"),
            "line\n".repeat(20_000).into(),
            text.into(),
        ]
        .concat(),
        [
            wide(false, "\u{feff}検査中、しばらくお待ちください。\n"),
            text.into(),
        ]
        .concat(),
    ] {
        for piece in [1, 5, 4093] {
            let report = read_as(Manner::Reports, &bytes, piece);
            assert_eq!(told(&report), "high grün 🦀 | -", "{bytes:?}");
        }
    }
    // Latin-1, and bytes that look like a mark.
    assert_eq!(
        told(&read(b"gr\xfcn\n{\"findings\": [\"gr\xfcn\"]}")),
        "medium gr\u{fffd}n | -"
    );
    let odd = b"\xff\xfe\n{\"findings\": [\"\xff\"]}\n";
    assert_eq!(told(&read(odd)), "medium \u{fffd} | -");
    let halves = [
        (r"a\ud83d b", "a\u{fffd} b"),
        (r"\udc00\ud83d", "\u{fffd}\u{fffd}"),
        (r"\ud83e\udd80", "🦀"),
        (r"\\ud83d", "\\ud83d"),
        (r"\ud83d\ud83e\udd80", "\u{fffd}🦀"),
    ];
    for (escaped, plain) in halves {
        let report = read(format!("{{\"findings\": [\"{escaped}\"]}}"));
        assert_eq!(told(&report), format!("medium {plain} | -"), "{escaped}");
    }
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
    assert_eq!(found.worst_omitted, Some(Severity::Low));
    // The gravest are kept, wherever they stand.
    let grave = r#"{"severity": "critical", "description": "grave"}"#;
    let found = read(format!("{}{grave}", line.repeat(1500)))
        .findings
        .unwrap();
    assert_eq!((found.entries.len(), found.omitted), (1000, 501));
    assert_eq!(
        Severity::of(found.entries.last().unwrap()),
        Severity::Critical
    );
    let found = read(format!("{grave}\n").repeat(1001)).findings.unwrap();
    assert_eq!(found.worst_omitted, Some(Severity::Critical));
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
fn a_document_of_more_than_64_mib_is_not_read_and_what_follows_is() {
    let mut output = Output::new(Manner::Reports, Path::new("/nowhere"));
    output.push(b"text\n{\"findings\": [\"");
    let piece = vec![b'x'; 1024 * 1024];
    for _ in 0..64 {
        output.push(&piece);
    }
    output.push(format!("\"]}}\n{HIGH}\n").as_bytes());
    let report = output.finish().0;
    assert_eq!(told(&report), "high b | -");
    let words = "line 2: the document that begins here has more than 64 MiB";
    assert!(trouble(&report).ends_with(words), "{report:?}");
}

/// Any JSON, with whatever a text may hold.
fn anything() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        "[\\[\\]{}\",: a-z\\\\\n\u{1b}é🦀]{0,12}".prop_map(Value::from),
    ];
    leaf.prop_recursive(5, 40, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::btree_map("[a-z{}\"]{0,4}", inner, 0..6)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn every_report_is_found_among_any_text(
        parts in prop::collection::vec((anything(), any::<bool>(), "[ -z|~]{0,30}"), 0..6),
        piece in 1_usize..300,
    ) {
        let (mut text, mut expected) = (String::new(), Vec::new());
        for (number, (more, pretty, line)) in parts.iter().enumerate() {
            let report = json!({"findings": [format!("f{number}")], "more": more});
            let line = line.replace(['[', '{'], "(");
            let part = if *pretty {
                format!("{line}\n{report:#}\n")
            } else {
                format!("{line}\n{report} {line}\n")
            };
            text.push_str(&part);
            expected.push(format!("medium f{number}"));
        }
        let report = read_as(Manner::Reports, text.as_bytes(), piece);
        let found = if parts.is_empty() { "-".to_owned() } else { expected.join(", ") };
        prop_assert_eq!(told(&report), format!("{found} | -"), "{}", &text);
        prop_assert_eq!(trouble(&report), "", "{}", text);
    }

    #[test]
    fn no_report_that_is_cut_off_passes_for_none(more in anything(), pretty: bool, at in 0.0_f64..1.0) {
        let report = json!({"a": more, "findings": ["f"]});
        let text = if pretty { format!("{report:#}") } else { report.to_string() };
        // From behind the first colon to before the last bracket.
        let first = text.find(':').unwrap() + 1;
        let room = f64::from(u32::try_from(text.len() - 1 - first).unwrap());
        let mut end = first + format!("{:.0}", at * room).parse::<usize>().unwrap();
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        let cut = read(&text[..end]);
        prop_assert!(trouble(&cut).contains("it is cut off"), "{}: {:?}", &text[..end], cut);
    }
}
