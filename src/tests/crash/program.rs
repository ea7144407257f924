//! The program as a process of its own.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use rustix::process::{Pid, Signal, kill_process};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};
use tokio::time::timeout;

use crate::server::config::DatabaseConfig;
use crate::tests::support::{Client, PATIENCE, Place, eventually};

/// Every process that descends from the program carries this variable.
const MARK: &str = "KD_CRASH_TEST";

/// A server that runs.
pub(super) struct Program {
    child: Child,
    client: Client,
    /// The mark of this place and no other.
    mark: String,
}

impl Program {
    pub(super) async fn start(place: &Place) -> Self {
        Self::following(place, "ws://127.0.0.1:9").await
    }

    /// Follows the loop at this address.
    pub(super) async fn following(place: &Place, convergence_url: &str) -> Self {
        let folder = place.folder();
        let config = folder.join("dashboard.toml");
        let agent = "[[agent]]\nname = \"shell\"\nkind = \"process\"\nconcurrency = 4\n\
            command = [\"bash\", \"-c\", \"{description}\"]\ngrace_seconds = 1\n";
        std::fs::write(&config, agent).unwrap();
        let mut command = Command::new(binary());
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
        let client = Client::new(address.parse().unwrap());
        Self {
            child,
            client,
            mark,
        }
    }

    pub(super) fn client(&self) -> &Client {
        &self.client
    }

    /// As the system does when memory is short. Nothing that it started lives on.
    pub(super) async fn kill(mut self) {
        self.child.kill().await.unwrap();
        self.nothing_is_left().await;
    }

    /// As a person does.
    pub(super) async fn stop(mut self) {
        let pid = self
            .child
            .id()
            .and_then(|id| Pid::from_raw(id.try_into().ok()?));
        kill_process(pid.expect("it runs"), Signal::TERM).unwrap();
        let status = timeout(PATIENCE, self.child.wait())
            .await
            .expect("it stops in time");
        assert_eq!(status.unwrap().code(), Some(0));
        self.nothing_is_left().await;
    }

    async fn nothing_is_left(&self) {
        let entry = format!("{MARK}={}", self.mark);
        eventually("every process of the program is gone", async || {
            marked(&entry).is_empty().then_some(())
        })
        .await;
    }
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

fn binary() -> PathBuf {
    if let Some(path) = std::env::var_os("KIMI_DASHBOARD_BIN") {
        return PathBuf::from(path);
    }
    // target/debug/deps/this-test → target/debug/kimi-dashboard
    let test = std::env::current_exe().unwrap();
    let folder = test
        .parent()
        .and_then(Path::parent)
        .expect("a folder above deps");
    let path = folder.join("kimi-dashboard");
    assert!(
        path.is_file(),
        "there is no {}: build it with `cargo build --features ssr --bin kimi-dashboard`, or name \
         one in KIMI_DASHBOARD_BIN",
        path.display()
    );
    path
}
