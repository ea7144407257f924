//! Stands between a server and its PostgreSQL, and can cut them off from each other.

use std::net::SocketAddr;

use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;

/// Forwards connections until it is dropped.
pub(crate) struct Proxy {
    pub(crate) address: SocketAddr,
    open: watch::Sender<bool>,
    _forwarding: JoinSet<()>,
}

impl Proxy {
    /// To the server that this address of PostgreSQL names.
    pub(crate) async fn to(url: &str) -> Self {
        let (_, rest) = url.rsplit_once('@').expect("an address with a user");
        let (target, _) = rest.split_once('/').expect("an address with a database");
        let target = target.to_owned();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (open, is_open) = watch::channel(true);
        let mut forwarding = JoinSet::new();
        forwarding.spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                connections.spawn(forward(stream, target.clone(), is_open.clone()));
            }
        });
        Self {
            address,
            open,
            _forwarding: forwarding,
        }
    }

    /// Cuts every connection, and every one that is tried.
    pub(crate) fn cut(&self) {
        self.open.send_replace(false);
    }

    pub(crate) fn mend(&self) {
        self.open.send_replace(true);
    }
}

async fn forward(mut stream: TcpStream, target: String, mut is_open: watch::Receiver<bool>) {
    if !*is_open.borrow_and_update() {
        return;
    }
    let mut server = TcpStream::connect(target).await.unwrap();
    tokio::select! {
        _ = copy_bidirectional(&mut stream, &mut server) => {}
        _ = is_open.wait_for(|open| !open) => {}
    }
}
