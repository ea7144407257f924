//! Tells the lines of a logger from findings: both have a severity and a message.

use super::foreign::may_hold_findings;
use super::json::{Members, is_null, text};

/// Only loggers write these: Google Cloud, syslog, journald, the Elastic schema.
const LOGGERS: [&str; 18] = [
    "insertId",
    "logName",
    "serviceContext",
    "receiveTimestamp",
    "jsonPayload",
    "textPayload",
    "facility_label",
    "procid",
    "msgid",
    "appname",
    "app-name",
    "syslogtag",
    "priority_label",
    "PRIORITY",
    "MESSAGE",
    "SYSLOG_IDENTIFIER",
    "__REALTIME_TIMESTAMP",
    "log.level",
];
/// Loggers write these, zerolog and loguru among them, and now and then somebody else.
const PERHAPS: [&str; 9] = [
    "@timestamp",
    "logger",
    "pid",
    "hostname",
    "httpRequest",
    "sourceLocation",
    "facility",
    "caller",
    "record",
];
const TIMES: [&str; 11] = [
    "time",
    "timestamp",
    "ts",
    "datetime",
    "date",
    "eventTime",
    "asctime",
    "t",
    "@t",
    "T",
    "Timestamp",
];
const MESSAGES: [&str; 15] = [
    "message",
    "msg",
    "event",
    "text",
    "MESSAGE",
    "fields",
    "@message",
    "@mt",
    "@m",
    "M",
    "MessageTemplate",
    "short_message",
    "body",
    "textPayload",
    "jsonPayload",
];
const LEVELS: [&str; 10] = [
    "level",
    "lvl",
    "severity",
    "levelname",
    "loglevel",
    "@level",
    "@l",
    "L",
    "Level",
    "severityText",
];
/// What a finding says and no logger does.
const DESCRIPTIONS: [&str; 3] = ["description", "title", "summary"];
// These are compared in small letters, and without what joins words: `fileName`, `file_name`.
/// Where in the source.
const FILES: [&str; 5] = ["file", "path", "filename", "filepath", "location"];
/// Where else; a logger may name these, too.
const PARTS: [&str; 8] = [
    "area",
    "component",
    "module",
    "uri",
    "url",
    "resource",
    "package",
    "pkgname",
];
/// Those of both that are places of their own, and not names of parts of a program.
const PLACES: [&str; 8] = [
    "file", "path", "filename", "filepath", "location", "uri", "url", "resource",
];
/// Loggers in Python write `lineno`.
const LINES: [&str; 5] = ["line", "linenumber", "startline", "beginline", "row"];
/// Names of rules that a logger does not use for something else.
const RULES: [&str; 5] = ["rule", "ruleid", "rulename", "checkid", "testid"];
/// Names of rules, and of what a logger says: what a service looks at, and numbers of the system.
const CODES: [&str; 2] = ["check", "code"];
/// Names of known weaknesses.
const KNOWN: [&str; 5] = ["cwe", "cweid", "cve", "cveid", "vulnerabilityid"];
/// How their identifiers begin.
const PREFIXES: [&str; 9] = [
    "CVE-", "GHSA-", "CWE-", "PYSEC-", "RUSTSEC-", "GO-", "SNYK-", "OSV-", "DSA-",
];
const KINDS: [&str; 4] = ["type", "kind", "category", "code"];
/// Severities of loggers that are no problem.
const QUIET: [&str; 6] = ["default", "trace", "debug", "info", "information", "notice"];
/// Their other severities, which tools use for findings as well.
const LOUD: [&str; 12] = [
    "warn",
    "warning",
    "error",
    "err",
    "critical",
    "crit",
    "alert",
    "emerg",
    "emergency",
    "fatal",
    "panic",
    "severe",
];

/// What an object with a severity is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Graded {
    Finding,
    LogLine,
    /// No logger knows its severity, but it says no more than a message.
    Plain,
    /// It says nothing else, not even a message.
    Silent,
    /// A finding if the report says nothing else.
    Alone,
}

/// Whose word a severity is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Word {
    Quiet,
    Loud,
    /// A whole number, as syslog has them.
    Number,
    /// No logger's.
    Other,
}

fn has(members: &Members<'_>, names: &[&str]) -> bool {
    let told = |name: &&str| members.get(*name).is_some_and(|raw| !is_null(raw));
    names.iter().any(told)
}

/// The same for names in any spelling.
fn spells(members: &Members<'_>, names: &[&str]) -> bool {
    let mut members = members.iter();
    members.any(|(name, raw)| is_named(name, names) && !is_null(raw))
}

/// True for one of these names, in any spelling.
pub(super) fn is_named(name: &str, names: &[&str]) -> bool {
    let letters = || {
        let letters = name.bytes().filter(|it| !matches!(it, b'_' | b'-' | b'.'));
        letters.map(|it| it.to_ascii_lowercase())
    };
    names.iter().any(|known| letters().eq(known.bytes()))
}

/// The text of a member, its name in any spelling.
fn any_text(members: &Members<'_>, names: &[&str], is: impl Fn(&str) -> bool) -> bool {
    let mut members = members.iter().filter(|(name, _)| is_named(name, names));
    members.any(|(_, raw)| text(raw).is_some_and(|text| is(&text)))
}

