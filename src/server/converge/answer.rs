//! What the answer to a post means. Pure.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use axum::http::{HeaderMap, StatusCode, header};
use serde_json::Value;
use url::Url;

use crate::domain::Timestamp;
use crate::server::links::shown;

/// Characters of what somebody answers.
const LONGEST_WORDS: usize = 300;
/// Nobody is waited for any longer, whatever they ask for.
const LONGEST_WAIT: Duration = Duration::from_hours(1);

/// An answer as it came.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
    /// The text is longer than anybody reads.
    pub(crate) is_cut: bool,
}

#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Meaning {
    /// They arrived, but for those at these places, with what was said of each.
    Taken(Vec<(usize, String)>),
    /// Something about these events is not wanted, or they are too many.
    Refused(String),
    /// There is nobody any more, and will not be.
    Gone(String),
    /// It is elsewhere on the same host.
    Moved(Url),
    /// It is not about the events: the same may arrive later.
    Later {
        words: String,
        wait: Option<Duration>,
    },
}

impl Answer {
    /// What this means for a post of `events` events to `url`.
    pub(crate) fn meaning(&self, url: &Url, events: usize, now: Timestamp) -> Meaning {
        let words = self.words(url);
        match self.status.as_u16() {
            200..300 if self.is_cut && events > 1 => Meaning::Refused(words),
            200..300 => Meaning::Taken(self.left_out(events)),
            300..400 => self.elsewhere(url, words),
            404 | 410 => Meaning::Gone(words),
            // About who posts, how, or when; not about what.
            401..=403 | 405..=408 | 411 | 415 | 417 | 421 | 425 | 426 | 428 | 429 | 431 | 451 => {
                self.later(words, now)
            }
            400..500 => Meaning::Refused(words),
            _ => self.later(words, now),
        }
    }

    fn later(&self, mut words: String, now: Timestamp) -> Meaning {
        let wait = self.headers.get(header::RETRY_AFTER);
        let wait = wait.and_then(|it| wait_of(it.to_str().ok()?, now));
        if let Some(wait) = wait {
            words = format!("{words}; it asks to wait {} s", wait.as_secs());
        }
        if matches!(self.status.as_u16(), 401 | 403) {
            words += "; the events are kept until the address has what lets us in";
        }
        Meaning::Later { words, wait }
    }

    fn elsewhere(&self, url: &Url, words: String) -> Meaning {
        let to = self.headers.get(header::LOCATION);
        let to = to.and_then(|to| url.join(to.to_str().ok()?).ok());
        let keeps_the_post = matches!(self.status.as_u16(), 307 | 308);
        let Some(mut to) = to else {
            return Meaning::Later { words, wait: None };
        };
        let stays_there = to.host() == url.host();
        let is_safe = to.scheme() == url.scheme() || to.scheme() == "https";
        if keeps_the_post && stays_there && is_safe {
            // Who we are does not change with the path.
            if to.username().is_empty() && to.password().is_none() {
                let _kept = to.set_username(url.username());
                let _kept = to.set_password(url.password());
            }
            return Meaning::Moved(to);
        }
        let to = shown(to.as_str());
        let words = format!("{words}; it names {to}, where nothing is posted unless you name that");
        Meaning::Later { words, wait: None }
    }

    /// Events that the receiver says it has not taken, although it took the rest.
    fn left_out(&self, events: usize) -> Vec<(usize, String)> {
        let body: Value = serde_json::from_str(&self.text).unwrap_or_default();
        let refused = body.get("refused").and_then(Value::as_array);
        let refused = refused.into_iter().flatten();
        let mut places: Vec<_> = refused
            .filter_map(|entry| {
                let place = usize::try_from(entry.get("index")?.as_u64()?).ok()?;
                let why = entry.get("detail").and_then(Value::as_str);
                let why = format!("{}: {}", self.status, short(why.unwrap_or_default()));
                (place < events).then_some((place, why))
            })
            .collect();
        places.sort_by_key(|(place, _)| *place);
        places.dedup_by_key(|(place, _)| *place);
        places
    }

    fn words(&self, url: &Url) -> String {
        let host = url.host_str().unwrap_or_default();
        let (status, text) = (self.status, short(&self.text));
        if text.is_empty() {
            format!("{host} answered {status}")
        } else {
            format!("{host} answered {status}: {text}")
        }
    }
}

/// So much of a text as fits a line.
fn short(text: &str) -> String {
    let words = text.chars().take(LONGEST_WORDS);
    let words = words.map(|c| if c.is_control() { ' ' } else { c });
    words.collect::<String>().trim().to_owned()
}

