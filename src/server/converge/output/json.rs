//! JSON as tools write it, read part by part: of a long document only the part at hand is in
//! memory twice. A name that stands twice in an object is an error: one of the two would be lost.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;
use serde_json::{Map, Number, Value};

use super::scanner::lines;

/// A document, and where it stands in the output.
#[derive(Clone, Copy, Debug)]
pub(super) struct Document<'a> {
    text: &'a str,
    line: u64,
}

/// An object, of whose values nothing is read yet.
pub(super) type Members<'a> = BTreeMap<String, &'a RawValue>;

/// What cannot be read.
#[derive(Debug, PartialEq)]
pub(super) struct Problem {
    /// The byte of the document where the part at hand begins.
    pub(super) at: usize,
    /// So many lines further.
    pub(super) lines: u64,
    pub(super) words: String,
}

impl<'a> Document<'a> {
    pub(super) fn new(text: &'a str, line: u64) -> Self {
        Self { text, line }
    }

    /// The document, which is JSON from one end to the other.
    pub(super) fn root(self) -> Result<&'a RawValue, Problem> {
        serde_json::from_str(self.text).map_err(|error| problem(0, &error))
    }

    /// The members of an object.
    pub(super) fn members(self, raw: &'a RawValue) -> Result<Members<'a>, Problem> {
        let mut reader = serde_json::Deserializer::from_str(raw.get());
        let read = reader.deserialize_map(MembersVisitor);
        read.map_err(|error| problem(self.place(raw), &error))
    }

    /// Passes on each entry of an array with its place, one after the other.
    pub(super) fn each(
        self,
        raw: &'a RawValue,
        take: impl FnMut(usize, &'a RawValue),
    ) -> Result<(), Problem> {
        let mut reader = serde_json::Deserializer::from_str(raw.get());
        let read = reader.deserialize_seq(EachVisitor(take));
        read.map_err(|error| problem(self.place(raw), &error))
    }

    /// All of it.
    pub(super) fn value(self, raw: &RawValue) -> Result<Value, Problem> {
        let mut reader = serde_json::Deserializer::from_str(raw.get());
        let read = Strict.deserialize(&mut reader);
        read.map_err(|error| problem(self.place(raw), &error))
    }

    /// A part cannot be read.
    pub(super) fn problem(self, raw: &RawValue, words: String) -> Problem {
        Problem {
            at: self.place(raw),
            lines: 0,
            words,
        }
    }

    /// The line of the output in which a problem stands. It takes time: it counts the lines.
    pub(super) fn line_of(self, problem: &Problem) -> u64 {
        let before = self.text.as_bytes().get(..problem.at);
        self.line + lines(before.unwrap_or_default()) + problem.lines
    }

    fn place(self, raw: &RawValue) -> usize {
        let (whole, part) = (self.text.as_ptr().addr(), raw.get().as_ptr().addr());
        part.saturating_sub(whole)
    }
}

fn problem(at: usize, error: &serde_json::Error) -> Problem {
    let words = error.to_string();
    // The place is that in the part, and no help.
    let words = words.rsplit_once(" at line ").map_or(&*words, |it| it.0);
    Problem {
        at,
        lines: u64::try_from(error.line().saturating_sub(1)).unwrap_or(0),
        words: words.to_owned(),
    }
}

pub(super) fn is_object(raw: &RawValue) -> bool {
    raw.get().starts_with('{')
}

pub(super) fn is_array(raw: &RawValue) -> bool {
    raw.get().starts_with('[')
}

pub(super) fn is_null(raw: &RawValue) -> bool {
    raw.get() == "null"
}

/// True for an array whose first entry is an object.
pub(super) fn holds_objects(raw: &RawValue) -> bool {
    let inner = raw.get().strip_prefix('[').unwrap_or_default();
    inner.trim_ascii_start().starts_with('{')
}

/// The text, where it is one.
pub(super) fn text(raw: &RawValue) -> Option<String> {
    serde_json::from_str(raw.get()).ok()
}

/// Replaces halves of surrogate pairs that stand alone: some tools cut a character in two.
pub(super) fn mend_surrogates(text: &mut [u8]) {
    let mut at = 0;
    while let Some(next) = text
        .get(at..)
        .and_then(|it| it.iter().position(|b| *b == b'\\'))
    {
        at += next;
        match (half(text, at), half(text, at + 6)) {
            (Some(0xd800..=0xdbff), Some(0xdc00..=0xdfff)) => at += 12,
            (Some(0xd800..=0xdfff), _) => {
                text[at + 2..at + 6].copy_from_slice(b"fffd");
                at += 6;
            }
            _ => at += 2,
        }
    }
}

/// The number of an escape such as `\u00e4` at this place.
fn half(text: &[u8], at: usize) -> Option<u16> {
    let digits = text.get(at..at + 6)?.strip_prefix(b"\\u")?;
    u16::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
}

struct MembersVisitor;

impl<'de> Visitor<'de> for MembersVisitor {
    type Value = Members<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members<'de>, A::Error> {
        let mut members = Members::new();
        while let Some((name, value)) = map.next_entry::<String, &RawValue>()? {
            if members.contains_key(&name) {
                return Err(twice(&name));
            }
            members.insert(name, value);
        }
        Ok(members)
    }
}

struct EachVisitor<F>(F);

impl<'de, F: FnMut(usize, &'de RawValue)> Visitor<'de> for EachVisitor<F> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array")
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut list: A) -> Result<(), A::Error> {
        let mut place = 0;
        while let Some(entry) = list.next_element::<&RawValue>()? {
            (self.0)(place, entry);
            place += 1;
        }
        Ok(())
    }
}

fn twice<E: Error>(name: &str) -> E {
    E::custom(format!("{name:?} stands twice in one object"))
}

/// Reads any value.
struct Strict;

impl<'de> DeserializeSeed<'de> for Strict {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, reader: D) -> Result<Value, D::Error> {
        reader.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(Number::from_f64(value).map_or(Value::Null, Value::Number))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Value, A::Error> {
        let mut entries = Vec::new();
        while let Some(entry) = list.next_element_seed(Self)? {
            entries.push(entry);
        }
        Ok(Value::Array(entries))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let mut members = Map::new();
        while let Some(name) = map.next_key::<String>()? {
            let value = map.next_value_seed(Self)?;
            if members.contains_key(&name) {
                return Err(twice(&name));
            }
            members.insert(name, value);
        }
        Ok(Value::Object(members))
    }
}
