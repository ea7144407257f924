//! What a loop does, and where each setting comes from: flags override the environment, which
//! overrides the YAML file. Whatever is wrong is named at once, with its line.

mod flags;
mod secrets;
mod target;
#[cfg(test)]
mod tests;
mod tools;
mod webhook;
mod yaml;

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::Duration;

use self::target::{gather_target, place_of};
use self::tools::Place;
use self::webhook::gather_webhook;
use self::yaml::{Problems, Section};
use crate::domain::{LoopStep, Severity};

pub(super) use self::flags::{Command, ConfigCommand, DeliverFlags, Flags, RunFlags};
pub(super) use self::secrets::secret_variables;
pub(super) use self::tools::missing;
pub(crate) use self::webhook::{Keep, WebhookSettings};

/// What `config init` writes.
pub(crate) const SAMPLE: &str = include_str!("sample.yaml");

#[derive(Clone, Debug)]
pub(crate) struct Settings {
    /// A folder, or a file in one; absolute.
    pub(crate) target: PathBuf,
    /// The same as somebody wrote it, where that leads through symbolic links; absolute, too.
    pub(crate) spelled: PathBuf,
    /// What a dashboard is to call its sessions; else the folder and a number.
    pub(crate) name: Option<String>,
    pub(crate) max_iterations: u32,
    /// So many clean iterations in a row converge.
    pub(crate) convergence_threshold: u32,
    /// Findings below it hold up nothing.
    pub(crate) min_severity: Severity,
    /// Of the whole loop.
    pub(crate) timeout: Duration,
    /// Between two iterations.
    pub(crate) backoff: Duration,
    /// All four, in order.
    pub(crate) steps: [StepSettings; 4],
    pub(crate) webhook: Option<WebhookSettings>,
    /// Where the event server listens.
    pub(crate) socket: Option<(String, u16)>,
    /// How long the end may wait for whoever is to hear of it.
    pub(crate) linger: Option<Duration>,
    /// The task of a dashboard that the loop works for, as it is named to us.
    pub(crate) task: Option<String>,
    /// Variables of ours that no step may see.
    pub(crate) hidden: Vec<OsString>,
    pub(crate) talk: Talk,
    /// What is odd about the file, in words.
    pub(crate) remarks: Vec<String>,
}

#[derive(Clone, Debug)]
pub(crate) struct StepSettings {
    pub(crate) step: LoopStep,
    pub(crate) enabled: bool,
    pub(crate) tool: String,
    pub(crate) args: Vec<String>,
    pub(crate) env: BTreeMap<String, String>,
    pub(crate) timeout: Duration,
    /// False for a program whose output is no report: its exit status tells.
    pub(crate) reports: bool,
}

/// How much is said at the terminal.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Talk {
    Quiet,
    Normal,
    /// With everything that the steps print.
    Verbose,
}

/// The name of a task is at most so many bytes long.
const LONGEST_TASK: usize = 200;

/// A day, beyond which no limit makes sense.
const LONGEST: f64 = 86_400.0;

/// What is made of a file and of what overrides it.
pub(super) struct Looked {
    /// As far as they could be read; nothing of what is no YAML.
    pub(super) settings: Option<Settings>,
    /// Every problem, in words.
    pub(super) wrong: Vec<String>,
}

/// Reads everything that a run needs; the error is every problem, in words.
pub(super) fn read(
    flags: &RunFlags,
    environment: impl Fn(&str) -> Option<String>,
) -> Result<Settings, Vec<String>> {
    let Looked { settings, wrong } = look(flags, environment);
    settings.filter(|_| wrong.is_empty()).ok_or(wrong)
}

/// The same, whatever is wrong.
pub(super) fn look(flags: &RunFlags, environment: impl Fn(&str) -> Option<String>) -> Looked {
    let path = &flags.config;
    let name = path.display().to_string();
    let nothing = |wrong: Vec<String>| Looked {
        settings: None,
        wrong,
    };
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) => {
            let words = "`kimi-converge config init` writes a sample";
            return nothing(vec![format!("cannot read {name}: {error}; {words}")]);
        }
    };
    let problems = Problems::of(&text);
    let document = match yaml::load(&text) {
        Ok(document) => document,
        Err((line, words)) => {
            problems.add(line, words);
            return nothing(problems.in_words(&name).0);
        }
    };
    let folder = path.parent().unwrap_or(Path::new(""));
    let mut settings = {
        let environment = |name: &str| environment(name).filter(|text| !text.trim().is_empty());
        let outside = Outside {
            flags,
            environment: &environment,
            problems: &problems,
        };
        gather(
            Section::root(document.as_ref(), &problems),
            &outside,
            folder,
        )
    };
    let (wrong, odd) = problems.in_words(&name);
    settings.remarks = odd;
    Looked {
        settings: Some(settings),
        wrong,
    }
}

/// What overrides the file.
struct Outside<'a> {
    flags: &'a RunFlags,
    environment: &'a dyn Fn(&str) -> Option<String>,
    problems: &'a Problems,
}

impl Outside<'_> {
    /// The flag, else the variable; one that `parse` makes nothing of is a problem.
    fn read<T>(
        &self,
        (flag, given): (&str, Option<&str>),
        variable: &str,
        (expected, parse): (&str, impl Fn(&str) -> Option<T>),
    ) -> Option<T> {
        let (source, text) = match given {
            Some(text) => (flag, text.to_owned()),
            None => (variable, (self.environment)(variable)?),
        };
        let value = parse(text.trim());
        if value.is_none() {
            let words = format!("{source}: expected {expected}, not {text:?}");
            self.problems.add(0, words);
        }
        value
    }
}

