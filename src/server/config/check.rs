//! `kimi-dashboard config check`: says what is wrong with the configuration, and what each agent
//! would see and miss of the present environment. Values are never shown.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fmt::Write;

use super::process::{PLACEHOLDERS, ProcessConfig, UNBUFFERED, VARIABLES, is_passed_on};
use super::{AgentConfig, Config, Exit, InputMode, KindConfig};
use crate::domain::Takes;

/// Reads the command line after `config` (the program's name first) as a server would, and answers
/// what there is to say: with status 0, or with 2 when a server would not start.
pub(crate) fn check(mut arguments: impl Iterator<Item = OsString>) -> Exit {
    let program = arguments.next();
    let _config = arguments.next();
    if arguments.next().is_none_or(|word| word != "check") {
        let text = "kimi-dashboard: config: use `kimi-dashboard config check`".to_owned();
        return Exit { text, code: 2 };
    }
    match super::load(program.into_iter().chain(arguments)) {
        Err(exit) => exit,
        Ok(config) => {
            let names = std::env::vars_os().map(|(name, _)| name.to_string_lossy().into_owned());
            Exit {
                text: describe(&config, &names.collect()),
                code: 0,
            }
        }
    }
}

/// `present` are the names of the server's variables.
pub(super) fn describe(config: &Config, present: &BTreeSet<String>) -> String {
    let mut text = format!("{}: no problem found", config.file.display());
    if !config.file.is_file() {
        text = format!("{}: there is no such file", config.file.display());
    }
    for agent in &config.agents {
        let _ = write!(
            text,
            "\n\nagent \"{}\" ({})",
            agent.name,
            agent.kind().as_str()
        );
        for line in lines(agent, present) {
            let _ = write!(text, "\n  {line}");
        }
    }
    if config.agents.is_empty() {
        text += "\nno agent is configured";
    }
    text
}

fn lines(agent: &AgentConfig, present: &BTreeSet<String>) -> Vec<String> {
    let mut lines = Vec::new();
    if !agent.enabled {
        lines.push("is not enabled".to_owned());
    }
    match &agent.kind {
        KindConfig::Process(process) => {
            lines.extend(environment(process, present));
            lines.extend(odd_braces(process));
            lines.extend(hints(agent, process));
        }
        KindConfig::Remote => lines.push("runs elsewhere, in an environment of its own".to_owned()),
        KindConfig::Fake(_) => lines.push("runs nothing".to_owned()),
    }
    lines
}

fn environment(process: &ProcessConfig, present: &BTreeSet<String>) -> Vec<String> {
    let own = |name: &&String| process.env.contains_key(*name);
    let named = |name: &&String| process.pass_env.contains(*name);
    let passed = |name: &&String| !own(name) && (named(name) || is_passed_on(name));
    let seen: Vec<&str> = present.iter().filter(passed).map(String::as_str).collect();
    let lost = present.iter().filter(|name| !own(name) && !passed(name));
    let lost: Vec<&str> = lost.map(String::as_str).collect();
    let unbuffered = [UNBUFFERED.0].into_iter();
    let unbuffered =
        unbuffered.filter(|name| !process.env.contains_key(*name) && !seen.contains(name));
    let set: Vec<&str> = process
        .env
        .keys()
        .map(String::as_str)
        .chain(unbuffered)
        .collect();
    let absent = process.pass_env.iter();
    let absent: Vec<&str> = absent
        .filter(|name| !present.contains(*name))
        .map(String::as_str)
        .collect();
    let or_nothing = |names: &[&str]| match names {
        [] => "nothing".to_owned(),
        some => some.join(", "),
    };
    let mut lines = vec![
        format!("sees of this environment: {}", or_nothing(&seen)),
        format!(
            "is given: {}",
            [&set[..], &VARIABLES[..]].concat().join(", ")
        ),
        format!("does not see: {}", or_nothing(&lost)),
    ];
    if !lost.is_empty() {
        lines.push("what it needs of these has to be named in pass_env".to_owned());
    }
    if !absent.is_empty() {
        let absent = absent.join(", ");
        lines.push(format!(
            "is to see what is not in this environment: {absent}"
        ));
    }
    lines
}

/// Names what looks like a placeholder and is none.
fn odd_braces(process: &ProcessConfig) -> Vec<String> {
    let mut found = Vec::new();
    let texts = process.command.iter().map(|text| ("command", text));
    for (key, text) in texts.chain(process.stdin.iter().map(|text| ("stdin", text))) {
        for (start, _) in text.match_indices('{') {
            let Some((inside, _)) = text[start + 1..].split_once('}') else {
                continue;
            };
            let is_meant = |c: char| c.is_ascii_alphanumeric() || "_-. ".contains(c);
            let word = inside.trim();
            let looks = word.starts_with(|c: char| c.is_ascii_alphabetic())
                && inside.chars().all(is_meant)
                && !word.contains(' ');
            if looks && !PLACEHOLDERS.contains(&inside) && !text[..start].ends_with('$') {
                found.push(format!(
                    "{key}: {{{inside}}} looks like a placeholder and stays as it is; there are {}",
                    PLACEHOLDERS.map(|name| format!("{{{name}}}")).join(" ")
                ));
            }
        }
    }
    found
}

fn hints(agent: &AgentConfig, process: &ProcessConfig) -> Vec<String> {
    let mut lines = Vec::new();
    let prose = process.runs_prose();
    match agent.takes {
        Takes::Requested if prose => lines.push(
            "takes only tasks that name it, since it runs their words as a program; takes = \"any\" \
             lifts that"
                .to_owned(),
        ),
        Takes::Requested => lines.push("takes only tasks that name it".to_owned()),
        Takes::Any if prose => lines.push(
            "runs the words of any task as a program; takes = \"requested\" limits it to tasks that \
             name it"
                .to_owned(),
        ),
        Takes::Any => {}
    }
    for (name, argument) in process.bare_texts() {
        lines.push(format!(
            "a task whose {name} begins with \"-\" fails: put \"--\" before {argument} in command, or \
             set allow_dash = true"
        ));
    }
    if process.input == InputMode::Lines && process.stdin.is_some() {
        let words = "its standard input stays open after stdin, for the answers to its questions";
        lines.push(words.to_owned());
    }
    lines
}
