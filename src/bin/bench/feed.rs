//! From a stored change to every socket, and what idle servers and sockets weigh.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use super::http::{Connection, request};
use super::measure::{Latencies, float, micros_each};
use super::process::Process;
use super::report::{Row, Verdict};
use super::sockets::{Notes, Sockets};
use super::{Flags, Outcome};

const PERIOD: Duration = Duration::from_millis(50);
const MESSAGES: u32 = 120;
/// Each waits for its answer, so that a slow server is asked on time all the same.
const SENDERS: u32 = 4;

/// What one crowd of sockets measured.
struct Crowd {
    latencies: Latencies,
    lost: usize,
    cpu_each: f64,
    /// Resident KiB of each socket: when connected, and after the messages.
    kib_connected: f64,
    kib_after: f64,
}

pub(super) async fn measure(flags: &Flags) -> Outcome<Vec<Row>> {
    let mut rows = Vec::new();
    for (count, bar) in [(1000, 30), (4000, 300)] {
        let folder = tempfile::tempdir()?;
        let server = Process::server(flags, folder.path()).await?;
        let ours = crowd(&server, count, &Target::task(&server).await?).await?;
        server.stop().await?;
        let bare = Process::bare(folder.path()).await?;
        let limit = crowd(&bare, count, &Target::Push).await?;
        let on_time = ours.latencies.p99() < Duration::from_millis(bar) && ours.lost == 0;
        let cheap = count != 1000 || ours.cpu_each < 20.0;
        let cpu_bar = if count == 1000 {
            ", < 20 µs of server CPU per delivery"
        } else {
            ""
        };
        rows.push(Row {
            work: format!(
                "store to screen, 20 messages/s, {} sockets",
                thousands(count)
            ),
            bar: format!("p99 < {bar} ms{cpu_bar}, nothing lost"),
            measured: words(&ours),
            bare: format!("axum broadcast {}", words(&limit)),
            verdict: Verdict::of(on_time && cheap),
        });
        if count == 4000 {
            rows.push(memory_row(&ours, &limit));
        }
    }
    Ok(rows)
}

fn thousands(count: usize) -> String {
    format!("{},{:03}", count / 1000, count % 1000)
}

fn words(crowd: &Crowd) -> String {
    let Crowd {
        latencies,
        lost,
        cpu_each,
        ..
    } = crowd;
    format!(
        "{}, {cpu_each:.1} µs, {lost} lost of {}",
        latencies.words(),
        latencies.len() + lost
    )
}

fn memory_row(ours: &Crowd, limit: &Crowd) -> Row {
    let words = |crowd: &Crowd| {
        format!(
            "{:.1} KiB connected, {:.1} KiB after traffic",
            crowd.kib_connected, crowd.kib_after
        )
    };
    Row {
        work: "memory per connected socket (4,000)".to_owned(),
        bar: "< 12 KiB".to_owned(),
        measured: words(ours),
        bare: format!("axum {}", words(limit)),
        verdict: Verdict::of(ours.kib_after < 12.0),
    }
}

/// An idle server with an empty database.
pub(super) async fn measure_idle(flags: &Flags) -> Outcome<Vec<Row>> {
    let folder = tempfile::tempdir()?;
    let server = Process::server(flags, folder.path()).await?;
    Connection::open(server.address)
        .await?
        .get("/")
        .await?
        .expect(200)?;
    tokio::time::sleep(Duration::from_secs(1)).await;
    let mib = float(server.resident_kib()?) / 1024.0;
    server.stop().await?;
    let bare = Process::bare(folder.path()).await?;
    let bare_mib = float(bare.resident_kib()?) / 1024.0;
    Ok(vec![Row {
        work: "memory, idle after one page".to_owned(),
        bar: "< 40 MiB".to_owned(),
        measured: format!("{mib:.1} MiB"),
        bare: format!("axum {bare_mib:.1} MiB"),
        verdict: Verdict::of(mib < 40.0),
    }])
}

/// What is asked of the program so that its sockets hear something.
enum Target {
    /// Progress of an external task.
    Task(u64),
    /// The bare program passes on what it is given.
    Push,
}

impl Target {
    async fn task(server: &Process) -> Outcome<Self> {
        let mut connection = Connection::open(server.address).await?;
        let body = br#"{"title": "Watched", "description": "Reports its progress.", "status": "running", "agent": "watched"}"#;
        let request = request("POST", "/api/tasks", "", body);
        let created = connection.send(&request).await?.expect(201)?;
        let task: serde_json::Value = serde_json::from_slice(&created.body)?;
        Ok(Self::Task(
            task["number"].as_u64().ok_or("the task has no number")?,
        ))
    }