/// A place that is no route of a service, as `/healthz` is.
fn is_placed(members: &Members<'_>) -> bool {
    let is_route = |text: &str| {
        let last = text.rsplit('/').next().unwrap_or_default();
        text.starts_with('/') && !last.contains('.')
    };
    any_text(members, &PLACES, |text| !text.is_empty() && !is_route(text))
}

/// `CKV_AWS_20` names a rule, `db` and `ENOENT` do not.
fn is_coded(members: &Members<'_>) -> bool {
    let is_digit = |byte: u8| byte.is_ascii_digit();
    any_text(members, &CODES, |text| {
        text.starts_with(|first: char| first.is_ascii_alphabetic()) && text.bytes().any(is_digit)
    })
}

fn is_known_weakness(members: &Members<'_>) -> bool {
    let id = members.get("id").and_then(|raw| text(raw));
    let is_one = |id: &String| PREFIXES.iter().any(|known| id.starts_with(known));
    spells(members, &KNOWN) || id.as_ref().is_some_and(is_one)
}

fn word(members: &Members<'_>, names: &[&str]) -> Option<Word> {
    let raw = names.iter().find_map(|name| members.get(*name))?;
    let Some(word) = text(raw) else {
        let is_whole = raw.get().bytes().all(|it| it.is_ascii_digit());
        return Some(if is_whole { Word::Number } else { Word::Other });
    };
    let word = word.trim().to_lowercase();
    if !word.is_empty() && word.bytes().all(|it| it.is_ascii_digit()) {
        return Some(Word::Number);
    }
    let is_of = |words: &[&str]| words.contains(&word.as_str());
    Some(if is_of(&QUIET) {
        Word::Quiet
    } else if is_of(&LOUD) {
        Word::Loud
    } else {
        Word::Other
    })
}

/// True for what only loggers write.
pub(super) fn is_marked(members: &Members<'_>) -> bool {
    let is_google = |name: &String| name.starts_with("logging.googleapis.com/");
    has(members, &LOGGERS) || members.keys().any(is_google)
}

/// True for a line of a logger, which has no severity or is no finding.
pub(super) fn is_log_line(members: &Members<'_>) -> bool {
    let is_timed = has(members, &TIMES);
    let is_logged = has(members, &LEVELS) || is_timed || has(members, &PERHAPS);
    if !has(members, &MESSAGES) {
        // With fields alone, which hold no findings.
        let is_leveled = is_timed && word(members, &LEVELS).is_some_and(|it| it != Word::Other);
        let mut inner = members.iter();
        return is_leveled
            && !may_be_finding(members)
            && !inner.any(|(name, raw)| may_hold_findings(name, raw, 1));
    }
    let is_message = members.len() == 1 && members.values().all(|raw| text(raw).is_some());
    is_marked(members) || is_message || (is_logged && !may_be_finding(members))
}

/// True for an object without a severity that tells what is wrong where.
pub(super) fn may_be_finding(members: &Members<'_>) -> bool {
    if is_marked(members) {
        return false;
    }
    let place = spells(members, &FILES) || spells(members, &PARTS);
    let (line, rule) = (spells(members, &LINES), spells(members, &RULES));
    if has(members, &PERHAPS) {
        return is_known_weakness(members) || (place && rule);
    }
    let is_timed = has(members, &TIMES) || spells(members, &TIMES);
    let level = word(members, &LEVELS);
    let (is_quiet, is_loud) = (level == Some(Word::Quiet), level == Some(Word::Loud));
    let says = has(members, &MESSAGES) || spells(members, &DESCRIPTIONS);
    is_known_weakness(members)
        || (spells(members, &["severity"]) && !is_timed)
        || (place && line && (rule || has(members, &["code"])))
        || (place && line && !is_timed && !is_quiet)
        || ((place || is_loud) && rule && says && !is_timed && !is_quiet)
        || (is_placed(members) && is_coded(members) && says && !is_timed && !is_quiet)
}

/// Looks at an object with a severity.
pub(super) fn graded(members: &Members<'_>) -> Graded {
    let word = word(members, &["severity"]).unwrap_or(Word::Other);
    let (file, part) = (spells(members, &FILES), spells(members, &PARTS));
    let (line, known) = (spells(members, &LINES), is_known_weakness(members));
    let rule = known || spells(members, &RULES);
    let place = file || part || line;
    let (says, is_timed) = (has(members, &MESSAGES), has(members, &TIMES));
    let is_described = has(members, &DESCRIPTIONS);
    // What only tools write where a service says that something went wrong.
    let is_telling = rule || is_placed(members) || (place && is_coded(members));
    let or_log_line = |is_finding| {
        if is_finding {
            Graded::Finding
        } else {
            Graded::LogLine
        }
    };
    if is_marked(members) {
        Graded::LogLine
    } else if has(members, &PERHAPS) {
        or_log_line(rule || (is_described && !says))
    } else if is_described || known || ((file || part) && line) {
        Graded::Finding
    } else if says && (word == Word::Number || (word == Word::Loud && is_timed)) {
        or_log_line(is_telling)
    } else if word == Word::Quiet && says && is_timed {
        or_log_line(place && rule)
    } else if file || line || rule || spells(members, &CODES) || has(members, &KINDS) {
        Graded::Finding
    } else if part {
        or_log_line(word != Word::Quiet)
    } else if !says && (word == Word::Other || !is_timed) {
        Graded::Silent
    } else if word == Word::Other {
        Graded::Plain
    } else {
        Graded::Alone
    }
}
