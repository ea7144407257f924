//! The event server: a greeting, every earlier event of the session, then what happens. Each
//! client reads the journal at its own pace, so a slow one costs a place in a file.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::extract::ws::{Message, WebSocket, WebSocketUpgrade};
use axum::http::{HeaderMap, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use axum::serve::ListenerExt;
use serde_json::json;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use super::journal::{Journal, Reader};
use crate::server::clock::Clock;

/// A client that takes nothing for so long is gone.
const PATIENCE: Duration = Duration::from_secs(30);
/// How long a client may take to answer that the connection is closed.
const FAREWELL: Duration = Duration::from_secs(1);
/// Of what a client says, which means nothing.
const LONGEST_MESSAGE: usize = 64 * 1024;
/// More at once are refused.
const MOST_CLIENTS: usize = 64;
/// Events that are taken from the journal at once.
const TOGETHER: usize = 100;

/// What the clients have.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct Served {
    /// Clients that are connected.
    pub(crate) open: usize,
    /// How often a client was told everything of a session that is over.
    pub(crate) complete: usize,
}

/// The server; whoever holds it decides which session is told of.
pub(crate) struct Socket {
    pub(crate) address: SocketAddr,
    session: watch::Sender<Option<Arc<Journal>>>,
    served: watch::Receiver<Served>,
}

#[derive(Clone)]
struct Shared {
    session: watch::Receiver<Option<Arc<Journal>>>,
    served: Arc<watch::Sender<Served>>,
    stopping: CancellationToken,
    clock: Clock,
}

impl Socket {
    /// Listens; the future serves until `stopping` fires.
    pub(crate) fn open(
        listener: TcpListener,
        clock: Clock,
        stopping: CancellationToken,
    ) -> std::io::Result<(Self, impl Future<Output = ()> + Send)> {
        let address = listener.local_addr()?;
        let (session, heard) = watch::channel(None);
        let (counting, served) = watch::channel(Served::default());
        let shared = Shared {
            session: heard,
            served: Arc::new(counting),
            stopping: stopping.clone(),
            clock,
        };
        // Loops are addressed without a path, and nobody minds one.
        let routes = Router::new().fallback(connect).with_state(shared);
        let listener = listener.tap_io(|stream| {
            let _unsupported = stream.set_nodelay(true);
        });
        let serving = async move {
            let serving = axum::serve(listener, routes);
            // It ends only when told to.
            let _ = serving
                .with_graceful_shutdown(stopping.cancelled_owned())
                .await;
        };
        let socket = Self {
            address,
            session,
            served,
        };
        Ok((socket, serving))
    }

    /// Clients hear of this session from now on, when they have heard all of the one before.
    pub(crate) fn tell(&self, journal: &Arc<Journal>) {
        self.session.send_replace(Some(Arc::clone(journal)));
    }

    /// Waits until clients are as `are` wants them.
    pub(crate) async fn until(&self, are: impl FnMut(&Served) -> bool) {
        // The sender lives as long as the server; when that is gone there is nobody to wait for.
        let _ = self.served.clone().wait_for(are).await;
    }

    /// Nobody will be told anything new: clients that have heard all are let go.
    pub(crate) fn finish(self) -> watch::Receiver<Served> {
        self.served
    }
}

async fn connect(
    State(shared): State<Shared>,
    headers: HeaderMap,
    upgrade: Result<WebSocketUpgrade, axum::extract::ws::rejection::WebSocketUpgradeRejection>,
) -> Response {
    if !is_welcome(&headers) {
        let words = "a page of another site may not listen\n";
        return (StatusCode::FORBIDDEN, words).into_response();
    }
    if shared.served.borrow().open >= MOST_CLIENTS {
        return (StatusCode::SERVICE_UNAVAILABLE, "too many listeners\n").into_response();
    }
    let Ok(upgrade) = upgrade else {
        let words = "this is the event server of a convergence loop: connect by WebSocket\n";
        return (StatusCode::UPGRADE_REQUIRED, words).into_response();
    };
    let upgrade = upgrade.max_message_size(LONGEST_MESSAGE);
    upgrade.on_upgrade(async move |socket| serve(socket, shared).await)
}

/// Programs say nothing of an origin; pages do, and only those of this machine may listen. That
/// the page's host is the one that is addressed proves nothing: names can be pointed anywhere.
fn is_welcome(headers: &HeaderMap) -> bool {
    let Some(origin) = headers.get(header::ORIGIN) else {
        return true;
    };
    let origin: Option<Uri> = origin.to_str().ok().and_then(|it| it.parse().ok());
    let host = origin.as_ref().and_then(Uri::host).unwrap_or_default();
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    bare == "localhost" || bare.parse().is_ok_and(|it: IpAddr| it.is_loopback())
}

async fn serve(mut socket: WebSocket, shared: Shared) {
    shared.served.send_modify(|served| served.open += 1);
    let stopping = shared.stopping.clone();
    // A client that is gone is told nothing more; it comes back if it likes.
    let talk = talk(&mut socket, &shared);
    let _gone = stopping.run_until_cancelled(talk).await;
    let farewell = async {
        if socket.send(Message::Close(None)).await.is_ok() {
            while let Some(Ok(_)) = socket.recv().await {}
        }
    };
    let _ = timeout(FAREWELL, farewell).await;
    shared.served.send_modify(|served| served.open -= 1);
}

/// The client is gone.
struct Gone;

async fn talk(socket: &mut WebSocket, shared: &Shared) -> Result<(), Gone> {
    let mut session = shared.session.clone();
    let greeting = json!({"type": "connected", "timestamp": shared.clock.now()});
    send(socket, greeting.to_string()).await?;
    loop {
        let journal = session.borrow_and_update().clone();
        if let Some(journal) = journal {
            tell(socket, journal.reader(0)).await?;
            shared.served.send_modify(|served| served.complete += 1);
        }
        tokio::select! {
            changed = session.changed() => if changed.is_err() {
                return Ok(());
            },
            () = hear(socket) => return Err(Gone),
        }
    }
}

/// Tells everything of one session.
async fn tell(socket: &mut WebSocket, mut reader: Reader) -> Result<(), Gone> {
    loop {
        let lines = tokio::select! {
            lines = reader.peek(TOGETHER) => lines,
            () = hear(socket) => return Err(Gone),
        };
        let Some(lines) = lines.map_err(|_| Gone)? else {
            return Ok(());
        };
        for line in &lines {
            send(socket, line.text.clone()).await?;
        }
        reader.advance(&lines);
    }
}

async fn send(socket: &mut WebSocket, text: String) -> Result<(), Gone> {
    let sending = socket.send(Message::text(text));
    match timeout(PATIENCE, sending).await {
        Ok(Ok(())) => Ok(()),
        _ => Err(Gone),
    }
}

/// Listens, which answers pings, until the client is gone. What it says means nothing.
async fn hear(socket: &mut WebSocket) {
    while let Some(Ok(message)) = socket.recv().await {
        if matches!(message, Message::Close(_)) {
            return;
        }
    }
}
