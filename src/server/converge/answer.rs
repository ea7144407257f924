//! What the answer to a post means. Pure.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use url::Url;

use super::journal::Line;
use super::left_out::{LeftOut, left_out};
use super::named::{names_query, names_some};
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
    pub(crate) end: End,
}

/// Where the text of an answer ends.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum End {
    /// Where it should.
    Whole,
    /// Too early.
    Broken,
    /// It is longer than anybody reads.
    TooLong,
}

/// Why something may arrive later.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Trouble {
    pub(crate) words: String,
    /// For how long it asks to wait.
    pub(crate) wait: Option<Duration>,
    /// Nobody answered.
    pub(crate) is_dead: bool,
}

#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Meaning {
    /// They arrived, but for those at these places, with what was said of each.
    Taken(Vec<(usize, String)>),
    /// Something about these events is not wanted, or they are too many.
    Refused(String),
    /// Nothing is taken there, whatever it is: there is nobody any more, or the address is wrong.
    Gone(String),
    /// It is elsewhere on the same host. Who we are is told nobody else.
    Moved(Url),
    /// It is about who posts, or how, unless others are taken: then it is about these events.
    Unclear { why: String, trouble: Trouble },
    /// It is not about the events: the same may arrive later.
    Later(Trouble),
}

impl Trouble {
    /// Somebody answered these words.
    pub(crate) fn told(words: String) -> Self {
        Self {
            words,
            wait: None,
            is_dead: false,
        }
    }

    /// Nobody answered.
    pub(crate) fn dead(words: String) -> Self {
        Self {
            is_dead: true,
            ..Self::told(words)
        }
    }
}

impl Answer {
    /// What this means for a post of these events to `url`.
    pub(crate) fn meaning(&self, url: &Url, lines: &[Line], now: Timestamp) -> Meaning {
        let words = self.words(url);
        match self.status.as_u16() {
            200..300 => self.taken(words, lines),
            300..400 => self.elsewhere(url, words),
            404 | 410 => Meaning::Gone(words),
            // About who posts, how, or when; and sometimes about what.
            403 | 405 | 406 | 415 | 451 if names_some(&self.text, lines) => Meaning::Refused(words),
            403 | 405 | 406 | 415 | 451 => Meaning::Unclear {
                why: words.clone(),
                trouble: self.trouble(words, now),
            },
            401 | 402 | 407 | 408 | 411 | 417 | 421 | 425 | 426 | 428 | 429 | 431 => {
                Meaning::Later(self.trouble(words, now))
            }
            400..500 if names_query(&self.text, url) => Meaning::Gone(words),
            400..500 => Meaning::Refused(words),
            _ => Meaning::Later(self.trouble(words, now)),
        }
    }

    /// Events count as taken only when it is known which were not.
    fn taken(&self, words: String, lines: &[Line]) -> Meaning {
        let told = match (left_out(&self.text, lines), self.end) {
            // Half a sentence, and what is packed, may name events as well.
            (LeftOut::These(_), End::Broken) if !self.is_json() => LeftOut::Unreadable,
            (LeftOut::These(_), _) if self.is_packed() => LeftOut::Unreadable,
            // Each has a status of its own.
            (LeftOut::These(_), _) if self.has_many() && !self.is_json() => LeftOut::Unreadable,
            (told, _) => told,
        };
        match told {
            LeftOut::These(places) => {
                let why = |why: String| format!("{}: {}", self.status, short(&why));
                Meaning::Taken(places.into_iter().map(|(at, it)| (at, why(it))).collect())
            }
            // Each of them posted alone is known to be taken or not, and has a short answer.
            LeftOut::Unnamed => Meaning::Refused(words),
            LeftOut::All => Meaning::Later(Trouble::told(words)),
            LeftOut::Unreadable if self.end == End::TooLong && lines.len() > 1 => {
                Meaning::Refused(words)
            }
            LeftOut::Unreadable => {
                let words = format!("{words}; what it says of the events cannot be read");
                Meaning::Later(Trouble::told(words))
            }
        }
    }

