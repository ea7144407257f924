//! Text that people wrote, or programs in their name: whether anything of it can be seen, and where
//! what it does to the direction of text ends.

/// True when a person sees something of it.
#[must_use]
pub fn is_visible(text: &str) -> bool {
    text.chars().any(|c| !is_invisible(c))
}

/// What people see of a title: the name of what bears it, where that is nothing.
#[must_use]
pub fn title_or_name<'a>(title: &'a str, name: &'a str) -> &'a str {
    if is_visible(title) { title } else { name }
}

/// Blanks, control characters, and what fonts show nothing for.
#[must_use]
pub fn is_invisible(c: char) -> bool {
    c.is_whitespace()
        || c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
            | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{2800}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}'
            | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{1bca0}'..='\u{1bca3}'
            | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
}

/// `text` with LF for the line breaks of forms and of Windows.
#[must_use]
pub fn line_feeds(text: String) -> String {
    if text.contains("\r\n") {
        text.replace("\r\n", "\n")
    } else {
        text
    }
}

/// `text`, with an end for every change of direction that has none: what follows it is not turned
/// around.
#[must_use]
pub fn closed(mut text: String) -> String {
    let mut ends = String::new();
    for c in text.chars() {
        match c {
            '\u{202a}' | '\u{202b}' | '\u{202d}' | '\u{202e}' => ends.push('\u{202c}'),
            '\u{2066}'..='\u{2068}' => ends.push('\u{2069}'),
            '\u{202c}' if ends.ends_with(c) => _ = ends.pop(),
            // It ends what began inside it, too.
            '\u{2069}' if ends.contains(c) => while ends.pop() != Some(c) {},
            _ => {}
        }
    }
    text.extend(ends.chars().rev());
    text
}

#[cfg(test)]
mod tests {
    use super::{closed, is_visible, line_feeds};

    #[test]
    fn what_nobody_sees_is_not_visible() {
        for text in [
            "",
            " ",
            "\u{200b}",
            "\u{2060}\u{feff}",
            "\u{ad}",
            "\u{3164}",
            "\u{202e}\u{202c}",
            "\u{e0041}",
            "\u{fe0f}",
            "\u{2800}",
            "\u{a0}\u{2003}",
            "\u{2028}",
        ] {
            assert!(!is_visible(text), "{text:?}");
        }
        for text in ["a", "\u{200b}a", "漢", "👩", ".", "\u{301}", "\u{fffd}"] {
            assert!(is_visible(text), "{text:?}");
        }
    }

    #[test]
    fn directions_end_with_the_text() {
        for (text, end) in [
            ("plain", ""),
            ("\u{202e}a", "\u{202c}"),
            ("\u{202e}a\u{202c}", ""),
            ("\u{2067}a\u{202e}b", "\u{202c}\u{2069}"),
            ("\u{2067}a\u{202e}b\u{2069}", ""),
            ("\u{202e}a\u{2067}b\u{202c}", "\u{2069}\u{202c}"),
            ("\u{2069}\u{202c}\u{202a}x", "\u{202c}"),
        ] {
            assert_eq!(closed(text.to_owned()), format!("{text}{end}"), "{text:?}");
        }
    }

    #[test]
    fn line_breaks_become_line_feeds() {
        let text = line_feeds("a\r\nb\rc\n\r\n".to_owned());
        assert_eq!(text, "a\nb\rc\n\n");
    }
}
