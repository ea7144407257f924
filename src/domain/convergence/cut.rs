//! The head of what is too long: an event that is cut stays an event, and says that it was cut.

use serde_json::{Map, Value, json};

/// What identifies and dates an event is kept whatever happens.
const KEPT: [&str; 7] = [
    "event_id",
    "timestamp",
    "session_id",
    "iteration",
    "state",
    "event_type",
    "type",
];
/// How long one of these may be: names of 200 bytes, however they are escaped; a sender may write
/// anything where a time belongs.
const LONGEST_NAME: usize = 1300;
const LONGEST_OTHER: usize = 64;
/// Room for the marks.
const MARKS: usize = 256;
/// Nothing worth reading fits into less.
const LEAST: usize = 16;

/// An event in at most `bytes` of JSON, which are more than its names take. Under `data`,
/// `truncated` says that it was cut, `bytes` how long its data was, and `cut` how many entries
/// those lists had of which some are missing.
#[must_use]
pub fn cut_event(sent: &Value, bytes: usize) -> Value {
    let Value::Object(map) = sent else {
        return JSON.head(sent, bytes);
    };
    let mut event = Map::new();
    for name in KEPT {
        if let Some(value) = map.get(name) {
            let name_like = name.ends_with("id") || name.ends_with("type");
            let room = if name_like {
                LONGEST_NAME
            } else {
                LONGEST_OTHER
            };
            event.insert(name.to_owned(), JSON.head(value, room));
        }
    }
    let known = |name: &String| KEPT.contains(&name.as_str()) || name == "data";
    let others = map.iter().filter(|(name, _)| !known(name));
    let others: Map<String, Value> = others
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect();
    let room = bytes.saturating_sub(event_size(&event) + MARKS);
    if let Value::Object(others) = JSON.head(&Value::Object(others), room / 4) {
        event.extend(others);
    }
    let room = bytes.saturating_sub(event_size(&event) + MARKS);
    let data = map.get("data").unwrap_or(&Value::Null);
    event.insert("data".to_owned(), marked(data, room, &JSON));
    Value::Object(event)
}

fn event_size(event: &Map<String, Value>) -> usize {
    let member = |(name, value): (&String, &Value)| JSON.member(name) + JSON.size(value);
    event.iter().map(member).sum()
}

/// `data` as a page shows it, in at most about `room` bytes of what carries and shows it there.
/// What is cut says so.
#[must_use]
pub fn cut_data(data: &Value, room: usize) -> Value {
    if PAGE.size(data) <= room {
        return data.clone();
    }
    marked(data, room.saturating_sub(3 * PAGE.entry), &PAGE)
}

/// The beginning of a text that takes at most `room` bytes in a page, however it is escaped there.
#[must_use]
pub fn beginning(text: &str, room: usize) -> String {
    if PAGE.text(text) <= room {
        text.to_owned()
    } else {
        PAGE.beginning(text, room)
    }
}

/// What a text takes in a page.
#[must_use]
pub fn weight(text: &str) -> usize {
    PAGE.text(text)
}

/// What a value takes in a page.
#[must_use]
pub fn data_weight(data: &Value) -> usize {
    PAGE.size(data)
}

/// `data` in at most `room` bytes, with the marks.
fn marked(data: &Value, room: usize, scale: &Scale) -> Value {
    let Value::Object(map) = data else {
        let head = scale.head(data, room);
        return json!({"truncated": true, "bytes": length(data), "head": head});
    };
    let before = (map.get("truncated") == Some(&Value::Bool(true))).then_some(map);
    let lengths = before.and_then(|map| map.get("cut")?.as_object());
    let mut cut = lengths.cloned().unwrap_or_default();
    let whole = before.and_then(|map| map.get("bytes")?.as_u64());
    let whole = whole.map_or_else(|| json!(length(data)), Value::from);
    let mut short = match scale.head(data, room) {
        Value::Object(short) => short,
        _ => Map::new(),
    };
    for name in ["findings", "fixes", "vulnerabilities"] {
        let entries = |map: &Map<String, Value>| map.get(name)?.as_array().map(Vec::len);
        if let Some(long) = entries(map)
            && entries(&short) != Some(long)
            && !cut.contains_key(name)
        {
            cut.insert(name.to_owned(), json!(long));
        }
    }
    short.insert("truncated".to_owned(), json!(true));
    short.insert("bytes".to_owned(), whole);
    if !cut.is_empty() {
        short.insert("cut".to_owned(), Value::Object(cut));
    }
    Value::Object(short)
}

