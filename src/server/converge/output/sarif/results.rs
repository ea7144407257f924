//! From a result to a finding.

use serde_json::value::RawValue;
use serde_json::{Map, Value, json};
use serde_sarif::sarif::{ResultKind, Suppression};

use super::super::entries::Listed;
use super::super::troubles::Troubles;
use super::invocations::reference;
use super::messages::words_or;
use super::rules::Named;
use super::severity::Says;
use super::{Run, typed};

type SarifResult = serde_sarif::sarif::Result;

impl<'a> Run<'a> {
    /// Adds a result to what was found, if it is a problem.
    pub(super) fn read_result(
        &self,
        index: usize,
        raw: &'a RawValue,
        found: &mut Listed,
        troubles: &mut Troubles,
    ) {
        let place = format!("{}.results[{index}]", self.place);
        let read = typed::read::<SarifResult>(self.document, raw, &place, tidy);
        if let Some(result) = troubles.unless(self.document, read)
            && let Some(finding) = self.finding(&result)
        {
            found.find(finding);
        }
    }

    fn finding(&self, result: &SarifResult) -> Option<Value> {
        let is_problem = matches!(result.kind, None | Some(ResultKind::Fail));
        let baseline = result.baseline_state.as_ref().and_then(Value::as_str);
        if !is_problem || baseline == Some("absent") {
            return None;
        }
        let mut named = result.rule.as_ref().map(Named::of).unwrap_or_default();
        named.id = result.rule_id.as_deref().or(named.id);
        // A reference says more than an index alone.
        let told = named.index.filter(|index| *index >= 0);
        named.index = told.or(result.rule_index.filter(|_| named.component.is_none()));
        let rule = self.tools.rule(named);
        let invocation = result.provenance.as_ref();
        let invocation = invocation.and_then(|it| it.invocation_index);
        let says = Says {
            result: result.properties.as_ref(),
            level: result.level,
            overridden: self.overridden(named, rule, invocation),
            rule: rule.map(|rule| rule.grades).unwrap_or_default(),
            rule_level: rule.and_then(|rule| rule.level),
        };
        let severity = says.severity()?;
        let id = named.id.or(rule.map(|rule| rule.id.as_str()));
        let id = id.filter(|id| !id.is_empty()).unwrap_or("finding");
        let about = rule.and_then(|rule| rule.words.as_deref()).unwrap_or(id);
        let strings = |id: &str| self.tools.string(rule, id);
        let words = words_or(&result.message, strings, about);
        let mut finding = json!({"type": id, "description": words, "severity": severity.as_str()});
        let location = result.locations.as_ref().and_then(|all| all.first());
        let place = self.places.of(location, result.analysis_target.as_ref());
        if let Some(place) = place {
            finding["file"] = json!(place);
        }
        let region = location.and_then(|it| it.physical_location.as_ref()?.region.as_ref());
        if let Some(line) = region.and_then(|region| region.start_line) {
            finding["line"] = json!(line);
        }
        if let Some(suppressed) = suppressed(result.suppressions.as_deref()) {
            finding["suppressed"] = suppressed;
        }
        Some(finding)
    }
}

/// Who says that it is to be lived with; nobody, while one of them is not accepted.
fn suppressed(all: Option<&[Suppression]>) -> Option<Value> {
    let all = all.filter(|all| !all.is_empty())?;
    let accepted = |it: &Suppression| {
        let status = it.status.as_ref();
        status.is_none_or(|status| status.as_str() == Some("accepted"))
    };
    if !all.iter().all(accepted) {
        return None;
    }
    let in_source = |it: &Suppression| it.kind.as_str() == Some("inSource");
    let kind = if all.iter().any(in_source) {
        "inSource"
    } else {
        "external"
    };
    let words = all.iter().filter_map(|it| it.justification.as_deref());
    let words: Vec<_> = words.map(str::trim).filter(|it| !it.is_empty()).collect();
    let mut suppressed = json!({"kind": kind});
    if !words.is_empty() {
        suppressed["justification"] = json!(words.join("; "));
    }
    Some(suppressed)
}

fn tidy(result: &mut Map<String, Value>) {
    typed::keep(
        result,
        &[
            "ruleId",
            "ruleIndex",
            "rule",
            "kind",
            "level",
            "message",
            "locations",
            "analysisTarget",
            "suppressions",
            "baselineState",
            "properties",
            "provenance",
        ],
    );
    if let Some(id @ Value::Number(_)) = result.get_mut("ruleId") {
        *id = json!(id.to_string());
    }
    typed::word(result, "kind");
    typed::word(result, "level");
    typed::word(result, "baselineState");
    typed::message(result, "message");
    typed::within(result, "rule", reference);
    typed::within(result, "provenance", |it| {
        typed::keep(it, &["invocationIndex"]);
    });
    typed::within(result, "analysisTarget", artifact);
    locations(result);
    typed::each(result, "suppressions", |it| {
        typed::keep(it, &["kind", "status", "justification"]);
        it.entry("kind").or_insert_with(|| json!("external"));
        typed::word(it, "kind");
        typed::word(it, "status");
    });
    typed::properties(result);
}

/// The first place, and what names it.
pub(super) fn locations(map: &mut Map<String, Value>) {
    if let Some(all) = map.get_mut("locations").and_then(Value::as_array_mut) {
        all.truncate(1);
    }
    typed::each(map, "locations", |location| {
        typed::keep(location, &["physicalLocation", "logicalLocations"]);
        typed::within(location, "physicalLocation", |place| {
            typed::keep(place, &["artifactLocation", "region"]);
            typed::within(place, "artifactLocation", artifact);
            typed::within(place, "region", |region| {
                typed::keep(region, &["startLine"]);
            });
        });
        typed::each(location, "logicalLocations", |part| {
            typed::keep(part, &["name", "fullyQualifiedName", "index"]);
        });
    });
}

fn artifact(map: &mut Map<String, Value>) {
    typed::keep(map, &["uri", "uriBaseId", "index"]);
}
