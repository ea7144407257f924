//! `kimi-converge`: a convergence loop that runs real programs, and tells whoever listens.
//!
//! ```text
//!  pipeline ─▶ step ─▶ agents::supervised ─▶ the tool       output: findings and fixes
//!     │  rules: has it converged?
//!     ▼
//!  session ─▶ journal (a file) ─┬▶ socket ─ws─▶ dashboards, however late
//!   the state machine           └▶ webhook ─POST─▶ …, from an outbox that outlives the run
//! ```
//!
//! Read in this order: [`settings`], [`pipeline`], [`session`], [`journal`], [`run`].
//! [`simulate()`] plays sessions for the dashboard's `--mock`, over the same journal and socket.

mod alike;
mod answer;
pub(crate) mod changes;
mod courier;
mod delivery;
pub(crate) mod journal;
mod judge;
mod left_out;
mod listing;
mod named;
pub(crate) mod outbox;
mod outcome;
pub(crate) mod output;
mod parcel;
pub(crate) mod pipeline;
mod posting;
mod rules;
mod run;
mod session;
pub(crate) mod settings;
mod simulate;
pub(crate) mod socket;
pub(crate) mod step;
mod story;
mod terminal;
mod voice;
mod webhook;

use std::ffi::OsString;
use std::io::Write;
use std::path::Path;
use std::process::ExitCode;

use clap::Parser;

use self::pipeline::Ending;
use self::settings::{Command, ConfigCommand, Flags, RunFlags};
use super::{agents, files};

pub(crate) use self::simulate::simulate;

/// It converged, or what was asked is done.
const DONE: u8 = 0;
/// The loop, its configuration or its command line is wrong.
const FAILED: u8 = 1;
/// It ran out of iterations or time.
const NOT_CONVERGED: u8 = 2;
/// Events were refused, and nothing else is left of them.
const SET_ASIDE: u8 = 2;
/// Somebody stopped it.
const INTERRUPTED: u8 = 130;

/// The program; answers the exit status (0 converged, 1 failed, 2 not converged, 130 interrupted).
pub fn main() -> ExitCode {
    let mut words = std::env::args_os().skip(1);
    // A supervisor is this program under another name.
    if words.next().is_some_and(|word| word == "supervise") {
        return agents::supervisor::main(words);
    }
    files::survive_limits();
    ExitCode::from(obey(std::env::args_os()))
}

fn obey(arguments: impl Iterator<Item = OsString>) -> u8 {
    let flags = match Flags::try_parse_from(arguments) {
        Ok(flags) => flags,
        Err(error) => {
            // It knows whether it is help or a complaint, and where that goes.
            let _closed = error.print();
            return if error.use_stderr() { FAILED } else { DONE };
        }
    };
    match flags.command {
        Command::Run(flags) => match settings::read(&flags, environment) {
            Ok(mut settings) => {
                agents::orphans::adopt();
                let url = settings
                    .webhook
                    .as_ref()
                    .map(|webhook| webhook.url.as_str());
                settings.hidden = settings::secret_variables(url, std::env::vars_os());
                in_runtime(run::run(settings))
            }
            Err(problems) => refuse(&problems),
        },
        Command::Config(ConfigCommand::Init { path, force }) => init(&path, force),
        Command::Config(ConfigCommand::Validate { path }) => validate(path),
        Command::Deliver(flags) => in_runtime(posting::deliver(flags)),
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "the loop's only reader of the environment"
)]
fn environment(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

fn in_runtime(work: impl Future<Output = u8>) -> u8 {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build();
    match runtime {
        Ok(runtime) => {
            let code = runtime.block_on(work);
            // Whoever does not let go now is cut off: the outcome is known.
            runtime.shutdown_background();
            code
        }
        Err(error) => refuse(&[error.to_string()]),
    }
}

fn init(path: &Path, force: bool) -> u8 {
    let mut options = std::fs::File::options();
    options.write(true);
    if force {
        options.create(true).truncate(true);
    } else {
        options.create_new(true);
    }
    let shown = path.display();
    let written = options
        .open(path)
        .and_then(|mut file| file.write_all(settings::SAMPLE.as_bytes()));
    match written {
        Ok(()) => say(&format!(
            "wrote {shown}; `kimi-converge run --config {shown}` runs it"
        )),
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
            refuse(&[format!("{shown} is there already; --force replaces it")])
        }
        Err(error) => refuse(&[format!("cannot write {shown}: {error}")]),
    }
}

fn validate(path: std::path::PathBuf) -> u8 {
    let flags = RunFlags {
        config: path,
        ..RunFlags::default()
    };
    // Only the file is looked at: a variable of this shell says nothing about it.
    let home = |name: &str| environment(name).filter(|_| name == "HOME");
    let settings::Looked { settings, wrong } = settings::look(&flags, home);
    let path = environment("PATH").unwrap_or_default();
    let missing = settings.as_ref().map(|it| settings::missing(it, &path));
    let missing = missing.unwrap_or_default();
    let Some(settings) = settings.filter(|_| wrong.is_empty()) else {
        let _told = refuse(&wrong);
        return refuse(&missing);
    };
    let _told = refuse(&settings.remarks);
    let _told = refuse(&missing);
    let steps = settings.steps.iter().filter(|step| step.enabled);
    let steps: Vec<_> = steps.map(|it| it.step.as_str()).collect();
    let but = if missing.is_empty() {
        ""
    } else {
        " but for the programs that are not there"
    };
    let path = flags.config.display();
    say(&format!(
        "{path} is fine{but}; it runs {}",
        steps.join(", ")
    ))
}

fn say(words: &str) -> u8 {
    let _closed = writeln!(std::io::stdout(), "{words}");
    DONE
}

fn refuse(problems: &[String]) -> u8 {
    for problem in problems {
        let _closed = writeln!(std::io::stderr(), "kimi-converge: {problem}");
    }
    FAILED
}

impl Ending {
    fn exit_status(&self) -> u8 {
        match self {
            Self::Converged => DONE,
            Self::Failed(_) => FAILED,
            Self::NotConverged(_) => NOT_CONVERGED,
            Self::Interrupted => INTERRUPTED,
        }
    }
}
