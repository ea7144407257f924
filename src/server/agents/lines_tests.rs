//! What becomes of the bytes of a pipe, however they arrive.

#[path = "settle_tests.rs"]
mod settled;

use serde_json::json;

use super::super::complaints::RESULT_LOST;
use super::{CUT, LIMIT, LONGEST, Lines};
use crate::domain::{AgentEvent, LogStream, NewLog};

fn messages(events: Vec<AgentEvent>) -> Vec<String> {
    let message = |event| match event {
        AgentEvent::Log(NewLog {
            message, stream, ..
        }) => match stream {
            LogStream::System => format!("! {message}"),
            _ => message,
        },
        other => format!("{other:?}"),
    };
    events.into_iter().map(message).collect()
}

/// Each piece is followed by a pause in which what is unfinished is shown, where `pauses`.
fn receive(pieces: &[&[u8]], pauses: bool) -> Vec<AgentEvent> {
    let mut lines = Lines::new(LogStream::Stdout);
    let mut events = Vec::new();
    for piece in pieces {
        lines.push(piece, &mut events);
        if pauses {
            lines.show_partial(&mut events);
        }
    }
    lines.end_stream(&mut events);
    events
}

fn read(pieces: &[&[u8]]) -> Vec<String> {
    messages(receive(pieces, false))
}

fn read_with_pauses(pieces: &[&[u8]]) -> Vec<String> {
    messages(receive(pieces, true))
}

#[test]
fn lines_end_where_they_end_however_they_arrive() {
    let cases: [(&[&[u8]], &[&str]); 12] = [
        (&[b"p1\rp2\rp3\n"], &["p3"]),
        (&[b"p1\rp2\r", b"p3", b"\r\n", b"end\r"], &["p3", "end"]),
        (&[b"a\r\r\nb\r", b"\r\n"], &["a", "b"]),
        (&[b"10%\r{\"progress\":0.5}\n"], &["Progress(0.5)"]),
        (&[b"a\nb\r\n", b"\nc"], &["a", "b", "", "c"]),
        (&[b"a", b"b", b"\n"], &["ab"]),
        (&[], &[]),
        (&[b"\xff\xfe!\n"], &["\u{fffd}\u{fffd}!"]),
        (&["é\n".as_bytes().split_at(1).0, b"\xa9\n"], &["é"]),
        (&[b"a\0b\n"], &["ab"]),
        (&[b"\x1b[31mred\x1b[0m\n"], &["\x1b[31mred\x1b[0m"]),
        (&[b"download 100%\rdone\n"], &["doneload 100%"]),
    ];
    for (pieces, expected) in cases {
        assert_eq!(read(pieces), expected);
    }
    assert_eq!(
        read(&[b"::progress 0.5\n{\"progress\":1}"]),
        ["Progress(0.5)", "Progress(1.0)"]
    );
}

#[test]
fn a_long_line_is_cut_once_and_the_next_one_is_whole() {
    let long = "é".repeat(LIMIT);
    let expected = ["é".repeat(LIMIT / 2) + CUT, "next".to_owned()];
    assert_eq!(
        read(&[long.as_bytes(), long.as_bytes(), b"\nnext\n"]),
        expected
    );
    let longest = "é".repeat(LONGEST);
    assert_eq!(read(&[longest.as_bytes(), b"\nnext\n"]), expected);
    let coloured = format!("\x1b[1m{long}\x1b[0m\nnext\n");
    let bold = format!("\x1b[1m{}\x1b[0m", "é".repeat(LIMIT / 2)) + CUT;
    assert_eq!(read(&[coloured.as_bytes()]), [bold, "next".to_owned()]);
    let odd = format!("x{long}\n");
    assert!(!read(&[odd.as_bytes()])[0].contains('\u{fffd}'));
}

#[test]
fn a_shown_beginning_is_followed_by_the_rest() {
    let pieces: &[&[u8]] = &[b"name\xc3", b"", b"\xa9? \n::text", b"\n"];
    assert_eq!(read_with_pauses(pieces), ["name", "é? ", "::text"]);
    let prompt: &[&[u8]] = &[b"sure? ", b"{\"result\": 1}\n", b"{\"result\": 2}\n"];
    assert_eq!(
        read_with_pauses(prompt),
        ["sure? ", "{\"result\": 1}", "Result(Number(2))"]
    );
}

#[test]
fn a_line_written_in_pieces_is_one_line() {
    for pieces in [
        &[&b"{\"result\": {\"answer\": "[..], b"42}}\n"][..],
        &[b" ", b"{", b"\"result\"", b": {\"answer\":42}", b"}", b"\n"],
        &[b"\xef\xbb\xbf", b"{\"result\": {\"answer\":42}}"],
        &[b"\x1b[32m", b"{\"result\": {\"answer\":42}}\x1b[0m", b"\n"],
        &[
            b"\xc2",
            b"\x9b32m{\"result\": {\"answer\":42}}\x1b]0;t\x07\n",
        ],
        &[b"10%", b"\r{\"result\": ", b"{\"answer\":42}}\r\n"],
    ] {
        let events = receive(pieces, true);
        let result = AgentEvent::Result(json!({"answer": 42}));
        assert!(events.contains(&result), "{pieces:?}: {events:?}");
        assert!(
            messages(events)
                .iter()
                .all(|it| !it.contains('{') || it.starts_with("Result"))
        );
    }
    let progress: &[&[u8]] = &[b"::prog", b"ress 0.5 ha", b"lf\n"];
    assert_eq!(read_with_pauses(progress), ["Progress(0.5)", "half"]);
}

