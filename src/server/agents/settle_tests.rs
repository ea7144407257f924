//! What lines say to the dashboard that are not quite what they should be.

use serde_json::json;

use super::super::super::complaints::LINE_LOST;
use super::super::{LIMIT, LONGEST, Lines};
use super::{messages, read, read_with_pauses, receive};
use crate::domain::{AgentEvent, LogStream};

#[test]
fn a_result_behind_what_is_too_long_is_said_to_be_lost() {
    let long = "x".repeat(LONGEST + LIMIT);
    let row = format!("\"{}\",\n", "x".repeat(1000));
    for text in [
        format!("{{\"message\": \"{long}\", \"result\": 1}}\n"),
        format!("{{\"words\": \"{long}\", \"result\": 1}}\n"),
        format!("\x1b[1m{{\"words\": \"{long}\", \"result\": 1}}\x1b[0m\n"),
        format!(
            "{{\n  \"words\": [{}0],\n  \"result\": 1\n}}\n",
            row.repeat(LONGEST / 1000)
        ),
    ] {
        // As it comes from a pipe.
        let pieces: Vec<&[u8]> = text
            .as_bytes()
            .chunks(16 * 1024)
            .chain([&b"end\n"[..]])
            .collect();
        let found = read(&pieces);
        let said = found.iter().filter(|it| **it == format!("! {LINE_LOST}"));
        assert_eq!(said.count(), 2, "{}", found.len());
        assert!(found.contains(&"end".to_owned()));
    }
    assert_eq!(read(&[long.as_bytes(), b"yyy\n"]).len(), 1);
}

#[test]
fn text_that_cannot_go_on_an_object_is_shown_at_once() {
    let head = "{\n".to_owned() + &"  \"script\": \"words\",\n".repeat(25);
    let mut lines = Lines::new(LogStream::Stdout);
    let mut events = Vec::new();
    lines.push(head.as_bytes(), &mut events);
    lines.push(b"now I ask\n{\"question\": \"Delete?\"}\n", &mut events);
    assert!(matches!(events.last(), Some(AgentEvent::NeedsInput(it)) if it.text == "Delete?"));
    let found = messages(events);
    assert_eq!(found.len(), 28);
    assert_eq!(found[26], "now I ask");
}

#[test]
fn what_is_held_of_an_object_is_shown_after_a_pause_and_still_counts() {
    let found = read_with_pauses(&[b"{\n  \"result\":\n", b"1\n", b"}\nend\n"]);
    assert_eq!(
        found,
        ["{", "  \"result\":", "1", "Result(Number(1))", "end"]
    );
    // Who waits for an answer never ends the object.
    let found = read_with_pauses(&[b"{\"items\": [\n{\"question\": \"sure?\"}\n", b"]}\n"]);
    assert!(found[1].starts_with("NeedsInput("), "{found:?}");
    assert_eq!(
        (found[0].as_str(), found[2].as_str()),
        ("{\"items\": [", "]}")
    );
    let prompt = read_with_pauses(&[b"{\n  \"a\": 1,\n", b"Continue? ", b"y\n"]);
    assert_eq!(prompt, ["{", "  \"a\": 1,", "Continue? ", "y"]);
}

#[test]
fn what_was_meant_for_the_dashboard_and_cannot_be_read_is_said() {
    for text in [
        "{\"result\": {\"ok\": 1}",
        "{\n  \"result\": {\n    \"ok\": 1\n  }\n",
        "{\"result\": {\"ok\": 1,}}\n",
        "{\n  \"result\": {\n    \"ok\": 1,\n  }\n}\n",
        "{\"result\": None}\n",
        "{\"result\": \"\\x41\"}\n",
        "{\"result\": 1} done\n",
        "{'result': 1}\n",
        "\x1b[1m{\"result\": True}\x1b[0m\n",
    ] {
        let found = read(&[text.as_bytes()]);
        let said: Vec<_> = found.iter().filter(|it| it.starts_with('!')).collect();
        assert_eq!(said.len(), 1, "{text}: {found:?}");
        let words = "! looks like a line of an agent but cannot be read: ";
        assert!(said[0].starts_with(words), "{text}: {found:?}");
        assert_eq!(
            found.len(),
            text.trim_end().lines().count() + 1,
            "{text}: {found:?}"
        );
    }
    let line = b"{\"result\": None}\n";
    let found = read(&[&line.repeat(50)]);
    let said = found.iter().filter(|it| it.starts_with('!'));
    assert_eq!(said.count(), 21);
    // A list of other programs is none of ours.
    let list = "[\n  {\"message\": \"x\"},\n  {\n    \"message\": \"y\"\n  }\n]\n";
    let found = read(&[list.as_bytes()]);
    assert!(!found.iter().any(|it| it.starts_with('!')), "{found:?}");
}