/// The length of a value as JSON.
fn length(value: &Value) -> usize {
    serde_json::to_string(value).map_or(0, |text| text.len())
}

/// What things take: as JSON, or in a page.
struct Scale {
    /// An entry of a list or object, besides what is in it.
    entry: usize,
    /// A character that has to be escaped as a name.
    special: usize,
    /// A value, besides its text.
    value: usize,
    /// A character, for each byte of it.
    byte: usize,
}

/// Never less than the JSON has.
const JSON: Scale = Scale {
    entry: 4,
    special: 6,
    value: 2,
    byte: 1,
};
/// A page carries the data as JSON and shows it as HTML.
const PAGE: Scale = Scale {
    entry: 190,
    special: 12,
    value: 8,
    byte: 2,
};

impl Scale {
    fn size(&self, value: &Value) -> usize {
        match value {
            Value::String(text) => self.value + self.text(text),
            Value::Array(items) => {
                let items = items.iter().map(|item| self.entry + self.size(item));
                self.value + items.sum::<usize>()
            }
            Value::Object(map) => {
                let members = map
                    .iter()
                    .map(|(name, value)| self.member(name) + self.size(value));
                self.value + members.sum::<usize>()
            }
            Value::Number(number) => self.value + self.byte * number.to_string().len(),
            Value::Null | Value::Bool(_) => self.value + self.byte * 5,
        }
    }

    fn member(&self, name: &str) -> usize {
        self.entry + self.text(name)
    }

    fn text(&self, text: &str) -> usize {
        text.chars().map(|c| self.character(c)).sum()
    }

    fn character(&self, c: char) -> usize {
        match c {
            '<' | '>' | '&' | '\'' if self.byte == 1 => 1,
            '"' | '\\' | '\n' | '\r' | '\t' | '\u{8}' | '\u{c}' if self.byte == 1 => 2,
            '<' | '>' | '&' | '\'' | '"' => self.special,
            c if u32::from(c) < 0x20 || c == '\u{7f}' => self.special,
            c => self.byte * c.len_utf8(),
        }
    }

