//! Settings of a process agent: what is started, where, with which environment and input.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::Secret;
use super::fields::Fields;
use super::prose;

/// The keys that a process agent alone has.
pub(super) const KEYS: [&str; 8] = [
    "command",
    "stdin",
    "input",
    "allow_dash",
    "cwd",
    "env",
    "pass_env",
    "profile",
];

/// What is replaced in `command` and `stdin`.
pub(crate) const PLACEHOLDERS: [&str; 5] = ["id", "number", "title", "description", "project"];

/// What a process learns of its task beside what it inherits.
pub(crate) const VARIABLES: [&str; 9] = [
    "TASK_ID",
    "TASK_NUMBER",
    "TASK_TITLE",
    "TASK_DESCRIPTION",
    "TASK_PROJECT",
    "TASK_ATTEMPT",
    "TASK_LABELS",
    "TASK_METADATA",
    "DASHBOARD_URL",
];

/// What Python would otherwise hold back until it ends, as it does in a pipe.
pub(crate) const UNBUFFERED: (&str, &str) = ("PYTHONUNBUFFERED", "1");

/// The server's variables that every process may see; also `LC_*` and `XDG_*`.
const PASSED_ON: [&str; 14] = [
    "PATH",
    "HOME",
    "LANG",
    "TZ",
    "TMPDIR",
    "TERM",
    "USER",
    "SHELL",
    "http_proxy",
    "HTTP_PROXY",
    "https_proxy",
    "HTTPS_PROXY",
    "no_proxy",
    "NO_PROXY",
];

/// Settings of an agent of kind `process`.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(crate) struct ProcessConfig {
    /// Program and arguments.
    pub(crate) command: Vec<String>,
    pub(crate) stdin: Option<String>,
    pub(crate) input: InputMode,
    /// An argument that begins with a placeholder may become one that begins with "-".
    pub(crate) allow_dash: bool,
    /// The project's folder when absent.
    pub(crate) cwd: Option<PathBuf>,
    /// May hold keys.
    pub(crate) env: BTreeMap<String, Secret>,
    /// Names of the server's variables that it may see.
    pub(crate) pass_env: Vec<String>,
}

/// How a process learns what a person answers.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) enum InputMode {
    /// It does not.
    #[default]
    None,
    /// As JSON lines on standard input.
    Lines,
}

impl ProcessConfig {
    /// True when what people write into a task would be run as a program.
    pub(crate) fn runs_prose(&self) -> bool {
        prose::runs(&self.command, self.stdin.as_deref())
    }

    /// Arguments that begin with words of a task, where the program could take them for options.
    pub(super) fn bare_texts(&self) -> Vec<(&'static str, &'static str)> {
        let before = self.command.iter().take_while(|argument| *argument != "--");
        let texts = [("title", "{title}"), ("description", "{description}")];
        let arguments = before.skip(1).filter_map(|argument| {
            let mut texts = texts.into_iter();
            texts.find(|(_, placeholder)| argument.starts_with(placeholder))
        });
        arguments.filter(|_| !self.allow_dash).collect()
    }
}

/// True for a variable of the server that agents see without being told.
pub(crate) fn is_passed_on(name: &str) -> bool {
    PASSED_ON.contains(&name) || name.starts_with("LC_") || name.starts_with("XDG_")
}

/// Where a process works: its own folder, else that of its task's project, else where the server
/// was started.
pub(crate) fn working_folder(settings: &ProcessConfig, project_folder: Option<&Path>) -> PathBuf {
    let own = settings.cwd.as_deref();
    own.or(project_folder).unwrap_or(Path::new(".")).to_owned()
}

/// Reads [`KEYS`].
pub(super) fn read(fields: &mut Fields) -> ProcessConfig {
    let command: Option<Vec<String>> = fields.take("command", "a list of strings");
    let stdin: Option<String> = fields.take("stdin", "a string");
    let input: Option<String> = fields.take("input", "a string");
    let allow_dash: Option<bool> = fields.take("allow_dash", "true or false");
    let cwd: Option<PathBuf> = fields.take("cwd", "a path");
    let env: Option<BTreeMap<String, Secret>> =
        fields.take("env", "a table of strings such as { RUST_LOG = \"info\" }");
    let pass_env: Option<Vec<String>> = fields.take("pass_env", "a list of names of variables");
    let profile: Option<String> = fields.take("profile", "a string");

    let config = ProcessConfig {
        command: command.unwrap_or_default(),
        stdin,
        input: read_input(fields, input.as_deref()),
        allow_dash: allow_dash.unwrap_or_default(),
        cwd,
        env: env.unwrap_or_default(),
        pass_env: pass_env.unwrap_or_default(),
    };
    match profile.as_deref() {
        None | Some("lines") => {}
        Some(known @ ("kimi" | "claude" | "codex" | "opencode" | "gemini")) => {
            let words = format!("profile \"{known}\" is not supported by this version; use lines");
            fields.complain("profile", words);
        }
        Some(other) => {
            fields.complain(
                "profile",
                format!("there is no profile {other:?}; use lines"),
            );
        }
    }
    check(fields, &config);
    config
}

fn read_input(fields: &mut Fields, input: Option<&str>) -> InputMode {
    match input {
        None | Some("none") => InputMode::None,
        Some("lines") => InputMode::Lines,
        Some(other) => {
            fields.complain("input", format!("{other:?}: use \"none\" or \"lines\""));
            InputMode::None
        }
    }
}

fn check(fields: &mut Fields, config: &ProcessConfig) {
    let command = &config.command;
    if command.first().is_none_or(String::is_empty) {
        let example = r#"name a program, such as ["bash", "-c", "{description}"]"#;
        fields.complain("command", example);
    }
    if command.iter().any(|argument| argument.contains('\0')) {
        fields.complain("command", "remove the NUL character");
    }
    if let Some(cwd) = config.cwd.as_deref().filter(|cwd| !cwd.is_dir()) {
        let words = format!("there is no folder {}; create it", cwd.display());
        fields.complain("cwd", words + " or name another");
    }
    let is_name = |name: &str| !name.is_empty() && !name.contains(['=', '\0']);
    for (name, value) in &config.env {
        if !is_name(name) || value.expose().contains('\0') {
            let words = format!("{name:?} cannot be a variable; remove \"=\" and NUL from it");
            fields.complain("env", words);
        }
    }
    for name in config.pass_env.iter().filter(|name| !is_name(name)) {
        let words = format!("{name:?} is no name of a variable; its value is not written here");
        fields.complain("pass_env", words);
    }
}
