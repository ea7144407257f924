//! The program lives through what befalls its database, and starts and stops without losing
//! anything.

mod damage;
mod full;
mod log;
mod moved;
mod outage;
mod private;
mod refused;
mod servers;
mod stop;
mod writes;

use std::net::SocketAddr;
use std::process::Stdio;
use std::sync::{Arc, Mutex};

use rustix::process::{Pid, Signal, kill_process};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader};
use tokio::process::{Child, ChildStderr, Command};
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::support::{Client, PATIENCE, Place, binary};
use crate::server::config::DatabaseConfig;

/// A program that runs, and what it says.
struct Running {
    child: Child,
    address: SocketAddr,
    client: Client,
    said: Arc<Mutex<String>>,
    _reading: JoinSet<()>,
}

/// A program that ended before it served.
#[derive(Debug)]
struct Refusal {
    code: Option<i32>,
    said: String,
}

/// One agent that runs the description of its task.
const AGENT: &str = "[[agent]]\nname = \"shell\"\nkind = \"process\"\nconcurrency = 4\n\
    command = [\"bash\", \"-c\", \"{description}\"]\ngrace_seconds = 1\n";

impl Running {
    async fn start(place: &Place) -> Self {
        let url = database_url(place);
        Self::try_start(place, "true", url)
            .await
            .expect("it starts")
    }

    /// Runs `first` in a shell that then becomes the program.
    async fn try_start(place: &Place, first: &str, url: Option<String>) -> Result<Self, Refusal> {
        let folder = place.folder();
        let config = folder.join("dashboard.toml");
        std::fs::write(&config, AGENT).unwrap();
        let mut command = Command::new("bash");
        command
            .args(["-c", &format!("{first}; exec \"$0\" \"$@\"")])
            .arg(binary("kimi-dashboard"))
            .args(["--port", "0", "--convergence-url", "ws://127.0.0.1:9"])
            .arg("--config")
            .arg(&config)
            .arg("--data-dir")
            .arg(folder)
            .env("RUST_LOG", "warn")
            .env_remove("DASHBOARD_CONFIG")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        match url {
            Some(url) => command.env("DATABASE_URL", url),
            None => command.arg("--db-path").arg(folder.join("dashboard.db")),
        };
        let mut child = command.spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut errors = child.stderr.take().unwrap();
        let line = timeout(PATIENCE, lines.next_line()).await;
        let Some(line) = line.expect("it starts in time").unwrap() else {
            let mut said = String::new();
            errors.read_to_string(&mut said).await.unwrap();
            let code = child.wait().await.unwrap().code();
            return Err(Refusal { code, said });
        };
        let address = line.strip_prefix("listening on http://").unwrap();
        let address = address.parse().unwrap();
        let client = Client::new(address);
        let said: Arc<Mutex<String>> = Arc::default();
        let mut reading = JoinSet::new();
        reading.spawn(keep(errors, Arc::clone(&said)));
        Ok(Self {
            child,
            address,
            client,
            said,
            _reading: reading,
        })
    }

    fn pid(&self) -> Pid {
        let id = self.child.id().expect("it runs");
        Pid::from_raw(id.try_into().unwrap()).unwrap()
    }

    /// How many lines of its log have these words.
    fn times(&self, words: &str) -> usize {
        let said = self.said.lock().unwrap();
        said.lines().filter(|line| line.contains(words)).count()
    }

    /// As a person does.
    async fn stop(mut self) {
        kill_process(self.pid(), Signal::TERM).unwrap();
        let ended = timeout(PATIENCE, self.child.wait()).await;
        let status = ended.expect("it stops in time").unwrap();
        assert_eq!(status.code(), Some(0), "{}", self.said.lock().unwrap());
    }
}

async fn keep(errors: ChildStderr, said: Arc<Mutex<String>>) {
    let mut lines = BufReader::new(errors).lines();
    while let Ok(Some(line)) = lines.next_line().await {
        let mut said = said.lock().unwrap();
        said.push_str(&line);
        said.push('\n');
    }
}

/// The address of the place's database, if it is on PostgreSQL.
fn database_url(place: &Place) -> Option<String> {
    match place.database() {
        DatabaseConfig::Postgres { url } => Some(url.expose().to_owned()),
        _ => None,
    }
}
