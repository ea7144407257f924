//! Our programs as processes of their own. They have to be built before:
//! `cargo build --features ssr --bins`.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use rustix::process::{Pid, Signal, kill_process};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};
use tokio::time::timeout;

use super::{Client, PATIENCE, Place, eventually};
use crate::server::config::DatabaseConfig;

/// Every process that descends from the program carries this variable.
pub(crate) const MARK: &str = "KD_CRASH_TEST";

/// A server that runs.
pub(crate) struct Program {
    child: Child,
    client: Client,
    address: SocketAddr,
    /// The mark of this place and no other.
    mark: String,
}

impl Program {
    pub(crate) async fn start(place: &Place) -> Self {
        Self::following(place, "ws://127.0.0.1:9").await
    }

    /// As started by a shell with these limits of open files.
    pub(crate) async fn with_descriptors(place: &Place, soft: u32, hard: u32) -> Self {
        let limits = format!("ulimit -Hn {hard}; ulimit -Sn {soft}; exec \"$0\" \"$@\"");
        let mut command = Command::new("/bin/bash");
        command.args(["-c", &limits]).arg(binary("kimi-dashboard"));
        Self::run(command, place, "ws://127.0.0.1:9", &shell()).await
    }

    /// Follows the loop at this address.
    pub(crate) async fn following(place: &Place, convergence_url: &str) -> Self {
        let command = Command::new(binary("kimi-dashboard"));
        Self::run(command, place, convergence_url, &shell()).await
    }

    /// With this configuration.
    pub(crate) async fn configured(place: &Place, convergence_url: &str, toml: &str) -> Self {
        let command = Command::new(binary("kimi-dashboard"));
        Self::run(command, place, convergence_url, toml).await
    }

    async fn run(mut command: Command, place: &Place, convergence_url: &str, toml: &str) -> Self {
        let folder = place.folder();
        let config = folder.join("dashboard.toml");
        std::fs::write(&config, toml).unwrap();
        command.current_dir(folder);
        command.args(["--port", "0", "--config"]).arg(&config);
        command.arg("--data-dir").arg(folder);
        command.args(["--convergence-url", convergence_url]);
        match place.database() {
            DatabaseConfig::Sqlite { path } => command.arg("--db-path").arg(path),
            DatabaseConfig::Postgres { url } => command.env("DATABASE_URL", url.expose()),
            DatabaseConfig::Temporary => panic!("tests name their databases"),
        };
        let mark = folder.display().to_string();
        command
            .env(MARK, &mark)
            .env("RUST_LOG", "error")
            .env_remove("DASHBOARD_CONFIG");
        command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .kill_on_drop(true);
        let mut child = command.spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let line = timeout(PATIENCE, lines.next_line())
            .await
            .expect("it starts in time")
            .unwrap();
        let line = line.expect("it says where it listens");
        let address = line
            .strip_prefix("listening on http://")
            .unwrap_or_else(|| panic!("{line}"));
        let address = address.parse().unwrap();
        Self {
            child,
            client: Client::new(address),
            address,
            mark,
        }
    }

    pub(crate) fn client(&self) -> &Client {
        &self.client
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// As the system does when memory is short. Nothing that it started lives on.
    pub(crate) async fn kill(mut self) {
        self.child.kill().await.unwrap();
        self.nothing_is_left().await;
    }

    /// As when somebody ends every process of this name: these and it die at once, before it can
    /// do anything about it.
    pub(crate) async fn kill_with(mut self, others: &[Pid]) {
        self.signal(Signal::STOP);
        for other in others {
            kill_process(*other, Signal::KILL).unwrap();
        }
        self.child.kill().await.unwrap();
    }

    /// Has it read its configuration again.
    pub(crate) fn hang_up(&self) {
        self.signal(Signal::HUP);
    }

    fn signal(&self, signal: Signal) {
        let id = self.child.id();
        let pid = id.and_then(|id| Pid::from_raw(id.try_into().ok()?));
        kill_process(pid.expect("it runs"), signal).unwrap();
    }

    /// As a person does.
    pub(crate) async fn stop(mut self) {
        self.signal(Signal::TERM);
        let status = timeout(PATIENCE, self.child.wait())
            .await
            .expect("it stops in time");
        assert_eq!(status.unwrap().code(), Some(0));
        self.nothing_is_left().await;
    }

    /// How many processes carry its mark, itself included.
    pub(crate) fn processes(&self) -> usize {
        processes(&self.mark)
    }

    async fn nothing_is_left(&self) {
        nothing_is_left(&self.mark).await;
    }
}

/// How many processes carry this mark.
pub(crate) fn processes(mark: &str) -> usize {
    marked(&format!("{MARK}={mark}")).len()
}

/// An agent that runs what tasks describe.
fn shell() -> String {
    format!(
        "[[agent]]\nname = \"shell\"\nkind = \"process\"\nconcurrency = 4\n\
         command = [\"bash\", \"-c\", \"{{description}}\"]\ngrace_seconds = 1\ntakes = \"any\"\n\
         pass_env = [\"{MARK}\"]\n"
    )
}

/// Waits until every process that carries this mark is gone.
pub(crate) async fn nothing_is_left(mark: &str) {
    eventually("every process of the program is gone", async || {
        (processes(mark) == 0).then_some(())
    })
    .await;
}

/// The processes whose environment holds this entry.
fn marked(entry: &str) -> Vec<PathBuf> {
    let processes = std::fs::read_dir("/proc")
        .unwrap()
        .flatten()
        .map(|process| process.path());
    let carries = |process: &PathBuf| {
        // One that has just ended has no environment any more.
        let environment = std::fs::read(process.join("environ")).unwrap_or_default();
        environment
            .split(|byte| *byte == 0)
            .any(|variable| variable == entry.as_bytes())
    };
    processes.filter(carries).collect()
}

/// Where a program of ours is: beside the tests, or where its variable says.
pub(crate) fn binary(name: &str) -> PathBuf {
    let variable = format!("{}_BIN", name.replace('-', "_").to_uppercase());
    if let Some(path) = std::env::var_os(&variable) {
        return PathBuf::from(path);
    }
    // target/debug/deps/this-test → target/debug/kimi-dashboard
    let test = std::env::current_exe().unwrap();
    let folder = test
        .parent()
        .and_then(Path::parent)
        .expect("a folder above deps");
    let path = folder.join(name);
    assert!(
        path.is_file(),
        "there is no {}: build it with `cargo build --features ssr --bin {name}`, or name one in \
         {variable}",
        path.display()
    );
    path
}
