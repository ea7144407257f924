//! How a tool ran, in its own words, and what was set for its rules.

use serde_json::{Map, Value};
use serde_sarif::sarif::{Invocation, Notification, ResultLevel};

use super::super::json::{Members, Problem, is_array, is_object};
use super::super::troubles::Troubles;
use super::messages::words_or;
use super::rules::Named;
use super::severity::level;
use super::{Run, typed};

/// Words are passed on in so many characters.
const LONGEST: usize = 300;

/// Names of notifications before SARIF was finished.
const EARLIER: [(&str, &str); 2] = [
    (
        "configurationNotifications",
        "toolConfigurationNotifications",
    ),
    ("toolNotifications", "toolExecutionNotifications"),
];

/// What the invocations of a run say.
#[derive(Debug, Default)]
pub(super) struct Invocations {
    /// Why it did not do its work.
    pub(super) failures: Vec<String>,
    all: Vec<Vec<Override>>,
}

/// A level that was set for a rule or a notification.
#[derive(Debug)]
struct Override {
    /// The place of the rule that is meant, which stays where it is.
    id: Option<String>,
    index: Option<i64>,
    level: ResultLevel,
    descriptor: Box<serde_sarif::sarif::ReportingDescriptorReference>,
}

impl<'a> Run<'a> {
    /// Reads how the tool ran, and what made SARIF of its words.
    pub(super) fn read_invocations(
        &mut self,
        run: &Members<'a>,
        troubles: &mut Troubles,
    ) -> Result<(), Problem> {
        let document = self.document;
        let mut found = Invocations::default();
        let mut take = |place: String, raw| {
            let read = typed::read::<Invocation>(document, raw, &place, tidy);
            let read = read.and_then(|invocation| {
                let wrong = |words| document.problem(raw, format!("{place}: {words}"));
                self.invocation(&invocation, &mut found).map_err(wrong)
            });
            troubles.unless(document, read);
        };
        match run.get("invocations") {
            Some(raw) if is_array(raw) => document.each(raw, |index, raw| {
                take(format!("{}.invocations[{index}]", self.place), raw);
            })?,
            // Some write their only one without a list around it.
            Some(raw) if is_object(raw) => take(format!("{}.invocations", self.place), raw),
            _ => {}
        }
        if let Some(raw) = run.get("conversion").filter(|raw| is_object(raw))
            && let Some(raw) = document.members(raw)?.get("invocation").copied()
            && is_object(raw)
        {
            take(format!("{}.conversion.invocation", self.place), raw);
        }
        self.invocations = found;
        Ok(())
    }

    fn invocation(&self, ran: &Invocation, found: &mut Invocations) -> Result<(), String> {
        let set = overrides(ran.notification_configuration_overrides.as_deref())?;
        let notes = [
            &ran.tool_configuration_notifications,
            &ran.tool_execution_notifications,
        ];
        let mut words = Vec::new();
        for note in notes.into_iter().flatten().flatten() {
            if self.is_error(note, &set)? {
                words.push(self.told(note));
            }
        }
        let start = ran.process_start_failure_message.as_deref();
        words.extend(start.map(str::to_owned));
        if words.is_empty() && !ran.execution_successful {
            let told = ran.exit_code_description.clone();
            let code = ran
                .exit_code
                .map(|code| format!("it ended with status {code}"));
            let signal = ran.exit_signal_name.as_ref();
            let killed = signal.map(|name| format!("it was killed by {name}"));
            let told = told.or(killed);
            let none = || "it says that it did not succeed, and not why".to_owned();
            words.push(told.or(code).unwrap_or_else(none));
        }
        for words in words {
            let words: String = words.chars().take(LONGEST).collect();
            if !found.failures.contains(&words) {
                found.failures.push(words);
            }
        }
        let rules = overrides(ran.rule_configuration_overrides.as_deref())?;
        found.all.push(rules);
        Ok(())
    }

    fn is_error(&self, note: &Notification, set: &[Override]) -> Result<bool, String> {
        let named = note.descriptor.as_ref().map(Named::of);
        let rule = named.and_then(|named| self.tools.notification(named));
        let set = named.and_then(|named| {
            let mut set = set.iter();
            set.find(|it| it.is_of(named)).map(|it| it.level)
        });
        let level = level(note.level.as_ref())?.or(set);
        let level = level.or(rule.and_then(|rule| rule.level));
        Ok(level == Some(ResultLevel::Error))
    }

