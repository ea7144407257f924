//! What a run of text looks like: colours, weight, lines.

use std::fmt::Write;

use vte::Params;

/// What a run of text looks like.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct TextLook {
    /// The colour of the text; the default one when absent.
    pub text: Option<Colour>,
    /// The colour behind it.
    pub ground: Option<Colour>,
    /// The line under it.
    pub underline: Underline,
    switches: u8,
}

/// A colour of the terminal.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Colour {
    /// One of the sixteen that the theme defines.
    Named(u8),
    /// Any other: red, green, blue.
    Exact(u8, u8, u8),
}

/// The line under text.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Underline {
    #[default]
    None,
    Single,
    Double,
    Curly,
    Dotted,
    Dashed,
}

impl Underline {
    const STYLES: [Self; 6] = [
        Self::None,
        Self::Single,
        Self::Double,
        Self::Curly,
        Self::Dotted,
        Self::Dashed,
    ];
}

/// What can be on or off, and the code that turns it on.
const SWITCHES: [(u16, u8); 6] = [
    (1, TextLook::BOLD),
    (2, TextLook::DIM),
    (3, TextLook::ITALIC),
    (7, TextLook::REVERSE),
    (8, TextLook::HIDDEN),
    (9, TextLook::STRIKE),
];

impl TextLook {
    const BOLD: u8 = 1;
    const DIM: u8 = 2;
    const ITALIC: u8 = 4;
    const REVERSE: u8 = 8;
    const HIDDEN: u8 = 16;
    const STRIKE: u8 = 32;

    /// Heavier than other text.
    #[must_use]
    pub fn bold(self) -> bool {
        self.has(Self::BOLD)
    }

    /// Fainter than other text.
    #[must_use]
    pub fn dim(self) -> bool {
        self.has(Self::DIM)
    }

    /// Slanted.
    #[must_use]
    pub fn italic(self) -> bool {
        self.has(Self::ITALIC)
    }

    /// With the colours of text and ground exchanged.
    #[must_use]
    pub fn reverse(self) -> bool {
        self.has(Self::REVERSE)
    }

    /// Not shown, though its place is.
    #[must_use]
    pub fn hidden(self) -> bool {
        self.has(Self::HIDDEN)
    }

    /// Crossed out.
    #[must_use]
    pub fn strike(self) -> bool {
        self.has(Self::STRIKE)
    }

    fn has(self, switch: u8) -> bool {
        self.switches & switch != 0
    }

    fn turn(&mut self, switches: u8, on: bool) {
        if on {
            self.switches |= switches;
        } else {
            self.switches &= !switches;
        }
    }

    /// Applies the codes of one sequence.
    pub(super) fn apply(&mut self, params: &Params) {
        let mut codes = params.iter();
        while let Some(code) = codes.next() {
            // A part after a colon belongs to the code before it: `4:3` is no italic.
            match code {
                [4, style, ..] => {
                    let style = Underline::STYLES.get(usize::from(*style));
                    self.underline = style.copied().unwrap_or(Underline::Single);
                }
                [38, parts @ ..] => {
                    let parts = parts.iter().copied();
                    self.text = colour(parts, code.len() > 1, &mut codes).or(self.text);
                }
                [48, parts @ ..] => {
                    let parts = parts.iter().copied();
                    self.ground = colour(parts, code.len() > 1, &mut codes).or(self.ground);
                }
                // The colour of the line under the text, which keeps that of the text here.
                [58, parts @ ..] => {
                    let _read = colour(parts.iter().copied(), code.len() > 1, &mut codes);
                }
                [code, ..] => self.apply_code(*code),
                [] => *self = Self::default(),
            }
        }
    }

    fn apply_code(&mut self, code: u16) {
        match code {
            0 => *self = Self::default(),
            4 => self.underline = Underline::Single,
            21 => self.underline = Underline::Double,
            22 => self.turn(Self::BOLD | Self::DIM, false),
            23 => self.turn(Self::ITALIC, false),
            24 => self.underline = Underline::None,
            27 => self.turn(Self::REVERSE, false),
            28 => self.turn(Self::HIDDEN, false),
            29 => self.turn(Self::STRIKE, false),
            30..=37 => self.text = named(code - 30),
            39 => self.text = None,
            40..=47 => self.ground = named(code - 40),
            49 => self.ground = None,
            90..=97 => self.text = named(code - 82),
            100..=107 => self.ground = named(code - 92),
            _ => {
                if let Some((_, switch)) = SWITCHES.iter().find(|(it, _)| *it == code) {
                    self.turn(*switch, true);
                }
            }
        }
    }

    /// Adds the sequence that leads from `former` to this look.
    pub(super) fn write_after(self, former: Self, text: &mut String) {
        if self == former {
            return;
        }
        let mut codes = String::new();
        let mut add = |code: &str| {
            if !codes.is_empty() {
                codes.push(';');
            }
            codes.push_str(code);
        };
        if self == Self::default() || former != Self::default() {
            add("0");
        }
        for (code, switch) in SWITCHES {
            if self.has(switch) {
                add(&code.to_string());
            }
        }
        match self.underline {
            Underline::None => {}
            Underline::Single => add("4"),
            other => {
                let style = Underline::STYLES.iter().position(|style| *style == other);
                add(&format!("4:{}", style.unwrap_or(1)));
            }
        }
        for (colour, first) in [(self.text, 30), (self.ground, 40)] {
            match colour {
                None => {}
                Some(Colour::Named(number @ 0..=7)) => add(&(first + number).to_string()),
                Some(Colour::Named(number)) => add(&(first + 52 + number).to_string()),
                Some(Colour::Exact(red, green, blue)) => {
                    add(&format!("{};2;{red};{green};{blue}", first + 8));
                }
            }
        }
        // Writing to a string does not fail.
        let _ = write!(text, "\u{1b}[{codes}m");
    }
}

fn named(number: u16) -> Option<Colour> {
    u8::try_from(number).ok().map(Colour::Named)
}

/// `5;n` is one of 256, `2;r;g;b` is exact; with colons the whole is one code, in which `2` may be
/// followed by the name of a space of colours.
fn colour<'a>(
    parts: impl ExactSizeIterator<Item = u16>,
    is_one_code: bool,
    codes: &mut impl Iterator<Item = &'a [u16]>,
) -> Option<Colour> {
    if is_one_code {
        let has_space = parts.len() >= 5;
        let mut parts = parts;
        let kind = parts.next();
        if kind == Some(2) && has_space {
            parts.next();
        }
        read_colour(kind?, &mut parts)
    } else {
        let mut parts = codes.map(|code| code.first().copied().unwrap_or(0));
        read_colour(parts.next()?, &mut parts)
    }
}

fn read_colour(kind: u16, parts: &mut dyn Iterator<Item = u16>) -> Option<Colour> {
    let mut part = || parts.next();
    match kind {
        5 => u8::try_from(part()?).ok().map(of_256),
        2 => {
            // All three are read, whatever they are.
            let (red, green, blue) = (part()?, part()?, part()?);
            let byte = |part: u16| u8::try_from(part).ok();
            Some(Colour::Exact(byte(red)?, byte(green)?, byte(blue)?))
        }
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
