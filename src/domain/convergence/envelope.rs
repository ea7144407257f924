//! What a frame or a POST brings: one event, an array, `{"events": […]}`, or a greeting. It is
//! read in groups of bounded size, so that what is large needs neither much memory nor a long
//! wait of others.

use std::borrow::Cow;

use serde_json::value::RawValue;

use super::decode::{self, Batch, Place, Unreadable};
use super::order::EventOrder;
use crate::domain::Timestamp;
use crate::domain::lenient_json::mended;

/// A group has so many events, and so many bytes of them, unless one is larger: whoever writes beside them waits for
/// one or two of them, and more would not be taken in sooner.
const GROUP: usize = 100;
const GROUP_BYTES: usize = 256 * 1024;

/// Events that wait to be read.
#[derive(Debug)]
pub struct Envelope {
    text: String,
    content: Content,
    /// The session that it names.
    session: Option<String>,
    order: EventOrder,
}

#[derive(Debug)]
enum Content {
    /// Nothing, or nothing any more.
    Nothing,
    /// An event.
    One,
    /// The rest of a list begins at this byte of the text.
    List {
        name: &'static str,
        at: usize,
        index: usize,
    },
    /// What is no event, and why.
    Wrong {
        field: &'static str,
        message: &'static str,
    },
}

impl Envelope {
    /// Looks at what was sent; an error when it is no JSON. A byte order mark is skipped, and half a
    /// character, as programs write names of files that are no text, is read as U+FFFD.
    pub fn open(mut text: String) -> Result<Self, serde_json::Error> {
        if let Cow::Owned(whole) = mended(&text) {
            text = whole;
        }
        let body = text.strip_prefix('\u{feff}').unwrap_or(&text).trim();
        let raw: &RawValue = serde_json::from_str(body)?;
        let start = text.len() - text.trim_start_matches('\u{feff}').trim_start().len();
        let mut session = None;
        let content = match raw.get().as_bytes().first() {
            Some(b'[') => Content::List {
                name: "",
                at: start + 1,
                index: 0,
            },
            Some(b'{') => {
                let mut members = Members::of(raw.get(), start);
                let mut events = None;
                while let Some((name, value, at)) = members.next() {
                    match name.as_str() {
                        "events" => events = Some((value, at)),
                        "session_id" => {
                            session = serde_json::from_str(value)
                                .ok()
                                .as_ref()
                                .and_then(decode::text);
                        }
                        _ => {}
                    }
                }
                match events {
                    Some((value, at)) if value.starts_with('[') => Content::List {
                        name: "events",
                        at: at + 1,
                        index: 0,
                    },
                    Some(_) => Content::Wrong {
                        field: "events",
                        message: "must be an array",
                    },
                    None => Content::One,
                }
            }
            _ => Content::Wrong {
                field: "body",
                message: "expected an event, an array of events or {\"events\": […]}",
            },
        };
        Ok(Self {
            text,
            content,
            session,
            order: EventOrder::default(),
        })
    }

    /// True when nothing more comes.
    #[must_use]
    pub fn is_done(&self) -> bool {
        matches!(self.content, Content::Nothing)
    }

    /// The next group. `now` is the time of events that have none of their own.
    pub fn next(&mut self, now: Timestamp) -> Option<Batch> {
        let mut batch = Batch::default();
        match std::mem::replace(&mut self.content, Content::Nothing) {
            Content::Nothing => return None,
            Content::Wrong { field, message } => batch.problems.push(Unreadable {
                index: 0,
                event_id: None,
                session_id: None,
                field: field.to_owned(),
                message: message.to_owned(),
            }),
            Content::One => {
                let place = Place {
                    list: None,
                    index: 0,
                    session: None,
                };
                match unwrapped(&self.text) {
                    Inner::Event(event) => batch.read(event, place, now),
                    Inner::Greeting => return None,
                }
            }
            Content::List {
                name,
                mut at,
                mut index,
            } => {
                let begin = at;
                while size(&batch) < GROUP && at - begin < GROUP_BYTES {
                    let Some((from, to)) = element(&self.text, at) else {
                        self.order.settle(&mut batch.events);
                        return (size(&batch) > 0).then_some(batch);
                    };
                    let place = Place {
                        list: Some(name),
                        index,
                        session: self.session.as_deref(),
                    };
                    batch.read(&self.text[from..to], place, now);
                    (at, index) = (to, index + 1);
                }
                self.content = Content::List { name, at, index };
            }
        }
        self.order.settle(&mut batch.events);
        Some(batch)
    }
}

fn size(batch: &Batch) -> usize {
    batch.events.len() + batch.problems.len()
}

enum Inner<'a> {
    Event(&'a str),
    Greeting,
}

/// Takes an event out of `{"type": "event", "data": event}`; a greeting is nothing.
fn unwrapped(text: &str) -> Inner<'_> {
    let body = text.trim_start_matches('\u{feff}').trim();
    let (mut kind, mut data) = (None, None);
    let mut members = Members::of(body, 0);
    while let Some((name, value, _)) = members.next() {
        match name.as_str() {
            "event_type" => return Inner::Event(body),
            "type" => kind = serde_json::from_str::<String>(value).ok(),
            "data" => data = Some(value),
            _ => {}
        }
    }
    match (kind.map(|kind| kind.to_lowercase()).as_deref(), data) {
        (Some("event"), Some(inner)) if inner.starts_with('{') => Inner::Event(inner),
        (Some("connected" | "welcome" | "hello" | "ping" | "pong"), _) => Inner::Greeting,
        _ => Inner::Event(body),
    }
}