#[test]
fn what_a_terminal_shows_as_the_line_is_the_line() {
    for text in [
        "working 50%\x1b[2K\x1b[1G{\"result\": 1}\n",
        "|\x08/\x08-\x08{\"result\": 1}\n",
        "|\x08/\x08-\x08{\n\"result\": 1}\n",
        "working\x1b[2K\x1b[1G\x1b[32m{\"result\": 1}\x1b[0m\n",
    ] {
        assert_eq!(read(&[text.as_bytes()]), ["Result(Number(1))"], "{text:?}");
    }
    let slowly = ["working 50%", "\x1b[2K\x1b[1G{\"res", "ult\": 1}\n"].map(str::as_bytes);
    assert_eq!(
        read_with_pauses(&slowly),
        ["working 50%", "Result(Number(1))"]
    );
    let long = format!("|\x08{{\"result\": \"{}\"}}\n", "x".repeat(LIMIT));
    let found = read(&[long.as_bytes()]);
    assert!(
        found[1].ends_with("it is longer than 64 KiB"),
        "{}",
        found[1]
    );
}

#[test]
fn control_characters_in_a_text_are_part_of_it() {
    for text in [
        "a\u{80}\u{9d}b",
        "a\u{85}b",
        "a\u{7f}b",
        "a\u{90}b",
        "a\u{9b}31mb",
    ] {
        let expected = AgentEvent::Result(json!({"text": text}));
        let line = json!({"result": {"text": text}});
        let pretty = serde_json::to_string_pretty(&line).unwrap();
        for printed in [
            format!("{line}\nend"),
            format!("{pretty}\nend"),
            format!("\x1b[1m\n{line}\nend"),
        ] {
            let events = receive(&[printed.as_bytes()], false);
            assert!(events.contains(&expected), "{printed:?}: {events:?}");
        }
        let asked = json!({"question": format!("{text}?")}).to_string();
        let events = receive(&[asked.as_bytes()], false);
        assert!(
            matches!(&events[..], [AgentEvent::NeedsInput(it)] if it.text == format!("{text}?")),
            "{events:?}"
        );
    }
}

#[test]
fn what_was_meant_for_people_is_shown_as_it_is() {
    let lines = [
        r#"{"progress":0.1,"log":{"msg":"disk full"}}"#,
        r#"{"progress":0.2,"log":{"msg":"backup lost"}}"#,
    ];
    let found = read(&[lines.join("\n").as_bytes()]);
    assert_eq!(found.len(), 5, "{found:?}");
    assert_eq!((found[0].as_str(), found[3].as_str()), (lines[0], lines[1]));
    assert!(found[2].starts_with('!') && found[2].contains("disk full"));
}

#[test]
fn text_after_a_sequence_that_does_not_end_is_shown() {
    assert_eq!(
        read(&[b"start\n\x1bPx\nERROR failed\nlast\n"])[2..],
        ["ERROR failed", "last"]
    );
    let found = read(&[b"\x1bPq#0~~\n~~-\n"]);
    assert!(
        found.last().unwrap().starts_with("! a picture began"),
        "{found:?}"
    );
}

