//! ANSI escape sequences: colours and weight become spans, everything else is dropped. What comes
//! after many of them looks plain: a program that colours every character would fill the page.

use crate::domain::MOST_RUNS;

/// What a run of text looks like.
#[expect(
    clippy::struct_excessive_bools,
    reason = "terminals have as many switches"
)]
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct TextLook {
    pub(crate) text: Option<Colour>,
    pub(crate) ground: Option<Colour>,
    pub(crate) bold: bool,
    pub(crate) dim: bool,
    pub(crate) italic: bool,
    pub(crate) underline: bool,
    pub(crate) reverse: bool,
}

/// A colour of the terminal.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Colour {
    /// One of the sixteen that the theme defines.
    Named(u8),
    /// Any other: red, green, blue.
    Exact(u8, u8, u8),
}

/// A run of text that looks alike.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Span {
    pub(crate) text: String,
    pub(crate) look: TextLook,
}

impl TextLook {
    /// Class names; empty for plain text.
    pub(crate) fn class(&self) -> String {
        let mut names = Vec::new();
        let (text, ground) = self.colours();
        if let Some(Colour::Named(number)) = text {
            names.push(format!("fg-{number}"));
        }
        if let Some(Colour::Named(number)) = ground {
            names.push(format!("bg-{number}"));
        }
        for (is_set, name) in [
            (self.bold, "ansi-bold"),
            (self.dim, "ansi-dim"),
            (self.italic, "ansi-italic"),
            (self.underline, "ansi-underline"),
            (self.reverse && text.is_none(), "ansi-reverse"),
        ] {
            if is_set {
                names.push(name.into());
            }
        }
        names.join(" ")
    }

    /// Exact colours have no class.
    pub(crate) fn style(&self) -> Option<String> {
        let rule = |name: &str, colour| match colour {
            Some(Colour::Exact(red, green, blue)) => format!("{name}:rgb({red} {green} {blue});"),
            _ => String::new(),
        };
        let (text, ground) = self.colours();
        let rules = rule("color", text) + &rule("background-color", ground);
        Some(rules).filter(|rules| !rules.is_empty())
    }

    fn colours(&self) -> (Option<Colour>, Option<Colour>) {
        if self.reverse && (self.text.is_some() || self.ground.is_some()) {
            (
                self.ground.or(Some(Colour::Named(0))),
                self.text.or(Some(Colour::Named(7))),
            )
        } else {
            (self.text, self.ground)
        }
    }

    fn apply(&mut self, codes: &str) {
        let mut codes = codes
            .split([';', ':'])
            .map(|code| code.parse::<u16>().unwrap_or(0));
        while let Some(code) = codes.next() {
            match code {
                0 => *self = Self::default(),
                1 => self.bold = true,
                2 => self.dim = true,
                3 => self.italic = true,
                4 => self.underline = true,
                7 => self.reverse = true,
                22 => (self.bold, self.dim) = (false, false),
                23 => self.italic = false,
                24 => self.underline = false,
                27 => self.reverse = false,
                30..=37 => self.text = named(code - 30),
                38 => self.text = extended(&mut codes).or(self.text),
                39 => self.text = None,
                40..=47 => self.ground = named(code - 40),
                48 => self.ground = extended(&mut codes).or(self.ground),
                49 => self.ground = None,
                90..=97 => self.text = named(code - 82),
                100..=107 => self.ground = named(code - 92),
                _ => {}
            }
        }
    }
}

fn named(number: u16) -> Option<Colour> {
    u8::try_from(number).ok().map(Colour::Named)
}

/// `5;n` is one of 256, `2;r;g;b` is exact.
fn extended(codes: &mut impl Iterator<Item = u16>) -> Option<Colour> {
    let mut byte = || u8::try_from(codes.next()?).ok();
    match byte()? {
        5 => byte().map(of_256),
        2 => Some(Colour::Exact(byte()?, byte()?, byte()?)),
        _ => None,
    }
}

/// The palette of xterm: 16 named, a cube of 6×6×6, and 24 greys.
fn of_256(number: u8) -> Colour {
    match number {
        0..=15 => Colour::Named(number),
        16..=231 => {
            let cube = number - 16;
            let level = |step: u8| if step == 0 { 0 } else { 55 + step * 40 };
            Colour::Exact(level(cube / 36), level(cube / 6 % 6), level(cube % 6))
        }
        232..=255 => {
            let grey = 8 + (number - 232) * 10;
            Colour::Exact(grey, grey, grey)
        }
    }
}

/// Splits a message into runs of text that look alike.
pub(crate) fn spans(message: &str) -> Vec<Span> {
    let mut spans: Vec<Span> = Vec::new();
    let mut look = TextLook::default();
    let mut rest = message;
    while let Some(at) = rest.find(is_special) {
        push(&mut spans, &rest[..at], look);
        rest = &rest[at..];
        let mut chars = rest.chars();
        let special = chars.next();
        rest = chars.as_str();
        if special == Some('\u{1b}') {
            rest = escape(rest, &mut look);
        }
    }
    push(&mut spans, rest, look);
    spans
}

/// Escapes begin with ESC; other control characters but tab and newline show nothing.
fn is_special(c: char) -> bool {
    c.is_control() && c != '\n' && c != '\t'
}

fn push(spans: &mut Vec<Span>, text: &str, look: TextLook) {
    if text.is_empty() {
        return;
    }
    let is_last = spans.len() >= MOST_RUNS;
    let look = if spans.len() + 1 >= MOST_RUNS {
        TextLook::default()
    } else {
        look
    };
    match spans.last_mut() {
        Some(last) if last.look == look || is_last => last.text.push_str(text),
        _ => spans.push(Span {
            text: text.to_owned(),
            look,
        }),
    }
}

/// Reads one sequence after ESC, applies it when it is about looks, and answers what follows.
fn escape<'a>(rest: &'a str, look: &mut TextLook) -> &'a str {
    let Some(kind) = rest.chars().next() else {
        return rest;
    };
    let body = &rest[kind.len_utf8()..];
    match kind {
        '[' => {
            let Some(end) = body.find(|c: char| ('@'..='~').contains(&c)) else {
                return "";
            };
            if body[end..].starts_with('m') && !body.starts_with(['?', '>', '<', '=']) {
                look.apply(&body[..end]);
            }
            body.get(end + 1..).unwrap_or_default()
        }
        // Titles, links and other strings end with BEL or ESC \.
        ']' | 'P' | '_' | '^' | 'X' => {
            let Some(end) = body.find(['\u{7}', '\u{1b}']) else {
                return "";
            };
            let after = &body[end..];
            after
                .strip_prefix('\u{7}')
                .or_else(|| after.strip_prefix("\u{1b}\\"))
                .unwrap_or(after)
        }
        '(' | ')' | '*' | '+' | '#' | '%' => body.get(1..).unwrap_or_default(),
        _ => body,
    }
}

#[cfg(test)]
#[path = "ansi_tests.rs"]
mod tests;