    /// Message `n`, recognisable by its progress.
    fn request(&self, n: u32) -> Vec<u8> {
        let progress = f64::from(n) / 1000.0;
        match self {
            Self::Task(number) => {
                let body = format!(r#"{{"progress": {progress}}}"#);
                let path = format!("/api/tasks/{number}");
                request("PATCH", &path, "", body.as_bytes())
            }
            Self::Push => {
                // As long as a task on the wire.
                let pad = "x".repeat(700);
                let body = format!(
                    r#"{{"type":"task","seq":{n},"data":{{"progress":{progress},"pad":"{pad}"}}}}"#
                );
                request("POST", "/push", "", body.as_bytes())
            }
        }
    }
}

async fn crowd(server: &Process, count: usize, target: &Target) -> Outcome<Crowd> {
    let before = server.resident_kib()?;
    let sockets = Sockets::connect(server, count).await?;
    sockets
        .during(tokio::time::sleep(Duration::from_secs(1)))
        .await;
    let connected = server.resident_kib()?;
    sockets.notes.borrow_mut().arrivals.clear();

    let mut senders = Vec::new();
    let begun = Instant::now() + PERIOD;
    for sender in 1..=SENDERS {
        let numbers = (sender..=MESSAGES).step_by(usize::try_from(SENDERS)?);
        let requests: Vec<_> = numbers.map(|n| (n, target.request(n))).collect();
        // On threads of their own: a busy reader must not delay the sending.
        let address = server.address;
        senders.push(tokio::task::spawn_blocking(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()?;
            runtime.block_on(send_on_time(address, requests, begun))
        }));
    }
    let cpu_before = server.cpu()?;
    let expected = count * usize::try_from(MESSAGES)?;
    let notes = std::rc::Rc::clone(&sockets.notes);
    let mut sent = Vec::new();
    sockets
        .during(async {
            for sender in senders {
                sent.extend(sender.await??);
            }
            // Whoever has not got everything by then has lost it.
            let deadline = Instant::now() + Duration::from_secs(10);
            while notes.borrow().arrivals.len() < expected && Instant::now() < deadline {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            Ok::<_, Box<dyn std::error::Error + Send + Sync>>(())
        })
        .await?;
    let cpu = server.cpu()?.saturating_sub(cpu_before);
    let after = server.resident_kib()?;
    let notes = sockets.notes.borrow();
    let latencies = latencies(&notes, &sent)?;
    let each = |now: usize| float(now.saturating_sub(before)) / float(count);
    Ok(Crowd {
        lost: expected.saturating_sub(latencies.len()) + notes.broken,
        cpu_each: micros_each(cpu, latencies.len()),
        latencies: Latencies::new(latencies),
        kib_connected: each(connected),
        kib_after: each(after),
    })
}

/// Sends each request at its moment, and answers when that was.
async fn send_on_time(
    address: SocketAddr,
    requests: Vec<(u32, Vec<u8>)>,
    begun: Instant,
) -> Outcome<Vec<(u32, Instant)>> {
    let mut connection = Connection::open(address).await?;
    let mut sent = Vec::new();
    for (n, request) in requests {
        tokio::time::sleep_until((begun + PERIOD * n).into()).await;
        sent.push((n, Instant::now()));
        connection.send(&request).await?.expect(200)?;
    }
    Ok(sent)
}

/// From sending to each arrival, for messages that were ours.
fn latencies(notes: &Notes, sent: &[(u32, Instant)]) -> Outcome<Vec<Duration>> {
    let mut moments = std::collections::HashMap::new();
    for (seq, text) in &notes.witnessed {
        let frame: serde_json::Value = serde_json::from_str(text)?;
        let progress = frame["data"]["progress"].as_f64().unwrap_or(0.0);
        let ours = sent
            .iter()
            .find(|(n, _)| (f64::from(*n) / 1000.0 - progress).abs() < 1e-9);
        if let Some((_, moment)) = ours {
            moments.insert(*seq, *moment);
        }
    }
    let ours = notes.arrivals.iter().filter_map(|(seq, at)| {
        moments
            .get(seq)
            .map(|moment| at.saturating_duration_since(*moment))
    });
    Ok(ours.collect())
}
