//! SARIF 2.1.0, as far as findings need it. Each part is understood by `serde-sarif`, one at a
//! time: a long log is in memory once. What a part cannot be read for is said with its place; a
//! run that did not do its work is said in the words of its tool.

mod invocations;
mod messages;
mod places;
mod results;
mod rules;
mod severity;
#[cfg(test)]
mod tests;
mod typed;

use serde_json::value::RawValue;

use self::invocations::Invocations;
use self::places::Places;
use self::rules::Tools;
use super::entries::Listed;
use super::json::{Document, Members, Problem, holds_objects, is_array, is_null, is_object, text};
use super::troubles::Troubles;

pub(super) use self::places::Root;

const VERSION: &str = "2.1.0";
/// Parts of a run that may stand in another file, and without which findings are not known.
const NEEDED: [&str; 4] = ["results", "driver", "extensions", "invocations"];

/// True for a SARIF log, of whatever version.
pub(super) fn is_log(members: &Members<'_>) -> bool {
    let word = |name: &str| members.get(name).and_then(|raw| text(raw));
    let schema = word("$schema").is_some_and(|schema| schema.to_lowercase().contains("sarif"));
    let Some(runs) = members.get("runs") else {
        return schema;
    };
    let is_list = is_array(runs) || is_null(runs);
    let named = word("version").is_some() || word("$schema").is_some();
    schema || (is_list && (named || runs.get().contains("\"tool\"")))
}

/// True for a run of a SARIF log.
pub(super) fn is_run(members: &Members<'_>) -> bool {
    let tool = members.get("tool").map(|raw| raw.get());
    members.contains_key("results") && tool.is_some_and(|it| it.contains("\"driver\""))
}

/// What a part is read with.
struct Run<'a> {
    document: Document<'a>,
    /// Its place in the log, such as `runs[0]`.
    place: String,
    tools: Tools,
    places: Places<'a>,
    invocations: Invocations,
}

/// Adds the findings of a log to `found`, and what is wrong with it to `troubles`.
pub(super) fn read<'a>(
    document: Document<'a>,
    log: &Members<'a>,
    root: &Root,
    found: &mut Listed,
    troubles: &mut Troubles,
) -> Result<(), Problem> {
    let version = log.get("version").filter(|raw| !is_null(raw));
    if let Some(raw) = version
        && text(raw).as_deref() != Some(VERSION)
    {
        let words = format!(
            "this SARIF is of version {}, and only {VERSION} can be read",
            raw.get()
        );
        troubles.add(|| words);
        return Ok(());
    }
    let aside = log.get("inlineExternalProperties");
    if aside.is_some_and(|raw| holds_objects(raw)) {
        let words =
            "parts of this SARIF stand under inlineExternalProperties, where they cannot be read";
        troubles.add(|| words.to_owned());
    }
    let mut runs = 0;
    if let Some(raw) = log.get("runs").filter(|raw| is_array(raw)) {
        let mut read = Ok(());
        document.each(raw, |index, raw| {
            runs += 1;
            let place = format!("runs[{index}]");
            if read.is_ok() {
                read = run(document, raw, place, root, found, troubles);
            }
        })?;
        read?;
    }
    if runs == 0 {
        troubles.add(|| "this SARIF holds no run: nothing was scanned".to_owned());
    }
    Ok(())
}

fn run<'a>(
    document: Document<'a>,
    raw: &'a RawValue,
    place: String,
    root: &Root,
    found: &mut Listed,
    troubles: &mut Troubles,
) -> Result<(), Problem> {
    if !is_object(raw) {
        return Err(document.problem(raw, format!("{place} is no object")));
    }
    let mut members = document.members(raw)?;
    let results = members.remove("results").filter(|raw| !is_null(raw));
    let mut run = Run {
        document,
        place,
        tools: Tools::default(),
        places: Places::new(root),
        invocations: Invocations::default(),
    };
    run.read_tools(&members, troubles)?;
    run.read_places(&members, troubles)?;
    run.read_invocations(&members, troubles)?;
    let name = run.tools.name().to_owned();
    let mut failed = std::mem::take(&mut run.invocations.failures);
    for part in elsewhere(document, &members)? {
        failed.push(format!(
            "its {part} stand in another file, which is not read"
        ));
    }
    match results {
        Some(results) if is_array(results) => {
            document.each(results, |index, raw| {
                run.read_result(index, raw, found, troubles);
            })?;
        }
        Some(results) => {
            let words = format!("{}.results is no list", run.place);
            return Err(document.problem(results, words));
        }
        None if failed.is_empty() => failed.push("it has no results: it did not scan".to_owned()),
        None => {}
    }
    for words in failed {
        troubles.add(|| format!("{name}: {words}"));
    }
    Ok(())
}

/// What of a run stands elsewhere.
fn elsewhere<'a>(document: Document<'a>, run: &Members<'a>) -> Result<Vec<&'static str>, Problem> {
    let Some(raw) = run.get("externalPropertyFileReferences") else {
        return Ok(Vec::new());
    };
    if !is_object(raw) {
        return Ok(Vec::new());
    }
    let names = document.members(raw)?;
    let is_there = |name: &&str| {
        let known = names.get(*name);
        known.is_some_and(|raw| !is_null(raw) && raw.get() != "[]")
    };
    Ok(NEEDED.into_iter().filter(is_there).collect())
}
