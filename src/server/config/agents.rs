//! The `[[agent]]` tables of the file: what all kinds have in common, and which kinds there are.

use std::collections::BTreeSet;

use toml::Table;

use super::fields::Fields;
use super::process::{self, ProcessConfig};
use crate::domain::{AgentKind, LIMITS, Takes, is_agent_name};

const KINDS: &str = "use process, remote or fake";

/// One `[[agent]]` of the file.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct AgentConfig {
    pub(crate) name: String,
    pub(crate) title: String,
    pub(crate) kind: KindConfig,
    pub(crate) concurrency: u32,
    pub(crate) capabilities: Vec<String>,
    pub(crate) takes: Takes,
    /// Only tasks of these; of all projects when empty.
    pub(crate) projects: Vec<String>,
    pub(crate) timeout_seconds: u32,
    /// Without a sign of life for so long it is stopped; 0 is never.
    pub(crate) idle_timeout_seconds: u32,
    /// Between SIGTERM and SIGKILL.
    pub(crate) grace_seconds: u32,
    pub(crate) enabled: bool,
}

/// What belongs to one kind alone.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum KindConfig {
    Process(ProcessConfig),
    Remote,
    Fake(FakeConfig),
}

/// Settings of a scripted agent.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(crate) struct FakeConfig {
    /// What it plays when a task brings no script.
    pub(crate) script: Option<String>,
}

impl AgentConfig {
    pub(crate) fn kind(&self) -> AgentKind {
        match self.kind {
            KindConfig::Process(_) => AgentKind::Process,
            KindConfig::Remote => AgentKind::Remote,
            KindConfig::Fake(_) => AgentKind::Fake,
        }
    }
}

/// Every agent that can be read, and every problem.
pub(super) fn read(tables: Vec<Table>) -> (Vec<AgentConfig>, Vec<String>) {
    let mut names = BTreeSet::new();
    let mut agents = Vec::new();
    let mut problems = Vec::new();
    for (index, table) in tables.into_iter().enumerate() {
        let owner = match table.get("name").and_then(toml::Value::as_str) {
            Some(name) => format!("agent \"{name}\": "),
            None => format!("agent {}: ", index + 1),
        };
        let mut fields = Fields::new(owner, table);
        if let Some(agent) = read_one(&mut fields) {
            if !names.insert(agent.name.clone()) {
                fields.complain("name", "is taken by an agent above; choose another");
            }
            agents.push(agent);
        }
        problems.extend(fields.finish());
    }
    (agents, problems)
}

/// The agents of `--mock` when the file has no fake ones.
pub(super) fn mock() -> Vec<AgentConfig> {
    [
        ("code-gen", "Code Generator", 2),
        ("security", "Security Reviewer", 1),
        ("writer", "Writer", 1),
    ]
    .map(|(name, title, concurrency)| AgentConfig {
        name: name.to_owned(),
        title: title.to_owned(),
        kind: KindConfig::Fake(FakeConfig::default()),
        concurrency,
        capabilities: Vec::new(),
        takes: Takes::Any,
        projects: Vec::new(),
        timeout_seconds: 3600,
        idle_timeout_seconds: 0,
        grace_seconds: 5,
        enabled: true,
    })
    .into()
}

fn read_one(fields: &mut Fields) -> Option<AgentConfig> {
    let name = read_name(fields);
    let kind: Option<String> = fields.take("kind", "a string");
    let title: Option<String> = fields.take("title", "a string");
    let concurrency = fields.number("concurrency", 1, 256, 1);
    let capabilities = read_words(fields, "capabilities");
    let projects = read_words(fields, "projects");
    let takes = read_takes(fields);
    let timeout_seconds = fields.number("timeout_seconds", 1, LIMITS.timeout_seconds, 3600);
    let idle = fields.number("idle_timeout_seconds", 0, LIMITS.timeout_seconds, 0);
    let grace_seconds = fields.number("grace_seconds", 0, 600, 5);
    let enabled = fields.take("enabled", "true or false");
    fields.refuse(
        "evidence",
        "collecting evidence is not there yet; remove it",
    );
    let kind = read_kind(fields, kind.as_deref())?;
    let takes = takes.unwrap_or(match &kind {
        KindConfig::Process(process) if process.runs_prose() => Takes::Requested,
        _ => Takes::Any,
    });
    let name = name?;
    Some(AgentConfig {
        title: title.unwrap_or_else(|| name.clone()),
        name,
        kind,
        concurrency,
        capabilities,
        takes,
        projects,
        timeout_seconds,
        idle_timeout_seconds: idle,
        grace_seconds,
        enabled: enabled.unwrap_or(true),
    })
}

fn read_name(fields: &mut Fields) -> Option<String> {
    let name: Option<String> = fields.take("name", "a string");
    match &name {
        None => fields.complain("name", "is missing; add one such as \"shell\""),
        Some(name) if !is_agent_name(name) => {
            fields.complain(
                "name",
                "use letters, digits, \".\", \"-\" and \"_\", at most 64",
            );
        }
        Some(_) => {}
    }
    name
}

/// The settings of the kind, read by its own function.
fn read_kind(fields: &mut Fields, kind: Option<&str>) -> Option<KindConfig> {
    match kind {
        Some("process") => {
            refuse_others(fields, "fake", &["script"]);
            return process::read(fields).map(KindConfig::Process);
        }
        Some("remote") => {
            refuse_others(fields, "process", &process::KEYS);
            refuse_others(fields, "fake", &["script"]);
            return Some(KindConfig::Remote);
        }
        Some("fake") => {
            refuse_others(fields, "process", &process::KEYS);
            let script = fields.take("script", "a string");
            return Some(KindConfig::Fake(FakeConfig { script }));
        }
        Some(known @ ("acp" | "openai" | "http" | "mcp")) => {
            let words = format!("kind \"{known}\" is not supported by this version; {KINDS}");
            fields.complain("kind", words);
        }
        Some("external") => {
            let words = format!("an external agent only reports, and needs no entry here; {KINDS}");
            fields.complain("kind", words);
        }
        Some(other) => fields.complain("kind", format!("there is no kind \"{other}\"; {KINDS}")),
        None => fields.complain("kind", format!("is missing; {KINDS}")),
    }
    // What else is wrong cannot be told without the kind, but its keys are no mistakes.
    for key in process::KEYS.iter().chain(&["script"]) {
        let _unread: Option<toml::Value> = fields.take(key, "a value");
    }
    None
}

fn refuse_others(fields: &mut Fields, owner: &str, keys: &[&str]) {
    for key in keys {
        let words = format!("only an agent of kind \"{owner}\" has it; remove it");
        fields.refuse(key, words);
    }
}

fn read_takes(fields: &mut Fields) -> Option<Takes> {
    let takes: Option<String> = fields.take("takes", "a string");
    match takes.as_deref() {
        None => None,
        Some("any") => Some(Takes::Any),
        Some("requested") => Some(Takes::Requested),
        Some(other) => {
            fields.complain("takes", format!("{other:?}: use \"any\" or \"requested\""));
            None
        }
    }
}

/// A list of words that tasks are matched with.
fn read_words(fields: &mut Fields, key: &'static str) -> Vec<String> {
    let words: Vec<String> = fields.take(key, "a list of strings").unwrap_or_default();
    let legal = |word: &String| {
        let length = word.chars().count();
        (1..=200).contains(&length) && word.trim() == word && !word.chars().any(char::is_control)
    };
    if words.len() > 100 || !words.iter().all(legal) {
        let expected = "at most 100 words of 1 to 200 characters without blanks around them";
        fields.complain(key, expected);
    }
    words
}
