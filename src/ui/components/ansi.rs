//! What a terminal would show of a line, as spans with classes and colours. What comes after many of
//! them looks plain: a program that colours every character would fill the page.

use super::shade::{Rgb, Theme, readable};
use crate::domain::{Colour, MOST_RUNS, Span, Terminal, TextLook, Underline};

/// Class names; empty for plain text.
pub(crate) fn class(look: TextLook) -> String {
    let mut names = Vec::new();
    if !is_computed(look) {
        for (colour, name) in [(look.text, "fg-"), (look.ground, "bg-")] {
            if let Some(Colour::Named(number)) = colour {
                names.push(format!("{name}{number}"));
            }
        }
    }
    let underline = match look.underline {
        Underline::None => "",
        Underline::Single => "ansi-underline",
        Underline::Double => "ansi-underline ansi-double",
        Underline::Curly => "ansi-underline ansi-curly",
        Underline::Dotted => "ansi-underline ansi-dotted",
        Underline::Dashed => "ansi-underline ansi-dashed",
    };
    for (is_set, name) in [
        (look.bold(), "ansi-bold"),
        (look.dim() && !is_computed(look), "ansi-dim"),
        (look.italic(), "ansi-italic"),
        (look.strike(), "ansi-strike"),
        (!underline.is_empty(), underline),
        (look.reverse() && !is_computed(look), "ansi-reverse"),
        (look.hidden(), "ansi-hidden"),
    ] {
        if is_set {
            names.push(name.into());
        }
    }
    names.join(" ")
}

/// Colours that no class has: exact ones, and what is mixed with them. Text can be read on its ground
/// in either theme.
pub(crate) fn style(look: TextLook) -> Option<String> {
    if !is_computed(look) {
        return None;
    }
    let [light, dark] = [Theme::Light, Theme::Dark].map(|theme| colours(look, theme));
    let rule = |name: &str, light, dark| format!("{name}:light-dark({light},{dark});");
    let mut rules = rule("color", light.0, dark.0);
    if look.ground.is_some() || look.reverse() {
        rules += &rule("background-color", light.1, dark.1);
    }
    Some(rules)
}

/// True where classes cannot say it.
fn is_computed(look: TextLook) -> bool {
    let is_exact = |colour| matches!(colour, Some(Colour::Exact(..)));
    let has_colour = look.text.is_some() || look.ground.is_some();
    is_exact(look.text) || is_exact(look.ground) || has_colour && (look.dim() || look.reverse())
}

/// Of text and ground.
fn colours(look: TextLook, theme: Theme) -> (Rgb, Rgb) {
    let of = |colour: Option<Colour>, otherwise| match colour {
        None => otherwise,
        Some(Colour::Named(number)) => theme.named(number),
        Some(Colour::Exact(red, green, blue)) => Rgb(red, green, blue),
    };
    let mut text = of(look.text, theme.text());
    let mut ground = of(look.ground, theme.ground());
    if look.reverse() {
        std::mem::swap(&mut text, &mut ground);
    }
    if look.dim() {
        text = text.towards(ground, 2, 8);
    }
    (readable(text, ground), ground)
}

/// Splits a message into runs of text that look alike.
pub(crate) fn spans(message: &str) -> Vec<Span> {
    let is_special = |c: char| c.is_control() && c != '\n' && c != '\t';
    if !message.contains(is_special) {
        let text = message.to_owned();
        let span = Span {
            text,
            look: TextLook::default(),
        };
        return Some(span)
            .filter(|span| !span.text.is_empty())
            .into_iter()
            .collect();
    }
    Terminal::new(width, usize::MAX).spans(message, MOST_RUNS)
}

/// About how many columns a character takes. What programs print was measured exactly by the
/// server; this is for what others have sent as it was.
fn width(c: char) -> usize {
    match c {
        '\u{300}'..='\u{36f}'
        | '\u{200b}'..='\u{200f}'
        | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}'
        | '\u{fe00}'..='\u{fe0f}'
        | '\u{feff}' => 0,
        '\u{1100}'..='\u{115f}'
        | '\u{2e80}'..='\u{a4cf}'
        | '\u{ac00}'..='\u{d7a3}'
        | '\u{f900}'..='\u{faff}'
        | '\u{ff00}'..='\u{ff60}'
        | '\u{1f300}'..='\u{1faff}'
        | '\u{20000}'..='\u{3fffd}' => 2,
        _ => 1,
    }
}

#[cfg(test)]
#[path = "ansi_tests.rs"]
mod tests;
