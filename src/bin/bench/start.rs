//! From exec to listening.

use super::measure::{Latencies, ms};
use super::process::Process;
use super::report::{Row, Verdict};
use super::{Flags, Outcome};

const STARTS: usize = 20;

pub(super) async fn measure(flags: &Flags) -> Outcome<Vec<Row>> {
    let folder = tempfile::tempdir()?;
    let first = Process::server(flags, folder.path()).await?;
    let new_database = first.started_in;
    first.stop().await?;
    let (mut ours, mut bare) = (Vec::new(), Vec::new());
    for _ in 0..STARTS {
        let server = Process::server(flags, folder.path()).await?;
        ours.push(server.started_in);
        server.stop().await?;
        bare.push(Process::bare(folder.path()).await?.started_in);
    }
    let (ours, bare) = (Latencies::new(ours), Latencies::new(bare));
    Ok(vec![Row {
        work: format!("start: exec to listening, median of {STARTS}"),
        bar: "150 ms".to_owned(),
        measured: format!("{} (a new database: {})", ms(ours.p50()), ms(new_database)),
        bare: format!("axum {}", ms(bare.p50())),
        verdict: Verdict::of(ours.p50().as_millis() < 150),
    }])
}
