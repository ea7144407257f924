//! The bare program: axum and nothing else, doing what the server does at its plainest.

use std::io::Write;

use axum::Router;
use axum::body::Bytes;
use axum::extract::ws::{Message, Utf8Bytes, WebSocket, WebSocketUpgrade};
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::{any, get, post};
use axum::serve::ListenerExt;
use tokio::net::TcpListener;
use tokio::sync::broadcast::{self, Sender};

use super::Outcome;

/// `POST /echo` answers its body, `GET /zeros/{count}` so many bytes; `POST /push` sends its body
/// to every socket of `/ws`.
pub(crate) async fn serve() -> Outcome<()> {
    let (sender, _) = broadcast::channel::<Utf8Bytes>(4096);
    let routes = Router::new()
        .route("/echo", post(|body: Bytes| async { body }))
        .route("/zeros/{count}", get(zeros))
        .route("/push", post(push))
        .route("/ws", any(upgrade))
        .with_state(sender);
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    writeln!(std::io::stdout(), "listening on http://{address}")?;
    let listener = listener.tap_io(|stream| {
        let _unsupported = stream.set_nodelay(true);
    });
    Ok(axum::serve(listener, routes).await?)
}

async fn zeros(Path(count): Path<usize>) -> Vec<u8> {
    vec![0; count]
}

async fn push(State(sender): State<Sender<Utf8Bytes>>, body: Bytes) -> StatusCode {
    match Utf8Bytes::try_from(body) {
        Ok(text) => {
            let _listeners = sender.send(text);
            StatusCode::OK
        }
        Err(_) => StatusCode::BAD_REQUEST,
    }
}

async fn upgrade(State(sender): State<Sender<Utf8Bytes>>, upgrade: WebSocketUpgrade) -> Response {
    upgrade
        .read_buffer_size(4096)
        .on_upgrade(move |socket| follow(socket, sender))
}

async fn follow(mut socket: WebSocket, sender: Sender<Utf8Bytes>) {
    let mut messages = sender.subscribe();
    let hello = Message::Text(Utf8Bytes::from_static(
        r#"{"type":"hello","epoch":"bare","seq":0}"#,
    ));
    if socket.send(hello).await.is_err() {
        return;
    }
    loop {
        tokio::select! {
            message = messages.recv() => {
                let Ok(text) = message else { return };
                if socket.send(Message::Text(text)).await.is_err() {
                    return;
                }
            }
            frame = socket.recv() => {
                if !matches!(frame, Some(Ok(_))) {
                    return;
                }
            }
        }
    }
}
