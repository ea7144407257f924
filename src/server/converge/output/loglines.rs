//! Tells the lines of a logger from findings: both have a severity and a message.

use super::json::{Members, is_null, text};

/// Only loggers write these: Google Cloud, syslog, journald, the Elastic schema, zerolog, bunyan.
const LOGGERS: [&str; 26] = [
    "insertId",
    "logName",
    "httpRequest",
    "serviceContext",
    "sourceLocation",
    "receiveTimestamp",
    "jsonPayload",
    "textPayload",
    "facility",
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
    "@timestamp",
    "log.level",
    "caller",
    "logger",
    "pid",
    "hostname",
];
const TIMES: [&str; 8] = [
    "time",
    "timestamp",
    "ts",
    "datetime",
    "date",
    "eventTime",
    "asctime",
    "t",
];
const MESSAGES: [&str; 4] = ["message", "msg", "event", "text"];
const LEVELS: [&str; 5] = ["level", "lvl", "severity", "levelname", "loglevel"];
/// What a finding says and no logger does.
const DESCRIPTIONS: [&str; 3] = ["description", "title", "summary"];
const PLACES: [&str; 10] = [
    "file",
    "path",
    "filename",
    "file_path",
    "filePath",
    "location",
    "area",
    "line",
    "component",
    "module",
];
/// Names of rules that a logger does not use for something else.
const RULES: [&str; 8] = [
    "rule",
    "rule_id",
    "ruleId",
    "rule_name",
    "check",
    "check_id",
    "cwe",
    "cve",
];
const KINDS: [&str; 4] = ["type", "kind", "category", "code"];

/// What an object with a severity is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Graded {
    Finding,
    LogLine,
    /// A finding if the report says nothing else.
    Alone,
}

fn has(members: &Members<'_>, names: &[&str]) -> bool {
    let told = |name: &&str| members.get(*name).is_some_and(|raw| !is_null(raw));
    names.iter().any(told)
}

/// True for a line of a logger, which has no severity or is no finding.
pub(super) fn is_log_line(members: &Members<'_>) -> bool {
    let is_message = has(members, &MESSAGES) || has(members, &["MESSAGE"]);
    is_message && (has(members, &LEVELS) || has(members, &TIMES) || has(members, &LOGGERS))
}

/// Looks at an object with a severity.
pub(super) fn graded(members: &Members<'_>) -> Graded {
    let is_google = |name: &String| name.starts_with("logging.googleapis.com/");
    let (place, rule) = (has(members, &PLACES), has(members, &RULES));
    let is_marked = has(members, &LOGGERS) || members.keys().any(is_google);
    let is_timed = has(members, &TIMES) && has(members, &MESSAGES);
    // The severities of syslog are numbers.
    let is_number = members
        .get("severity")
        .is_some_and(|raw| text(raw).is_none() && has(members, &MESSAGES));
    if has(members, &DESCRIPTIONS) && !is_marked {
        Graded::Finding
    } else if is_marked || is_timed || is_number {
        if place && rule {
            Graded::Finding
        } else {
            Graded::LogLine
        }
    } else if place || rule || has(members, &KINDS) {
        Graded::Finding
    } else {
        Graded::Alone
    }
}
