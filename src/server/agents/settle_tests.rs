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