    fn is_json(&self) -> bool {
        serde_json::from_str::<serde::de::IgnoredAny>(&self.text).is_ok()
    }

    fn has_many(&self) -> bool {
        self.status == StatusCode::MULTI_STATUS && !self.text.trim().is_empty()
    }

    fn is_packed(&self) -> bool {
        let encoding = self.headers.get(header::CONTENT_ENCODING);
        let is_plain = |it: &HeaderValue| it.as_bytes().eq_ignore_ascii_case(b"identity");
        !self.text.is_empty() && !self.is_json() && encoding.is_some_and(|it| !is_plain(it))
    }

    fn trouble(&self, mut words: String, now: Timestamp) -> Trouble {
        let wait = self.headers.get(header::RETRY_AFTER);
        let wait = wait.and_then(|it| wait_of(it.to_str().ok()?, now));
        if let Some(wait) = wait {
            words = format!("{words}; it asks to wait {} s", wait.as_secs());
        }
        if matches!(self.status.as_u16(), 401 | 403) {
            words += "; the events are kept until the address has what lets us in";
        }
        Trouble {
            wait,
            ..Trouble::told(words)
        }
    }

    fn elsewhere(&self, url: &Url, words: String) -> Meaning {
        let to = self.headers.get(header::LOCATION);
        let to = to.and_then(|to| url.join(to.to_str().ok()?).ok());
        let keeps_the_post = matches!(self.status.as_u16(), 307 | 308);
        let Some(mut to) = to else {
            return Meaning::Later(Trouble::told(words));
        };
        let stays_there = to.host() == url.host();
        let is_safe = to.scheme() == url.scheme() || to.scheme() == "https";
        if keeps_the_post && stays_there && is_safe {
            // Who we are does not change with the path; another port is somebody else.
            if to.origin() == url.origin() && to.username().is_empty() && to.password().is_none() {
                let _kept = to.set_username(url.username());
                let _kept = to.set_password(url.password());
            }
            return Meaning::Moved(to);
        }
        let to = shown(to.as_str());
        let words = format!("{words}; it names {to}, where nothing is posted unless you name that");
        Meaning::Later(Trouble::told(words))
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

    use super::{Answer, End, Line, Meaning, Trouble};
    use crate::domain::Timestamp;

    /// 2026-11-26T08:00:00Z.
    const NOW: Timestamp = Timestamp(1_795_680_000_000_000);

    fn meaning(status: u16, header: Option<(&'static str, &str)>, text: &str) -> Meaning {
        ending(End::Whole, status, header, text)
    }

    /// Of an answer to three events.
    fn ending(end: End, status: u16, header: Option<(&'static str, &str)>, text: &str) -> Meaning {
        let mut headers = HeaderMap::new();
        if let Some((name, value)) = header {
            let value = HeaderValue::from_str(value).unwrap();
            headers.insert(HeaderName::from_static(name), value);
        }
        let answer = Answer {
            status: StatusCode::from_u16(status).unwrap(),
            headers,
            text: text.to_owned(),
            end,
        };
        let url = Url::parse("https://me:secret@host:1/events?token=x").unwrap();
        let lines = ["id-a", "id-b", "id-c"].map(|id| Line {
            text: format!("{{\"event_id\": \"{id}\"}}"),
            bytes: 1,
        });
        answer.meaning(&url, &lines, NOW)
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
        for status in [400, 409, 413, 414, 416, 418, 422, 423, 424] {
            let told = meaning(status, None, "");
            assert!(matches!(told, Meaning::Refused(_)), "{status}: {told:?}");
        }
        for status in [404, 410] {
            let told = meaning(status, None, "");
            assert!(matches!(told, Meaning::Gone(_)), "{status}: {told:?}");
        }
        for status in [
            100, 300, 302, 304, 401, 402, 407, 408, 411, 425, 429, 500, 502, 503, 504, 507,
        ] {
            let told = meaning(status, None, "events[1]");
            let is_about_the_post = matches!(&told, Meaning::Later(it) if !it.is_dead);
            assert!(is_about_the_post, "{status}: {told:?}");
        }
        for status in [403, 405, 406, 415, 451] {
            let told = meaning(status, None, "no");
            assert!(
                matches!(told, Meaning::Unclear { .. }),
                "{status}: {told:?}"
            );
            // Unless it says so.
            let told = meaning(status, None, r#"{"errors": [{"field": "events[1]"}]}"#);
            assert!(matches!(told, Meaning::Refused(_)), "{status}: {told:?}");
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
            let Meaning::Later(Trouble { words, wait, .. }) = told else {
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
            Meaning::Later(trouble) => trouble.words,
            other => panic!("{other:?}"),
        };
        let same = "https://me:secret@host:1/moved";
        assert_eq!(moved(308, "/moved"), same);
        assert_eq!(moved(307, "https://host:1/moved"), same);
        // Another port may be somebody else's, who learns no password.
        assert_eq!(moved(308, "https://HOST/x"), "https://host/x");
        assert_eq!(moved(307, "https://host:2/moved"), "https://host:2/moved");
        assert_eq!(moved(307, "https://a:b@host:2/"), "https://a:b@host:2/");
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
            {"index": 2, "event_id": "id-c", "detail": "too\nlong"},
            {"event_id": "id-a", "detail": "odd"}, {"index": 0}]}"#;
        let words = |place, text: &str| (place, format!("202 Accepted: {text}"));
        let expected = vec![words(0, "odd"), words(2, "too long")];
        assert_eq!(meaning(202, None, body), Meaning::Taken(expected));
        for body in ["", "ok", "[]", r#"{"refused": 0}"#, r#"{"refused": null}"#] {
            assert_eq!(meaning(202, None, body), Meaning::Taken(vec![]), "{body}");
        }
        // Which, is known of each alone.
        for body in [r#"{"refused": 3}"#, r#"{"refused": [{"detail": "odd"}]}"#] {
            let told = meaning(202, None, body);
            assert!(matches!(told, Meaning::Refused(_)), "{body}: {told:?}");
        }
    }

    #[test]
    fn a_parameter_that_is_not_wanted_is_about_no_event() {
        let body = r#"{"errors": [{"field": "token", "message": "unknown parameter"}]}"#;
        for status in [400, 422] {
            let told = meaning(status, None, body);
            assert!(matches!(told, Meaning::Gone(_)), "{status}: {told:?}");
        }
    }

    #[test]
    fn what_cannot_be_read_of_an_answer_never_counts_as_taken() {
        let whole = r#"{"refused": [{"event_id": "id-b"}]}"#;
        let half = &whole[..20];
        let one = Meaning::Taken(vec![(1, "202 Accepted: ".to_owned())]);
        for end in [End::Whole, End::Broken] {
            assert_eq!(ending(end, 202, None, whole), one, "{end:?}");
            let told = ending(end, 202, None, half);
            assert!(matches!(told, Meaning::Later(_)), "{end:?}: {told:?}");
        }
        for text in ["", "o"] {
            let told = ending(End::Broken, 202, None, text);
            assert!(matches!(told, Meaning::Later(_)), "{text}: {told:?}");
        }
        let packed = Some(("content-encoding", "gzip"));
        let told = ending(End::Whole, 202, packed, "\u{1f}\u{fffd}");
        assert!(matches!(told, Meaning::Later(_)), "{told:?}");
        let many = "<multistatus><status>HTTP/1.1 400 Bad Request</status></multistatus>";
        let told = meaning(207, None, many);
        assert!(matches!(told, Meaning::Later(_)), "{told:?}");
        let told = ending(End::TooLong, 202, None, half);
        assert!(matches!(told, Meaning::Refused(_)), "{told:?}");
        assert_eq!(
            ending(End::TooLong, 202, None, "thanks"),
            Meaning::Taken(vec![])
        );
    }
}