#[test]
fn rows_of_a_list_are_text_whatever_they_say() {
    let rows = json!([
        {"n": 1, "result": "x", "question": "Capital of France?", "usage": {"input_tokens": 1}},
        {"n": 2, "result": "FAILURE", "message": "m", "progress": 0.5},
    ]);
    let pretty = serde_json::to_string_pretty(&rows).unwrap();
    let compact = "[\n {\"result\": 1},\n {\"result\": 2}\n]";
    for list in [
        pretty.clone(),
        pretty.replace('\n', "\r\n"),
        format!("Response: {{\n\"builds\": {pretty}\n}}"),
        format!("\x1b[1m[\x1b[0m{}", &pretty[1..]),
        compact.to_owned(),
        compact.replace("[\n", "["),
        compact.replace(",\n", "\n,"),
        compact.replace(",\n", "\n,\n"),
        "[\n {\"a\": 1},\n 2,\n [\n {\"result\": 1}\n ],\n {\"result\": 2}\n]".to_owned(),
        "[\n {\"a\": 1}\n,\n {\"result\": 2}\n]".to_owned(),
        "[{'message': 'a', 'result': 1},\n {'result': 2,\n  'n': 2},\n {'result': 3}\n]".to_owned(),
    ] {
        let text = format!("{{\"result\": \"all good\"}}\n{list}\nend\n");
        let pieces: Vec<&[u8]> = text.split_inclusive('\n').map(str::as_bytes).collect();
        let found = read(&pieces);
        assert_eq!(found.len(), list.lines().count() + 2, "{list}: {found:?}");
        assert_eq!(found[0], "Result(String(\"all good\"))");
        let is_text = |it: &String| !it.starts_with('!') && !it.starts_with("Result(");
        assert!(found[1..].iter().all(is_text), "{list}: {found:?}");
    }
    // A pause shows what waits, and it stays a row.
    let found = read_with_pauses(&[b"[\n", b" {\"result\": 1},\n {\"result\": 2}\n", b"]\n"]);
    assert_eq!(found, ["[", " {\"result\": 1},", " {\"result\": 2}", "]"]);
}

#[test]
fn an_object_after_the_beginning_of_a_list_counts_when_it_is_no_row() {
    for text in [
        "jobs: [\n{\"result\": 1}\nend\n",
        "jobs: [\n{\"result\": 1}",
        "jobs: [\n{\n\"result\":\n1}\n",
        "[\n{\"a\": 1}\n]\n{\"result\": 1}\n[\n]\n",
        "{\"items\": [\n{\"result\": 1}\nend",
    ] {
        let found = read(&[text.as_bytes()]);
        let result = "Result(Number(1))".to_owned();
        assert!(found.contains(&result), "{text}: {found:?}");
        let found = read_with_pauses(&[text.as_bytes()]);
        assert!(found.contains(&result), "{text}: {found:?}");
    }
    let asked = read_with_pauses(&[b"jobs: [\n", b"{\"question\": \"sure?\"}\n", b"yes\n"]);
    assert!(asked[1].starts_with("NeedsInput("), "{asked:?}");
}

#[test]
fn an_object_behind_a_long_one_that_breaks_off_counts() {
    let rows: Vec<String> = (0..1200).map(|n| format!(" {{\"i\": {n}}},\n")).collect();
    let rows = rows.concat();
    let pretty = serde_json::to_string_pretty(&json!({"result": vec![1; 3000]})).unwrap();
    for object in ["{\n\"result\": {\"ok\": 1}\n}", &pretty] {
        for end in ["", "\nend\n"] {
            let text = format!("{{\"items\": [\n{rows}{object}{end}");
            let found = read(&[text.as_bytes()]);
            let results = found.iter().filter(|it| it.starts_with("Result("));
            assert_eq!(results.count(), 1, "{end:?}");
        }
    }
    // It takes no time.
    let deep = "{\"a\": [\n".repeat(5000) + "{\"result\": 1}\n";
    assert!(read(&[deep.as_bytes()]).contains(&"Result(Number(1))".to_owned()));
}

