//! The real server over real sockets, with a database of its own. It can be stopped politely
//! or hard, and started again on the same data.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::Path;

use tokio::runtime::Runtime;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use super::{Client, Engine, PATIENCE, Place, Socket, eventually};
use crate::domain::Role;
use crate::server::auth::{Actors, Roles};
use crate::server::clock::Clock;
use crate::server::config::{AgentConfig, Config, LogFormat};
use crate::server::run::{StartError, run};

/// A server and where it keeps its things.
pub(crate) struct TestApp {
    place: Place,
    settings: Settings,
    server: Option<Server>,
    client: Client,
}

/// What is configured, besides where things are kept.
struct Settings {
    agents: Vec<AgentConfig>,
    convergence_urls: Vec<String>,
    silence_seconds: u32,
    actors: Actors,
    /// The system's when absent.
    clock: Option<Clock>,
}

/// A server that runs, on threads of its own so that it can be stopped at any point.
struct Server {
    runtime: Runtime,
    address: SocketAddr,
    stopping: CancellationToken,
    ended: JoinHandle<Result<(), StartError>>,
}

impl TestApp {
    /// Without agents, on SQLite.
    pub(crate) async fn start() -> Self {
        Self::with(vec![]).await
    }

    /// On SQLite.
    pub(crate) async fn with(agents: Vec<AgentConfig>) -> Self {
        Self::on(Engine::Sqlite, agents).await
    }

    pub(crate) async fn on(engine: Engine, agents: Vec<AgentConfig>) -> Self {
        Self::started(
            engine,
            Settings {
                agents,
                convergence_urls: Vec::new(),
                silence_seconds: 120,
                actors: Actors::default(),
                clock: None,
            },
        )
        .await
    }

    /// Follows the loops at these addresses.
    pub(crate) async fn following(
        engine: Engine,
        convergence_urls: Vec<String>,
        silence_seconds: u32,
    ) -> Self {
        Self::started(
            engine,
            Settings {
                agents: Vec::new(),
                convergence_urls,
                silence_seconds,
                actors: Actors::default(),
                clock: None,
            },
        )
        .await
    }

    /// With clocks that only the test moves.
    pub(crate) async fn at(clock: Clock, engine: Engine, agents: Vec<AgentConfig>) -> Self {
        Self::started(
            engine,
            Settings {
                agents,
                convergence_urls: Vec::new(),
                silence_seconds: 120,
                actors: Actors::default(),
                clock: Some(clock),
            },
        )
        .await
    }

    /// At a place that was made before.
    pub(crate) async fn in_place(place: Place, agents: Vec<AgentConfig>) -> Self {
        let settings = Settings {
            agents,
            convergence_urls: Vec::new(),
            silence_seconds: 120,
            actors: Actors::default(),
            clock: None,
        };
        Self::serving(place, settings).await
    }

    /// With invented actors: each is named by a Bearer token, and has this role in this project.
    pub(crate) async fn for_actors(
        engine: Engine,
        agents: Vec<AgentConfig>,
        actors: &[(&str, &str, Role)],
    ) -> Self {
        let mut invented = BTreeMap::new();
        for (name, project, role) in actors {
            let roles = Roles {
                everywhere: None,
                in_project: BTreeMap::from([((*project).to_owned(), *role)]),
            };
            invented.insert((*name).to_owned(), roles);
        }
        let settings = Settings {
            agents,
            convergence_urls: Vec::new(),
            silence_seconds: 120,
            actors: Actors { invented },
            clock: None,
        };
        Self::started(engine, settings).await
    }

    async fn started(engine: Engine, settings: Settings) -> Self {
        Self::serving(Place::new(engine).await, settings).await
    }

    async fn serving(place: Place, settings: Settings) -> Self {
        let server = Server::start(&place, &settings).await.unwrap();
        let client = Client::new(server.address);
        Self {
            place,
            settings,
            server: Some(server),
            client,
        }
    }

    /// Stops the server as a person would, and waits for its end.
    pub(crate) async fn stop(&mut self) {
        let server = self.server.take().expect("it runs");
        server.stopping.cancel();
        let ended = timeout(PATIENCE, server.ended)
            .await
            .expect("it stops in time");
        ended.expect("it does not panic").unwrap();
        server.runtime.shutdown_background();
    }

    /// Ends the server between any two steps of it, without a word.
    pub(crate) async fn kill(&mut self) {
        let server = self.server.take().expect("it runs");
        let ended = tokio::task::spawn_blocking(|| server.runtime.shutdown_timeout(PATIENCE));
        ended.await.unwrap();
    }

    /// Starts a server on the same data.
    pub(crate) async fn start_again(&mut self) {
        assert!(self.server.is_none(), "it runs already");
        // The lock of the one before may live until its last thread is gone.
        let server = eventually("the server starts again", async || {
            Server::start(&self.place, &self.settings).await.ok()
        });
        let server = server.await;
        self.client = Client::new(server.address);
        self.server = Some(server);
    }

    /// What a second server says about the same data.
    pub(crate) async fn second_server(&self) -> Result<(), String> {
        let server = Server::start(&self.place, &self.settings).await?;
        server.runtime.shutdown_background();
        Ok(())
    }

    pub(crate) fn client(&self) -> &Client {
        &self.client
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.server.as_ref().expect("it runs").address
    }

    /// The folder of this test.
    pub(crate) fn folder(&self) -> &Path {
        self.place.folder()
    }

    /// Asks as an invented actor.
    pub(crate) fn client_of(&self, actor: &str) -> Client {
        Client::new(self.address()).with_token(actor)
    }

    /// A socket of an invented actor.
    pub(crate) async fn socket_of(&self, actor: &str) -> Socket {
        Socket::open_as(self.address(), actor).await
    }

    /// A socket that has been greeted.
    pub(crate) async fn socket(&self) -> Socket {
        Socket::open(self.address()).await
    }
}

impl Drop for TestApp {
    fn drop(&mut self) {
        if let Some(server) = self.server.take() {
            server.runtime.shutdown_background();
        }
    }
}

impl Server {
    async fn start(place: &Place, settings: &Settings) -> Result<Self, String> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .unwrap();
        let stopping = CancellationToken::new();
        let config = Config {
            host: "127.0.0.1".to_owned(),
            port: 0,
            convergence_urls: settings.convergence_urls.clone(),
            simulate_loop: false,
            convergence_silence_seconds: settings.silence_seconds,
            database: place.database(),
            data_dir: place.folder().to_owned(),
            mock: false,
            file: place.folder().join("dashboard.toml"),
            log_format: LogFormat::Human,
            reload_port: None,
            agents: settings.agents.clone(),
        };
        let (ready, address) = oneshot::channel();
        let serving = Box::pin(run(
            config,
            settings.actors.clone(),
            settings.clock.unwrap_or_else(Clock::system),
            stopping.clone(),
            |address| {
                let _impatient = ready.send(address);
            },
        ));
        let ended = runtime.spawn(serving);
        match timeout(PATIENCE, address).await.expect("it starts in time") {
            Ok(address) => Ok(Self {
                runtime,
                address,
                stopping,
                ended,
            }),
            Err(_) => {
                let why = ended
                    .await
                    .expect("it does not panic")
                    .expect_err("it never served");
                runtime.shutdown_background();
                Err(why.to_string())
            }
        }
    }
}
