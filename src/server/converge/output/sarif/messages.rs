//! The words of messages: by text or by id, with their arguments in place.

use serde_sarif::sarif::{Message, MultiformatMessageString};

/// The longest words that are passed on, in characters.
const LONGEST: usize = 2000;

/// The words of a message. `string` finds the words of an id; nothing when there are none.
pub(super) fn words(message: &Message, string: impl Fn(&str) -> Option<String>) -> Option<String> {
    let arguments = message.arguments.as_deref().unwrap_or_default();
    let own = [&message.text, &message.markdown];
    let own = own
        .into_iter()
        .flatten()
        .find(|text| !text.trim().is_empty());
    let words = match own {
        // Without arguments, braces are what they are.
        Some(text) if arguments.is_empty() => Some(text.clone()),
        Some(text) => Some(filled(text, arguments)),
        None => {
            let string = message.id.as_deref().and_then(string);
            string.map(|text| filled(&text, arguments))
        }
    };
    let words = words.filter(|words| !words.trim().is_empty());
    words.map(|words| words.trim().chars().take(LONGEST).collect())
}

/// The same where nothing has the words of its id: `fallback`, and what tells it from others.
pub(super) fn words_or(
    message: &Message,
    string: impl Fn(&str) -> Option<String>,
    fallback: &str,
) -> String {
    words(message, string).unwrap_or_else(|| {
        let arguments = message.arguments.as_deref().unwrap_or_default();
        match arguments {
            [] => fallback.to_owned(),
            arguments => format!("{fallback} ({})", arguments.join(", ")),
        }
    })
}

/// The plain words of a text in several forms.
pub(super) fn plain(string: &MultiformatMessageString) -> Option<String> {
    let forms = [Some(&string.text), string.markdown.as_ref()];
    let text = forms
        .into_iter()
        .flatten()
        .find(|text| !text.trim().is_empty());
    text.cloned()
}

/// Puts arguments in the place of `{0}`; `{{` and `}}` are braces.
fn filled(text: &str, arguments: &[String]) -> String {
    let mut words = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(['{', '}']) {
        words.push_str(&rest[..at]);
        rest = &rest[at..];
        if rest.starts_with("{{") || rest.starts_with("}}") {
            words.push_str(&rest[..1]);
            rest = &rest[2..];
            continue;
        }
        let number = rest[1..].split_once('}').filter(|_| rest.starts_with('{'));
        let argument = number.and_then(|(number, after)| {
            let argument = arguments.get(number.parse::<usize>().ok()?)?;
            Some((argument, after))
        });
        if let Some((argument, after)) = argument {
            words.push_str(argument);
            rest = after;
        } else {
            words.push_str(&rest[..1]);
            rest = &rest[1..];
        }
    }
    words.push_str(rest);
    words
}
