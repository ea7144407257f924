//! Pages: the first byte, and what a browser loads at first.

use std::collections::BTreeSet;
use std::time::Duration;

use super::http::{Connection, request};
use super::measure::{Latencies, float, ms};
use super::process::Process;
use super::report::{Row, Verdict};
use super::{Flags, Outcome};

const REPEATS: usize = 50;

pub(super) async fn measure(flags: &Flags) -> Outcome<Vec<Row>> {
    let folder = tempfile::tempdir()?;
    let server = Process::server(flags, folder.path()).await?;
    let mut connection = Connection::open(server.address).await?;
    for n in 0..60 {
        let body = format!(r#"{{"description": "Task {n}: look after the garden."}}"#);
        let create = request("POST", "/api/tasks", "", body.as_bytes());
        connection.send(&create).await?.expect(201)?;
    }
    let bare_process = Process::bare(folder.path()).await?;
    let mut bare = Connection::open(bare_process.address).await?;
    let mut rows = Vec::new();
    for path in ["/", "/tasks/1"] {
        let visits = repeat(&mut connection, path).await?;
        let limit = repeat(&mut bare, &format!("/zeros/{}", visits.bytes)).await?;
        rows.push(Row {
            work: format!("page `{path}`: first byte"),
            bar: "< 20 ms".to_owned(),
            measured: format!(
                "{}, whole page p99 {}",
                visits.first_byte.words(),
                ms(visits.whole.p99())
            ),
            bare: format!("axum, as many bytes {}", limit.first_byte.words()),
            verdict: Verdict::of(visits.first_byte.p99() < Duration::from_millis(20)),
        });
    }
    rows.push(first_load(&mut connection).await?);
    server.stop().await?;
    rows.push(usable(flags)?);
    Ok(rows)
}

/// The same `GET`, many times.
pub(super) struct Visits {
    pub(super) first_byte: Latencies,
    pub(super) whole: Latencies,
    /// Length of the last body.
    pub(super) bytes: usize,
}

/// Asks again and again, after it has been warmed up.
pub(super) async fn repeat(connection: &mut Connection, path: &str) -> Outcome<Visits> {
    let (mut first, mut whole, mut bytes) = (Vec::new(), Vec::new(), 0);
    for n in 0..REPEATS + 5 {
        let response = connection.get(path).await?.expect(200)?;
        if n >= 5 {
            first.push(response.first_byte);
            whole.push(response.whole);
        }
        bytes = response.body.len();
    }
    Ok(Visits {
        first_byte: Latencies::new(first),
        whole: Latencies::new(whole),
        bytes,
    })
}

/// Wasm, JavaScript and style that the first page refers to, compressed as browsers ask for it.
async fn first_load(connection: &mut Connection) -> Outcome<Row> {
    let page = connection.get("/").await?.expect(200)?;
    let page = String::from_utf8_lossy(&page.body).into_owned();
    let files: BTreeSet<&str> = page
        .split(['"', '\'', '(', ')'])
        .filter(|word| word.starts_with("/pkg/") && word.contains('.'))
        .collect();
    let (mut code, mut style, mut missing) = (0, 0, files.is_empty());
    for file in files {
        let request = request("GET", file, "accept-encoding: br\r\n", b"");
        let response = connection.send(&request).await?;
        missing |= response.status != 200 || response.header("content-encoding") != Some("br");
        let is_style = response
            .header("content-type")
            .is_some_and(|kind| kind.contains("css"));
        *(if is_style { &mut style } else { &mut code }) += response.body.len();
    }
    let kb = |bytes| float(bytes) / 1000.0;
    let measured = if missing {
        "not measured: the assets are not built, or not served as brotli".to_owned()
    } else {
        format!(
            "{:.0} kB wasm and JavaScript, {:.0} kB style",
            kb(code),
            kb(style)
        )
    };
    Ok(Row {
        work: "first load, brotli".to_owned(),
        bar: "≤ 280 kB wasm and JavaScript".to_owned(),
        measured,
        bare: String::new(),
        verdict: if missing {
            Verdict::None
        } else {
            Verdict::of(kb(code) <= 280.0)
        },
    })
}

/// A browser measures this; its result comes as a file.
fn usable(flags: &Flags) -> Outcome<Row> {
    let mut measured = "measured in a browser: pass its result with --browser".to_owned();
    let mut verdict = Verdict::None;
    if let Some(file) = &flags.browser {
        let result: serde_json::Value = serde_json::from_str(&std::fs::read_to_string(file)?)?;
        let usable = result["usable_ms"]
            .as_f64()
            .ok_or("--browser: there is no usable_ms")?;
        measured = format!("{usable:.0} ms");
        verdict = Verdict::of(usable < 1000.0);
    }
    let (work, bar) = ("page `/`: usable (hydrated)".to_owned(), "< 1 s".to_owned());
    Ok(Row {
        work,
        bar,
        measured,
        bare: String::new(),
        verdict,
    })
}
