//! SARIF 2.1.0, as far as findings need it.

use serde_json::{Map, Value, json};

use super::Listed;
use crate::domain::Severity;

pub(super) fn is_log(map: &Map<String, Value>) -> bool {
    let is_text = |name: &str| map.get(name).is_some_and(Value::is_string);
    map.get("runs").is_some_and(Value::is_array) && (is_text("version") || is_text("$schema"))
}

/// Every result that is a problem and that nobody has suppressed.
pub(super) fn findings(log: &Map<String, Value>) -> Listed {
    let mut found = Listed::default();
    for run in items(log.get("runs")) {
        for result in items(run.get("results")) {
            if is_problem(result) {
                found.push(finding(run, result));
            }
        }
    }
    found
}

fn items(value: Option<&Value>) -> impl Iterator<Item = &Value> {
    value.and_then(Value::as_array).into_iter().flatten()
}

fn is_problem(result: &Value) -> bool {
    let kind = result.get("kind").and_then(Value::as_str).unwrap_or("fail");
    let baseline = result.get("baselineState").and_then(Value::as_str);
    let accepted = |it: &Value| {
        let status = it.get("status").and_then(Value::as_str);
        status.is_none_or(|status| status == "accepted")
    };
    let suppressed = items(result.get("suppressions")).any(accepted);
    ["fail", "open", "review"].contains(&kind) && baseline != Some("absent") && !suppressed
}

fn finding(run: &Value, result: &Value) -> Value {
    let rule_id = result.get("ruleId").or_else(|| result.pointer("/rule/id"));
    let rule = rule(run, result, rule_id);
    let rule_id = rule_id
        .or_else(|| rule?.get("id"))
        .and_then(Value::as_str)
        .unwrap_or("finding");
    let words = result
        .pointer("/message/text")
        .or_else(|| rule?.pointer("/shortDescription/text"))
        .and_then(Value::as_str)
        .unwrap_or(rule_id);
    let words: String = words.chars().take(2000).collect();
    let mut finding = json!({"type": rule_id, "description": words,
        "severity": severity(result, rule).as_str()});
    let place = result.pointer("/locations/0/physicalLocation");
    let file = place.and_then(|place| place.pointer("/artifactLocation/uri")?.as_str());
    if let Some(file) = file {
        finding["file"] = json!(file.strip_prefix("file://").unwrap_or(file));
    }
    let line = place.and_then(|place| place.pointer("/region/startLine")?.as_u64());
    if let Some(line) = line {
        finding["line"] = json!(line);
    }
    finding
}

/// The rule of a result, by its number or its id.
fn rule<'a>(run: &'a Value, result: &Value, id: Option<&Value>) -> Option<&'a Value> {
    let rules = run.pointer("/tool/driver/rules")?.as_array()?;
    let number = result.get("ruleIndex").and_then(Value::as_u64);
    let number = number.and_then(|number| rules.get(usize::try_from(number).ok()?));
    number.or_else(|| {
        rules
            .iter()
            .find(|rule| id.is_some() && rule.get("id") == id)
    })
}

/// A score of security where there is one, else the level.
fn severity(result: &Value, rule: Option<&Value>) -> Severity {
    let score = |value: &Value| match value.pointer("/properties/security-severity")? {
        Value::String(text) => text.trim().parse::<f64>().ok(),
        number => number.as_f64(),
    };
    if let Some(score) = score(result).or_else(|| rule.and_then(score)) {
        return match score {
            9.0.. => Severity::Critical,
            7.0.. => Severity::High,
            4.0.. => Severity::Medium,
            _ => Severity::Low,
        };
    }
    let level = result
        .get("level")
        .or_else(|| rule?.pointer("/defaultConfiguration/level"));
    Severity::read(level.and_then(Value::as_str).unwrap_or("warning"))
}