/// Seconds, or a date.
fn wait_of(text: &str, now: Timestamp) -> Option<Duration> {
    let text = text.trim();
    let wait = if let Ok(seconds) = text.parse() {
        Duration::from_secs(seconds)
    } else {
        let now = Duration::from_micros(u64::try_from(now.0).ok()?);
        let then: SystemTime = httpdate::parse_http_date(text).ok()?;
        then.duration_since(UNIX_EPOCH).ok()?.saturating_sub(now)
    };
    Some(wait.min(LONGEST_WAIT))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
    use url::Url;

    use super::{Answer, Meaning};
    use crate::domain::Timestamp;

    /// 2026-11-26T08:00:00Z.
    const NOW: Timestamp = Timestamp(1_795_680_000_000_000);

    fn meaning(status: u16, header: Option<(&'static str, &str)>, text: &str) -> Meaning {
        let mut headers = HeaderMap::new();
        if let Some((name, value)) = header {
            let value = HeaderValue::from_str(value).unwrap();
            headers.insert(HeaderName::from_static(name), value);
        }
        let answer = Answer {
            status: StatusCode::from_u16(status).unwrap(),
            headers,
            text: text.to_owned(),
            is_cut: false,
        };
        let url = Url::parse("https://me:secret@host:1/events?token=x").unwrap();
        answer.meaning(&url, 3, NOW)
    }

    #[test]
    fn a_status_is_about_the_events_or_about_something_else() {
        for status in [200, 201, 202, 204] {
            assert_eq!(
                meaning(status, None, "{}"),
                Meaning::Taken(vec![]),
                "{status}"
            );
        }
        for status in [400, 409, 413, 414, 416, 418, 422, 423] {
            let told = meaning(status, None, "");
            assert!(matches!(told, Meaning::Refused(_)), "{status}: {told:?}");
        }
        for status in [404, 410] {
            let told = meaning(status, None, "");
            assert!(matches!(told, Meaning::Gone(_)), "{status}: {told:?}");
        }
        for status in [
            100, 300, 302, 304, 401, 402, 403, 405, 407, 408, 411, 415, 425, 429, 500, 502, 503,
            504, 507,
        ] {
            let told = meaning(status, None, "");
            assert!(
                matches!(told, Meaning::Later { wait: None, .. }),
                "{status}: {told:?}"
            );
        }
    }

    #[test]
    fn a_receiver_may_ask_to_wait() {
        for (text, seconds) in [
            ("7", Some(7)),
            ("0", Some(0)),
            ("999999", Some(3600)),
            ("Thu, 26 Nov 2026 08:02:00 GMT", Some(120)),
            ("Thu, 26 Nov 2026 07:00:00 GMT", Some(0)),
            ("soon", None),
            ("-1", None),
        ] {
            let told = meaning(503, Some(("retry-after", text)), "");
            let Meaning::Later { words, wait } = told else {
                panic!("{told:?}");
            };
            assert_eq!(wait, seconds.map(Duration::from_secs), "{text}");
            assert_eq!(words.contains("asks to wait"), seconds.is_some(), "{words}");
        }
    }

    #[test]
    fn only_the_same_host_is_followed_and_only_where_the_post_stays_one() {
        let moved = |status, to| match meaning(status, Some(("location", to)), "") {
            Meaning::Moved(to) => to.to_string(),
            Meaning::Later { words, .. } => words,
            other => panic!("{other:?}"),
        };
        let same = "https://me:secret@host:1/moved";
        assert_eq!(moved(308, "/moved"), same);
        assert_eq!(moved(307, "https://host:1/moved"), same);
        assert_eq!(moved(308, "https://HOST/x"), "https://me:secret@host/x");
        for (status, to) in [
            (308, "https://other/moved?token=secret"),
            (308, "http://host:1/moved"),
            (301, "/moved"),
            (303, "/moved"),
        ] {
            let words = moved(status, to);
            assert!(words.contains("moved, where nothing is posted"), "{words}");
            assert!(!words.contains("secret"), "{words}");
        }
    }

    #[test]
    fn a_receiver_names_what_it_left_out() {
        let body = r#"{"accepted": 1, "refused": [
            {"index": 2, "event_id": "c", "detail": "too\nlong"},
            {"index": 0, "event_id": "a", "detail": "odd"}, {"index": 0}, {"index": 3}, {}]}"#;
        let words = |place, text: &str| (place, format!("202 Accepted: {text}"));
        let expected = vec![words(0, "odd"), words(2, "too long")];
        assert_eq!(meaning(202, None, body), Meaning::Taken(expected));
        for body in ["", "ok", "[]", r#"{"refused": 3}"#, r#"{"refused": null}"#] {
            assert_eq!(meaning(202, None, body), Meaning::Taken(vec![]), "{body}");
        }
    }
}
