//! The command line.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

#[derive(Parser)]
#[command(
    name = "kimi-converge",
    version,
    about = "Runs a convergence loop: diagnose, fix, attack, validate, until nothing is left to do",
    after_help = "Exit status of run: 0 converged, 1 failed, 2 not converged, 130 interrupted."
)]
pub(crate) struct Flags {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Run the loop.
    Run(RunFlags),
    /// Write or check a configuration.
    #[command(subcommand)]
    Config(ConfigCommand),
    /// Send what earlier runs could not post to their webhooks.
    #[command(
        after_help = "Exit status: 0 nothing is left, 1 something could not be posted, was dropped \
                      or is being posted by another, 2 all that is left was refused and set aside."
    )]
    Deliver(DeliverFlags),
}

#[derive(Args, Clone, Copy, Debug, Default)]
pub(crate) struct DeliverFlags {
    /// Post nothing: name what is left, and what was set aside and why.
    #[arg(long)]
    pub(crate) list: bool,
    /// Try again what was refused and set aside.
    #[arg(long, conflicts_with = "list")]
    pub(crate) again: bool,
    /// Remove what was refused and set aside.
    #[arg(long, conflicts_with_all = ["list", "again"])]
    pub(crate) forget: bool,
}

#[derive(Subcommand)]
pub(crate) enum ConfigCommand {
    /// Write a commented sample.
    Init {
        #[arg(default_value = "convergence.yaml")]
        path: PathBuf,
        /// Replace the file if it is there.
        #[arg(long)]
        force: bool,
    },
    /// Name everything that is wrong with a configuration.
    Validate {
        #[arg(default_value = "convergence.yaml")]
        path: PathBuf,
    },
}

/// Numbers stay text here, so that a wrong one is reported together with what is wrong elsewhere.
#[derive(Args, Clone, Debug, Default)]
pub(crate) struct RunFlags {
    #[arg(long, short, value_name = "FILE", default_value = "convergence.yaml")]
    pub(crate) config: PathBuf,
    /// The folder to work on.
    #[arg(long, short, value_name = "PATH")]
    pub(crate) target: Option<PathBuf>,
    #[arg(
        long,
        value_name = "NAME",
        help = "What a dashboard calls the session [default: the target folder and a number]"
    )]
    pub(crate) name: Option<String>,
    #[arg(
        long,
        short = 'i',
        value_name = "N",
        help = "Give up after so many iterations [env: CONVERGENCE_MAX_ITERATIONS]"
    )]
    pub(crate) max_iterations: Option<String>,
    #[arg(
        long,
        short,
        value_name = "URL",
        help = "Post events there [env: CONVERGENCE_WEBHOOK_URL, which no step sees]"
    )]
    pub(crate) webhook_url: Option<String>,
    /// Serve events over a WebSocket.
    #[arg(long)]
    pub(crate) websocket: bool,
    #[arg(
        long,
        value_name = "HOST",
        help = "Address of the WebSocket [env: CONVERGENCE_WS_HOST] [default: 127.0.0.1]"
    )]
    pub(crate) ws_host: Option<String>,
    #[arg(
        long,
        value_name = "PORT",
        help = "Port of the WebSocket, 0 for any free one [env: CONVERGENCE_WS_PORT] [default: 8765]"
    )]
    pub(crate) ws_port: Option<String>,
    #[arg(
        long,
        value_name = "SECONDS",
        help = "How long the end waits for a dashboard or webhook that has not heard of everything [default: 6]"
    )]
    pub(crate) linger: Option<String>,
    /// Show what the steps print.
    #[arg(long, short, conflicts_with = "quiet")]
    pub(crate) verbose: bool,
    /// Say nothing but what is wrong.
    #[arg(long, short)]
    pub(crate) quiet: bool,
}
