//! The JSON of tools that is no report of ours: what to ask them for instead.

use serde_json::value::RawValue;

use super::json::{Members, text};

/// Words for JSON of another shape.
pub(super) const OTHER: &str = "this JSON is of another shape than {\"findings\": […]} and SARIF";

/// What a tool writes unless it is asked for SARIF, and how to ask.
struct Tool {
    name: &'static str,
    /// Names that its document has.
    has: &'static [&'static str],
    /// Names of which it has one, if there are any.
    has_one: &'static [&'static str],
    ask: &'static str,
}

const TOOLS: [Tool; 11] = [
    Tool {
        name: "semgrep",
        has: &["results", "errors", "paths"],
        has_one: &[],
        ask: "`semgrep scan --sarif` gives SARIF",
    },
    Tool {
        name: "trivy",
        has: &["SchemaVersion"],
        has_one: &["ArtifactName", "Results", "ArtifactType"],
        ask: "`trivy … --format sarif` gives SARIF",
    },
    Tool {
        name: "bandit",
        has: &["results", "errors", "metrics"],
        has_one: &[],
        ask: "`bandit -f sarif` gives SARIF (it needs `bandit[sarif]`)",
    },
    Tool {
        name: "eslint",
        has: &["filePath", "messages"],
        has_one: &[],
        ask: "`eslint -f @microsoft/eslint-formatter-sarif` gives SARIF",
    },
    Tool {
        name: "pytest",
        has: &["exitcode", "summary"],
        has_one: &["tests", "collectors", "environment"],
        ask: "pytest has no SARIF, but its exit status tells",
    },
    Tool {
        name: "cargo",
        has: &["reason"],
        has_one: &["package_id", "success", "message", "manifest_path"],
        ask: "`cargo clippy --message-format=json | clippy-sarif` gives SARIF",
    },
    Tool {
        name: "gosec",
        has: &["Golang errors", "Issues"],
        has_one: &[],
        ask: "`gosec -fmt sarif` gives SARIF",
    },
    Tool {
        name: "ruff",
        has: &["code", "filename", "message", "location"],
        has_one: &["fix", "noqa_row", "url"],
        ask: "`ruff check --output-format sarif` gives SARIF",
    },
    Tool {
        name: "pip-audit",
        has: &["dependencies", "fixes"],
        has_one: &[],
        ask: "pip-audit has no SARIF; write its findings as {\"findings\": […]}",
    },
    Tool {
        name: "reviewdog",
        has: &["diagnostics"],
        has_one: &["severity", "source"],
        ask: "ask the tool behind it for SARIF",
    },
    Tool {
        name: "npm",
        has: &["auditReportVersion"],
        has_one: &[],
        ask: "npm has no SARIF; write its findings as {\"findings\": […]}",
    },
];

/// What cargo says a line is about; others give reasons, too.
const REASONS: [&str; 5] = [
    "compiler-artifact",
    "compiler-message",
    "build-script-executed",
    "build-finished",
    "timing-info",
];

/// What is said of a document of a known tool.
pub(super) fn known(members: &Members<'_>) -> Option<String> {
    let has = |name: &&'static str| members.contains_key(*name);
    let is_its = |tool: &&Tool| {
        let one = tool.has_one.is_empty() || tool.has_one.iter().any(has);
        tool.has.iter().all(has) && one
    };
    let tool = TOOLS.iter().find(is_its)?;
    let reason = members.get("reason").and_then(|raw| text(raw));
    if tool.name == "cargo" && !reason.is_some_and(|it| REASONS.contains(&it.as_str())) {
        return None;
    }
    Some(format!("this is the JSON of {}: {}", tool.name, tool.ask))
}

