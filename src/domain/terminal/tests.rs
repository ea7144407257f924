//! What a terminal shows of a line.

use super::{Colour, Terminal, TextLook, Underline, text_of};

/// The width of what these tests print.
fn width(c: char) -> usize {
    match c {
        '\u{301}' | '\u{200d}' | '\u{feff}' | '\u{202e}' => 0,
        '漢' | '字' | '👩' => 2,
        _ => 1,
    }
}

fn terminal() -> Terminal {
    Terminal::new(width, 1000)
}

fn shown(line: &str) -> String {
    let mut terminal = terminal();
    terminal.feed(line.as_bytes());
    terminal.end_line().unwrap()
}

#[test]
fn the_cursor_moves_as_in_a_terminal() {
    for (line, expected) in [
        ("abc\u{8}\u{8}\u{8}xyz", "xyz"),
        ("abc\u{8}\u{8}x", "axc"),
        ("\u{8}\u{8}a", "a"),
        ("download 100%\rdone", "doneload 100%"),
        ("long line\r\x1b[Kshort", "short"),
        ("abcdef\x1b[3D\x1b[K!", "abc!"),
        ("abcdef\x1b[2Gx\x1b[1K", "   def"),
        ("abc\x1b[2K\rx", "x"),
        ("abc\x1b[2Jx", "   x"),
        ("abc\x1b[3Jx", "abcx"),
        ("abcdef\x1b[3G\x1b[2Px", "abxf"),
        ("abcdef\x1b[3G\x1b[2@x", "abx cdef"),
        ("abcdef\x1b[2G\x1b[3Xx", "ax  ef"),
        ("ab\x1b[5Cx", "ab     x"),
        ("ab\x1b[5Gx", "ab  x"),
        ("a\x1b[3b", "aaaa"),
        ("ab\x1b7cd\x1b8x", "abxd"),
        ("ab\x1b[scd\x1b[ux", "abxd"),
        ("a\tb", "a\tb"),
        ("a\tb\r\x1b[@", " a       b"),
        ("ab\tc\r\x1b[P", "b      c"),
        ("a\tb\rxxxx", "xxxx    b"),
        ("abcdefghij\r\tx", "abcdefghxj"),
        ("a\0b\x7fc\x07", "abc"),
        ("x\x1b[999Cy", &format!("x{}y", " ".repeat(78))),
    ] {
        assert_eq!(shown(line), expected, "{line:?}");
    }
}

#[test]
fn wide_characters_and_marks_stay_whole() {
    for (line, expected) in [
        ("漢字\u{8}\u{8}x", "漢x "),
        ("漢字\u{8}x", "漢 x"),
        ("漢\rx", "x "),
        ("e\u{301}x\u{8}\u{8}y", "yx"),
        ("e\u{301}\u{8}e", "e"),
        ("👩\u{200d}👩\u{200d}👩", "👩\u{200d}👩\u{200d}👩"),
        ("\u{feff}text", "text"),
        ("\u{202e}gnp.exe", "\u{202e}gnp.exe"),
        ("漢字\x1b[2G\x1b[K", " "),
    ] {
        assert_eq!(shown(line), expected, "{line:?}");
    }
}

#[test]
fn nothing_is_glued_where_a_line_goes_up_or_down() {
    for (line, expected) in [
        ("one\u{c}two", "one\n   two"),
        ("one\x1b[Btwo", "one\n   two"),
        ("one\x1b[1;1Htwo", "one\ntwo"),
        ("one\x1b[Etwo", "one\ntwo"),
        ("one\u{85}two", "one\ntwo"),
        ("\x1b[2J\x1b[Hone", "one"),
        ("\x1b[1A\r\x1b[2Kone", "one"),
        ("\x1b[?1049hone\x1b[?1049l", "one\n"),
    ] {
        assert_eq!(shown(line), expected, "{line:?}");
    }
}

