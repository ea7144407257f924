//! Connections: accepting them, bounding how many there are and how long they may do nothing, and
//! ending them when the server stops.
//!
//! Each connection says what it does in a few numbers ([`Held`]), which one task looks through
//! every second; so an idle connection costs no timer, and a socket of the feed nothing at all.

mod connection;
mod held;

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{MissedTickBehavior, interval, sleep};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::ServiceExt;

use self::connection::{Received, Sent, Watched};
use self::held::{Connections, Held};

/// A request's head may be this long; what a connection once read stays allocated.
const LONGEST_HEAD: usize = 64 * 1024;
/// How often to look for connections that take too long.
const ROUND: Duration = Duration::from_secs(1);
/// How long to wait before looking again when there is no room for a connection.
const SHORTAGE: Duration = Duration::from_millis(50);

/// How long a connection may take.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Patience {
    /// To send a whole head.
    pub(crate) head: Duration,
    /// Between one answer and the next request.
    pub(crate) idle: Duration,
    /// To send more of a body, or to take more of an answer.
    pub(crate) stall: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            head: Duration::from_secs(10),
            idle: Duration::from_secs(75),
            stall: Duration::from_secs(30),
        }
    }
}

/// How many connections there may be when this many descriptors may be open. The rest is for
/// agents, the database and files.
pub(crate) fn most_connections(descriptors: u64) -> usize {
    let reserve = (descriptors / 4).max(128).min(descriptors / 2);
    usize::try_from(descriptors - reserve).unwrap_or(usize::MAX)
}

/// Serves until `stopping` fires, and then until every request under way is answered.
pub(crate) async fn serve(
    listener: TcpListener,
    routes: Router,
    most: usize,
    patience: Patience,
    stopping: CancellationToken,
) {
    let connections = Arc::new(Connections::new(most));
    let tasks = TaskTracker::new();
    let watching = tasks.spawn(watch(Arc::clone(&connections), patience, stopping.clone()));
    loop {
        let stream = tokio::select! {
            () = stopping.cancelled() => break,
            stream = accept(&listener, &connections) => stream,
        };
        // Small frames must not wait for large ones.
        let _unsupported = stream.set_nodelay(true);
        let held = connections.add();
        tasks.spawn(Box::pin(converse(stream, held, routes.clone())));
    }
    drop(listener);
    tasks.close();
    connections.end_all();
    // Whoever began before this line is asked again.
    let ended = async {
        let mut rounds = interval(ROUND);
        loop {
            rounds.tick().await;
            connections.end_all();
        }
    };
    tokio::select! {
        () = tasks.wait() => {}
        () = ended => {}
    }
    let _ended = watching.await;
}

/// The next connection. When there are too many, the one that has been idle longest makes room.
async fn accept(listener: &TcpListener, connections: &Connections) -> TcpStream {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                connections.make_room().await;
                return stream;
            }
            Err(error) if is_of_the_client(&error) => {}
            Err(error) => {
                tracing::warn!(%error, "no connection can be accepted");
                connections.end_oldest();
                sleep(SHORTAGE).await;
            }
        }
    }
}

/// The client was gone before it was accepted.
fn is_of_the_client(error: &std::io::Error) -> bool {
    use std::io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset, Interrupted};
    matches!(
        error.kind(),
        ConnectionAborted | ConnectionRefused | ConnectionReset | Interrupted
    )
}

async fn watch(connections: Arc<Connections>, patience: Patience, stopping: CancellationToken) {
    let mut rounds = interval(ROUND.min(patience.head));
    rounds.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            () = stopping.cancelled() => return,
            _ = rounds.tick() => connections.end_overdue(patience),
        }
    }
}

/// Answers the requests of one connection, until it ends or is told to.
async fn converse(stream: TcpStream, held: Arc<Held>, routes: Router) {
    let io = TokioIo::new(Watched::new(stream, Arc::clone(&held)));
    let of = Arc::clone(&held);
    let answer = service_fn(move |request: hyper::Request<Incoming>| {
        let (of, routes) = (Arc::clone(&of), routes.clone());
        of.begin();
        async move {
            let request = request.map(|body| Body::new(Received::new(body, Arc::clone(&of))));
            let response = routes.oneshot(request).await?;
            if response.status() == hyper::StatusCode::SWITCHING_PROTOCOLS {
                of.switch();
            }
            Ok::<_, Infallible>(response.map(|body| Sent::new(body, of)))
        }
    });
    let conversation = http1::Builder::new()
        .max_buf_size(LONGEST_HEAD)
        .serve_connection(io, answer)
        .with_upgrades();
    let mut conversation = Box::pin(conversation);
    loop {
        tokio::select! {
            // How a connection ended is the client's affair.
            _ended = conversation.as_mut() => return,
            () = held.told_to_end() => {
                if !held.may_finish() {
                    return;
                }
                conversation.as_mut().graceful_shutdown();
            }
        }
    }
}
