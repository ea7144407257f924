//! Connections that do nothing, or too little, keep nobody else out.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::routing::{get, post};
use futures_util::stream;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, mpsc};
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::support::{Engine, PATIENCE, Place, Program};
use crate::domain::TaskStatus;
use crate::server::serve::{Patience, most_connections, serve};

const QUICK: Patience = Patience {
    head: Duration::from_millis(200),
    idle: Duration::from_millis(200),
    stall: Duration::from_millis(200),
};

/// A small server.
struct Server {
    address: SocketAddr,
    stopping: CancellationToken,
    ended: JoinHandle<()>,
    /// Lets one request to `/wait` be answered.
    go: Arc<Notify>,
    /// Says so when a request to `/wait` has come.
    waits: mpsc::UnboundedReceiver<()>,
    /// Says so when an answer of `/endless` is given up.
    given_up: mpsc::UnboundedReceiver<()>,
}

/// Tells when it is dropped.
struct Told(mpsc::UnboundedSender<()>);

impl Drop for Told {
    fn drop(&mut self) {
        let _ = self.0.send(());
    }
}

impl Server {
    async fn start(most: usize, patience: Patience) -> Self {
        let (go, stopping) = (Arc::new(Notify::new()), CancellationToken::new());
        let (came, waits) = mpsc::unbounded_channel();
        let (left, given_up) = mpsc::unbounded_channel();
        let waiting = Arc::clone(&go);
        let wait = move || {
            let (go, came) = (Arc::clone(&waiting), came.clone());
            async move {
                came.send(()).unwrap();
                go.notified().await;
                "done"
            }
        };
        let endless = move || {
            let told = Told(left.clone());
            let parts = stream::repeat_with(move || {
                let _kept = &told;
                Ok::<_, Infallible>(Bytes::from(vec![b'x'; 65_536]))
            });
            async { Body::from_stream(parts) }
        };
        let routes = Router::new()
            .route("/", get(async || "here"))
            .route("/echo", post(async |body: Bytes| body))
            .route("/wait", get(wait))
            .route("/endless", get(endless));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let ended =
            TaskTracker::new().spawn(serve(listener, routes, most, patience, stopping.clone()));
        Self {
            address,
            stopping,
            ended,
            go,
            waits,
            given_up,
        }
    }

    async fn send(&self, text: &str) -> TcpStream {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        stream.write_all(text.as_bytes()).await.unwrap();
        stream
    }

    /// Asks for `/`, and leaves the connection open.
    async fn asked(&self) -> TcpStream {
        let mut stream = self.send("GET / HTTP/1.1\r\nhost: x\r\n\r\n").await;
        until(&mut stream, "here").await;
        stream
    }
}

/// Reads until this has come.
async fn until(stream: &mut TcpStream, end: &str) -> String {
    let mut text = String::new();
    let read = async {
        while !text.ends_with(end) {
            let byte = stream.read_u8().await.expect("more is to come");
            text.push(char::from(byte));
        }
    };
    timeout(PATIENCE, read).await.expect("it comes in time");
    text
}

/// Waits until the server has closed it; answers what came before.
async fn closed(stream: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    let end = timeout(PATIENCE, stream.read_to_end(&mut bytes)).await;
    // Closed with something unread is an error on this side.
    let _reset = end.expect("it is closed in time");
    String::from_utf8_lossy(&bytes).into_owned()
}

#[tokio::test]
async fn who_sends_or_takes_nothing_for_long_is_closed_and_who_waits_for_an_answer_is_not() {
    let mut server = Server::start(100, QUICK).await;
    let mut waiting = server.send("GET /wait HTTP/1.1\r\nhost: x\r\n\r\n").await;
    server.waits.recv().await.unwrap();
    let endless = server
        .send("GET /endless HTTP/1.1\r\nhost: x\r\n\r\n")
        .await;
    let mut silent = server.send("").await;
    let mut head = server.send("GET / HTTP/1.1\r\nhost: x\r\nslow: ").await;
    let mut idle = server.asked().await;
    let body = "POST /echo HTTP/1.1\r\nhost: x\r\ncontent-length: 10\r\n\r\nhalf";
    let mut body = server.send(body).await;
    for stream in [&mut silent, &mut head, &mut idle, &mut body] {
        assert_eq!(closed(stream).await, "");
    }
    let given_up = timeout(PATIENCE, server.given_up.recv()).await;
    given_up
        .expect("an answer that nobody takes is given up")
        .unwrap();
    drop(endless);
    // This one has waited longer than all of them.
    server.go.notify_one();
    until(&mut waiting, "done").await;
}

#[tokio::test]
async fn when_it_is_tight_the_one_that_was_idle_longest_makes_room() {
    let mut server = Server::start(3, Patience::default()).await;
    let mut waiting = server.send("GET /wait HTTP/1.1\r\nhost: x\r\n\r\n").await;
    server.waits.recv().await.unwrap();
    let mut first = server.asked().await;
    let mut second = server.asked().await;
    let mut third = server.asked().await;
    assert_eq!(closed(&mut first).await, "");
    // Used again, it is not the one that was idle longest.
    second
        .write_all(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n")
        .await
        .unwrap();
    until(&mut second, "here").await;
    let _fourth = server.asked().await;
    assert_eq!(closed(&mut third).await, "");
    server.go.notify_one();
    until(&mut waiting, "done").await;
}

#[tokio::test]
async fn a_stop_waits_for_requests_and_not_for_connections() {
    let mut server = Server::start(100, Patience::default()).await;
    let mut waiting = server.send("GET /wait HTTP/1.1\r\nhost: x\r\n\r\n").await;
    server.waits.recv().await.unwrap();
    let mut silent = server.send("").await;
    let mut head = server.send("GET / HT").await;
    let mut idle = server.asked().await;
    server.stopping.cancel();
    for stream in [&mut silent, &mut head, &mut idle] {
        closed(stream).await;
    }
    assert!(!server.ended.is_finished());
    server.go.notify_one();
    assert!(closed(&mut waiting).await.ends_with("done"));
    let ended = timeout(PATIENCE, server.ended).await;
    ended.expect("it ends").unwrap();
}

#[test]
fn a_part_of_the_descriptors_is_kept_for_everything_else() {
    assert_eq!(most_connections(256), 128);
    assert_eq!(most_connections(320), 192);
    assert_eq!(most_connections(1024), 768);
    assert_eq!(most_connections(1_048_576), 786_432);
}

#[tokio::test]
async fn idle_connections_lock_out_neither_requests_nor_agents() {
    let place = Place::new(Engine::Sqlite).await;
    let program = Program::with_descriptors(&place, 256, 320).await;
    let mut idle = Vec::new();
    for _ in 0..400 {
        idle.push(TcpStream::connect(program.address()).await.unwrap());
    }
    let client = program.client();
    // The agent has the limit that the server was started with, and not the server's own.
    let task = json!({"description": "ulimit -Sn", "agent": "shell"});
    let number = client.create(task).await.number;
    client.until(number, TaskStatus::Completed).await;
    let log = client.get(&format!("/api/tasks/{number}/logs")).await;
    assert_eq!(log.json()[0]["message"], "256");
    drop(idle);
    program.stop().await;
}
