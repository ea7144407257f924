//! The socket to a loop.

use std::time::Duration;

use futures_util::{FutureExt, SinkExt, StreamExt};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{Bytes, Error, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async_with_config};

/// Frames and messages may be so large.
const LARGEST: usize = 16 * 1024 * 1024;
/// How long a handshake may take.
const HANDSHAKE: Duration = Duration::from_secs(10);
/// After so long without a frame the loop is asked whether it lives, and given up after twice
/// that. A step may take minutes in which nothing is said.
const SILENCE: Duration = Duration::from_secs(30);

/// An open socket.
pub(super) struct Client {
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
    /// An end that was seen before its turn.
    ended: Option<Ended>,
}

/// What a loop sent.
pub(super) enum Frame {
    Text(String),
    Binary(Bytes),
}

/// Why listening ended.
pub(super) struct Ended {
    pub(super) words: String,
    /// True when the loop sent what cannot be taken in.
    pub(super) is_malformed: bool,
}

impl Client {
    /// Connects; the error is in words.
    pub(super) async fn connect(url: &str) -> Result<Self, String> {
        let config = WebSocketConfig::default()
            .max_message_size(Some(LARGEST))
            .max_frame_size(Some(LARGEST));
        // Without delay: a pong must not wait for more.
        let connecting = Box::pin(connect_async_with_config(url, Some(config), true));
        match timeout(HANDSHAKE, connecting).await {
            Ok(Ok((socket, _))) => Ok(Self {
                socket,
                ended: None,
            }),
            Ok(Err(error)) => Err(in_words(&error)),
            Err(_) => Err("the handshake took too long".to_owned()),
        }
    }

    pub(super) async fn next(&mut self) -> Result<Frame, Ended> {
        if let Some(ended) = self.ended.take() {
            return Err(ended);
        }
        let mut asked = false;
        loop {
            match timeout(SILENCE, self.socket.next()).await {
                Ok(Some(Ok(message))) => {
                    asked = false;
                    if let Some(frame) = frame(message) {
                        return Ok(frame);
                    }
                }
                Ok(Some(Err(error))) => return Err(Ended::by(&error)),
                Ok(None) => return Err(Ended::because("the loop closed the connection")),
                Err(_) if asked => return Err(Ended::because("the loop does not answer")),
                Err(_) => {
                    asked = true;
                    let ping = Message::Ping(Bytes::new());
                    let sent = self.socket.send(ping).await;
                    sent.map_err(|error| Ended::by(&error))?;
                }
            }
        }
    }

    /// The next frame, if it is there already. An end is left for [`Client::next`].
    pub(super) fn next_if_ready(&mut self) -> Option<Frame> {
        match self.socket.next().now_or_never() {
            Some(Some(Ok(message))) => frame(message),
            Some(Some(Err(error))) => {
                self.ended = Some(Ended::by(&error));
                None
            }
            Some(None) | None => None,
        }
    }
}

fn frame(message: Message) -> Option<Frame> {
    match message {
        Message::Text(text) => Some(Frame::Text(text.as_str().to_owned())),
        Message::Binary(bytes) => Some(Frame::Binary(bytes)),
        // Pings are answered by the library.
        _ => None,
    }
}

impl Ended {
    fn because(words: &str) -> Self {
        Self {
            words: words.to_owned(),
            is_malformed: false,
        }
    }

    fn by(error: &Error) -> Self {
        Self {
            words: in_words(error),
            is_malformed: matches!(
                error,
                Error::Capacity(_) | Error::Utf8(_) | Error::Protocol(_)
            ),
        }
    }
}

/// An error without the address, which may hold a password.
fn in_words(error: &Error) -> String {
    match error {
        Error::Io(error) => error.to_string(),
        Error::Http(answer) => format!("it answered with HTTP status {}", answer.status()),
        Error::Url(_) => "the address cannot be used".to_owned(),
        Error::ConnectionClosed | Error::AlreadyClosed => {
            "the loop closed the connection".to_owned()
        }
        other => other.to_string(),
    }
}
