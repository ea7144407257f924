//! One entry of a log. Gravity and source are told by a word and a colour.

use leptos::prelude::*;

use super::ansi::spans;
use super::format::{absolute, clock_time};
use crate::domain::{LogEntry, LogLevel, LogStream};
use crate::ui::dynamic::{Erase, row};

/// One entry, with the colours that the agent printed.
#[component]
pub(crate) fn LogLine<'a>(entry: &'a LogEntry) -> impl IntoView + use<> {
    let runs = row(spans(&entry.message), |span| {
        let class = Some(span.look.class()).filter(|class| !class.is_empty());
        view! {
            <span class=class style=span.look.style()>
                {span.text}
            </span>
        }
    });
    let marker = marker(entry);
    view! {
        <div class=format!("log-line level-{} {}", entry.level.as_str(), entry.stream.as_str())>
            <time datetime=entry.time.to_string() title=absolute(entry.time)>
                {clock_time(entry.time)}
            </time>
            <span class="log-marker">{marker}</span>
            <span class="log-text">{runs}</span>
        </div>
    }
    .any()
}

/// The word for what is not ordinary output.
fn marker(entry: &LogEntry) -> &'static str {
    match (entry.level, entry.stream) {
        (LogLevel::Error, _) => "error",
        (LogLevel::Warn, _) => "warn",
        (_, LogStream::Stderr) => "stderr",
        (_, LogStream::System) => "system",
        (LogLevel::Debug, _) => "debug",
        (LogLevel::Info, LogStream::Stdout | LogStream::Agent) => "",
    }
}
