//! Where each setting comes from, and what it may be.

use std::ffi::OsString;
use std::net::IpAddr;
use std::path::{Path, PathBuf};

use clap::Parser;
use clap::error::ErrorKind;
use toml::Table;

use super::fields::Fields;
use super::flags::{Flags, ImportFlags};
use super::{Config, DatabaseConfig, Exit, LogFormat, Secret, agents, development};
use crate::domain::AgentKind;

/// As [`super::load`], with the environment as a parameter.
pub(super) fn load(
    arguments: impl Iterator<Item = OsString>,
    environment: impl Fn(&str) -> Option<String>,
) -> Result<Config, Exit> {
    let flags = Flags::try_parse_from(arguments).map_err(|error| clap_exit(&error))?;
    of_flags(flags, environment)
}

/// As [`super::load_import`], with the environment as a parameter.
pub(super) fn load_import(
    arguments: impl Iterator<Item = OsString>,
    environment: impl Fn(&str) -> Option<String>,
) -> Result<(Config, PathBuf), Exit> {
    let flags = ImportFlags::try_parse_from(arguments).map_err(|error| clap_exit(&error))?;
    let file = PathBuf::from(flags.file);
    Ok((of_flags(flags.flags, environment)?, file))
}

fn of_flags(flags: Flags, environment: impl Fn(&str) -> Option<String>) -> Result<Config, Exit> {
    // An empty variable is how a compose file or a shell says "not set".
    let environment = |name: &str| environment(name).filter(|value| !value.trim().is_empty());
    resolve(flags, environment).map_err(|problems| refuse(&problems))
}

fn clap_exit(error: &clap::Error) -> Exit {
    let text = error.to_string();
    if matches!(
        error.kind(),
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion
    ) {
        let text = text.trim_end().to_owned();
        return Exit { text, code: 0 };
    }
    let line = text.lines().next().unwrap_or_default();
    let words = line.strip_prefix("error: ").unwrap_or(line);
    refuse(&[format!("{words}; --help lists every flag")])
}

fn refuse(problems: &[String]) -> Exit {
    let text = format!("kimi-dashboard: {}", problems.join("; "));
    let text = text.replace(['\n', '\r'], " ");
    Exit { text, code: 2 }
}

fn resolve(
    flags: Flags,
    environment: impl Fn(&str) -> Option<String>,
) -> Result<Config, Vec<String>> {
    let named = flags.config.or_else(|| environment("DASHBOARD_CONFIG"));
    let path = PathBuf::from(named.as_deref().unwrap_or("dashboard.toml"));
    let (table, problem) = match read_file(named.as_deref()) {
        Ok(table) => (table, None),
        Err(problem) => (Table::new(), Some(problem)),
    };
    let mut file = Fields::new(String::new(), table);
    file.absorb(problem.into_iter().collect());

    let text = |file: &mut Fields, key: &'static str, flag: Option<String>, variable: &str| {
        let in_file = file.take(key, "a string");
        flag.or_else(|| environment(variable)).or(in_file)
    };
    let host = text(&mut file, "host", flags.host, "DASHBOARD_HOST");
    let in_file = file.take::<u16>("port", "a number from 0 to 65535");
    let port = flags.port.or_else(|| environment("DASHBOARD_PORT"));
    let port = port.or_else(|| in_file.map(|port| port.to_string()));
    let in_file = file.take("convergence_urls", "a list of strings");
    let urls = Some(flags.convergence_urls).filter(|urls| !urls.is_empty());
    let urls = urls.or_else(|| environment("CONVERGENCE_WS_URL").map(|urls| vec![urls]));
    let urls = urls.or(in_file);
    let silence = file.number("convergence_silence_seconds", 1, 86_400, 120);
    let db_path = text(&mut file, "db_path", flags.db_path, "DASHBOARD_DB_PATH");
    let url = text(
        &mut file,
        "database_url",
        flags.database_url,
        "DATABASE_URL",
    );
    let redis = text(&mut file, "redis_url", flags.redis_url, "REDIS_URL");
    let data_dir = text(&mut file, "data_dir", flags.data_dir, "DASHBOARD_DATA_DIR");
    let format = text(&mut file, "log_format", flags.log_format, "DASHBOARD_LOG");
    let mock = flags.mock.or_else(|| environment("DASHBOARD_MOCK"));
    let tables = file.take("agent", "[[agent]] tables");

    let mock = read_mock(&mut file, mock.as_deref());
    let place = development::database(db_path, &environment);
    let database = read_database(&mut file, mock, place, url);
    let (mut agents, problems) = agents::read(tables.unwrap_or_default());
    let simulate_loop = mock && urls.is_none();
    let urls = if simulate_loop {
        Some(Vec::new())
    } else {
        urls
    };
    let config = Config {
        host: read_host(&mut file, host.as_deref()),
        port: read_port(&mut file, port.as_deref()),
        convergence_urls: read_urls(&mut file, urls),
        simulate_loop,
        convergence_silence_seconds: silence,
        data_dir: data_dir.map_or_else(|| default_data_dir(&database), PathBuf::from),
        database,
        mock,
        file: std::path::absolute(&path).unwrap_or(path),
        log_format: read_format(&mut file, format.as_deref()),
        reload_port: development::reload_port(&environment),
        agents: {
            if mock {
                // Simulated tasks must never reach a real program.
                agents.retain(|agent| agent.kind() == AgentKind::Fake);
            }
            if mock && agents.is_empty() {
                agents = agents::mock();
            }
            agents
        },
    };
    if redis.is_some() {
        file.complain(
            "redis_url",
            "Redis is not supported by this version; remove it",
        );
    }
    file.absorb(problems);
    let problems = file.finish();
    if problems.is_empty() {
        Ok(config)
    } else {
        Err(problems)
    }
}

