//! A report's own word that it is none: its tool failed, and says so.

use serde_json::Value;
use serde_json::value::RawValue as Raw;

use super::json::{Members, is_null, text};
use super::loglines::is_named;

// Names are compared in small letters, and without what joins words: `timedOut`, `timed_out`.
/// What says why, or how often, it failed.
const SAID: [&str; 14] = [
    "error",
    "errors",
    "errormessage",
    "errormessages",
    "errorcount",
    "fatal",
    "fatalerror",
    "fatalerrors",
    "exception",
    "parseerrors",
    "parsingerrors",
    "failure",
    "failures",
    "failurecount",
];
/// What is true of a failure, or counts failures.
const IS: [&str; 13] = [
    "error",
    "iserror",
    "haserrors",
    "timedout",
    "aborted",
    "crashed",
    "cancelled",
    "canceled",
    "interrupted",
    "killed",
    "truncated",
    "incomplete",
    "partial",
];
/// What is true of what went through.
const IS_NOT: [&str; 2] = ["complete", "completed"];
/// The same; many tools say it, and that they failed, when they found something.
const PASSED: [&str; 4] = ["success", "succeeded", "ok", "passed"];
const NOT_PASSED: [&str; 1] = ["failed"];
const STATUS: [&str; 5] = ["status", "state", "result", "outcome", "conclusion"];
const CODES: [&str; 3] = ["exitcode", "exitstatus", "returncode"];
/// Words of an outcome that is none, without what joins them.
const FAILED: [&str; 20] = [
    "error",
    "errored",
    "failed",
    "failure",
    "fail",
    "fatal",
    "crashed",
    "exception",
    "aborted",
    "timeout",
    "timedout",
    "incomplete",
    "partial",
    "cancelled",
    "canceled",
    "interrupted",
    "killed",
    "terminated",
    "unsuccessful",
    "notok",
];
/// What tells why.
const WORDS: [&str; 11] = [
    "summary",
    "message",
    "msg",
    "detail",
    "reason",
    "description",
    "title",
    "error",
    "data",
    "value",
    "messages",
];
/// Parts of a report that tell how it came about.
const PARTS: [&str; 7] = [
    "summary",
    "metadata",
    "meta",
    "scan",
    "stats",
    "statistics",
    "totals",
];
/// Texts that say that there is nothing.
const NOTHING: [&str; 7] = ["", "no", "none", "null", "false", "true", "0"];
/// Words are passed on in so many characters.
const LONGEST: usize = 300;

/// Why a report says itself that it is none. Where it lists something (`is_listed`), counts are
/// those of what it lists, and it did not pass for that.
pub(super) fn own_failure(members: &Members<'_>, is_listed: bool) -> Option<String> {
    let own = by_itself(members, is_listed);
    own.or_else(|| {
        let parts = members.iter().filter(|(name, _)| is_named(name, &PARTS));
        let mut parts = parts.filter_map(|(_, raw)| serde_json::from_str(raw.get()).ok());
        parts.find_map(|part| by_itself(&part, is_listed))
    })
}

/// Why JSON that is no report says that something failed.
pub(super) fn foreign_failure(members: &Members<'_>) -> Option<String> {
    let said = |names: &[&str]| named(members, names).find_map(|(_, raw)| text(raw));
    let is_failed = |word: String| FAILED.contains(&letters(&word).as_str());
    let is_error = said(&["type", "event", "kind"]).is_some_and(is_failed);
    let mut codes = named(members, &["statuscode", "status", "code"]);
    let is_refused = codes.any(|(_, raw)| matches!(number(raw), Some(400.0..600.0)));
    let is_odd = named(members, &["documentationurl"]).next().is_some();
    let words = why(members).filter(|_| is_error || is_refused || is_odd)?;
    Some(format!("its output says: {words}"))
}

