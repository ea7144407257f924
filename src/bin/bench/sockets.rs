//! Thousands of WebSocket clients in one thread: each reads raw frames and notes when which
//! message arrived.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;
use std::time::Instant;

use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::sync::Notify;
use tokio::task::{JoinSet, LocalSet};

use super::Outcome;
use super::process::Process;

/// What all sockets noted.
#[derive(Default)]
pub(super) struct Notes {
    /// Number and moment of every numbered message of every socket.
    pub(super) arrivals: Vec<(u64, Instant)>,
    /// The whole text of what the first socket got, by number.
    pub(super) witnessed: HashMap<u64, String>,
    /// Sockets that ended, or got numbers out of order.
    pub(super) broken: usize,
    /// Sockets that were greeted.
    greeted: usize,
}

/// Connected clients; they end with this.
pub(super) struct Sockets {
    pub(super) notes: Rc<RefCell<Notes>>,
    clients: LocalSet,
    greeted: Rc<Notify>,
    count: usize,
}

impl Sockets {
    /// Connects `count` sockets and waits until each was greeted.
    pub(super) async fn connect(server: &Process, count: usize) -> Outcome<Self> {
        let notes = Rc::new(RefCell::new(Notes::default()));
        let mut all = Self {
            notes,
            clients: LocalSet::new(),
            greeted: Rc::default(),
            count: 0,
        };
        let mut opening = JoinSet::new();
        let address = server.address;
        while all.count < count || !opening.is_empty() {
            while all.count < count && opening.len() < 64 {
                all.count += 1;
                opening.spawn(open(address));
            }
            if let Some(stream) = opening.join_next().await {
                let is_witness = all.count == opening.len() + 1;
                let client = Client::new(&all, is_witness);
                all.clients.spawn_local(client.follow(stream??));
            }
        }
        let (greeted, notes) = (Rc::clone(&all.greeted), Rc::clone(&all.notes));
        all.during(async move {
            while notes.borrow().greeted < count {
                greeted.notified().await;
            }
        })
        .await;
        Ok(all)
    }

    /// Lets the clients read while `work` runs.
    pub(super) async fn during<T>(&self, work: impl Future<Output = T>) -> T {
        self.clients.run_until(work).await
    }
}

async fn open(address: std::net::SocketAddr) -> Outcome<TcpStream> {
    let mut stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    let request = format!(
        "GET /ws HTTP/1.1\r\nhost: {address}\r\nconnection: upgrade\r\nupgrade: websocket\r\n\
         sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).await?;
    Ok(stream)
}

struct Client {
    notes: Rc<RefCell<Notes>>,
    greeted: Rc<Notify>,
    is_witness: bool,
    /// The response's head is behind us.
    upgraded: bool,
    last: u64,
    /// The beginning of what has not arrived completely.
    rest: Vec<u8>,
}

impl Client {
    fn new(all: &Sockets, is_witness: bool) -> Self {
        Self {
            notes: Rc::clone(&all.notes),
            greeted: Rc::clone(&all.greeted),
            is_witness,
            upgraded: false,
            last: 0,
            rest: Vec::new(),
        }
    }

    async fn follow(mut self, stream: TcpStream) {
        while stream.readable().await.is_ok() {
            // Lives for this reading only: thousands of sockets share one stack.
            let mut buffer = [0; 16 * 1024];
            match stream.try_read(&mut buffer) {
                Ok(0) => break,
                Ok(n) => self.take(&buffer[..n]),
                Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {}
                Err(_) => break,
            }
        }
        self.notes.borrow_mut().broken += 1;
    }

    fn take(&mut self, arrived: &[u8]) {
        let now = Instant::now();
        let joined;
        let mut bytes = if self.rest.is_empty() {
            arrived
        } else {
            self.rest.extend_from_slice(arrived);
            joined = std::mem::take(&mut self.rest);
            &joined[..]
        };
        if !self.upgraded {
            let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") else {
                self.rest = bytes.to_vec();
                return;
            };
            self.upgraded = true;
            bytes = &bytes[end + 4..];
        }
        while let Some((text, after)) = frame(bytes) {
            self.note(text, now);
            bytes = after;
        }
        self.rest.extend_from_slice(bytes);
    }

    fn note(&mut self, text: &[u8], now: Instant) {
        let mut notes = self.notes.borrow_mut();
        if text.starts_with(br#"{"type":"hello""#) {
            notes.greeted += 1;
            self.greeted.notify_one();
            return;
        }
        let Some(seq) = number_after(text, b"\"seq\":") else {
            return;
        };
        if seq <= self.last {
            notes.broken += 1;
        }
        self.last = seq;
        notes.arrivals.push((seq, now));
        if self.is_witness {
            notes
                .witnessed
                .insert(seq, String::from_utf8_lossy(text).into_owned());
        }
    }
}

/// Splits off the payload of one complete frame of a server.
fn frame(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (&short, rest) = bytes.get(1..)?.split_first()?;
    let (length, rest) = match short {
        126 => {
            let (length, rest) = rest.split_first_chunk::<2>()?;
            (usize::from(u16::from_be_bytes(*length)), rest)
        }
        127 => {
            let (length, rest) = rest.split_first_chunk::<8>()?;
            (usize::try_from(u64::from_be_bytes(*length)).ok()?, rest)
        }
        short => (usize::from(short), rest),
    };
    rest.split_at_checked(length)
}

/// The number behind `key`, which stands near the beginning.
fn number_after(text: &[u8], key: &[u8]) -> Option<u64> {
    let near = &text[..text.len().min(64)];
    let at = near.windows(key.len()).position(|window| window == key)? + key.len();
    let digits = near[at..].iter().take_while(|byte| byte.is_ascii_digit());
    Some(digits.fold(0, |number, digit| number * 10 + u64::from(digit - b'0')))
}