/// The members of an object, of which the text is known to be JSON.
struct Members<'a> {
    text: &'a str,
    at: usize,
    /// Where `text` begins in the whole.
    start: usize,
}

impl<'a> Members<'a> {
    fn of(text: &'a str, start: usize) -> Self {
        Self { text, at: 1, start }
    }

    /// The next name, its value, and where that begins in the whole.
    fn next(&mut self) -> Option<(String, &'a str, usize)> {
        let (from, to) = element(self.text, self.at)?;
        let name = serde_json::from_str(&self.text[from..to]).ok()?;
        let (from, to) = element(self.text, to)?;
        self.at = to;
        Some((name, &self.text[from..to], self.start + from))
    }
}

/// Where the next value after `at` begins and ends; nothing at the end of its list or object.
/// The text is known to be JSON, so brackets need only be counted.
fn element(text: &str, at: usize) -> Option<(usize, usize)> {
    let bytes = text.as_bytes();
    let is_between = |byte: &u8| byte.is_ascii_whitespace() || matches!(byte, b',' | b':');
    let from = at + bytes.get(at..)?.iter().position(|byte| !is_between(byte))?;
    let (mut depth, mut in_text, mut escaped) = (0_usize, false, false);
    for (byte, place) in bytes[from..].iter().zip(from..) {
        if in_text {
            match byte {
                _ if escaped => escaped = false,
                b'\\' => escaped = true,
                b'"' => in_text = false,
                _ => {}
            }
            if !in_text && depth == 0 {
                return Some((from, place + 1));
            }
            continue;
        }
        match byte {
            b'"' => in_text = true,
            b'[' | b'{' => depth += 1,
            b']' | b'}' if depth == 0 => return (place > from).then_some((from, place)),
            b']' | b'}' => {
                depth -= 1;
                if depth == 0 {
                    return Some((from, place + 1));
                }
            }
            byte if depth == 0 && is_between(byte) => return Some((from, place)),
            _ => {}
        }
    }
    None
}

/// Reads everything that was sent at once.
#[cfg(test)]
#[expect(clippy::needless_pass_by_value, reason = "tests write it in place")]
pub fn decode_batch(sent: serde_json::Value, now: Timestamp) -> Batch {
    let mut whole = Batch::default();
    let Ok(mut envelope) = Envelope::open(sent.to_string()) else {
        return whole;
    };
    while let Some(mut group) = envelope.next(now) {
        whole.events.append(&mut group.events);
        whole.problems.append(&mut group.problems);
    }
    whole
}

#[cfg(test)]
mod tests {
    use super::{Envelope, GROUP, GROUP_BYTES};
    use crate::domain::Timestamp;

    fn groups(text: &str) -> Vec<(Vec<String>, Vec<usize>)> {
        let mut envelope = Envelope::open(text.to_owned()).unwrap();
        let mut groups = Vec::new();
        while let Some(batch) = envelope.next(Timestamp(1)) {
            let ids = batch.events.iter().map(|event| event.event_id.clone());
            let problems = batch.problems.iter().map(|problem| problem.index);
            groups.push((ids.collect(), problems.collect()));
        }
        groups
    }

    fn event(id: &str) -> String {
        format!(r#"{{"event_type":"X","session_id":"s","event_id":"{id}"}}"#)
    }

    #[test]
    fn lists_are_found_in_any_spelling() {
        let (a, b) = (event("a"), event("b"));
        let both = vec![(vec!["a".to_owned(), "b".to_owned()], vec![])];
        for text in [
            format!("[{a},{b}]"),
            format!("\u{feff} [ {a} , {b} ] \n"),
            format!("{{\"events\":[{a},{b}]}}"),
            format!("{{ \"x\" : \"]}}\\\"\", \"ev\\u0065nts\" : [ {a}\n,{b} ] , \"y\": [{{}}] }}"),
            format!("{{\"events\":7,\"events\":[{a},{b}]}}"),
        ] {
            assert_eq!(groups(&text), both, "{text}");
        }
        let mixed = format!("[1,{a},\"]\",null,[],{{}},true,{b},\"\\\\\"]");
        let expected = vec![(
            vec!["a".to_owned(), "b".to_owned()],
            vec![0, 2, 3, 4, 5, 6, 8],
        )];
        assert_eq!(groups(&mixed), expected);
        assert!(groups("[]").is_empty() && groups("{\"events\":[ ]}").is_empty());
        assert!(Envelope::open("[1,".to_owned()).is_err());
    }

    #[test]
    fn what_is_large_comes_in_groups_in_the_order_of_the_sender() {
        let ids: Vec<_> = (0..GROUP * 2 + 7).map(|n| n.to_string()).collect();
        let text: Vec<_> = ids.iter().map(|id| event(id)).collect();
        let found = groups(&format!("[{}]", text.join(",")));
        assert_eq!(
            found.iter().map(|it| it.0.len()).collect::<Vec<_>>(),
            [GROUP, GROUP, 7]
        );
        assert_eq!(
            found.into_iter().flat_map(|it| it.0).collect::<Vec<_>>(),
            ids
        );
        let long = "x".repeat(GROUP_BYTES);
        let long = |id| event(id).replace("\"X\"", &format!("\"X\",\"long\":\"{long}\""));
        let found = groups(&format!("[{},{},{}]", event("a"), long("b"), event("c")));
        assert_eq!(
            found.iter().map(|it| it.0.len()).collect::<Vec<_>>(),
            [2, 1]
        );
    }
}