#[test]
fn what_is_no_text_is_not_shown() {
    for (line, expected) in [
        (
            "\x1b]8;;https://example.org/a\x1b\\link\x1b]8;;\x1b\\ after",
            "link after",
        ),
        ("\x1b]8;;a\u{7}link\x1b]8;;\u{7}", "link"),
        ("before \x1b]0;title never ends", "before "),
        ("\u{9d}0;title\u{9c}text", "text"),
        ("\u{9b}31mC1 CSI\u{9b}0m", "\x1b[31mC1 CSI\x1b[0m"),
        ("\x1b_Gf=100;AAAA\x1b\\picture", "picture"),
        ("\x1bP0;1;0q\"1;1;9;9#0~~@@\x1b\\picture", "picture"),
        ("\x1b[?2004hpaste\x1b[?2004l", "paste"),
        ("\x1b[200~pasted\x1b[201~", "pasted"),
        ("\x1b(0lqqk\x1b(B x", "┌──┐ x"),
        ("\x1b)0\u{e}q\u{f}q", "─q"),
        ("\x1b[>4;2m\x1b[6n\x1b=x", "x"),
        ("cut\x1b[31", "cut"),
        ("cut\x1b", "cut"),
        ("\x1b%Gtext\x1b#8", "text"),
        ("\u{2028}x\u{2029}", "\u{2028}x\u{2029}"),
    ] {
        assert_eq!(shown(line), expected, "{line:?}");
    }
    let bytes = [&b"a\xc2"[..], b"\xff\xc2b\xc2\x9b1mc"].concat();
    assert_eq!(text_of(&bytes), "a\u{fffd}\u{fffd}\u{fffd}bc");
}

#[test]
fn looks_are_kept_in_the_shortest_form() {
    for (line, expected) in [
        ("\x1b[1;31mb\x1b[0m", "\x1b[1;31mb\x1b[0m"),
        ("\x1b[31ma\x1b[32mb", "\x1b[31ma\x1b[0;32mb\x1b[0m"),
        ("\x1b[31m\x1b[1m\x1b[m", ""),
        ("\x1b[4:3mcurly\x1b[0m", "\x1b[4:3mcurly\x1b[0m"),
        ("\x1b[21mdouble\x1b[24m", "\x1b[4:2mdouble\x1b[0m"),
        ("\x1b[58;2;255;0;0mplain\x1b[59m", "plain"),
        ("\x1b[58:2::255:0:0mplain", "plain"),
        ("\x1b[58;5;3mplain", "plain"),
        ("\x1b[38:2::255:100:31mx", "\x1b[38;2;255;100;31mx\x1b[0m"),
        ("\x1b[38:2:255:100:31mx", "\x1b[38;2;255;100;31mx\x1b[0m"),
        ("\x1b[38:5:9mx", "\x1b[91mx\x1b[0m"),
        ("\x1b[48;5;196mx", "\x1b[48;2;255;0;0mx\x1b[0m"),
        ("\x1b[107;90mx", "\x1b[90;107mx\x1b[0m"),
        ("\x1b[7;8;9mx", "\x1b[7;8;9mx\x1b[0m"),
        ("\x1b[38;2;900;1;1;1mx", "\x1b[1mx\x1b[0m"),
        ("\x1b[38;5mx", "x"),
    ] {
        assert_eq!(shown(line), expected, "{line:?}");
        assert_eq!(shown(&shown(line)), expected, "{line:?}");
    }
}

#[test]
fn codes_after_a_colon_belong_to_the_code_before_them() {
    let look = |line: &str| terminal().spans(line, 10)[0].look;
    let curly = look("\x1b[4:3mx");
    assert_eq!((curly.underline, curly.italic()), (Underline::Curly, false));
    assert_eq!(look("\x1b[4:0mx"), TextLook::default());
    let colour = look("\x1b[38:2::255:100:31mx");
    assert_eq!(colour.text, Some(Colour::Exact(255, 100, 31)));
    assert!(!colour.dim());
    let under = look("\x1b[58;2;255;0;0mx");
    assert_eq!(under, TextLook::default());
}

#[test]
fn a_line_is_answered_in_parts_and_anew_when_it_has_changed() {
    let mut terminal = terminal();
    terminal.feed(b"name: ");
    assert_eq!(terminal.take(), "name: ");
    assert_eq!(terminal.take(), "");
    terminal.feed(b"\x1b[1mx");
    assert_eq!(terminal.take(), "\x1b[1mx\x1b[0m");
    terminal.feed(b"\r\x1b[0m");
    assert_eq!(terminal.take(), "");
    terminal.feed(b"N");
    assert_eq!(terminal.take(), "Name: \x1b[1mx\x1b[0m");
    assert_eq!(terminal.end_line().as_deref(), Some(""));
    assert!(terminal.is_plain());
}

