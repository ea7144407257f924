//! `kimi-bench`: measures a server executable against the project's bars, each beside the limit
//! of a bare program measured in the same run, and prints one Markdown table.
//!
//! Every measurement has a file of its own; `bare.rs` holds what they are compared with.

mod bare;
mod bare_sqlite;
mod create;
mod feed;
mod http;
mod hundred;
mod large;
mod list;
mod logs;
mod loops;
mod measure;
mod page;
mod process;
mod report;
mod sockets;
mod start;

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::signal::unix::{SignalKind, signal};

use report::{Report, Row};

/// Whatever went wrong, in words: a benchmark only reports it.
type Outcome<T> = Result<T, Box<dyn std::error::Error + Send + Sync>>;

#[derive(Clone, Parser)]
#[command(name = "kimi-bench", about = "Measures a kimi-dashboard executable")]
struct Flags {
    /// The server to measure; build it with --release.
    #[arg(default_value = "target/release/kimi-dashboard")]
    server: PathBuf,
    /// Write the table here as well.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Measure only these, comma separated: create, hundred, feed, memory, logs, loops, large, list,
    /// page, start.
    #[arg(long, value_delimiter = ',', value_name = "NAMES")]
    only: Vec<String>,
    /// Rows of the long list.
    #[arg(long, default_value_t = 1_000_000)]
    tasks: u32,
    /// JSON of a browser's measurement: `{"usable_ms": 640}`.
    #[arg(long, value_name = "FILE")]
    browser: Option<PathBuf>,
    /// Serve as the bare program that limits are measured with.
    #[arg(long, hide = true)]
    bare: bool,
}

const ALL: [&str; 10] = [
    "start", "memory", "create", "hundred", "feed", "logs", "loops", "large", "list", "page",
];

fn main() -> ExitCode {
    let flags = Flags::parse();
    let runtime = if flags.bare {
        tokio::runtime::Builder::new_multi_thread()
            .enable_all()
            .build()
    } else {
        // The load comes from one thread, so that it takes little from the server.
        tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
    };
    let outcome = runtime.map_err(Into::into).and_then(|runtime| {
        runtime.block_on(async {
            if flags.bare {
                bare::serve().await
            } else {
                run(flags).await
            }
        })
    });
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _closed = writeln!(std::io::stderr(), "kimi-bench: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(flags: Flags) -> Outcome<()> {
    if let Some(unknown) = flags.only.iter().find(|name| !ALL.contains(&name.as_str())) {
        return Err(format!("--only: {unknown} is none of {}", ALL.join(", ")).into());
    }
    if !flags.server.is_file() {
        let path = flags.server.display();
        return Err(format!("there is no server {path}; build it or name another").into());
    }
    raise_file_limit()?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    // Dropping the measurement kills what it started.
    let report = tokio::select! {
        report = measure_all(&flags) => report?,
        _ = interrupt.recv() => return Err("interrupted".into()),
        _ = terminate.recv() => return Err("terminated".into()),
    };
    let text = report.markdown()?;
    std::io::stdout().write_all(text.as_bytes())?;
    if let Some(out) = &flags.out {
        if let Some(folder) = out.parent() {
            std::fs::create_dir_all(folder)?;
        }
        std::fs::write(out, text)?;
    }
    Ok(())
}

async fn measure_all(flags: &Flags) -> Outcome<Report> {
    let mut report = Report::default();
    for name in ALL {
        if !flags.only.is_empty() && !flags.only.iter().any(|only| only == name) {
            continue;
        }
        writeln!(std::io::stderr(), "measuring {name} …")?;
        let measured = match name {
            "start" => start::measure(flags).await,
            "memory" => feed::measure_idle(flags).await,
            "create" => create::measure(flags).await,
            "hundred" => hundred::measure(flags).await,
            "feed" => feed::measure(flags).await,
            "logs" => logs::measure(flags).await,
            "loops" => loops::measure(flags).await,
            "large" => large::measure(flags).await,
            "list" => list::measure(flags).await,
            _ => page::measure(flags).await,
        };
        match measured {
            Ok(rows) => report.rows.extend(rows),
            // One failure must not hide the other numbers.
            Err(error) => report.rows.push(Row::failed(name, &error.to_string())),
        }
    }
    Ok(report)
}

/// 4,000 sockets need as many files, here and in the server.
fn raise_file_limit() -> Outcome<()> {
    let limit = getrlimit(Resource::Nofile);
    setrlimit(
        Resource::Nofile,
        Rlimit {
            current: limit.maximum,
            maximum: limit.maximum,
        },
    )?;
    Ok(())
}