#[test]
fn a_field_of_the_stream_behind_what_cannot_be_read_is_said() {
    for text in [
        r#"{"path": "C:\x", "result": 1}"#,
        "{'ok': 1, 'result': 2}",
        r#"{"a": 0,5, "result": 1}"#,
        "{\n\"path\": \"C:\\x\",\n\"result\": 1\n}",
        "{\n\"a\": [1,],\n\"b\": {\n\"c\": 1\n},\n\"result\": 1\n}",
        "{\"words\": \"two\nlines\", \"result\": 1}",
    ] {
        let found = read(&[text.as_bytes(), b"\nend\n"]);
        let said: Vec<_> = found.iter().filter(|it| it.starts_with('!')).collect();
        assert_eq!(said.len(), 1, "{text}: {found:?}");
        assert_eq!(found.len(), text.lines().count() + 2, "{text}: {found:?}");
    }
    for text in [
        "{\n\"elapsed\": .52,\n\"result\": {\"ok\": 1}\n}",
        "{\n\"ok\": True,\n\"result\": {\"ok\": 1}\n}",
    ] {
        let found = read(&[text.as_bytes()]);
        assert_eq!(found.len(), 2, "{text}: {found:?}");
        assert!(found[0].starts_with("Result("), "{text}: {found:?}");
    }
}

#[test]
fn a_carriage_return_in_a_text_is_part_of_it() {
    let expected = AgentEvent::Result(json!(1));
    for text in [
        "{\"log\":\"10%\r20%\r30%\",\"result\":1}\n",
        "{\n\"log\": \"10%\r20%\",\n\"result\": 1\n}\r\n",
        "\x1b[1m{\"log\":\"10%\r20%\",\"result\":1}\x1b[0m\n",
        "{\"log\":\"10%\r{\"result\":1}\n",
        "{bar} 10%\r{bar} 20%\r{\"result\":1}\n",
    ] {
        for size in [1, 5, 1000] {
            let pieces: Vec<&[u8]> = text.as_bytes().chunks(size).collect();
            let events = receive(&pieces, false);
            assert!(events.contains(&expected), "{text:?}: {events:?}");
        }
    }
    let events = receive(&[b"{\"log\":\"10%\r20%\",\"result\":1}\n"], false);
    assert!(
        events
            .iter()
            .any(|it| matches!(it, AgentEvent::Log(it) if it.message == "10%\r20%")),
        "{events:?}"
    );
}

#[test]
fn progress_counts_whatever_stands_around_it_for_terminals() {
    for text in [
        "::progress 0.4\x1b[0m\n",
        "::progress 0.4\x1b[K\n",
        "\r::progress 0.4\x1b[K\r\n",
        "\x1b[32m::progress \x1b[1m0.4\x1b[0m half\n",
        "::progress 0.4\x07 half\n",
        "\u{280b} working\x1b[2K\x1b[1G::progress 0.4 half\n",
        "|\x08::progress 0.4 half\n",
    ] {
        let found = read(&[text.as_bytes()]);
        assert_eq!(found[0], "Progress(0.4)", "{text:?}: {found:?}");
        assert_eq!(
            found[1..].concat(),
            if text.contains("half") { "half" } else { "" }
        );
    }
}

#[test]
fn output_in_utf_16_is_read() {
    let text = "caf\u{e9} \u{1f600}\r\n{\"result\": 1}\r\n";
    let units: Vec<u16> = "\u{feff}"
        .encode_utf16()
        .chain(text.encode_utf16())
        .collect();
    for of in [u16::to_le_bytes, u16::to_be_bytes] {
        let bytes: Vec<u8> = units.iter().flat_map(|unit| of(*unit)).collect();
        for size in [1, 3, 1000] {
            let pieces: Vec<&[u8]> = bytes.chunks(size).collect();
            assert_eq!(read(&pieces), ["caf\u{e9} \u{1f600}", "Result(Number(1))"]);
        }
    }
    assert_eq!(read(&[b"\xff"]), ["\u{fffd}"]);
}

#[test]
fn names_of_fields_are_cut_and_counted_in_order() {
    let name = "x".repeat(1_000_000);
    let found = read(&[format!("{{\"result\": 1, \"{name}\": 1}}\n").as_bytes()]);
    assert!(
        found[1].starts_with("! not understood") && found[1].len() < 300,
        "{}",
        found[1].len()
    );
    let many: Vec<String> = (0..30).map(|n| format!("\"f{n}\": 1")).collect();
    let found = read(&[format!("{{\"result\": 1, {}}}\n", many.join(", ")).as_bytes()]);
    assert!(
        found[1].starts_with("! not understood in a line"),
        "{found:?}"
    );
    assert!(found[2].starts_with("! more fields"), "{found:?}");
}