#[test]
fn what_is_kept_is_bounded() {
    let mut terminal = terminal();
    for _ in 0..100 {
        terminal.feed(&[b'x'; 100]);
        terminal.feed("e\u{301}".repeat(100).as_bytes());
        terminal.feed(b"\x0b\x1b[B\x85\x1b[60000b\x1b[60000@\t");
    }
    assert!(terminal.is_cut());
    assert!(terminal.end_line().unwrap().len() < 1100);
    terminal.feed(&b"\rx".repeat(100_000));
    assert!(!terminal.is_cut());
    assert_eq!(terminal.end_line().as_deref(), Some("x"));
    terminal.feed(b"\x1bPq");
    assert_eq!(terminal.end_line(), None);
    terminal.feed(&b"#0~".repeat(1024 * 1024));
    terminal.end_line();
    terminal.feed(b"back");
    assert_eq!(terminal.end_line().as_deref(), Some("back"));
}

#[test]
fn data_that_does_not_end_swallows_no_text() {
    let lines = |text: &str| {
        let mut terminal = terminal();
        let lines = text.split('\n').map(|line| {
            terminal.feed(line.as_bytes());
            terminal.end_line()
        });
        lines.flatten().collect::<Vec<_>>()
    };
    for begins in [
        "\x1bPx",
        "\x1bP+q544e",
        "\x1bP$qm",
        "\x1bPtmux;x",
        "\u{90}x",
    ] {
        let shown = lines(&format!("{begins}\nimportant\nlast"));
        assert_eq!(shown, ["", "important", "last"], "{begins:?}");
    }
    assert_eq!(
        lines("\x1bPq#0;2;0~~\n~~-\nimportant text\nlast"),
        ["important text", "last"]
    );
    assert_eq!(lines("\x1bPq#0~~\n~~-\n\x1b\\after"), ["after"]);
    for data in [
        "#1;2;0~~",
        "!20~@",
        "~~$",
        ";100#2~",
        "~~@@\x1b\\\x1bPq#0~",
        "\"1;1;9;9",
        "",
    ] {
        assert_eq!(
            lines(&format!("\x1bPq#0~~\n{data}\n\x1b\\x")),
            ["x"],
            "{data:?}"
        );
    }
    for text in [
        "ERROR",
        "failed",
        "error:E0277",
        "#main",
        "step2",
        "12",
        "ok!",
    ] {
        let shown = lines(&format!("\x1bPq#0~~\n{text}\nlast"));
        assert_eq!(shown, [text, "last"]);
    }
    let mut terminal = terminal();
    terminal.feed(b"\x1bPq#0~~");
    terminal.end_line();
    assert!(terminal.unended() > 0);
}

#[test]
fn a_text_of_several_lines_is_shown_as_if_printed_line_by_line() {
    let shown = |text: &str| {
        let spans = terminal().spans(text, 10).into_iter();
        spans.map(|span| span.text).collect::<String>()
    };
    for begins in [
        "\x1b]0;never",
        "\x1b]8;;https://x",
        "\x1bPx",
        "\x1bPq#0~",
        "\x1b_x",
        "\x1bXx",
    ] {
        let text = format!("before {begins}\nimportant one\nimportant two");
        assert_eq!(
            shown(&text),
            "before \nimportant one\nimportant two",
            "{begins:?}"
        );
    }
    assert_eq!(shown("one\n\x1b[2Jtwo\n\nthree\n"), "one\ntwo\n\nthree\n");
    assert_eq!(shown("a\x1bPq#0~\n#0~\n\x1b\\b\r\nc"), "a\nb\nc");
    let red = terminal().spans("\x1b[31mred\nstill", 10);
    assert_eq!((red.len(), red[0].text.as_str()), (1, "red\nstill"));
}

#[test]
fn the_text_of_a_line_is_what_is_seen_of_it() {
    let mut terminal = terminal();
    terminal.feed(b"working 50%\x1b[2K\x1b[1G\x1b[1m{\"a\"");
    assert_eq!(terminal.text(), "{\"a\"");
}
