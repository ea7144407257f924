//! Where events are posted to, and how much of them is kept.

use std::ops::RangeInclusive;
use std::time::Duration;

use super::Outside;
use super::yaml::Section;

#[derive(Clone, Debug)]
pub(crate) struct WebhookSettings {
    pub(crate) url: String,
    /// Events gather for so long before they are posted.
    pub(crate) interval: Duration,
    /// Events in a post at most.
    pub(crate) batch: usize,
    pub(crate) keep: Keep,
}

/// How much is kept of what could not be posted.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Keep {
    /// Since the last event of a session.
    pub(crate) days: u32,
    /// Of all sessions together.
    pub(crate) bytes: u64,
}

impl Keep {
    fn new(days: Option<u32>, mebibytes: Option<u32>) -> Self {
        Self {
            days: days.unwrap_or(30),
            bytes: u64::from(mebibytes.unwrap_or(1024)) << 20,
        }
    }

    /// Where no file says more: by the environment alone. What is wrong there says nothing.
    pub(crate) fn by_environment(environment: impl Fn(&str) -> Option<String>) -> Self {
        let number = |name: &str, range: &RangeInclusive<u32>| {
            let number = environment(name)?.trim().parse().ok()?;
            range.contains(&number).then_some(number)
        };
        Self::new(
            number(KEEP_DAYS.0, &KEEP_DAYS.1),
            number(KEEP_MIB.0, &KEEP_MIB.1),
        )
    }
}

/// The variables of [`Keep`], and what they may hold.
const KEEP_DAYS: (&str, RangeInclusive<u32>) = ("CONVERGENCE_KEEP_DAYS", 1..=3650);
const KEEP_MIB: (&str, RangeInclusive<u32>) = ("CONVERGENCE_KEEP_MIB", 1..=1_048_576);
pub(super) fn gather_webhook(
    mut events: Section<'_>,
    outside: &Outside<'_>,
) -> Option<WebhookSettings> {
    let url = events.text("webhook_url");
    let interval = events.seconds("emit_interval", 0.0..=3600.0);
    let batch = events.number("buffer_size", 1..=10_000);
    let days = events.number("keep_days", KEEP_DAYS.1);
    let mebibytes = events.number("keep_mib", KEEP_MIB.1);
    events.finish();
    let given = ("--webhook-url", outside.flags.webhook_url.as_deref());
    let anything = ("an address", |text: &str| Some(text.to_owned()));
    let url = outside
        .read(given, "CONVERGENCE_WEBHOOK_URL", anything)
        .or(url);
    let is_http = |url: &String| url.starts_with("http://") || url.starts_with("https://");
    if url.as_ref().is_some_and(|url| url.contains("${")) {
        let words = "webhook_url: no variable is replaced in it; give the whole address in \
            CONVERGENCE_WEBHOOK_URL";
        outside.problems.add(0, words.to_owned());
    } else if url.as_ref().is_some_and(|url| !is_http(url)) {
        let words = "webhook_url: expected http://HOST:PORT/PATH, or https://";
        outside.problems.add(0, words.to_owned());
    }
    let number = |(name, range): (&str, RangeInclusive<u32>)| {
        let expected = format!("a whole number from {} to {}", range.start(), range.end());
        let parse = |text: &str| text.parse().ok().filter(|number| range.contains(number));
        outside.read(("", None), name, (&expected, parse))
    };
    let (days, mebibytes) = (number(KEEP_DAYS).or(days), number(KEEP_MIB).or(mebibytes));
    Some(WebhookSettings {
        url: url?,
        interval: interval.unwrap_or(Duration::from_secs(1)),
        batch: usize::try_from(batch.unwrap_or(100)).unwrap_or(100),
        keep: Keep::new(days, mebibytes),
    })
}
