//! The rules of a run: those of its tool and of the extensions, found by index, id, guid or a
//! hierarchical id.

use std::collections::BTreeMap;

use serde_json::Map;
use serde_json::value::RawValue;
use serde_sarif::sarif::{
    MultiformatMessageString, ReportingDescriptor, ReportingDescriptorReference, ResultLevel,
    ToolComponentReference,
};

use super::super::json::{Document, Members, Problem, is_array, is_object, text};
use super::super::troubles::Troubles;
use super::messages::plain;
use super::severity::{Grades, level};
use super::{Run, typed};

/// The tool itself, and what extends it.
#[derive(Debug, Default)]
pub(super) struct Tools {
    /// The tool comes first.
    components: Vec<Component>,
}

/// A tool or an extension, as far as its rules are needed.
#[derive(Debug, Default)]
pub(super) struct Component {
    name: String,
    guid: Option<String>,
    rules: Vec<Rule>,
    notifications: Vec<Rule>,
    strings: BTreeMap<String, String>,
}

/// What a rule says of its results.
#[derive(Debug, Default)]
pub(super) struct Rule {
    pub(super) id: String,
    name: Option<String>,
    guid: Option<String>,
    earlier: Vec<String>,
    pub(super) level: Option<ResultLevel>,
    pub(super) grades: Grades,
    strings: BTreeMap<String, String>,
    /// What it is about.
    pub(super) words: Option<String>,
}

/// How a result or a setting names a rule.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Named<'a> {
    pub(super) id: Option<&'a str>,
    pub(super) index: Option<i64>,
    pub(super) guid: Option<&'a str>,
    pub(super) component: Option<&'a ToolComponentReference>,
}

/// A list of rules of a component.
type List = fn(&Component) -> &[Rule];

impl<'a> Named<'a> {
    pub(super) fn of(reference: &'a ReportingDescriptorReference) -> Self {
        Self {
            id: reference.id.as_deref(),
            index: reference.index,
            guid: reference.guid.as_deref(),
            component: reference.tool_component.as_ref(),
        }
    }
}

impl Rule {
    fn of(descriptor: ReportingDescriptor) -> Result<Self, String> {
        let configuration = descriptor.default_configuration.as_ref();
        let words = [&descriptor.short_description, &descriptor.full_description];
        let words = words.into_iter().flatten().find_map(plain);
        Ok(Self {
            level: level(configuration.and_then(|it| it.level.as_ref()))?,
            grades: Grades::of(descriptor.properties.as_ref()),
            words: words.or_else(|| descriptor.name.clone()),
            id: descriptor.id,
            name: descriptor.name,
            guid: descriptor.guid,
            earlier: descriptor.deprecated_ids.unwrap_or_default(),
            strings: strings(descriptor.message_strings.unwrap_or_default()),
        })
    }

    /// True for a rule of this id, or of one above it: `CA1/sub` belongs to `CA1`.
    fn has_id(&self, id: &str) -> bool {
        let rest = id.strip_prefix(self.id.as_str());
        let is_under = rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
        (is_under && !self.id.is_empty()) || self.name.as_deref() == Some(id)
    }
}

fn strings(forms: BTreeMap<String, MultiformatMessageString>) -> BTreeMap<String, String> {
    let forms = forms.into_iter();
    let words = forms.filter_map(|(id, form)| Some((id, plain(&form)?)));
    words.collect()
}

impl Component {
    fn is(&self, named: &ToolComponentReference) -> bool {
        let same_guid = named.guid.is_some() && named.guid == self.guid;
        same_guid || named.name.as_ref() == Some(&self.name)
    }
}

impl Tools {
    /// Of the tool itself.
    pub(super) fn name(&self) -> &str {
        let name = self.components.first().map(|tool| tool.name.as_str());
        name.filter(|name| !name.is_empty()).unwrap_or("the tool")
    }

    pub(super) fn rule(&self, named: Named<'_>) -> Option<&Rule> {
        self.find(named, |component| &component.rules)
    }

    pub(super) fn notification(&self, named: Named<'_>) -> Option<&Rule> {
        self.find(named, |component| &component.notifications)
    }

    /// The words of a message by its id.
    pub(super) fn string(&self, rule: Option<&Rule>, id: &str) -> Option<String> {
        let own = rule.and_then(|rule| rule.strings.get(id));
        let shared = || self.components.iter().find_map(|it| it.strings.get(id));
        own.or_else(shared).cloned()
    }

