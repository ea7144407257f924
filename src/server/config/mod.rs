//! Typed configuration, read once at start: flags override the environment, which overrides
//! the file. Whatever is wrong is found at once and named with its fix.

mod agents;
mod check;
mod completions;
mod development;
mod fields;
mod flags;
mod process;
mod prose;
mod settings;
#[cfg(test)]
mod tests;

use std::ffi::OsString;
use std::fmt;
use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use serde::Deserialize;

pub(crate) use self::agents::{AgentConfig, FakeConfig, KindConfig};
pub(crate) use self::check::check;
pub(crate) use self::completions::complete;
pub(crate) use self::process::{
    InputMode, PLACEHOLDERS, ProcessConfig, UNBUFFERED, VARIABLES, is_passed_on, working_folder,
};

/// Everything that can be set.
#[derive(Debug)]
pub(crate) struct Config {
    /// A loopback address or `localhost`, without brackets.
    pub(crate) host: String,
    /// 0 picks a free one.
    pub(crate) port: u16,
    pub(crate) convergence_urls: Vec<String>,
    /// A loop is simulated, and followed; `--mock` does so unless it is told of another loop.
    pub(crate) simulate_loop: bool,
    /// A session whose loop is gone is interrupted after so long without an event.
    pub(crate) convergence_silence_seconds: u32,
    pub(crate) database: DatabaseConfig,
    pub(crate) data_dir: PathBuf,
    pub(crate) mock: bool,
    /// The file that was read, or would have been; absolute.
    pub(crate) file: PathBuf,
    pub(crate) log_format: LogFormat,
    /// Where browsers hear that the program was built anew, while it is being developed.
    pub(crate) reload_port: Option<u16>,
    pub(crate) agents: Vec<AgentConfig>,
}

/// Where everything is kept.
#[derive(Debug)]
pub(crate) enum DatabaseConfig {
    Sqlite {
        path: PathBuf,
    },
    Postgres {
        url: Secret,
    },
    /// Gone when the server ends.
    Temporary,
}

/// How the server's own log looks.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum LogFormat {
    Human,
    Json,
}

/// Text that never shows itself in logs and messages.
#[derive(Clone, Deserialize, Eq, PartialEq)]
pub(crate) struct Secret(String);

impl Secret {
    pub(crate) fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    pub(crate) fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// Why the program ends before it began: help was asked for, or the configuration is wrong.
#[derive(Debug)]
pub(crate) struct Exit {
    pub(crate) text: String,
    pub(crate) code: u8,
}

impl Exit {
    /// Prints help on standard output and problems on standard error.
    pub(crate) fn report(&self) -> ExitCode {
        // A closed output is no reason to end differently.
        let _ = match self.code {
            0 => writeln!(std::io::stdout(), "{}", self.text),
            _ => writeln!(std::io::stderr(), "{}", self.text),
        };
        ExitCode::from(self.code)
    }
}

/// Reads the command line (the program's name first), the environment and the file.
#[expect(
    clippy::disallowed_methods,
    reason = "the one place that reads the environment"
)]
pub(crate) fn load(arguments: impl Iterator<Item = OsString>) -> Result<Config, Exit> {
    settings::load(arguments, |name| std::env::var(name).ok())
}

/// The same for `import FILE`; `arguments` begin with that word. Answers the file too.
#[expect(
    clippy::disallowed_methods,
    reason = "the one place that reads the environment"
)]
pub(crate) fn load_import(
    arguments: impl Iterator<Item = OsString>,
) -> Result<(Config, PathBuf), Exit> {
    settings::load_import(arguments, |name| std::env::var(name).ok())
}