    fn told(&self, note: &Notification) -> String {
        let named = note.descriptor.as_ref().map(Named::of);
        let rule = named.and_then(|named| self.tools.notification(named));
        let id = named.and_then(|named| named.id);
        let fallback = rule.and_then(|rule| rule.words.as_deref());
        let fallback = fallback.or(id).unwrap_or("an error");
        let strings = |id: &str| self.tools.string(rule, id);
        let words = words_or(&note.message, strings, fallback);
        let location = note.locations.as_ref().and_then(|all| all.first());
        let file = self.places.of(location, None);
        let region = location.and_then(|it| it.physical_location.as_ref()?.region.as_ref());
        match (file, region.and_then(|region| region.start_line)) {
            (Some(file), Some(line)) => format!("{words} ({file}:{line})"),
            (Some(file), None) => format!("{words} ({file})"),
            _ => words,
        }
    }

    /// The level that was set for a rule, in the invocation of the result or in any.
    pub(super) fn overridden(
        &self,
        named: Named<'_>,
        rule: Option<&super::rules::Rule>,
        invocation: Option<i64>,
    ) -> Option<ResultLevel> {
        let index = invocation.and_then(|index| usize::try_from(index).ok());
        let all = &self.invocations.all;
        let own = index.and_then(|index| all.get(index));
        let among = own.map_or(all.as_slice(), std::slice::from_ref);
        let is_its = |set: &&Override| match rule {
            Some(rule) => {
                let meant = self.tools.rule(Named::of(&set.descriptor));
                meant.is_some_and(|meant| std::ptr::eq(meant, rule))
            }
            None => set.is_of(named),
        };
        among.iter().flatten().find(is_its).map(|set| set.level)
    }
}

impl Override {
    fn is_of(&self, named: Named<'_>) -> bool {
        match (self.id.as_deref(), named.id) {
            (Some(set), Some(id)) => set == id,
            _ => self.index.is_some_and(|index| index >= 0) && self.index == named.index,
        }
    }
}

fn overrides(
    all: Option<&[serde_sarif::sarif::ConfigurationOverride]>,
) -> Result<Vec<Override>, String> {
    let mut found = Vec::new();
    for set in all.unwrap_or_default() {
        if let Some(level) = level(set.configuration.level.as_ref())? {
            found.push(Override {
                id: set.descriptor.id.clone(),
                index: set.descriptor.index,
                level,
                descriptor: Box::new(set.descriptor.clone()),
            });
        }
    }
    Ok(found)
}

fn tidy(invocation: &mut Map<String, Value>) {
    for (earlier, name) in EARLIER {
        if let Some(Value::Array(notes)) = invocation.remove(earlier) {
            let all = invocation.entry(name).or_insert(Value::Null);
            match all {
                Value::Array(all) => all.extend(notes),
                all => *all = Value::Array(notes),
            }
        }
    }
    typed::keep(
        invocation,
        &[
            "executionSuccessful",
            "exitCode",
            "exitCodeDescription",
            "exitSignalName",
            "exitSignalNumber",
            "processStartFailureMessage",
            "ruleConfigurationOverrides",
            "notificationConfigurationOverrides",
            "toolConfigurationNotifications",
            "toolExecutionNotifications",
        ],
    );
    // Where it is not said, its end tells.
    if invocation
        .get("executionSuccessful")
        .is_none_or(Value::is_null)
    {
        let is_killed = |it: &Value| it.as_str().is_some_and(|name| !name.trim().is_empty());
        let is_bad = |it: &Value| it.as_f64().is_some_and(|code| code != 0.0);
        let says = |name: &str, is: &dyn Fn(&Value) -> bool| invocation.get(name).is_some_and(is);
        let has_failed = says("exitSignalName", &is_killed)
            || says("exitSignalNumber", &is_bad)
            || says("exitCode", &is_bad);
        invocation.insert("executionSuccessful".to_owned(), Value::Bool(!has_failed));
    }
    for name in [
        "ruleConfigurationOverrides",
        "notificationConfigurationOverrides",
    ] {
        typed::each(invocation, name, |set| {
            typed::keep(set, &["configuration", "descriptor"]);
            typed::within(set, "configuration", |it| {
                typed::keep(it, &["level"]);
                typed::word(it, "level");
            });
            typed::within(set, "descriptor", reference);
        });
    }
    for name in [
        "toolConfigurationNotifications",
        "toolExecutionNotifications",
    ] {
        typed::each(invocation, name, |note| {
            typed::keep(note, &["level", "message", "descriptor", "locations"]);
            typed::word(note, "level");
            typed::message(note, "message");
            typed::within(note, "descriptor", reference);
            super::results::locations(note);
        });
    }
}

/// A reference to a rule.
pub(super) fn reference(map: &mut Map<String, Value>) {
    typed::keep(map, &["id", "index", "guid", "toolComponent"]);
    typed::within(map, "toolComponent", |component| {
        typed::keep(component, &["name", "index", "guid"]);
    });
}
