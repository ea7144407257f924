//! PostgreSQL goes away, or its answer does.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use futures_util::future::join_all;
use serde_json::{Value, json};
use sqlx::{Connection, PgConnection};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use super::{Running, database_url};
use crate::tests::support::{Engine, Place};

/// Stands between the program and PostgreSQL.
struct Proxy {
    url: String,
    wish: Arc<AtomicU8>,
    _serving: JoinSet<()>,
}

/// What the proxy does at the next commit.
const PASS: u8 = 0;
const LOSE_THE_COMMIT: u8 = 1;
const LOSE_THE_ANSWER: u8 = 2;

impl Proxy {
    async fn before(url: &str) -> Self {
        let (start, rest) = url.split_once('@').expect("an address with a user");
        let (server, database) = rest.split_once('/').expect("an address with a database");
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let own = listener.local_addr().unwrap();
        let wish: Arc<AtomicU8> = Arc::default();
        let mut serving = JoinSet::new();
        let (server, kept) = (server.to_owned(), Arc::clone(&wish));
        serving.spawn(async move {
            let mut links = JoinSet::new();
            while let Ok((client, _)) = listener.accept().await {
                let server = TcpStream::connect(&server).await.unwrap();
                links.spawn(carry(client, server, Arc::clone(&kept)));
            }
        });
        Self {
            url: format!("{start}@{own}/{database}"),
            wish,
            _serving: serving,
        }
    }

    fn wish(&self, wish: u8) {
        self.wish.store(wish, Ordering::SeqCst);
    }

    fn is_granted(&self) -> bool {
        self.wish.load(Ordering::SeqCst) == PASS
    }
}

/// Carries bytes both ways until one side closes or a wish is granted, which cuts both.
async fn carry(mut client: TcpStream, mut server: TcpStream, wish: Arc<AtomicU8>) {
    let (mut asked, mut answered) = (vec![0; 65536], vec![0; 65536]);
    loop {
        tokio::select! {
            read = client.read(&mut asked) => {
                let Ok(length @ 1..) = read else { return };
                let said = &asked[..length];
                let commits = said.windows(9).any(|part| part == b"; commit\0");
                let wish = if commits { wish.swap(PASS, Ordering::SeqCst) } else { PASS };
                if wish == LOSE_THE_COMMIT || server.write_all(said).await.is_err() {
                    return;
                }
                if wish == LOSE_THE_ANSWER {
                    // It is committed when this says so, and nobody hears of it.
                    let mut heard = Vec::new();
                    while !heard.windows(7).any(|part| part == b"COMMIT\0") {
                        server.read_buf(&mut heard).await.unwrap();
                    }
                    return;
                }
            }
            read = server.read(&mut answered) => {
                let Ok(length @ 1..) = read else { return };
                if client.write_all(&answered[..length]).await.is_err() {
                    return;
                }
            }
        }
    }
}

#[tokio::test]
async fn a_commit_whose_answer_is_lost_happens_once() {
    let Some(engine) = Engine::postgres() else {
        return;
    };
    let place = Place::new(engine).await;
    let proxy = Proxy::before(&database_url(&place).unwrap()).await;
    let url = Some(proxy.url.clone());
    let program = Running::try_start(&place, "true", url).await.unwrap();
    let client = &program.client;
    let mut expected = Vec::new();
    for wish in [LOSE_THE_ANSWER, LOSE_THE_COMMIT, LOSE_THE_ANSWER] {
        proxy.wish(wish);
        let title = format!("task {}", expected.len());
        let task = json!({"title": title, "description": "x",
            "start_after": "2099-01-01T00:00:00Z"});
        let created = client.create(task).await;
        assert_eq!(created.title, title);
        assert!(proxy.is_granted(), "no commit was cut");
        expected.push(title);
        // What a commit adds that nobody may add twice.
        proxy.wish(wish);
        let line = json!({"message": title_of(&created.title)});
        let path = format!("/api/tasks/{}/logs", created.number);
        client.post(&path, &line).await.expect(202);
        assert!(proxy.is_granted(), "no commit was cut");
        let log: Vec<Value> = client.get(&path).await.expect(200).to();
        assert_eq!(log.len(), 1, "{log:?}");
    }
    let page: Vec<Value> = client.get("/api/tasks").await.expect(200).to();
    let titles: Vec<_> = page
        .iter()
        .rev()
        .map(|task| task["title"].clone())
        .collect();
    assert_eq!(titles, expected);
    program.stop().await;
}

fn title_of(title: &str) -> String {
    format!("about {title}")
}

#[tokio::test]
async fn connections_that_are_cut_again_and_again_cost_no_write() {
    let Some(engine) = Engine::postgres() else {
        return;
    };
    let place = Place::new(engine).await;
    let program = Running::start(&place).await;
    let client = &program.client;
    let mut other = PgConnection::connect(&database_url(&place).unwrap())
        .await
        .unwrap();
    for round in 0..10 {
        let kill = sqlx::query(
            "select count(pg_terminate_backend(pid)) from pg_stat_activity \
             where datname = current_database() and pid <> pg_backend_pid()",
        );
        let creating = join_all((0..8).map(|n| {
            let task = json!({"description": format!("{round} {n}"),
                "start_after": "2099-01-01T00:00:00Z"});
            async move { client.post("/api/tasks", &task).await }
        }));
        let (killed, answers) = tokio::join!(kill.execute(&mut other), creating);
        killed.unwrap();
        for answer in answers {
            answer.expect(201);
        }
    }
    let page: Vec<Value> = client.get("/api/tasks?limit=500").await.expect(200).to();
    assert_eq!(page.len(), 80);
    program.stop().await;
}
