//! What a loop does, and where each setting comes from: flags override the environment, which
//! overrides the YAML file. Whatever is wrong is named at once, with its line.

mod flags;
#[cfg(test)]
mod tests;
mod yaml;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use self::yaml::{Problems, Section};
use crate::domain::{LoopStep, Severity};

pub(super) use self::flags::{Command, ConfigCommand, Flags, RunFlags};

/// What `config init` writes.
pub(crate) const SAMPLE: &str = include_str!("sample.yaml");

#[derive(Clone, Debug)]
pub(crate) struct Settings {
    /// A folder, or a file in one; absolute.
    pub(crate) target: PathBuf,
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
    pub(crate) talk: Talk,
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

#[derive(Clone, Debug)]
pub(crate) struct WebhookSettings {
    pub(crate) url: String,
    /// Events gather for so long before they are posted.
    pub(crate) interval: Duration,
    /// Events in a post at most.
    pub(crate) batch: usize,
}

/// How much is said at the terminal.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Talk {
    Quiet,
    Normal,
    /// With everything that the steps print.
    Verbose,
}

/// A day, beyond which no limit makes sense.
const LONGEST: f64 = 86_400.0;

/// Reads everything that a run needs; the error is every problem, in words.
pub(super) fn read(
    flags: &RunFlags,
    environment: impl Fn(&str) -> Option<String>,
) -> Result<Settings, Vec<String>> {
    let path = &flags.config;
    let name = path.display().to_string();
    let text = std::fs::read_to_string(path).map_err(|error| {
        let words = "`kimi-converge config init` writes a sample";
        vec![format!("cannot read {name}: {error}; {words}")]
    })?;
    let problems = Problems::default();
    let document = match yaml::load(&text) {
        Ok(document) => document,
        Err((line, words)) => {
            problems.add(line, words);
            return Err(problems.in_words(&name));
        }
    };
    let folder = path.parent().unwrap_or(Path::new(""));
    let settings = {
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
    let problems = problems.in_words(&name);
    if problems.is_empty() {
        Ok(settings)
    } else {
        Err(problems)
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
    let threshold = limits.number("convergence_threshold", 1..=100);
    let backoff = limits.seconds("backoff_seconds", 0.0..=LONGEST);
    let min_severity = limits.severity("min_severity");
    limits.finish();

    let mut all = file.section("steps");
    let steps = LoopStep::ALL.map(|step| read_step(step, all.section(step.as_str())));
    if !steps.iter().any(|step| step.enabled) {
        all.complain(": no step is enabled; there is nothing to do");
    }
    all.finish();

    let mut events = file.section("events");
    let url = events.text("webhook_url");
    let interval = events.seconds("emit_interval", 0.0..=3600.0);
    let batch = events.number("buffer_size", 1..=10_000);
    events.finish();
    let given = ("--webhook-url", flags.webhook_url.as_deref());
    let anything = ("an address", |text: &str| Some(text.to_owned()));
    let url = outside
        .read(given, "CONVERGENCE_WEBHOOK_URL", anything)
        .or(url);
    let is_http = |url: &String| url.starts_with("http://") || url.starts_with("https://");
    if url.as_ref().is_some_and(|url| !is_http(url)) {
        let words = "webhook_url: expected http://HOST:PORT/PATH, or https://";
        outside.problems.add(0, words.to_owned());
    }
    let line = file.line("target");
    let target = file.text("target").map(|target| folder.join(target));
    let name = file.text("name");
    file.finish();
    let linger = flags.linger.as_deref().and_then(|text| {
        let expected = ("seconds", |text: &str| seconds(text, 0.0));
        outside.read(("--linger", Some(text)), "", expected)
    });
    Settings {
        target: match &flags.target {
            Some(target) => read_target(target, 0, outside.problems),
            None => read_target(
                &target.unwrap_or_else(|| ".".into()),
                line,
                outside.problems,
            ),
        },
        name: flags
            .name
            .clone()
            .or(name)
            .filter(|name| !name.trim().is_empty()),
        max_iterations: max_iterations.or(most).unwrap_or(10),
        convergence_threshold: threshold.unwrap_or(1),
        min_severity: min_severity.unwrap_or(Severity::Unknown),
        timeout: timeout.or(limit).unwrap_or(Duration::from_hours(1)),
        backoff: backoff.unwrap_or(Duration::from_secs(1)),
        steps,
        webhook: url.map(|url| WebhookSettings {
            url,
            interval: interval.unwrap_or(Duration::from_secs(1)),
            batch: usize::try_from(batch.unwrap_or(100)).unwrap_or(100),
        }),
        socket: read_socket(outside),
        linger,
        talk: match (flags.quiet, flags.verbose) {
            (true, _) => Talk::Quiet,
            (_, true) => Talk::Verbose,
            _ => Talk::Normal,
        },
    }
}

fn read_step(step: LoopStep, mut section: Section<'_>) -> StepSettings {
    let enabled = section.flag("enabled");
    let tool = section.text("tool");
    // A step that has a tool is meant to run.
    let enabled = enabled.unwrap_or(tool.is_some());
    if enabled && tool.is_none() {
        section.complain(".tool: name the program to run, or set enabled: false");
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

fn read_target(target: &Path, line: usize, problems: &Problems) -> PathBuf {
    std::fs::canonicalize(target).unwrap_or_else(|error| {
        let words = format!("target: cannot find {}: {error}", target.display());
        problems.add(line, words);
        target.to_owned()
    })
}

fn seconds(text: &str, least: f64) -> Option<Duration> {
    let seconds: f64 = text.parse().ok()?;
    let fits = (least..=LONGEST * 30.0).contains(&seconds);
    fits.then(|| Duration::from_secs_f64(seconds))
}
