//! What terminals print, and what is left of it.

use super::{Colour, MOST_RUNS, Span, TextLook, class, spans, style};

fn plain(text: &str) -> Span {
    Span {
        text: text.into(),
        look: TextLook::default(),
    }
}

fn text_of(message: &str) -> String {
    spans(message).into_iter().map(|span| span.text).collect()
}

#[test]
fn text_without_escapes_is_one_span() {
    assert_eq!(spans("héllo\twörld"), [plain("héllo\twörld")]);
    assert_eq!(spans(""), []);
}

#[test]
fn colours_and_weight_last_until_reset() {
    let found = spans("a\u{1b}[1;31mb\u{1b}[0mc\u{1b}[92md\u{1b}[me");
    let looks: Vec<_> = found.iter().map(|span| class(span.look)).collect();
    assert_eq!(looks, ["", "fg-1 ansi-bold", "", "fg-10", ""]);
    assert_eq!(text_of("a\u{1b}[1;31mb\u{1b}[0mc"), "abc");
}

#[test]
fn extended_colours_are_exact() {
    let look = |message: &str| spans(message)[0].look;
    assert_eq!(
        look("\u{1b}[38;5;196mx").text,
        Some(Colour::Exact(255, 0, 0))
    );
    assert_eq!(look("\u{1b}[38;5;9mx").text, Some(Colour::Named(9)));
    assert_eq!(
        look("\u{1b}[48;5;255mx").ground,
        Some(Colour::Exact(238, 238, 238))
    );
    let exact = look("\u{1b}[4;38;2;1;2;3;48:2:4:5:6mx");
    assert_eq!(
        style(exact).as_deref(),
        Some("color:light-dark(#787879,#787879);background-color:light-dark(#040506,#040506);")
    );
    assert_eq!(class(exact), "ansi-underline");
}

#[test]
fn everything_else_is_dropped() {
    for (message, left) in [
        ("\u{1b}[2K\u{1b}[1Gdone", "done"),
        ("\u{1b}[?25lhidden\u{1b}[?25h", "hidden"),
        (
            "\u{1b}]8;;https://example.org\u{1b}\\link\u{1b}]8;;\u{1b}\\",
            "link",
        ),
        ("\u{1b}]0;title\u{7}text", "text"),
        ("\u{1b}(Btext", "text"),
        ("bell\u{7}\u{8}s\r", "bels"),
        ("old\rnew \u{9b}31mC1\u{9b}0m", "new C1"),
        ("cut\u{1b}[31", "cut"),
        ("cut\u{1b}", "cut"),
        ("\u{1b}é", ""),
        (
            "before \u{1b}]0;never\nimportant one\nimportant two",
            "before \nimportant one\nimportant two",
        ),
        ("one\n\u{1b}[2Jtwo", "one\ntwo"),
    ] {
        assert_eq!(text_of(message), left, "{message:?}");
    }
}

#[test]
fn nonsense_numbers_do_no_harm() {
    for message in [
        "\u{1b}[999999;38;5mx",
        "\u{1b}[38;2;900;1;1mx",
        "\u{1b}[;;mx",
    ] {
        assert_eq!(text_of(message), "x");
    }
}

#[test]
fn a_line_that_changes_colour_with_every_character_ends_plain() {
    let run = |n: usize| format!("\u{1b}[{}mx", 31 + n % 7);
    let message: String = (0..5000).map(run).collect();
    let found = spans(&message);
    assert_eq!(found.len(), MOST_RUNS);
    assert_eq!(class(found[0].look), "fg-1");
    assert_eq!(
        found.last().map(|span| span.look),
        Some(TextLook::default())
    );
    assert_eq!(text_of(&message), "x".repeat(5000));
}

#[test]
fn named_colours_have_classes_and_what_is_mixed_with_others_is_computed() {
    let look = |message: &str| spans(message)[0].look;
    assert_eq!(class(look("\u{1b}[31;44mx")), "fg-1 bg-4");
    assert_eq!(style(look("\u{1b}[31;44mx")), None);
    assert_eq!(class(look("\u{1b}[2mx")), "ansi-dim");
    assert_eq!(class(look("\u{1b}[7mx")), "ansi-reverse");
    for computed in [
        "\u{1b}[2;31mx",
        "\u{1b}[7;31mx",
        "\u{1b}[31;48;5;21mx",
        "\u{1b}[48;5;21mx",
    ] {
        assert_eq!(class(look(computed)), "", "{computed:?}");
        let style = style(look(computed)).unwrap();
        assert!(style.starts_with("color:light-dark("), "{style}");
    }
    let lines = "ansi-italic ansi-strike ansi-underline ansi-curly ansi-hidden";
    assert_eq!(class(look("\u{1b}[3;9;4:3;8mx")), lines);
}
