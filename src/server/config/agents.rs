//! The `[[agent]]` tables of the file.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use toml::Table;

use super::fields::Fields;
use super::{AgentConfig, Secret};
use crate::domain::{AgentKind, LIMITS, is_agent_name};

const KINDS: &str = "use process, remote or fake";

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
        kind: AgentKind::Fake,
        command: Vec::new(),
        stdin: None,
        cwd: PathBuf::from("."),
        env: BTreeMap::new(),
        concurrency,
        capabilities: Vec::new(),
        timeout_seconds: 3600,
        grace_seconds: 5,
        enabled: true,
        script: None,
    })
    .into()
}

fn read_one(fields: &mut Fields) -> Option<AgentConfig> {
    let name = read_name(fields);
    let kind = read_kind(fields);
    let command: Option<Vec<String>> = fields.take("command", "a list of strings");
    let stdin: Option<String> = fields.take("stdin", "a string");
    let cwd: Option<PathBuf> = fields.take("cwd", "a path");
    let env: Option<BTreeMap<String, Secret>> =
        fields.take("env", "a table of strings such as { RUST_LOG = \"info\" }");
    let script: Option<String> = fields.take("script", "a string");
    let title: Option<String> = fields.take("title", "a string");
    let concurrency = fields.number("concurrency", 1, 256, 1);
    let capabilities = fields.take("capabilities", "a list of strings");
    let timeout_seconds = fields.number("timeout_seconds", 1, LIMITS.timeout_seconds, 3600);
    let grace_seconds = fields.number("grace_seconds", 0, 600, 5);
    let enabled = fields.take("enabled", "true or false");

    let only_for = |fields: &mut Fields, key: &str, given: bool, owner: AgentKind| {
        if given && kind.is_some_and(|kind| kind != owner) {
            let words = format!("only an agent of kind \"{}\" has it", owner.as_str());
            fields.complain(key, words + "; remove it");
        }
    };
    only_for(fields, "command", command.is_some(), AgentKind::Process);
    only_for(fields, "stdin", stdin.is_some(), AgentKind::Process);
    only_for(fields, "cwd", cwd.is_some(), AgentKind::Process);
    only_for(fields, "env", env.is_some(), AgentKind::Process);
    only_for(fields, "script", script.is_some(), AgentKind::Fake);
    if kind == Some(AgentKind::Process) {
        check_process(fields, command.as_deref(), cwd.as_deref(), env.as_ref());
    }
    let name = name?;
    Some(AgentConfig {
        title: title.unwrap_or_else(|| name.clone()),
        name,
        kind: kind?,
        command: command.unwrap_or_default(),
        stdin,
        cwd: cwd.unwrap_or_else(|| PathBuf::from(".")),
        env: env.unwrap_or_default(),
        concurrency,
        capabilities: capabilities.unwrap_or_default(),
        timeout_seconds,
        grace_seconds,
        enabled: enabled.unwrap_or(true),
        script,
    })
}

fn read_name(fields: &mut Fields) -> Option<String> {
    let name: Option<String> = fields.take("name", "a string");
    match &name {
        None => fields.complain("name", "is missing; add one such as \"shell\""),
        Some(name) if !is_agent_name(name) => {
            fields.complain("name", "use letters, digits, \"-\" and \"_\", at most 64");
        }
        Some(_) => {}
    }
    name
}

fn read_kind(fields: &mut Fields) -> Option<AgentKind> {
    let kind: Option<String> = fields.take("kind", "a string");
    match kind.as_deref() {
        Some("process") => return Some(AgentKind::Process),
        Some("remote") => return Some(AgentKind::Remote),
        Some("fake") => return Some(AgentKind::Fake),
        Some(known @ ("acp" | "openai" | "http" | "mcp")) => {
            let words = format!("kind \"{known}\" is not supported by this version; {KINDS}");
            fields.complain("kind", words);
        }
        Some(other) => fields.complain("kind", format!("there is no kind \"{other}\"; {KINDS}")),
        None => fields.complain("kind", format!("is missing; {KINDS}")),
    }
    None
}

fn check_process(
    fields: &mut Fields,
    command: Option<&[String]>,
    cwd: Option<&Path>,
    env: Option<&BTreeMap<String, Secret>>,
) {
    let command = command.unwrap_or_default();
    if command.first().is_none_or(String::is_empty) {
        let example = r#"name a program, such as ["bash", "-c", "{description}"]"#;
        fields.complain("command", example);
    }
    if command.iter().any(|argument| argument.contains('\0')) {
        fields.complain("command", "remove the NUL character");
    }
    if let Some(cwd) = cwd.filter(|cwd| !cwd.is_dir()) {
        let words = format!("there is no folder {}; create it", cwd.display());
        fields.complain("cwd", words + " or name another");
    }
    for (name, value) in env.into_iter().flatten() {
        if name.is_empty() || name.contains(['=', '\0']) || value.expose().contains('\0') {
            let words = format!("{name:?} cannot be a variable; remove \"=\" and NUL from it");
            fields.complain("env", words);
        }
    }
}
