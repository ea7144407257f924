//! Ten convergence loops at work: from a loop's socket to a browser's, and what that weighs.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use futures_util::{SinkExt, StreamExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{accept_async, connect_async};

use super::measure::{Latencies, float};
use super::process::Process;
use super::report::{Row, Verdict};
use super::sockets::Sockets;
use super::{Flags, Outcome};

const LOOPS: u32 = 10;
/// 200 events a second each, for 30 s.
const PERIOD: Duration = Duration::from_millis(5);
const EVENTS: u32 = 6000;
/// Memory is looked at once the feed holds as much as it ever will.
const SETTLED: Duration = Duration::from_secs(10);
/// Resident MiB that may come on top after that.
const GROWTH: f64 = 8.0;

/// When each event was sent, by its id.
type Sent = HashMap<String, Instant>;

pub(super) async fn measure(flags: &Flags) -> Outcome<Vec<Row>> {
    let folder = tempfile::tempdir()?;
    let (servers, urls) = servers().await?;
    let server = Process::following(flags, folder.path(), &urls).await?;
    let sockets = Sockets::connect(&server, 1).await?;
    let notes = std::rc::Rc::clone(&sockets.notes);
    let (sent, memory) = sockets
        .during(async {
            let load = play_all(servers);
            let memory = async {
                tokio::time::sleep(SETTLED).await;
                let before = server.resident_kib()?;
                tokio::time::sleep((PERIOD * EVENTS).saturating_sub(SETTLED)).await;
                Outcome::Ok((before, server.resident_kib()?))
            };
            let (sent, memory) = tokio::join!(load, memory);
            let sent = sent?;
            let deadline = Instant::now() + Duration::from_secs(10);
            while notes.borrow().arrivals.len() < sent.len() && Instant::now() < deadline {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            Outcome::Ok((sent, memory?))
        })
        .await?;
    let latencies = {
        let notes = notes.borrow();
        let mut latencies = Vec::new();
        for (seq, at) in &notes.arrivals {
            let text = notes
                .witnessed
                .get(seq)
                .ok_or("an event without a witness")?;
            let frame: serde_json::Value = serde_json::from_str(text)?;
            let begun = frame["data"]["event_id"]
                .as_str()
                .and_then(|id| sent.get(id));
            latencies.extend(begun.map(|begun| at.saturating_duration_since(*begun)));
        }
        Latencies::new(latencies)
    };
    server.stop().await?;
    let direct = direct().await?;
    let lost = sent.len().saturating_sub(latencies.len());
    let growth = (float(memory.1) - float(memory.0)) / 1024.0;
    let words = format!(
        "{}, {lost} lost of {}, {growth:+.1} MiB from {:.1} MiB",
        latencies.words(),
        sent.len(),
        float(memory.0) / 1024.0
    );
    Ok(vec![Row {
        work: "10 convergence loops, 200 events/s each for 30 s, loop to browser".to_owned(),
        bar: format!("p99 < 50 ms, nothing lost, memory flat (< {GROWTH} MiB in the last 20 s)"),
        measured: words,
        bare: format!("the loops' sockets themselves {}", direct.words()),
        verdict: Verdict::of(
            latencies.p99() < Duration::from_millis(50) && lost == 0 && growth < GROWTH,
        ),
    }])
}

async fn servers() -> Outcome<(Vec<TcpListener>, Vec<String>)> {
    let mut servers = Vec::new();
    let mut urls = Vec::new();
    for _ in 0..LOOPS {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        urls.push(format!("ws://{}", listener.local_addr()?));
        servers.push(listener);
    }
    Ok((servers, urls))
}

/// Plays every loop to its end; answers when which event was sent.
async fn play_all(servers: Vec<TcpListener>) -> Outcome<Sent> {
    let mut playing = JoinSet::new();
    for (listener, n) in servers.into_iter().zip(0..LOOPS) {
        playing.spawn(async move {
            let (stream, _) = listener.accept().await?;
            play(stream, n).await
        });
    }
    let mut sent = Sent::new();
    while let Some(played) = playing.join_next().await {
        sent.extend(played??);
    }
    Ok(sent)
}

async fn play(stream: TcpStream, loop_number: u32) -> Outcome<Sent> {
    stream.set_nodelay(true)?;
    let mut socket = accept_async(stream).await?;
    let begun = Instant::now();
    let mut sent = Sent::new();
    for n in 0..EVENTS {
        tokio::time::sleep_until((begun + PERIOD * n).into()).await;
        let id = format!("{loop_number}-{n}");
        let event = event(&id, loop_number, n);
        sent.insert(id, Instant::now());
        socket.send(Message::text(event)).await?;
    }
    // The reader is done when it says so; a socket that is dropped early may lose the end.
    let end = tokio::time::timeout(Duration::from_secs(5), socket.next());
    let _still_there = end.await;
    Ok(sent)
}

/// An event as long as those of the real loop; every tenth lists a finding.
fn event(id: &str, loop_number: u32, n: u32) -> String {
    let finding = if n.is_multiple_of(10) {
        format!(
            r#", "findings": [{{"type": "lint", "file": "a.rs", "description": "{}"}}]"#,
            n / 1000
        )
    } else {
        String::new()
    };
    format!(
        r#"{{"event_id": "{id}", "timestamp": {}.{:03}, "session_id": "loop {loop_number}", "iteration": {}, "state": "IDLE", "event_type": "STEP_COMPLETE", "data": {{"step": "diagnose", "success": true, "findings_count": 1, "fixes_count": 0, "metrics": {{"issues_found": 1, "critical": 0, "high": 0, "medium": 1, "low": 0}}{finding}}}}}"#,
        1_795_336_200 + n / 200,
        n % 200 * 5,
        n / 400 + 1,
    )
}

/// The same load straight into this program: what the sockets take by themselves.
async fn direct() -> Outcome<Latencies> {
    let (servers, urls) = servers().await?;
    let mut reading = JoinSet::new();
    for url in urls {
        reading.spawn(async move { read(&url).await });
    }
    let sent = play_all(servers).await?;
    let mut latencies = Vec::new();
    while let Some(read) = reading.join_next().await {
        for (id, at) in read?? {
            let begun = sent.get(&id).ok_or("an event that nobody sent")?;
            latencies.push(at.saturating_duration_since(*begun));
        }
    }
    Ok(Latencies::new(latencies))
}

async fn read(url: &str) -> Outcome<Vec<(String, Instant)>> {
    let (mut socket, _) = connect_async(url).await?;
    let mut arrivals = Vec::new();
    while arrivals.len() < usize::try_from(EVENTS)? {
        let Some(frame) = socket.next().await else {
            break;
        };
        let text = frame?.into_text()?;
        let event: serde_json::Value = serde_json::from_str(&text)?;
        let id = event["event_id"].as_str().ok_or("an event without id")?;
        arrivals.push((id.to_owned(), Instant::now()));
    }
    Ok(arrivals)
}
