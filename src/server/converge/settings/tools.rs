//! The programs of steps: nothing between us and them is a shell, which surprises those who write
//! what they would type there.

use std::path::{Path, PathBuf};

use rustix::fs::{Access, access};

use super::{Settings, StepSettings};
use crate::server::converge::step::folder_of;

/// Where steps run, and whose home somebody may mean by `~`.
pub(super) struct Place<'a> {
    pub(super) folder: &'a Path,
    pub(super) home: Option<&'a str>,
}

/// What a shell understands and a program does not.
const SHELL: [char; 13] = [
    '|', '&', ';', '<', '>', '$', '`', '"', '\'', '(', ')', '*', '\\',
];

impl Place<'_> {
    /// Why there can be no such program, if so.
    pub(super) fn wrong_tool(&self, tool: &str) -> Option<String> {
        if self.folder.join(tool).exists() {
            return None;
        }
        if tool == "~" {
            return Some("a home folder is no program; name the program to run".to_owned());
        }
        let words: Vec<_> = tool.split_whitespace().collect();
        if words.len() < 2 {
            return tool.starts_with('~').then(|| tilde(tool, self.home));
        }
        let better = if tool.contains(SHELL) {
            format!("tool: sh and args: [-c, {}]", quoted(tool))
        } else {
            let is_program = |word: &&str| variable(word).is_none();
            let program = words.iter().position(is_program).unwrap_or(words.len());
            let (variables, words) = words.split_at(program);
            self.apart(variables, words)
        };
        Some(format!(
            "expected a program alone, not {tool:?}; write {better}"
        ))
    }

    /// A line of a shell as settings: its variables, the program, and its words.
    fn apart(&self, variables: &[&str], words: &[&str]) -> String {
        let mut parts = Vec::new();
        let program = words.first().map(|it| plain(in_home(it, self.home)));
        parts.push(format!("tool: {}", program.as_deref().unwrap_or("PROGRAM")));
        if let Some(args) = words.get(1..).filter(|args| !args.is_empty()) {
            parts.push(format!("args: {}", list(args)));
        }
        if !variables.is_empty() {
            let pairs = variables.iter().filter_map(|word| variable(word));
            let pairs = pairs.map(|(name, value)| format!("{name}: {}", quoted(value)));
            let pairs: Vec<_> = pairs.collect();
            parts.push(format!("env: {{{}}}", pairs.join(", ")));
        }
        match parts.split_last() {
            Some((last, rest)) if !rest.is_empty() => format!("{} and {last}", rest.join(", ")),
            _ => parts.concat(),
        }
    }

    /// What a program may get otherwise than somebody thinks: its line (of `args` or of `env`),
    /// the key, and words.
    pub(super) fn odd_words(
        &self,
        step: &StepSettings,
        [args, env]: [usize; 2],
    ) -> Vec<(usize, &'static str, String)> {
        let tilde = |text: &&String| *text == "~" || text.starts_with("~/");
        let of_args = step.args.iter().filter(tilde).map(|text| {
            let better = in_home(text, self.home);
            let words = format!("{text:?} reaches the program as it is; you may mean {better}");
            (args, "args", words)
        });
        let of_env = step.env.iter().filter_map(|(name, text)| {
            let words = if tilde(&text) {
                let better = in_home(text, self.home);
                format!("{name} is {text:?} as it stands; you may mean {better}")
            } else if text.contains("${") {
                format!(
                    "{name} is {text:?} as it stands; steps see the variables of this shell anyway"
                )
            } else {
                return None;
            };
            Some((env, "env", words))
        });
        of_args.chain(of_env).collect()
    }
}

/// The path without `~`, if the home is known.
fn in_home(text: &str, home: Option<&str>) -> String {
    let rest = text.strip_prefix('~');
    let rest = rest.filter(|rest| rest.is_empty() || rest.starts_with('/'));
    match (rest, home) {
        (Some(rest), Some(home)) => format!("{}{rest}", home.trim_end_matches('/')),
        _ => text.to_owned(),
    }
}

/// What is said of a path that begins with `~`.
pub(super) fn tilde(text: &str, home: Option<&str>) -> String {
    let better = in_home(text, home);
    let better = if better.starts_with('/') {
        better
    } else {
        "it from / on".to_owned()
    };
    format!("no shell makes a home folder of the ~ in {text:?}; write the folder, {better}")
}

/// What is said of a lone `~` where a folder is wanted.
pub(super) fn lone_tilde(home: Option<&str>) -> String {
    let home = home.unwrap_or("/home/NAME");
    format!("a lone ~ is nothing in YAML; write the folder, such as {home}")
}

/// The name and the value of a variable, as a shell takes it before a program.
fn variable(word: &str) -> Option<(&str, &str)> {
    let (name, value) = word.split_once('=')?;
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let begins = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    (begins && name.chars().all(is_name)).then_some((name, value))
}

/// A line as a list of YAML; nothing where only a shell knows its words.
pub(super) fn list_of(line: &str) -> Option<String> {
    let words: Vec<_> = line.split_whitespace().collect();
    (!line.contains(['\'', '"', '\\'])).then(|| list(&words))
}

fn list(words: &[&str]) -> String {
    let words: Vec<_> = words.iter().map(plain).collect();
    format!("[{}]", words.join(", "))
}

/// A word in a list of YAML.
fn plain(word: impl AsRef<str>) -> String {
    let word = word.as_ref();
    let is_plain = |c: char| c.is_alphanumeric() || "-_./=+@%".contains(c);
    if word.chars().all(is_plain) {
        word.to_owned()
    } else {
        quoted(word)
    }
}

fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// Which programs of enabled steps are not there, in words. `path` is the list of folders that
/// programs without a folder are looked for in.
pub(in super::super) fn missing(settings: &Settings, path: &str) -> Vec<String> {
    let folder = folder_of(&settings.target);
    // Of a step without a tool something else is said.
    let is_named = |step: &&StepSettings| step.enabled && !step.tool.is_empty();
    let named = settings.steps.iter().filter(is_named);
    let missing = named.filter_map(|step| {
        let path = step.env.get("PATH").map_or(path, String::as_str);
        let tool = &step.tool;
        let (places, words): (Vec<PathBuf>, _) = if tool.contains('/') {
            if !tool.starts_with('/') && !folder.is_dir() {
                // Wherever it is, it is not there for want of the target.
                return None;
            }
            let place = folder.join(tool);
            let words = format!("there is no program {}", place.display());
            (vec![place], words)
        } else {
            let places = std::env::split_paths(path).map(|it| folder.join(it).join(tool));
            let words = format!("{tool:?} is not found in PATH; install it, or name another");
            (places.collect(), words)
        };
        let can_run = |place: &PathBuf| place.is_file() && access(place, Access::EXEC_OK).is_ok();
        let is_there = places.iter().any(can_run);
        (!is_there).then(|| format!("steps.{}.tool: {words}", step.step.as_str()))
    });
    missing.collect()
}