#[test]
fn an_object_over_several_lines_is_one() {
    let pretty = serde_json::to_string_pretty(&json!({
        "progress": 0.5, "result": {"list": (0..100).collect::<Vec<_>>(), "text": "a } \" b"},
    }));
    let text = format!("before\n{}\nafter\n", pretty.unwrap());
    let found = read(&[text.as_bytes()]);
    assert_eq!(found[..2], ["before", "Progress(0.5)"]);
    assert!(found[2].starts_with("Result("), "{}", found[2]);
    assert_eq!(found[3..], ["after"]);
    let pieces: Vec<&[u8]> = text.as_bytes().chunks(7).collect();
    // What waits for so long is shown, and counts nevertheless.
    let slowly = read_with_pauses(&pieces);
    assert!(
        slowly.contains(&found[1]) && slowly.contains(&found[2]),
        "{slowly:?}"
    );
    assert_eq!(slowly[1..3], ["{", "  \"progress\": 0.5,"]);
    assert!(slowly.concat().ends_with("after"));
    let windows = text.replace('\n', "\r\n");
    assert_eq!(read(&[windows.as_bytes()]), found);
}

#[test]
fn an_object_that_is_none_is_text_line_by_line() {
    for text in [
        "{\n  int x;\n}\n",
        "{\n",
        "{\n\"a\": 1\n}\n",
        "{\"a\":\n  [1,\n   2]}\nnext\n",
    ] {
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(read(&[text.as_bytes()]), lines, "{text}");
    }
    assert_eq!(
        read(&[b"{\n{\"result\":\n1}\nend\n"]),
        ["{", "Result(Number(1))", "end"]
    );
    assert_eq!(
        read(&[b"{\n\"a\":\n{\"result\": 1}\n{\"result\": 2}\n"]),
        ["{", "\"a\":", "Result(Number(1))", "Result(Number(2))"]
    );
}

#[test]
fn a_result_of_megabytes_is_one_and_a_longer_one_is_said_to_be_lost() {
    let line = |length: usize| {
        format!(
            "{{\"result\": \"{}\", \"progress\": 1}}\n",
            "x".repeat(length)
        )
    };
    let fits = line(LONGEST - 100);
    let events = receive(&[fits.as_bytes(), b"end\n"], false);
    assert!(
        matches!(&events[1], AgentEvent::Result(it) if it.as_str().unwrap().len() == LONGEST - 100)
    );
    let long = line(LONGEST);
    for text in [long.clone(), long.replacen(": ", ":\n", 1)] {
        let found = read(&[text.as_bytes(), b"{\"progress\": 0.5}\n"]);
        let said = found.iter().filter(|it| **it == format!("! {RESULT_LOST}"));
        assert_eq!(said.count(), 2, "{}", found.len());
        assert_eq!(*found.last().unwrap(), format!("! {RESULT_LOST}"));
        assert!(found.contains(&"Progress(0.5)".to_owned()));
    }
    let found = read(&[long.as_bytes(), b"{\"result\": 2}\n"]);
    let said = found.iter().filter(|it| it.starts_with('!'));
    assert_eq!(said.count(), 1);
    assert_eq!(found.last().unwrap(), "Result(Number(2))");
}

#[test]
fn odd_fields_are_named_once() {
    let line = b"{\"progress\": 45, \"message\": \"almost half\", \"a\": 1, \"b\": 2}\n";
    let found = read(&[line, line, b"{\"progress\": 46}\n"]);
    assert_eq!(found.len(), 5, "{found:?}");
    assert_eq!(found[0], "almost half");
    assert!(found[1].starts_with("! the field \"progress\" of a line was not understood: 45 "));
    assert_eq!(
        found[2],
        "! not understood in a line: \"a\", \"b\"; the stream has no such field"
    );
    assert_eq!(found[3..], ["almost half", "{\"progress\": 46}"]);
    let many: Vec<String> = (0..50)
        .map(|n| format!("{{\"result\": 1, \"f{n}\": 1}}\n"))
        .collect();
    let found = read(&[many.concat().as_bytes()]);
    let named = found.iter().filter(|it| it.starts_with('!')).count();
    assert_eq!(named, 21);
}

#[test]
fn colours_last_over_lines_and_titles_do_not() {
    assert_eq!(
        read(&[b"\x1b[31mred\nstill\n\x1b[0mplain\n"]),
        ["\x1b[31mred\x1b[0m", "\x1b[31mstill\x1b[0m", "plain"]
    );
    assert_eq!(
        read(&[b"before \x1b]0;title\nnext line\n"]),
        ["before ", "next line"]
    );
    assert_eq!(read(&[b"a\x1bP0;1q#0~~\n~~-\n\x1b\\b\n"]), ["a", "b"]);
    assert_eq!(
        read(&[b"\x1b[31m{\"result\": 1}\nred\n"])[1],
        "\x1b[31mred\x1b[0m"
    );
}

#[test]
fn pauses_cut_neither_links_nor_characters_nor_progress() {
    let link: &[&[u8]] = &[
        b"\x1b]8;;https://exam",
        b"ple.org/b\x1b",
        b"\\split link\x1b]8;;\x1b\\ end\n",
    ];
    assert_eq!(read_with_pauses(link), ["split link end"]);
    let half: &[&[u8]] = &[b"half \xf0\x9f\x91", b"\xa9 done\n"];
    assert_eq!(read_with_pauses(half).concat(), "half 👩 done");
    let bar: &[&[u8]] = &[
        b"\rdownload 10%",
        b"\rdownload 50%\r",
        b"download 100%",
        b"\n",
    ];
    assert_eq!(
        read_with_pauses(bar),
        ["download 10%", "download 50%", "download 100%"]
    );
    assert_eq!(read(bar), ["download 100%"]);
    let erased: &[&[u8]] = &[b"working", b"\r\x1b[K", b"\n", b"done\n"];
    assert_eq!(read_with_pauses(erased), ["working", "done"]);
}
