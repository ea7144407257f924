//! A stream and the bodies on it, which say when they wait for the other side.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use axum::body::{Body, Bytes};
use hyper::body::{Body as Framed, Frame, Incoming, SizeHint};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

use super::held::Held;
use crate::server::api::unheard;

/// A stream of a connection that is counted until it is closed.
pub(super) struct Watched {
    stream: TcpStream,
    held: Arc<Held>,
    /// What is written instead of a bare refusal, and how much of it was.
    instead: Option<(Vec<u8>, usize)>,
}

impl Watched {
    pub(super) fn new(stream: TcpStream, held: Arc<Held>) -> Self {
        let instead = None;
        Self {
            stream,
            held,
            instead,
        }
    }

    fn took<T>(&self, written: Poll<T>) -> Poll<T> {
        self.held.sends(written.is_pending());
        written
    }
}

impl Watched {
    /// True for what the protocol itself answers to a head that it cannot read: it says nothing, and
    /// tells a browser nothing. Every answer of ours names its request.
    fn refuses(&mut self, buf: &[u8]) -> bool {
        if self.instead.is_none() && buf.starts_with(b"HTTP/1.1 4") && buf.ends_with(b"\r\n\r\n") {
            let head = String::from_utf8_lossy(buf);
            if !head.contains("x-request-id: ") {
                let status = head.get(9..12).and_then(|status| status.parse().ok());
                self.instead = Some((unheard(status.unwrap_or(400)), 0));
            }
        }
        self.instead.is_some()
    }

    /// Writes all of what is written instead.
    fn poll_instead(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while let Some((answer, begun)) = &mut self.instead {
            let rest = answer.get(*begun..).unwrap_or_default();
            if rest.is_empty() {
                self.instead = None;
                break;
            }
            let written = Pin::new(&mut self.stream).poll_write(cx, rest);
            *begun += std::task::ready!(written)?;
        }
        Poll::Ready(Ok(()))
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        self.held.closed();
    }
}

impl AsyncRead for Watched {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let read = Pin::new(&mut self.stream).poll_read(cx, buf);
        if buf.filled().len() > before {
            self.held.heard();
        }
        read
    }
}

impl AsyncWrite for Watched {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = if self.refuses(buf) {
            self.poll_instead(cx).map_ok(|()| buf.len())
        } else {
            Pin::new(&mut self.stream).poll_write(cx, buf)
        };
        self.took(written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        if let Some(first) = bufs.iter().find(|buf| !buf.is_empty())
            && self.refuses(first)
        {
            return self.poll_write(cx, first);
        }
        let written = Pin::new(&mut self.stream).poll_write_vectored(cx, bufs);
        self.took(written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

/// The body of a request.
pub(super) struct Received {
    body: Incoming,
    held: Arc<Held>,
}

impl Received {
    pub(super) fn new(body: Incoming, held: Arc<Held>) -> Self {
        Self { body, held }
    }
}

impl Framed for Received {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        let frame = Framed::poll_frame(Pin::new(&mut self.body), cx);
        self.held.receives(frame.is_pending());
        frame
    }

    fn is_end_stream(&self) -> bool {
        Framed::is_end_stream(&self.body)
    }

    fn size_hint(&self) -> SizeHint {
        Framed::size_hint(&self.body)
    }
}

impl Drop for Received {
    fn drop(&mut self) {
        self.held.receives(false);
    }
}

/// The body of an answer; when it is gone, the request is answered.
pub(super) struct Sent {
    body: Body,
    held: Arc<Held>,
}

impl Sent {
    pub(super) fn new(body: Body, held: Arc<Held>) -> Self {
        Self { body, held }
    }
}

impl Framed for Sent {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Framed::poll_frame(Pin::new(&mut self.body), cx)
    }

    fn is_end_stream(&self) -> bool {
        Framed::is_end_stream(&self.body)
    }

    fn size_hint(&self) -> SizeHint {
        Framed::size_hint(&self.body)
    }
}

impl Drop for Sent {
    fn drop(&mut self) {
        self.held.answered();
    }
}