fn by_itself(members: &Members<'_>, is_listed: bool) -> Option<String> {
    let said = SAID.chunks(1).flat_map(|name| named(members, name));
    let mut said = said.filter_map(|(name, raw)| {
        let value = serde_json::from_str::<Value>(raw.get()).ok()?;
        words_of(&value).or_else(|| count_of(name, &value).filter(|_| !is_listed))
    });
    if let Some(words) = said.next() {
        let words: String = words.chars().take(LONGEST).collect();
        return Some(format!("its report says: {words}"));
    }
    let mut status = named(members, &STATUS).filter_map(|(name, raw)| {
        let word = text(raw)?;
        let is_failed = FAILED.contains(&letters(&word).as_str());
        is_failed.then(|| format!("its {name} is {}", word.trim()))
    });
    let mut is = named(members, &IS).filter(|(_, raw)| is_yes(raw));
    let mut is_not = named(members, &IS_NOT).filter(|(_, raw)| is_no(raw));
    let counted = || named(members, &IS).chain(named(members, &NOT_PASSED));
    let mut counts = counted().filter(|(_, raw)| !is_listed && is_many(raw));
    let is_bad = |raw| number(raw).is_some_and(|code| code != 0.0);
    let mut codes = named(members, &CODES).filter(|(_, raw)| !is_listed && is_bad(raw));
    let flag = is.next().or_else(|| is_not.next());
    let flag = flag.or_else(|| counts.next()).or_else(|| codes.next());
    let flag = flag.map(|(name, raw)| format!("`{name}` is {}", raw.get()));
    let how = status.next().or(flag);
    let has_passed = || {
        let mut passed = named(members, &PASSED);
        let mut not_passed = named(members, &NOT_PASSED);
        !passed.any(|(_, raw)| is_no(raw) || raw.get() == "0")
            && !not_passed.any(|(_, raw)| is_yes(raw))
    };
    if how.is_none() && (is_listed || has_passed()) {
        return None;
    }
    let begin = "its report says that it did not succeed";
    Some(match why(members).or(how) {
        Some(why) => format!("{begin}: {why}"),
        None => begin.to_owned(),
    })
}

/// The members of one of these names that say something.
fn named<'m>(
    members: &'m Members<'_>,
    names: &'m [&str],
) -> impl Iterator<Item = (&'m String, &'m Raw)> {
    let members = members.iter().map(|(name, raw)| (name, *raw));
    members.filter(move |(name, raw)| is_named(name, names) && !is_null(raw))
}

fn letters(word: &str) -> String {
    let letters = word.chars().filter(char::is_ascii_alphabetic);
    letters.map(|it| it.to_ascii_lowercase()).collect()
}

/// The word of a text, of `true` and of `false`.
fn bare(raw: &Raw) -> String {
    let word = text(raw).unwrap_or_else(|| raw.get().to_owned());
    word.trim().to_lowercase()
}

fn is_yes(raw: &Raw) -> bool {
    matches!(bare(raw).as_str(), "true" | "yes")
}

fn is_no(raw: &Raw) -> bool {
    matches!(bare(raw).as_str(), "false" | "no")
}

fn number(raw: &Raw) -> Option<f64> {
    bare(raw).parse().ok()
}

/// A count, or a list, that is not empty.
fn is_many(raw: &Raw) -> bool {
    let is_list = raw.get().starts_with('[') && raw.get()[1..].trim_start() != "]";
    is_list || number(raw).is_some_and(|count| count > 0.0)
}

fn why(members: &Members<'_>) -> Option<String> {
    let words = WORDS.iter().find_map(|name| {
        let value = serde_json::from_str::<Value>(members.get(*name)?.get()).ok()?;
        words_of(&value).filter(|_| !value.is_object())
    })?;
    Some(words.chars().take(LONGEST).collect())
}

fn count_of(name: &str, value: &Value) -> Option<String> {
    let count = value.as_f64().filter(|count| *count > 0.0)?;
    Some(format!("{name}: {count}"))
}

fn is_nothing(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Bool(is) => !is,
        Value::Number(number) => number.as_f64() == Some(0.0),
        Value::String(text) => text.trim().is_empty(),
        Value::Array(list) => list.is_empty(),
        Value::Object(map) => map.values().all(is_nothing),
    }
}

/// What an error says; nothing of what says that there is none.
fn words_of(error: &Value) -> Option<String> {
    match error {
        Value::String(text) => {
            let text = text.trim();
            let is_nothing = NOTHING.contains(&text.to_lowercase().as_str());
            (!is_nothing).then(|| text.to_owned())
        }
        Value::Array(all) => {
            let mut told = all.iter().filter_map(words_of);
            let first = told.next()?;
            Some(match told.count() {
                0 => first,
                more => format!("{first} (and {more} more)"),
            })
        }
        Value::Object(map) if !map.values().all(is_nothing) => {
            let told = WORDS.iter().filter_map(|name| map.get(*name));
            let words = told.filter_map(Value::as_str).map(str::trim);
            let mut words = words.filter(|words| !words.is_empty());
            let first = words.next().map(str::to_owned);
            Some(first.unwrap_or_else(|| error.to_string()))
        }
        _ => None,
    }
}