fn gather(mut file: Section<'_>, outside: &Outside<'_>, folder: &Path) -> Settings {
    let flags = outside.flags;
    let mut limits = file.section("loop");
    let most = limits.number("max_iterations", 1..=10_000);
    let given = ("--max-iterations", flags.max_iterations.as_deref());
    let count = |text: &str| text.parse().ok().filter(|n| (1..=10_000).contains(n));
    let expected = ("a whole number from 1 to 10000", count);
    let max_iterations = outside.read(given, "CONVERGENCE_MAX_ITERATIONS", expected);
    let limit = limits.seconds("timeout_seconds", 0.1..=LONGEST * 30.0);
    let expected = ("seconds from 0.1 on", |text: &str| seconds(text, 0.1));
    let timeout = outside.read(("", None), "CONVERGENCE_TIMEOUT", expected);
    let threshold = limits.threshold("convergence_threshold");
    let backoff = limits.seconds("backoff_seconds", 0.0..=LONGEST);
    let min_severity = limits.severity("min_severity");
    limits.finish();

    let mut all = file.section("steps");
    let home = (outside.environment)("HOME");
    let place = Place {
        folder: &place_of(&file, outside, folder),
        home: home.as_deref(),
    };
    let steps = LoopStep::ALL.map(|step| read_step(step, all.section(step.as_str()), &place));
    if !steps.iter().any(|step| step.enabled) {
        all.complain(": no step is enabled; there is nothing to do");
    }
    all.finish();

    let webhook = gather_webhook(file.section("events"), outside);
    let (target, spelled) = gather_target(&mut file, outside, folder);
    let name = file.text("name");
    file.finish();
    let linger = flags.linger.as_deref().and_then(|text| {
        let expected = ("seconds", |text: &str| seconds(text, 0.0));
        outside.read(("--linger", Some(text)), "", expected)
    });
    let task = (outside.environment)("TASK_ID").map(|task| task.trim().to_owned());
    Settings {
        name: flags
            .name
            .clone()
            .or(name)
            .filter(|name| !name.trim().is_empty()),
        target,
        spelled,
        max_iterations: max_iterations.or(most).unwrap_or(10),
        convergence_threshold: threshold.unwrap_or(1),
        min_severity: min_severity.unwrap_or(Severity::Unknown),
        timeout: timeout.or(limit).unwrap_or(Duration::from_hours(1)),
        backoff: backoff.unwrap_or(Duration::from_secs(1)),
        steps,
        webhook,
        socket: read_socket(outside),
        linger,
        task: task.filter(|task| task.len() <= LONGEST_TASK),
        hidden: Vec::new(),
        talk: match (flags.quiet, flags.verbose) {
            (true, _) => Talk::Quiet,
            (_, true) => Talk::Verbose,
            _ => Talk::Normal,
        },
        remarks: Vec::new(),
    }
}

fn read_step(step: LoopStep, mut section: Section<'_>, place: &Place<'_>) -> StepSettings {
    let enabled = section.flag("enabled");
    let (line, is_tilde) = (section.line("tool"), section.is_tilde("tool"));
    let is_wrong = is_tilde || section.is_no_text("tool");
    let lines = [section.line("args"), section.line("env")];
    let mut tool = section.text("tool");
    // A step that has a tool is meant to run.
    let enabled = enabled.unwrap_or(tool.is_some() || is_wrong);
    if is_tilde {
        let words = "a lone ~ is nothing in YAML; name the program to run";
        section.wrong(line, "tool", words);
    } else if enabled && tool.is_none() && !is_wrong {
        section.complain(".tool: name the program to run, or set enabled: false");
    }
    if let Some(words) = tool.as_deref().and_then(|tool| place.wrong_tool(tool)) {
        section.wrong(line, "tool", &words);
        tool = None;
    }
    let settings = StepSettings {
        step,
        enabled,
        tool: tool.unwrap_or_default(),
        args: section.texts("args"),
        env: section.variables("env"),
        timeout: section
            .seconds("timeout_seconds", 0.1..=LONGEST)
            .unwrap_or(Duration::from_mins(5)),
        reports: !section.none("report"),
    };
    for (line, key, words) in place.odd_words(&settings, lines) {
        section.odd(line, key, &words);
    }
    section.finish();
    settings
}

/// Where to listen: an address and a port, which are looked at only if there is to be a server.
fn read_socket(outside: &Outside<'_>) -> Option<(String, u16)> {
    let flags = outside.flags;
    if !flags.websocket {
        return None;
    }
    let anything = ("an address", |text: &str| Some(text.to_owned()));
    let given = ("--ws-host", flags.ws_host.as_deref());
    let host = outside.read(given, "CONVERGENCE_WS_HOST", anything);
    let port = ("a port from 0 to 65535", |text: &str| text.parse().ok());
    let given = ("--ws-port", flags.ws_port.as_deref());
    let port = outside.read(given, "CONVERGENCE_WS_PORT", port);
    let host = host.unwrap_or_else(|| "127.0.0.1".to_owned());
    Some((host, port.unwrap_or(8765)))
}

fn seconds(text: &str, least: f64) -> Option<Duration> {
    let seconds: f64 = text.parse().ok()?;
    let fits = (least..=LONGEST * 30.0).contains(&seconds);
    fits.then(|| Duration::from_secs_f64(seconds))
}
