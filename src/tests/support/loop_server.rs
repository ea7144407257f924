//! The event server of a convergence loop, which does what it is told: sends, garbles, splits,
//! hangs up, and comes back.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use futures_util::{SinkExt, StreamExt};
use tokio::io::AsyncReadExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::task::JoinSet;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::frame::Frame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{Data, OpCode};
use tokio_tungstenite::{WebSocketStream, accept_async};

/// A loop's server. What it is told to do waits until somebody is connected.
pub(crate) struct LoopServer {
    url: String,
    acts: UnboundedSender<Act>,
    /// When each connection came.
    came: Arc<Mutex<Vec<Instant>>>,
    _serving: JoinSet<()>,
}

#[derive(Clone, Copy, Eq, PartialEq)]
enum Kind {
    Forgetful,
    Replaying,
    Closing,
    Flapping,
}

enum Act {
    Send(String),
    /// One message in three frames.
    Split(String),
    Binary(Vec<u8>),
    /// Reads nothing but so many pings, and answers none of them.
    IgnorePings(usize),
    /// Cuts the connection without a word.
    HangUp,
}

/// An empty ping of a client, with its mask.
const PING_BYTES: usize = 6;
const GREETING: &str = r#"{"type": "connected", "timestamp": "2026-11-21T22:31:03.328351"}"#;

impl LoopServer {
    /// Like the real one: a client that connects late misses the start.
    pub(crate) async fn start() -> Self {
        Self::serve(Kind::Forgetful).await
    }

    /// Sends every earlier message again to whoever connects.
    pub(crate) async fn replaying() -> Self {
        Self::serve(Kind::Replaying).await
    }

    /// Greets whoever connects, and closes.
    pub(crate) async fn closing() -> Self {
        Self::serve(Kind::Closing).await
    }

    /// Greets whoever connects, tells of one new event, and closes.
    pub(crate) async fn flapping() -> Self {
        Self::serve(Kind::Flapping).await
    }

    async fn serve(kind: Kind) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("ws://{}", listener.local_addr().unwrap());
        let (acts, told) = unbounded_channel();
        let mut serving = JoinSet::new();
        let came: Arc<Mutex<Vec<Instant>>> = Arc::default();
        serving.spawn(serve(listener, told, kind, Arc::clone(&came)));
        Self {
            url,
            acts,
            came,
            _serving: serving,
        }
    }

    pub(crate) fn url(&self) -> String {
        self.url.clone()
    }

    /// How long after the one before each connection came.
    pub(crate) fn pauses(&self) -> Vec<Duration> {
        let came = self.came.lock().unwrap();
        came.windows(2).map(|pair| pair[1] - pair[0]).collect()
    }

    pub(crate) fn send(&self, text: impl Into<String>) {
        self.act(Act::Send(text.into()));
    }

    pub(crate) fn send_split(&self, text: impl Into<String>) {
        self.act(Act::Split(text.into()));
    }

    pub(crate) fn send_binary(&self, bytes: &[u8]) {
        self.act(Act::Binary(bytes.to_vec()));
    }

    /// Like a loop whose only thread is busy while so many pings come.
    pub(crate) fn ignore_pings(&self, count: usize) {
        self.act(Act::IgnorePings(count));
    }

    pub(crate) fn hang_up(&self) {
        self.act(Act::HangUp);
    }

    fn act(&self, act: Act) {
        assert!(self.acts.send(act).is_ok(), "the loop's server runs");
    }
}

async fn serve(
    listener: TcpListener,
    mut told: UnboundedReceiver<Act>,
    kind: Kind,
    came: Arc<Mutex<Vec<Instant>>>,
) {
    let sent: Arc<Mutex<Vec<String>>> = Arc::default();
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        came.lock().unwrap().push(Instant::now());
        let Ok(mut socket) = accept_async(stream).await else {
            continue;
        };
        // What fails is the client's affair: it comes back.
        if matches!(kind, Kind::Closing | Kind::Flapping) {
            let _gone = socket.send(Message::text(GREETING)).await;
            if kind == Kind::Flapping {
                let number = came.lock().unwrap().len();
                let event = format!(
                    r#"{{"session_id": "s", "event_type": "HELLO", "event_id": "{number}"}}"#
                );
                let _gone = socket.send(Message::text(event)).await;
            }
            let _gone = socket.close(None).await;
            continue;
        }
        let history = (kind == Kind::Replaying).then_some(&sent);
        let _gone = talk(&mut socket, &mut told, history).await;
    }
}

type Gone = tokio_tungstenite::tungstenite::Error;

async fn talk(
    socket: &mut WebSocketStream<TcpStream>,
    told: &mut UnboundedReceiver<Act>,
    history: Option<&Arc<Mutex<Vec<String>>>>,
) -> Result<(), Gone> {
    socket.send(Message::text(GREETING)).await?;
    let earlier = history.map(|sent| sent.lock().unwrap().clone());
    for text in earlier.into_iter().flatten() {
        socket.send(Message::text(text)).await?;
    }
    loop {
        tokio::select! {
            heard = socket.next() => {
                // Pings are answered by the library.
                heard.ok_or(Gone::ConnectionClosed)??;
            }
            act = told.recv() => match act {
                None | Some(Act::HangUp) => return Ok(()),
                Some(Act::Send(text)) => {
                    if let Some(sent) = history {
                        sent.lock().unwrap().push(text.clone());
                    }
                    socket.send(Message::text(text)).await?;
                }
                Some(Act::IgnorePings(count)) => {
                    let mut pings = vec![0; count * PING_BYTES];
                    let read = socket.get_mut().read_exact(&mut pings).await;
                    read.map_err(Gone::Io)?;
                }
                Some(Act::Binary(bytes)) => socket.send(Message::binary(bytes)).await?,
                Some(Act::Split(text)) => {
                    for frame in thirds(text.as_bytes()) {
                        socket.send(Message::Frame(frame)).await?;
                    }
                }
            },
        }
    }
}

/// The message in three frames; a character may be cut in two.
fn thirds(bytes: &[u8]) -> [Frame; 3] {
    let (first, rest) = bytes.split_at(bytes.len() / 3);
    let (second, third) = rest.split_at(rest.len() / 2);
    let more = OpCode::Data(Data::Continue);
    [
        Frame::message(first.to_vec(), OpCode::Data(Data::Text), false),
        Frame::message(second.to_vec(), more, false),
        Frame::message(third.to_vec(), more, true),
    ]
}
