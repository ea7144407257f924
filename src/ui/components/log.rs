//! One entry of a log. Gravity and source are told by a word and a colour.

use leptos::prelude::*;

use super::ansi::{class, spans, style};
use super::format::{absolute, clock_time};
use super::rest::{Rest, Whole};
use crate::domain::{LogExcerpt, LogLevel, LogStream};
use crate::ui::dynamic::{Erase, nothing, part, row};

/// One entry, with the colours that the agent printed.
#[component]
pub(crate) fn LogLine<'a>(
    entry: &'a LogExcerpt,
    /// The whole of it, when this is only its beginning.
    whole: Option<Whole>,
) -> impl IntoView + use<> {
    let shown = entry.message.text.clone();
    let rest = whole.clone();
    let rest = rest.map_or_else(nothing, |whole| view! { <Rest whole what="line"/> }.any());
    let runs = match whole {
        None => runs(&shown),
        Some(whole) => part(move || runs(whole.text.read().as_ref().unwrap_or(&shown))).into_any(),
    };
    let marker = marker(entry);
    view! {
        <div class=format!("log-line level-{} {}", entry.level.as_str(), entry.stream.as_str())>
            <time datetime=entry.time.to_string() title=absolute(entry.time)>
                {clock_time(entry.time)}
            </time>
            <span class="log-marker">{marker}</span>
            <span class="log-text"><bdi>{runs}</bdi> {rest}</span>
        </div>
    }
    .any()
}

fn runs(message: &str) -> AnyView {
    row(spans(message), |span| {
        let class = Some(class(span.look)).filter(|class| !class.is_empty());
        view! {
            <span class=class style=style(span.look)>
                {span.text}
            </span>
        }
    })
}

/// The word for what is not ordinary output.
fn marker(entry: &LogExcerpt) -> &'static str {
    match (entry.level, entry.stream) {
        (LogLevel::Error, _) => "error",
        (LogLevel::Warn, _) => "warn",
        (_, LogStream::Stderr) => "stderr",
        (_, LogStream::System) => "system",
        (LogLevel::Debug, _) => "debug",
        (LogLevel::Info, LogStream::Stdout | LogStream::Agent) => "",
    }
}
