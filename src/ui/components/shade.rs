//! Colours of text that can be read: with a contrast of at least 4.5 to the ground.

use std::fmt;

/// A colour of the screen.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Rgb(pub(super) u8, pub(super) u8, pub(super) u8);

/// The two sets of colours of the product.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Theme {
    Light,
    Dark,
}

/// What guidelines ask for.
const CONTRAST: f64 = 4.5;
const BLACK: Rgb = Rgb(0, 0, 0);
const WHITE: Rgb = Rgb(255, 255, 255);
/// How fine the steps are in which a colour is changed.
const STEPS: u8 = 32;

impl Theme {
    /// One of the sixteen named colours: `--ansi-0` and so on.
    pub(super) fn named(self, number: u8) -> Rgb {
        let (light, dark) = match number % 8 {
            0 => (0x3a_3f4b, 0x8a_92a0),
            1 => (0xb4_2318, 0xff_8a7d),
            2 => (0x17_703a, 0x5f_c98a),
            3 => (0x8a_5300, 0xe8_b252),
            4 => (0x1d_5fc4, 0x74_aefb),
            5 => (0x7a_3bc0, 0xc3_9bf7),
            6 => (0x0b_6b75, 0x56_c8d2),
            _ => (0x5b_6270, 0xc3_c9d3),
        };
        self.of(light, dark)
    }

    /// `--text`.
    pub(super) fn text(self) -> Rgb {
        self.of(0x1b_1e25, 0xe6_e8ec)
    }

    /// `--hover`: the ground of a line that somebody points at, which is the nearest to its text.
    pub(super) fn ground(self) -> Rgb {
        self.of(0xee_f0f3, 0x1c_2028)
    }

    fn of(self, light: u32, dark: u32) -> Rgb {
        let [_, red, green, blue] = match self {
            Self::Light => light,
            Self::Dark => dark,
        }
        .to_be_bytes();
        Rgb(red, green, blue)
    }
}

impl Rgb {
    /// So many of `steps` on the way to another colour.
    pub(super) fn towards(self, other: Self, step: u8, steps: u8) -> Self {
        let mix = |from: u8, to: u8| {
            let (from, to) = (u16::from(from), u16::from(to));
            let (step, steps) = (u16::from(step), u16::from(steps));
            u8::try_from((from * (steps - step) + to * step) / steps).unwrap_or(u8::MAX)
        };
        Self(
            mix(self.0, other.0),
            mix(self.1, other.1),
            mix(self.2, other.2),
        )
    }

    /// How bright it is, 0 to 1.
    fn luminance(self) -> f64 {
        let linear = |part: u8| {
            let part = f64::from(part) / 255.0;
            if part <= 0.04045 {
                return part / 12.92;
            }
            let part = (part + 0.055) / 1.055;
            let root = fifth_root(part);
            part * part * root * root
        };
        0.2126 * linear(self.0) + 0.7152 * linear(self.1) + 0.0722 * linear(self.2)
    }

    fn contrast(self, other: Self) -> f64 {
        let (one, two) = (self.luminance() + 0.05, other.luminance() + 0.05);
        if one > two { one / two } else { two / one }
    }
}

/// By Newton's method, of what is between 0.05 and 1: any other power is far more code in a browser.
fn fifth_root(of: f64) -> f64 {
    let mut root = of.sqrt().sqrt();
    for _ in 0..5 {
        let fourth = root * root * root * root;
        root -= (fourth * root - of) / (5.0 * fourth);
    }
    root
}

/// The nearest to `text`, on its way to black or to white, that can be read on `ground`.
pub(super) fn readable(text: Rgb, ground: Rgb) -> Rgb {
    let end = if ground.contrast(BLACK) > ground.contrast(WHITE) {
        BLACK
    } else {
        WHITE
    };
    let shades = (0..=STEPS).map(|step| text.towards(end, step, STEPS));
    shades
        .into_iter()
        .find(|shade| shade.contrast(ground) >= CONTRAST)
        .unwrap_or(end)
}

impl fmt::Display for Rgb {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "#{:02x}{:02x}{:02x}", self.0, self.1, self.2)
    }
}

#[cfg(test)]
mod tests {
    use super::{Rgb, Theme, readable};

    /// As the guidelines for accessibility define it.
    fn contrast(one: Rgb, two: Rgb) -> f64 {
        let luminance = |rgb: Rgb| {
            let linear = |part: u8| {
                let part = f64::from(part) / 255.0;
                if part <= 0.04045 {
                    part / 12.92
                } else {
                    ((part + 0.055) / 1.055).powf(2.4)
                }
            };
            0.2126 * linear(rgb.0) + 0.7152 * linear(rgb.1) + 0.0722 * linear(rgb.2)
        };
        let (one, two) = (luminance(one) + 0.05, luminance(two) + 0.05);
        (one / two).max(two / one)
    }

    fn grid(step: usize) -> Vec<Rgb> {
        let levels: Vec<u8> = (0..=u8::MAX).step_by(step).chain([u8::MAX]).collect();
        let mut grid = Vec::new();
        for &red in &levels {
            for &green in &levels {
                grid.extend(levels.iter().map(|&blue| Rgb(red, green, blue)));
            }
        }
        grid
    }

    #[test]
    fn every_colour_can_be_read_on_the_ground_of_either_theme() {
        for (theme, log) in [
            (Theme::Light, Rgb(0xf6, 0xf7, 0xf9)),
            (Theme::Dark, Rgb(0x0a, 0x0c, 0x0f)),
        ] {
            for colour in grid(15) {
                let shown = readable(colour, theme.ground());
                for ground in [theme.ground(), log] {
                    let found = contrast(shown, ground);
                    assert!(found >= 4.5, "{colour} as {shown} on {ground}: {found}");
                }
            }
            for number in 0..16 {
                assert!(
                    contrast(theme.named(number), theme.ground()) >= 4.5,
                    "{number}"
                );
            }
        }
    }

    #[test]
    fn every_colour_can_be_read_on_every_ground() {
        for ground in grid(45) {
            for text in grid(45) {
                let shown = readable(text, ground);
                let found = contrast(shown, ground);
                assert!(found >= 4.5, "{text} as {shown} on {ground}: {found}");
            }
        }
    }

    #[test]
    fn what_can_be_read_stays_as_it_is() {
        let ground = Theme::Dark.ground();
        assert_eq!(readable(Rgb(255, 200, 0), ground), Rgb(255, 200, 0));
        assert_ne!(readable(Rgb(0, 0, 200), ground), Rgb(0, 0, 200));
    }

    #[test]
    fn the_colours_here_are_those_of_the_style_sheet() {
        let tokens = std::fs::read_to_string("style/tokens.css").unwrap();
        let has = |name: &str, of: &dyn Fn(Theme) -> Rgb| {
            let line = format!(
                "--{name}: light-dark({}, {});",
                of(Theme::Light),
                of(Theme::Dark)
            );
            assert!(tokens.contains(&line), "{line}");
        };
        has("text", &Theme::text);
        has("hover", &Theme::ground);
        for number in 0..8 {
            has(&format!("ansi-{number}"), &|theme| theme.named(number));
        }
    }
}
