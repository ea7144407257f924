//! The loop's event server.

use futures_util::future::join_all;
use serde_json::Value;
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::timeout;
use tokio_tungstenite::client_async;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_util::sync::CancellationToken;

use super::program::{Project, listen, types, wait_for};
use crate::domain::{EventType, LoopEvent, LoopState, Timestamp};
use crate::server::clock::Clock;
use crate::server::converge::journal::Journal;
use crate::server::converge::socket::Socket;
use crate::tests::support::{PATIENCE, eventually};

#[tokio::test]
async fn a_client_that_comes_late_hears_everything() {
    let project = Project::small();
    project.script(
        "test.sh",
        &format!("touch waiting; {}; exit 0", wait_for("go")),
    );
    let mut run = project.start(&["run", "--websocket", "--ws-port", "0"]);
    let url = run.url().await;
    eventually("the last step runs", async || {
        project.path("waiting").exists().then_some(())
    })
    .await;
    let late = listen(&url);
    let (late, later, ()) = tokio::join!(late, listen(&url), async {
        project.write("go", "");
    });
    // Even one that comes after the end.
    assert_eq!(types(&late)[0], "SESSION_STARTED");
    assert_eq!(types(&late).last(), Some(&"SESSION_ENDED"));
    assert_eq!(late, later);
    run.end().await.with(0);
}

#[tokio::test]
async fn the_end_waits_for_a_client_that_is_still_on_its_way() {
    let project = Project::validating("exit 0", "");
    let mut run = project.start(&["run", "--websocket", "--ws-port", "0", "--linger", "20"]);
    let url = run.url().await;
    run.says("waiting up to 20 s").await;
    let events = listen(&url).await;
    assert_eq!(types(&events).last(), Some(&"SESSION_ENDED"));
    run.end().await.with(0);
}

#[tokio::test]
async fn pages_of_other_sites_may_not_listen() {
    let project = Project::validating(&wait_for("go"), "");
    let mut run = project.start(&["run", "--websocket", "--ws-port", "0"]);
    let url = run.url().await;
    let address = url.strip_prefix("ws://").unwrap().to_owned();
    let cases = [
        ("https://example.org", false),
        ("null", false),
        ("http://evil.example:8765", false),
        ("http://localhost:8766", true),
        ("http://127.0.0.1:1", true),
        ("http://[::1]:1", true),
    ];
    for (origin, welcome) in cases {
        let mut request = url.as_str().into_client_request().unwrap();
        let headers = request.headers_mut();
        headers.insert("origin", origin.parse().unwrap());
        // A name of somebody else may point to this machine.
        if origin.contains("evil") {
            headers.insert("host", "evil.example:8765".parse().unwrap());
        }
        let stream = TcpStream::connect(&address).await.unwrap();
        let connected = client_async(request, stream).await;
        assert_eq!(connected.is_ok(), welcome, "{origin}");
    }
    project.write("go", "");
    run.end().await.with(0);
}

#[tokio::test]
async fn a_client_that_does_not_read_holds_up_nobody() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let stopping = CancellationToken::new();
    let (socket, serving) = Socket::open(listener, Clock::system(), stopping.clone()).unwrap();
    let mut tasks = tokio::task::JoinSet::new();
    tasks.spawn(serving);
    let journal = Journal::temporary().unwrap();
    socket.tell(&journal);
    let address = socket.address;
    let narrow = TcpSocket::new_v4().unwrap();
    narrow.set_recv_buffer_size(4096).unwrap();
    let narrow = narrow.connect(address).await.unwrap();
    let (deaf, _) = client_async(format!("ws://{address}"), narrow)
        .await
        .unwrap();
    let url = format!("ws://{address}");
    let (first, second) = (listen(&url), listen(&url));
    let write = async {
        socket.until(|served| served.open == 3).await;
        for n in 0..20_000 {
            let data = serde_json::Map::from_iter([("n".to_owned(), Value::from(n))]);
            let kind = EventType::Other("COUNTED".to_owned());
            let place = (1, LoopState::Idle);
            let event = LoopEvent::new(format!("{n}"), Timestamp(n), "s", place, kind, data);
            journal.append(&event).unwrap();
            // As events come: between others.
            if n % 500 == 0 {
                tokio::task::yield_now().await;
            }
        }
        journal.close();
        // The two that listen have everything, and the third has its place in the file.
        socket.until(|served| served.complete == 2).await;
        let served = socket.finish();
        timeout(PATIENCE, served.clone().wait_for(|served| served.open == 1))
            .await
            .expect("clients that have heard all are let go")
            .unwrap();
    };
    let (first, second, ()) = tokio::join!(first, second, write);
    assert_eq!((first.len(), &first), (20_000, &second));
    let (third, ()) = tokio::join!(join_all([listen(&url)]), async {});
    assert_eq!(third[0], first);
    drop(deaf);
    stopping.cancel();
    tasks.join_all().await;
}
