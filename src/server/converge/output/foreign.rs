//! The JSON of tools that is no report of ours: what to ask them for instead.

use super::json::{Members, is_array, is_object, text};

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

const TOOLS: [Tool; 9] = [
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
        name: "npm",
        has: &["auditReportVersion"],
        has_one: &[],
        ask: "npm has no SARIF; write its findings as {\"findings\": […]}",
    },
];

/// What is said of a document of a known tool.
pub(super) fn known(members: &Members<'_>) -> Option<String> {
    let has = |name: &&'static str| members.contains_key(*name);
    let is_its = |tool: &&Tool| {
        let one = tool.has_one.is_empty() || tool.has_one.iter().any(has);
        tool.has.iter().all(has) && one
    };
    let tool = TOOLS.iter().find(is_its)?;
    Some(format!("this is the JSON of {}: {}", tool.name, tool.ask))
}

/// Why a report says itself that it is none.
pub(super) fn own_failure(members: &Members<'_>) -> Option<String> {
    let error = members.get("error")?;
    let words = text(error).or_else(|| {
        let told = is_object(error) || is_array(error);
        told.then(|| error.get().chars().take(300).collect())
    })?;
    let words = words.trim();
    (!words.is_empty()).then(|| format!("its report says: {words}"))
}