    /// By its index where that does not contradict its id, by its guid, else by its id.
    fn find(&self, named: Named<'_>, list: List) -> Option<&Rule> {
        let home = match named.component {
            Some(reference) => {
                let index = reference.index.and_then(|it| usize::try_from(it).ok());
                let by_index = index.and_then(|index| self.components.get(index + 1));
                by_index.or_else(|| self.components.iter().find(|it| it.is(reference)))
            }
            None => self.components.first(),
        };
        let index = named.index.and_then(|index| usize::try_from(index).ok());
        let by_index = home.and_then(|home| list(home).get(index?));
        let fits = |rule: &&Rule| named.id.is_none_or(|id| rule.has_id(id));
        if let Some(rule) = by_index.filter(fits) {
            return Some(rule);
        }
        let all = || home.into_iter().chain(&self.components).flat_map(list);
        let by_guid = named.guid.and_then(|guid| {
            all().find(|rule| {
                rule.guid
                    .as_deref()
                    .is_some_and(|it| it.eq_ignore_ascii_case(guid))
            })
        });
        by_guid.or_else(|| {
            let mut id = named.id?;
            loop {
                if let Some(rule) = all().find(|rule| rule.id == id) {
                    return Some(rule);
                }
                match id.rsplit_once('/') {
                    Some((above, _)) => id = above,
                    None => break,
                }
            }
            let id = named.id?;
            let by_name = all().find(|rule| rule.name.as_deref() == Some(id));
            by_name.or_else(|| all().find(|rule| rule.earlier.iter().any(|it| it == id)))
        })
    }
}

impl<'a> Run<'a> {
    /// Reads the tool and its extensions.
    pub(super) fn read_tools(
        &mut self,
        run: &Members<'a>,
        troubles: &mut Troubles,
    ) -> Result<(), Problem> {
        let document = self.document;
        let mut components = vec![Component::default()];
        if let Some(raw) = run.get("tool").filter(|raw| is_object(raw)) {
            let tool = document.members(raw)?;
            if let Some(raw) = tool.get("driver").filter(|raw| is_object(raw)) {
                let place = format!("{}.tool.driver", self.place);
                components[0] = component(document, raw, &place, troubles)?;
            }
            if let Some(raw) = tool.get("extensions").filter(|raw| is_array(raw)) {
                let mut read = Ok(());
                document.each(raw, |index, raw| {
                    let place = format!("{}.tool.extensions[{index}]", self.place);
                    match component(document, raw, &place, troubles) {
                        Ok(extension) => components.push(extension),
                        Err(problem) => read = Err(problem),
                    }
                })?;
                read?;
            }
        }
        self.tools = Tools { components };
        Ok(())
    }
}

fn component<'a>(
    document: Document<'a>,
    raw: &'a RawValue,
    place: &str,
    troubles: &mut Troubles,
) -> Result<Component, Problem> {
    let members = document.members(raw)?;
    let word = |name: &str| members.get(name).and_then(|raw| text(raw));
    let mut component = Component {
        name: word("name").unwrap_or_default(),
        guid: word("guid"),
        ..Component::default()
    };
    if let Some(raw) = members
        .get("globalMessageStrings")
        .filter(|raw| is_object(raw))
    {
        for (id, raw) in document.members(raw)? {
            let mut form = document.value(raw)?;
            typed::forms(&mut form);
            let words = form.get("text").and_then(serde_json::Value::as_str);
            component
                .strings
                .insert(id, words.unwrap_or_default().to_owned());
        }
    }
    for (name, list) in [
        ("rules", &mut component.rules),
        ("notifications", &mut component.notifications),
    ] {
        let Some(raw) = members.get(name).filter(|raw| is_array(raw)) else {
            continue;
        };
        document.each(raw, |index, raw| {
            let place = format!("{place}.{name}[{index}]");
            let read = typed::read::<ReportingDescriptor>(document, raw, &place, tidy);
            let rule = read.and_then(|descriptor| {
                let wrong = |words| {
                    document.problem(raw, format!("{place}.defaultConfiguration.level: {words}"))
                };
                Rule::of(*descriptor).map_err(wrong)
            });
            // One that cannot be read keeps its place: others are counted from the first.
            list.push(troubles.unless(document, rule).unwrap_or_default());
        })?;
    }
    Ok(component)
}

fn tidy(rule: &mut Map<String, serde_json::Value>) {
    typed::keep(
        rule,
        &[
            "id",
            "name",
            "guid",
            "deprecatedIds",
            "defaultConfiguration",
            "properties",
            "messageStrings",
            "shortDescription",
            "fullDescription",
        ],
    );
    rule.entry("id").or_insert_with(|| "".into());
    typed::within(rule, "defaultConfiguration", |it| {
        typed::keep(it, &["level"]);
        typed::word(it, "level");
    });
    for name in ["shortDescription", "fullDescription"] {
        if let Some(form) = rule.get_mut(name) {
            typed::forms(form);
        }
    }
    typed::within(rule, "messageStrings", |forms| {
        forms.values_mut().for_each(typed::forms);
    });
    typed::properties(rule);
}
