//! One large request beside others: while 100,000 events of as many sessions are taken in, tasks
//! are created, one after the other.

use std::fmt::Write;
use std::time::{Duration, Instant};

use tokio::task::JoinSet;

use super::http::{Connection, request};
use super::measure::{Latencies, ms};
use super::process::Process;
use super::report::{Row, Verdict};
use super::{Flags, Outcome};

const SESSIONS: usize = 100_000;
const BAR: Duration = Duration::from_millis(50);
/// Without the large request.
const ALONE: Duration = Duration::from_secs(2);
const TASK: &[u8] = br#"{"description": "Beside a large request."}"#;

pub(super) async fn measure(flags: &Flags) -> Outcome<Vec<Row>> {
    let folder = tempfile::tempdir()?;
    let server = Process::server(flags, folder.path()).await?;
    let task = request(
        "POST",
        "/api/tasks",
        "content-type: application/json\r\n",
        TASK,
    );
    let mut beside = Connection::open(server.address).await?;
    let begun = Instant::now();
    let mut alone = Vec::new();
    while begun.elapsed() < ALONE {
        alone.push(beside.send(&task).await?.expect(201)?.whole);
    }
    let alone = Latencies::new(alone);
    let mut events = String::from("{\"events\":[");
    for n in 0..SESSIONS {
        let comma = if n == 0 { "" } else { "," };
        write!(
            events,
            "{comma}{{\"event_id\":\"e\",\"event_type\":\"SESSION_STARTED\",\
             \"session_id\":\"bulk-{n}\",\"timestamp\":\"2026-11-22T08:30:00Z\"}}"
        )?;
    }
    events.push_str("]}");
    let post = request("POST", "/api/events", "", events.as_bytes());
    let mut large = Connection::open(server.address).await?;
    let mut posting = JoinSet::new();
    posting.spawn(async move { large.send(&post).await });
    let mut latencies = Vec::new();
    let posted = loop {
        latencies.push(beside.send(&task).await?.expect(201)?.whole);
        if let Some(posted) = posting.try_join_next() {
            break posted??.expect(202)?;
        }
    };
    let memory = server.resident_kib()? / 1024;
    server.stop().await?;
    let latencies = Latencies::new(latencies);
    let worst = latencies.quantile(1000);
    Ok(vec![Row {
        work: "one large request beside others: 100,000 events of 100,000 sessions".to_owned(),
        bar: "no create above 50 ms".to_owned(),
        measured: format!(
            "taken in within {:.1} s; {} tasks created beside it, {}, slowest {}; {memory} MiB",
            posted.whole.as_secs_f64(),
            latencies.len(),
            latencies.words(),
            ms(worst),
        ),
        bare: format!(
            "the same creates alone: {}, slowest {}",
            alone.words(),
            ms(alone.quantile(1000))
        ),
        verdict: Verdict::of(worst <= BAR),
    }])
}
