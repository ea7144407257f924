//! An HTTP/1.1 client that does as little as possible: one connection, one request at a time.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::Outcome;

/// A kept-alive connection.
pub(crate) struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
}

/// What came back.
pub(crate) struct Response {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
    /// From sending to the first byte.
    pub(crate) first_byte: Duration,
    /// From sending to the last byte.
    pub(crate) whole: Duration,
}

impl Response {
    /// A header's value; `name` is in lower case.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        header(&self.head, name)
    }

    /// The body, when the status is what was expected.
    pub(crate) fn expect(self, status: u16) -> Outcome<Self> {
        if self.status == status {
            return Ok(self);
        }
        let body = String::from_utf8_lossy(&self.body);
        Err(format!("status {} instead of {status}: {body}", self.status).into())
    }
}

impl Connection {
    pub(crate) async fn open(address: SocketAddr) -> Outcome<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Self {
            stream,
            buffer: Vec::with_capacity(64 * 1024),
        })
    }

    pub(crate) async fn get(&mut self, path: &str) -> Outcome<Response> {
        let request = request("GET", path, "", b"");
        self.send(&request).await
    }

    /// Sends a whole request and reads the whole response.
    pub(crate) async fn send(&mut self, request: &[u8]) -> Outcome<Response> {
        self.buffer.clear();
        let begun = Instant::now();
        self.stream.write_all(request).await?;
        self.fill().await?;
        let first_byte = begun.elapsed();
        let end = loop {
            match find(&self.buffer, b"\r\n\r\n") {
                Some(end) => break end + 4,
                None => self.fill().await?,
            }
        };
        let head = String::from_utf8_lossy(&self.buffer[..end]).into_owned();
        let status = head.get(9..12).ok_or("no status")?.parse()?;
        let body = if header(&head, "transfer-encoding").is_some() {
            self.chunks(end).await?
        } else {
            let length: usize = header(&head, "content-length").unwrap_or("0").parse()?;
            while self.buffer.len() < end + length {
                self.fill().await?;
            }
            self.buffer[end..end + length].to_vec()
        };
        Ok(Response {
            status,
            head,
            body,
            first_byte,
            whole: begun.elapsed(),
        })
    }

    async fn chunks(&mut self, mut at: usize) -> Outcome<Vec<u8>> {
        let mut body = Vec::new();
        loop {
            let line = loop {
                match find(&self.buffer[at..], b"\r\n") {
                    Some(line) => break line,
                    None => self.fill().await?,
                }
            };
            let size = std::str::from_utf8(&self.buffer[at..at + line])?.to_owned();
            let size = usize::from_str_radix(size.trim(), 16)?;
            at += line + 2;
            while self.buffer.len() < at + size + 2 {
                self.fill().await?;
            }
            if size == 0 {
                return Ok(body);
            }
            body.extend_from_slice(&self.buffer[at..at + size]);
            at += size + 2;
        }
    }

    async fn fill(&mut self) -> Outcome<()> {
        match self.stream.read_buf(&mut self.buffer).await? {
            0 => Err("the server closed the connection".into()),
            _ => Ok(()),
        }
    }
}

/// The bytes of a request, to be sent many times.
pub(crate) fn request(method: &str, path: &str, headers: &str, body: &[u8]) -> Vec<u8> {
    let length = body.len();
    let head = format!(
        "{method} {path} HTTP/1.1\r\nhost: localhost\r\ncontent-length: {length}\r\n{headers}\r\n"
    );
    [head.as_bytes(), body].concat()
}

fn header<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    head.lines().find_map(|line| {
        let (key, value) = line.split_once(':')?;
        key.eq_ignore_ascii_case(name).then(|| value.trim())
    })
}

fn find(text: &[u8], part: &[u8]) -> Option<usize> {
    text.windows(part.len()).position(|window| window == part)
}
