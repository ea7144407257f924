//! JSON of other programs, which is not always what it should be.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::Value;
use serde_json::value::RawValue;

/// Reads an object. Half a character, as programs leave it that cut texts between the two parts of
/// one, is read as U+FFFD; `None` stands for what is nested so deeply that nobody reads it.
pub(super) fn object(text: &str) -> Result<BTreeMap<String, Option<Value>>, serde_json::Error> {
    let text = mended(text);
    let parts: BTreeMap<String, Box<RawValue>> = serde_json::from_str(&text)?;
    let read = |part: Box<RawValue>| match serde_json::from_str(part.get()) {
        Ok(value) => Ok(Some(value)),
        Err(error) if error.to_string().starts_with("recursion limit") => Ok(None),
        Err(error) => Err(error),
    };
    let parts = parts.into_iter();
    parts.map(|(name, part)| Ok((name, read(part)?))).collect()
}

/// The names in an object, as far as it can be read.
pub(super) fn keys(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut reader = serde_json::Deserializer::from_str(text);
    // It ends in the middle, or with what cannot be read.
    let _end = Keys(&mut found).deserialize(&mut reader);
    found
}

struct Keys<'a>(&'a mut Vec<String>);

impl<'de> DeserializeSeed<'de> for Keys<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Keys<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(key) = map.next_key()? {
            self.0.push(key);
            map.next_value::<IgnoredAny>()?;
        }
        Ok(())
    }
}

/// `text` with U+FFFD for every half of a character that stands alone.
pub(super) fn mended(text: &str) -> Cow<'_, str> {
    let mut mended = String::new();
    let mut taken = 0;
    let mut at = 0;
    while let Some(found) = text.get(at..).and_then(|rest| rest.find('\\')) {
        let here = at + found;
        // A backslash and what it escapes.
        at = here + 2;
        match unit(text, here) {
            Some(0xd800..=0xdbff) if matches!(unit(text, here + 6), Some(0xdc00..=0xdfff)) => {
                at = here + 12;
            }
            Some(0xd800..=0xdfff) => {
                mended.push_str(&text[taken..here]);
                mended.push_str("\\ufffd");
                at = here + 6;
                taken = at;
            }
            _ => {}
        }
    }
    if taken == 0 {
        return Cow::Borrowed(text);
    }
    mended.push_str(&text[taken..]);
    Cow::Owned(mended)
}

/// The unit of UTF-16 that an escape at `at` names.
fn unit(text: &str, at: usize) -> Option<u16> {
    let digits = text.get(at..at + 6)?.strip_prefix("\\u")?;
    u16::from_str_radix(digits, 16).ok()
}

#[cfg(test)]
mod tests {
    use super::{Value, keys, object};

    #[test]
    fn half_a_character_is_read_and_whole_ones_stay() {
        for (text, expected) in [
            (r#"{"a":"x\ud83dy"}"#, "x\u{fffd}y"),
            (r#"{"a":"\udc69"}"#, "\u{fffd}"),
            (r#"{"a":"\ud83d\ud83d\udc69"}"#, "\u{fffd}👩"),
            (r#"{"a":"\\ud83d"}"#, "\\ud83d"),
            (r#"{"a":"é\\\ud83dé"}"#, "é\\\u{fffd}é"),
        ] {
            let read = object(text).unwrap();
            assert_eq!(read["a"], Some(Value::from(expected)), "{text}");
        }
        assert!(object(r#"{"a":"\ud83d"#).unwrap_err().is_eof());
        assert!(object(r#"{"a":"\ud8"}"#).is_err());
    }

    #[test]
    fn the_names_of_a_cut_object_are_known() {
        assert_eq!(keys(r#"{"a": {"b": 1}, "result": "xxx"#), ["a", "result"]);
        assert_eq!(keys(r#"{"a": {"result": 1}, "resu"#), ["a"]);
        assert!(keys("[1]").is_empty() && keys("").is_empty());
    }
}
