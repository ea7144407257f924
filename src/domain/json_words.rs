//! The words of JSON: numbers, escapes, and what is written in their place.

/// What a word between the marks of JSON is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Word {
    /// `true`, `false`, `null`, or a number.
    Known,
    /// A number that JSON does not have, as languages and tools print it (`nan`, `.52`), or one that
    /// nobody can keep.
    NoNumber,
    /// Anything else.
    Unknown,
}

impl Word {
    /// What `word` is.
    pub(super) fn of(word: &str) -> Self {
        match word {
            "true" | "false" | "null" => Self::Known,
            _ if !is_number(word) && word.parse::<f64>().is_ok() => Self::NoNumber,
            _ if !is_number(word) => Self::Unknown,
            // Shorter ones without an exponent are far from infinite.
            _ if word.len() < 300 && !word.contains(['e', 'E']) => Self::Known,
            _ if word.parse().is_ok_and(f64::is_finite) => Self::Known,
            _ => Self::NoNumber,
        }
    }
}

/// True for a number as JSON writes it.
fn is_number(word: &str) -> bool {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let word = word.strip_prefix('-').unwrap_or(word);
    let (mantissa, exponent) = match word.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (word, None),
    };
    let exponent = exponent.map(|text| text.strip_prefix(['+', '-']).unwrap_or(text));
    let (whole, fraction) = match mantissa.split_once('.') {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (mantissa, None),
    };
    let is_whole = digits(whole) && (whole == "0" || !whole.starts_with('0'));
    is_whole && fraction.is_none_or(digits) && exponent.is_none_or(digits)
}

/// How many bytes the escape takes whose backslash stands before `bytes`: 0 when it is none, nothing
/// when its end is not there.
pub(super) fn escape_length(bytes: &[u8]) -> Option<usize> {
    match bytes.first()? {
        b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => Some(1),
        b'u' => {
            let digits = bytes.get(1..).unwrap_or_default();
            let digits = &digits[..digits.len().min(4)];
            if !digits.iter().all(u8::is_ascii_hexdigit) {
                return Some(0);
            }
            (digits.len() == 4).then_some(5)
        }
        _ => Some(0),
    }
}

#[cfg(test)]
mod tests {
    use super::{Word, escape_length};

    #[test]
    fn words_are_known_or_not() {
        for word in [
            "0", "-0", "12", "1.5", "-1.5e-3", "1E+9", "true", "null", "1e-999",
        ] {
            assert_eq!(Word::of(word), Word::Known, "{word}");
        }
        let long = "9".repeat(400);
        for word in [
            "NaN",
            "Infinity",
            "-Infinity",
            "1e999",
            "-1e999",
            &long,
            "nan",
            "-nan",
            "inf",
            "01",
            "1.",
            ".5",
            "-.5",
            "+1",
        ] {
            assert_eq!(Word::of(word), Word::NoNumber, "{word}");
        }
        for word in ["", "-", "1e", "0x1", "None", "True", "1_0", "3s"] {
            assert_eq!(Word::of(word), Word::Unknown, "{word}");
        }
    }

    #[test]
    fn escapes_are_known_or_go_on() {
        for (text, length) in [
            ("n", Some(1)),
            ("u00e9x", Some(5)),
            ("u00", None),
            ("", None),
            ("x41", Some(0)),
            ("u00g9", Some(0)),
        ] {
            assert_eq!(escape_length(text.as_bytes()), length, "{text}");
        }
    }
}