/// Names of what may be findings, in documents of others; in small letters.
const LISTS: [&str; 16] = [
    "findings",
    "vulnerabilities",
    "vulns",
    "issues",
    "results",
    "problems",
    "violations",
    "offenses",
    "failures",
    "defects",
    "bugs",
    "alerts",
    "diagnostics",
    "advisories",
    "secrets",
    "misconfigurations",
];
/// The name of what is nothing else beside an empty list of findings.
const WARNINGS: &str = "warnings";
/// Parts of names of what is no open finding.
const ASIDE: [&str; 19] = [
    "ignore",
    "suppress",
    "filter",
    "fixed",
    "resolved",
    "remediation",
    "rule",
    "polic",
    "baseline",
    "passed",
    "accepted",
    "closed",
    "excluded",
    "previous",
    "summar",
    "statist",
    "metric",
    "threshold",
    "severit",
];
/// Names of what counts them, or sets what is looked for.
const COUNTS: [&str; 5] = ["stats", "counts", "totals", "config", "configuration"];

/// True for JSON beside an empty list of findings in which more of them stand: anything in a list
/// whose name is one of [`LISTS`] or ends so, or objects with a severity in any list. `name` is that of the JSON.
pub(super) fn holds_more_findings(name: &str, raw: &RawValue) -> bool {
    let text = raw.get().as_bytes();
    let small = |name: &[u8]| String::from_utf8_lossy(name).to_lowercase();
    let is_more = |name: &str| LISTS.iter().any(|known| name.ends_with(known));
    let mut name = small(name.as_bytes());
    // For each bracket that is open: whether it is a list, or within one, and whether it is to
    // be passed over.
    let mut open: Vec<(bool, bool)> = Vec::new();
    let mut at = 0;
    while let Some(&byte) = text.get(at) {
        let (within, is_aside) = open.last().copied().unwrap_or_default();
        match byte {
            b'"' => {
                let end = end_of_text(text, at);
                let rest = text.get(end + 1..).unwrap_or_default().trim_ascii_start();
                name.clear();
                if rest.starts_with(b":") {
                    name = small(&text[at + 1..end]);
                    if within && !is_aside && name == "severity" {
                        return true;
                    }
                }
                at = end;
            }
            b'{' | b'[' => {
                let begins_list = byte == b'[';
                let is_over = is_aside
                    || COUNTS.contains(&name.as_str())
                    || ASIDE.iter().any(|it| name.contains(it));
                let next = text[at + 1..].iter().find(|it| !it.is_ascii_whitespace());
                let is_empty = matches!(next, Some(b'}' | b']'));
                if begins_list && !is_empty && !is_over && is_more(&name) {
                    return true;
                }
                open.push((within || begins_list, is_over));
                name.clear();
            }
            b'}' | b']' => {
                open.pop();
            }
            _ => {}
        }
        at += 1;
    }
    false
}

/// True for JSON in which findings may stand: objects in a list or in a map of maps, or anything in
/// a list that is named so. `name` is that of the JSON, and so many objects are around it.
pub(super) fn may_hold_findings(name: &str, raw: &RawValue, around: usize) -> bool {
    let text = raw.get().as_bytes();
    let mut last: &[u8] = name.as_bytes();
    // For each bracket that is open: whether it is a list, and whether its name tells.
    let mut open: Vec<(bool, bool)> = Vec::new();
    let mut at = 0;
    while let Some(&byte) = text.get(at) {
        match byte {
            b'"' => {
                let end = end_of_text(text, at);
                last = &text[at + 1..end];
                at = end;
            }
            b'{' | b'[' => {
                let is_list = byte == b'[';
                let next = text[at + 1..].iter().find(|it| !it.is_ascii_whitespace());
                let is_empty = matches!(next, Some(b'}' | b']'));
                let mut lists = LISTS.iter().chain([&WARNINGS]);
                let tells =
                    open.last().is_some_and(|it| it.1) || lists.any(|it| it.as_bytes() == last);
                let maps = around + open.iter().filter(|it| !it.0).count();
                let within = open.iter().any(|it| it.0);
                let is_one = if is_list { tells } else { within || maps >= 2 };
                if is_one && !is_empty {
                    return true;
                }
                open.push((is_list, tells));
            }
            b'}' | b']' => {
                open.pop();
            }
            _ => {}
        }
        at += 1;
    }
    false
}

/// Where the text that begins here ends.
fn end_of_text(text: &[u8], begin: usize) -> usize {
    let mut at = begin + 1;
    while let Some(byte) = text.get(at) {
        match byte {
            b'"' => return at,
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
    text.len()
}