/// The file that was named, or `./dashboard.toml` when it exists.
fn read_file(named: Option<&str>) -> Result<Table, String> {
    let path = Path::new(named.unwrap_or("./dashboard.toml"));
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if named.is_none() && error.kind() == std::io::ErrorKind::NotFound => {
            return Ok(Table::new());
        }
        Err(error) => {
            let path = path.display();
            return Err(format!(
                "config: cannot read {path}: {error}; name a readable file"
            ));
        }
    };
    text.parse::<Table>().map_err(|error| {
        let start = error.span().map_or(0, |span| span.start);
        let line = text.bytes().take(start).filter(|b| *b == b'\n').count() + 1;
        let words = error.message();
        format!("config: {}, line {line}: {words}", path.display())
    })
}

fn read_host(file: &mut Fields, host: Option<&str>) -> String {
    let host = host.unwrap_or("127.0.0.1").trim();
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    let loopback = bare
        .parse()
        .is_ok_and(|address: IpAddr| address.is_loopback());
    if !loopback && bare != "localhost" {
        let words =
            format!("{host} is reachable by others, and login does not exist yet; use 127.0.0.1");
        file.complain("host", words);
    }
    bare.to_owned()
}

fn read_port(file: &mut Fields, port: Option<&str>) -> u16 {
    let port = port.unwrap_or("8766");
    port.trim().parse().unwrap_or_else(|_| {
        let words = format!("{port:?} is no port; use a number from 0 to 65535");
        file.complain("port", words);
        0
    })
}

fn read_urls(file: &mut Fields, urls: Option<Vec<String>>) -> Vec<String> {
    let urls = urls.unwrap_or_else(|| vec!["ws://localhost:8765".to_owned()]);
    let urls = urls.iter().flat_map(|urls| urls.split(',')).map(str::trim);
    let mut found: Vec<String> = Vec::new();
    for url in urls.filter(|url| !url.is_empty()) {
        let rest = url.strip_prefix("ws://").or(url.strip_prefix("wss://"));
        if rest.is_none_or(|rest| rest.is_empty() || rest.starts_with('/')) {
            let words = format!("{url:?} is no WebSocket address; use ws://HOST:PORT");
            file.complain("convergence_urls", words);
        }
        if !found.iter().any(|known| known == url) {
            found.push(url.to_owned());
        }
    }
    found
}

fn read_database(
    file: &mut Fields,
    mock: bool,
    path: PathBuf,
    url: Option<String>,
) -> DatabaseConfig {
    if let Some(url) = url {
        // The address holds a password, so it is not repeated.
        if !url.starts_with("postgres://") && !url.starts_with("postgresql://") {
            let words = "must begin with postgres://; for SQLite use db_path";
            file.complain("database_url", words);
        }
        return if mock {
            DatabaseConfig::Temporary
        } else {
            DatabaseConfig::Postgres {
                url: Secret::new(url),
            }
        };
    }
    if mock {
        return DatabaseConfig::Temporary;
    }
    if path == Path::new(":memory:") {
        let words = "is a file; for a database that is gone at the end use --mock";
        file.complain("db_path", words);
    } else if path.is_dir() {
        let words = format!("{} is a folder; name a file", path.display());
        file.complain("db_path", words);
    } else if !folder_of(&path).is_dir() {
        let folder = folder_of(&path);
        let words = format!("there is no folder {}; create it", folder.display());
        file.complain("db_path", words);
    }
    DatabaseConfig::Sqlite { path }
}

fn default_data_dir(database: &DatabaseConfig) -> PathBuf {
    match database {
        DatabaseConfig::Sqlite { path } => folder_of(path),
        DatabaseConfig::Postgres { .. } => PathBuf::from("./dashboard-data"),
        DatabaseConfig::Temporary => {
            std::env::temp_dir().join(format!("kimi-dashboard-{}", std::process::id()))
        }
    }
}

fn folder_of(path: &Path) -> PathBuf {
    match path.parent() {
        Some(folder) if folder != Path::new("") => folder.to_owned(),
        _ => PathBuf::from("."),
    }
}

fn read_mock(file: &mut Fields, mock: Option<&str>) -> bool {
    match mock.map(str::trim) {
        None | Some("false" | "0" | "no") => false,
        Some("true" | "1" | "yes") => true,
        Some(other) => {
            file.complain("mock", format!("{other:?} is neither true nor false"));
            false
        }
    }
}

fn read_format(file: &mut Fields, format: Option<&str>) -> LogFormat {
    match format.map(str::trim) {
        None | Some("human") => LogFormat::Human,
        Some("json") => LogFormat::Json,
        Some(other) => {
            file.complain("log_format", format!("{other:?}: use human or json"));
            LogFormat::Human
        }
    }
}
