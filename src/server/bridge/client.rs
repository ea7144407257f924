//! The socket to a loop.

use std::time::Duration;

use futures_util::{FutureExt, SinkExt, StreamExt};
use rustix::net::sockopt;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::error::ProtocolError;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{Bytes, Error, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async_with_config};

/// Frames and messages may be so large.
const LARGEST: usize = 16 * 1024 * 1024;
/// How long a handshake may take.
const HANDSHAKE: Duration = Duration::from_secs(10);
/// TCP asks the other machine after so long without a word, then so often and so many times; two
/// minutes after its last sign of life, it is gone. The program on it is asked nothing.
const KEEPALIVE: (Duration, Duration, u32) = (Duration::from_mins(1), Duration::from_secs(10), 6);
/// The same for what was sent and not taken: a ping, in milliseconds.
const UNTAKEN: u32 = 120_000;

/// An open socket.
pub(crate) struct Client {
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
    /// After so long without a frame a ping is sent; nobody has to answer it.
    ping: Duration,
    /// An end that was seen before its turn.
    ended: Option<Ended>,
}

/// What a loop sent.
pub(crate) enum Frame {
    Text(String),
    Binary(Bytes),
}

/// Why listening ended.
pub(crate) struct Ended {
    pub(crate) words: String,
    /// True when the loop sent what cannot be taken in.
    pub(super) is_malformed: bool,
}

impl Client {
    /// Connects; the error is in words.
    pub(crate) async fn connect(url: &str, ping: Duration) -> Result<Self, String> {
        let config = WebSocketConfig::default()
            .max_message_size(Some(LARGEST))
            .max_frame_size(Some(LARGEST));
        // Without delay: a pong must not wait for more.
        let connecting = Box::pin(connect_async_with_config(url, Some(config), true));
        match timeout(HANDSHAKE, connecting).await {
            Ok(Ok((socket, _))) => {
                keep_alive(socket.get_ref());
                Ok(Self {
                    socket,
                    ping,
                    ended: None,
                })
            }
            Ok(Err(error)) => Err(in_words(&error)),
            Err(_) => Err("the handshake took too long".to_owned()),
        }
    }

    pub(crate) async fn next(&mut self) -> Result<Frame, Ended> {
        if let Some(ended) = self.ended.take() {
            return Err(ended);
        }
        loop {
            match timeout(self.ping, self.socket.next()).await {
                Ok(Some(Ok(message))) => {
                    if let Some(frame) = frame(message) {
                        return Ok(frame);
                    }
                }
                Ok(Some(Err(error))) => return Err(Ended::by(&error)),
                Ok(None) => return Err(Ended::because("the loop closed the connection")),
                Err(_) => {
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

/// Has TCP notice a machine that is gone. Where a system knows one of these no better, its own
/// values stand.
fn keep_alive(stream: &MaybeTlsStream<TcpStream>) {
    let stream = match stream {
        MaybeTlsStream::Plain(stream) => stream,
        MaybeTlsStream::Rustls(stream) => stream.get_ref().0,
        _ => return,
    };
    let (after, every, times) = KEEPALIVE;
    let _unknown = sockopt::set_socket_keepalive(stream, true)
        .and_then(|()| sockopt::set_tcp_keepidle(stream, after))
        .and_then(|()| sockopt::set_tcp_keepintvl(stream, every))
        .and_then(|()| sockopt::set_tcp_keepcnt(stream, times))
        .and_then(|()| sockopt::set_tcp_user_timeout(stream, UNTAKEN));
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
            is_malformed: !is_lost(error)
                && matches!(
                    error,
                    Error::Capacity(_) | Error::Utf8(_) | Error::Protocol(_)
                ),
        }
    }
}

/// True where the other side is gone without a word, as a program that was killed is.
fn is_lost(error: &Error) -> bool {
    matches!(
        error,
        Error::Protocol(ProtocolError::ResetWithoutClosingHandshake)
    )
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
        error if is_lost(error) => "the connection was lost".to_owned(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::net::TcpListener;
    use tokio_tungstenite::{MaybeTlsStream, accept_async};

    use super::{Client, sockopt};

    #[tokio::test]
    async fn tcp_notices_a_machine_that_is_gone() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("ws://{}", listener.local_addr().unwrap());
        let accepting = async { accept_async(listener.accept().await.unwrap().0).await };
        let connecting = Client::connect(&url, Duration::from_secs(30));
        let (client, _server) = tokio::join!(connecting, accepting);
        let client = client.ok().unwrap();
        let MaybeTlsStream::Plain(stream) = client.socket.get_ref() else {
            panic!("there is no TLS");
        };
        assert!(sockopt::socket_keepalive(stream).unwrap());
        let after = sockopt::tcp_keepidle(stream).unwrap();
        let every = sockopt::tcp_keepintvl(stream).unwrap();
        let times = sockopt::tcp_keepcnt(stream).unwrap();
        assert_eq!((after + every * times).as_secs(), 120);
        assert_eq!(sockopt::tcp_user_timeout(stream).unwrap(), 120_000);
    }
}