    /// The beginning of a value, in at most `room`: the first entries of a list, the beginning of
    /// a text, and of an object first what is short.
    fn head(&self, value: &Value, room: usize) -> Value {
        if self.size(value) <= room {
            return value.clone();
        }
        let mut left = room.saturating_sub(self.value);
        match value {
            Value::String(text) => Value::String(self.beginning(text, left)),
            Value::Array(items) => Value::Array(self.first_of(items, left)),
            Value::Object(map) => {
                let mut members: Vec<_> = map.iter().map(|it| (self.size(it.1), it)).collect();
                members.sort_by_key(|(long, _)| *long);
                let mut kept = Map::new();
                for ((_, (name, value)), others) in members.iter().zip((0..members.len()).rev()) {
                    let share = left / (others + 1);
                    let long = self.member(name);
                    if share < long + LEAST {
                        // A name that is too long leaves its place to the others.
                        continue;
                    }
                    let value = self.head(value, share - long);
                    left = left.saturating_sub(long + self.size(&value));
                    kept.insert((*name).clone(), value);
                }
                Value::Object(kept)
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => Value::Null,
        }
    }

    /// The first entries of a list, of the last of them the head.
    fn first_of(&self, items: &[Value], room: usize) -> Vec<Value> {
        let mut left = room;
        let mut kept = Vec::new();
        for item in items {
            let long = self.entry + self.size(item);
            if long <= left {
                left -= long;
                kept.push(item.clone());
                continue;
            }
            if left > self.entry + LEAST {
                kept.push(self.head(item, left - self.entry));
            }
            break;
        }
        kept
    }

    fn beginning(&self, text: &str, room: usize) -> String {
        let mut left = room.saturating_sub(self.byte * '…'.len_utf8());
        let mut end = 0;
        for (at, c) in text.char_indices() {
            let long = self.character(c);
            if long > left {
                break;
            }
            left -= long;
            end = at + c.len_utf8();
        }
        format!("{}…", &text[..end])
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::{beginning, cut_data, cut_event, data_weight, weight};

    fn event(data: &Value) -> Value {
        json!({"event_id": "e", "timestamp": "2026-11-22T08:30:00Z", "session_id": "s",
            "iteration": 3, "state": "IDLE", "event_type": "STEP_COMPLETE", "data": data})
    }

    #[test]
    fn a_cut_event_keeps_what_it_is_and_the_head_of_its_lists() {
        let findings: Vec<_> = (0..5000).map(|n| json!({"description": n})).collect();
        let data = json!({"findings": findings, "step": "diagnose", "success": true});
        let sent = event(&data);
        let cut = cut_event(&sent, 4096);
        assert!(cut.to_string().len() <= 4096);
        for name in [
            "event_id",
            "timestamp",
            "session_id",
            "iteration",
            "event_type",
        ] {
            assert_eq!(cut[name], sent[name]);
        }
        let data = &cut["data"];
        assert_eq!(
            (&data["step"], &data["success"]),
            (&json!("diagnose"), &json!(true))
        );
        assert_eq!(data["findings"][0], json!({"description": 0}));
        assert!(data["findings"].as_array().unwrap().len() > 50);
        assert_eq!(data["truncated"], true);
        assert_eq!(data["bytes"], sent["data"].to_string().len());
        assert_eq!(data["cut"], json!({"findings": 5000}));
        // Cut once more, it still tells of the first time.
        let again = cut_event(&cut, 1024);
        assert!(again.to_string().len() <= 1024);
        assert_eq!(again["data"]["bytes"], data["bytes"]);
        assert_eq!(again["data"]["cut"], json!({"findings": 5000}));
    }

    #[test]
    fn a_text_is_cut_between_characters_and_other_data_is_wrapped() {
        let cut = cut_event(&event(&json!("🦀\u{1}".repeat(4000))), 2000);
        assert!(cut.to_string().len() <= 2000);
        let head = cut["data"]["head"].as_str().unwrap();
        assert!(head.starts_with('🦀') && head.ends_with('…'), "{head}");
        let mut odd = event(&json!({}));
        odd["timestamp"] = json!("x".repeat(3_000_000));
        odd["extra"] = json!("y".repeat(3_000_000));
        assert!(cut_event(&odd, 100_000).to_string().len() <= 100_000);
    }

    fn anything() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            any::<f64>().prop_map(|n| json!(n)),
            any::<bool>().prop_map(Value::from),
            ".{0,300}".prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 60, 20, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..20).prop_map(Value::from),
                prop::collection::btree_map(".{0,20}", inner, 0..20)
                    .prop_map(|map| Value::Object(map.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn whatever_is_cut_fits(data in anything(), bytes in 800_usize..6000) {
            let cut = cut_event(&event(&data), bytes);
            prop_assert!(cut.to_string().len() <= bytes, "{} > {bytes}", cut.to_string().len());
            let shown = cut_data(&data, bytes);
            prop_assert!(data_weight(&shown) <= bytes + 400, "{} > {bytes}", data_weight(&shown));
            let text = data.to_string();
            prop_assert!(weight(&beginning(&text, 100)) <= 100);
        }
    }
}
