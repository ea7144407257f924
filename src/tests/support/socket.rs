//! A client of `/ws`.

use std::net::SocketAddr;

use futures_util::{SinkExt, StreamExt};
use serde_json::Value;
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::{WebSocketStream, client_async};

use super::Frame;
use super::PATIENCE;
use crate::domain::{Epoch, Seq};

/// A socket that follows the feed.
pub(crate) struct Socket {
    stream: WebSocketStream<TcpStream>,
    /// The first frame: the session heard from last, as `GET /api/state`.
    pub(crate) state: Value,
    /// Where the feed stood when it was greeted.
    pub(crate) epoch: Epoch,
    pub(crate) seq: Seq,
}

impl Socket {
    /// Connects, and takes the two frames of the greeting.
    pub(crate) async fn open(address: SocketAddr) -> Self {
        Self::on(TcpStream::connect(address).await.unwrap(), address, None).await
    }

    /// Connects as the actor with this token.
    pub(crate) async fn open_as(address: SocketAddr, token: &str) -> Self {
        let stream = TcpStream::connect(address).await.unwrap();
        Self::on(stream, address, Some(token)).await
    }

    /// One that can hold little, so that a server notices soon when it does not read.
    pub(crate) async fn open_narrow(address: SocketAddr) -> Self {
        let socket = TcpSocket::new_v4().unwrap();
        socket.set_recv_buffer_size(4096).unwrap();
        Self::on(socket.connect(address).await.unwrap(), address, None).await
    }

    async fn on(stream: TcpStream, address: SocketAddr, token: Option<&str>) -> Self {
        let mut request = format!("ws://{address}/ws").into_client_request().unwrap();
        if let Some(token) = token {
            let value = format!("Bearer {token}").parse().unwrap();
            request.headers_mut().insert("authorization", value);
        }
        let (stream, _) = client_async(request, stream).await.unwrap();
        let mut socket = Self {
            stream,
            state: Value::Null,
            epoch: String::new(),
            seq: 0,
        };
        let first = socket.next().await;
        let Frame::State { data } = first else {
            panic!("not a state: {first:?}")
        };
        socket.state = data;
        let second = socket.next().await;
        let Frame::Hello { epoch, seq } = second else {
            panic!("not a hello: {second:?}")
        };
        Self {
            epoch,
            seq,
            ..socket
        }
    }

    pub(crate) async fn next(&mut self) -> Frame {
        let text = self.next_text().await.expect("the socket is open");
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"))
    }

    /// The text of the next frame; nothing once the server has closed or cut the socket.
    pub(crate) async fn next_text(&mut self) -> Option<String> {
        loop {
            let frame = timeout(PATIENCE, self.stream.next())
                .await
                .expect("a frame in time");
            match frame? {
                Ok(Message::Text(text)) => return Some(text.as_str().to_owned()),
                Ok(Message::Ping(_)) => {}
                Ok(Message::Close(_)) | Err(_) => return None,
                Ok(other) => panic!("an odd frame: {other:?}"),
            }
        }
    }

    /// With which code the server closes the socket; nothing when it just cuts it.
    pub(crate) async fn close_code(&mut self) -> Option<u16> {
        loop {
            let frame = timeout(PATIENCE, self.stream.next())
                .await
                .expect("a frame in time");
            match frame {
                Some(Ok(Message::Close(frame))) => return frame.map(|frame| frame.code.into()),
                Some(Ok(_)) => {}
                None | Some(Err(_)) => return None,
            }
        }
    }

    /// The first frame that `wanted` accepts; the others are skipped.
    pub(crate) async fn find<T>(&mut self, wanted: impl Fn(Frame) -> Option<T>) -> T {
        loop {
            if let Some(found) = wanted(self.next().await) {
                return found;
            }
        }
    }

    pub(crate) async fn send(&mut self, frame: &Value) {
        self.send_text(&frame.to_string()).await;
    }

    pub(crate) async fn send_text(&mut self, text: &str) {
        self.stream.send(Message::text(text)).await.unwrap();
    }

    pub(crate) async fn send_bytes(&mut self, bytes: &[u8]) {
        self.stream
            .send(Message::binary(bytes.to_vec()))
            .await
            .unwrap();
    }

    /// Everything up to the answer to a ping: what the server had to say before it.
    pub(crate) async fn until_pong(&mut self) -> Vec<Frame> {
        self.send(&serde_json::json!({"action": "ping"})).await;
        let mut frames = Vec::new();
        loop {
            match self.next().await {
                Frame::Pong => return frames,
                frame => frames.push(frame),
            }
        }
    }
}

/// The number of a message of the feed.
pub(crate) fn seq_of(frame: &Frame) -> Option<Seq> {
    match frame {
        Frame::Task { seq, .. }
        | Frame::Agent { seq, .. }
        | Frame::Logs { seq, .. }
        | Frame::Activity { seq, .. }
        | Frame::Event { seq, .. } => Some(*seq),
        _ => None,
    }
}
