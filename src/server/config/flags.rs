//! The command line.

use clap::{Command, CommandFactory, Parser};

/// What was given on the command line. Values stay text here, so that a wrong one is reported
/// together with whatever is wrong elsewhere; for the same reason clap does not read the
/// environment, it only tells of it.
#[derive(Parser)]
#[command(
    name = "kimi-dashboard",
    version,
    about = "A control room for AI agents",
    after_help = "Other commands:\n  config check       Say what is wrong with the configuration, and what each agent sees of the \
                  environment\n  import FILE        Take over the sessions and events of a database of the Python dashboard\n  \
                  completions SHELL  Print what makes a shell complete these words: bash, zsh, fish, elvish or powershell"
)]
pub(super) struct Flags {
    #[arg(
        long,
        help = "Address to listen on; loopback only [env: DASHBOARD_HOST] [default: 127.0.0.1]"
    )]
    pub(super) host: Option<String>,
    #[arg(
        long,
        help = "Port to listen on, 0 for any free one [env: DASHBOARD_PORT] [default: 8766]"
    )]
    pub(super) port: Option<String>,
    #[arg(
        long = "convergence-url",
        value_name = "URL",
        help = "Event server of a convergence loop; repeatable \
                [env: CONVERGENCE_WS_URL, comma separated] [default: ws://localhost:8765]"
    )]
    pub(super) convergence_urls: Vec<String>,
    #[arg(
        long,
        value_name = "FILE",
        help = "SQLite file [env: DASHBOARD_DB_PATH] [default: ./dashboard.db]"
    )]
    pub(super) db_path: Option<String>,
    #[arg(
        long,
        value_name = "URL",
        help = "PostgreSQL instead of SQLite, as postgres://… [env: DATABASE_URL]"
    )]
    pub(super) database_url: Option<String>,
    #[arg(
        long,
        value_name = "URL",
        hide = true,
        help = "Not supported by this version"
    )]
    pub(super) redis_url: Option<String>,
    #[arg(
        long,
        value_name = "FOLDER",
        help = "Folder for evidence [env: DASHBOARD_DATA_DIR] [default: next to the database]"
    )]
    pub(super) data_dir: Option<String>,
    #[arg(
        long,
        value_name = "FILE",
        help = "Configuration [env: DASHBOARD_CONFIG] [default: ./dashboard.toml when present]"
    )]
    pub(super) config: Option<String>,
    #[arg(
        long,
        value_name = "BOOL",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "true",
        help = "Simulated agents, tasks and convergence loop in a temporary database \
                [env: DASHBOARD_MOCK]"
    )]
    pub(super) mock: Option<String>,
    #[arg(
        long,
        value_name = "FORMAT",
        help = "Log lines: human or json [env: DASHBOARD_LOG] [default: human]"
    )]
    pub(super) log_format: Option<String>,
}

/// `import FILE`, with the same flags.
#[derive(Parser)]
#[command(
    name = "kimi-dashboard import",
    version,
    about = "Takes over the sessions and events of a database of the Python dashboard"
)]
pub(super) struct ImportFlags {
    #[arg(
        value_name = "FILE",
        help = "SQLite file of the Python dashboard; it is only read"
    )]
    pub(super) file: std::ffi::OsString,
    #[command(flatten)]
    pub(super) flags: Flags,
}

/// The whole command line, as shells complete it.
pub(super) fn whole() -> Command {
    let check = named::<Flags>("check", "Say what is wrong, and what each agent sees");
    let config = Command::new("config").about("The configuration");
    let shells = clap::value_parser!(clap_complete::Shell);
    let shell = clap::Arg::new("SHELL").value_parser(shells).required(true);
    let completions = Command::new("completions").about("Print completions for a shell");
    Flags::command()
        .subcommand(config.subcommand(check))
        .subcommand(named::<ImportFlags>(
            "import",
            "Take over a Python dashboard's database",
        ))
        .subcommand(completions.arg(shell))
}

fn named<T: CommandFactory>(name: &'static str, about: &'static str) -> Command {
    T::command().name(name).about(about)
}
