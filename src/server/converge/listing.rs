//! `kimi-converge deliver --list`: what is kept for webhooks, and what was refused and why.

use super::delivery::name_of;
use super::outbox::{Found, Outbox};
use super::parcel::Parcel;
use super::terminal::{Terminal, count};
use super::{DONE, FAILED, SET_ASIDE};
use crate::domain::Timestamp;
use crate::server::links::shown;

/// Events that are named with the same words.
const NAMED: usize = 20;

/// Answers the exit status: whether anything is left.
pub(super) fn list(
    outbox: &Outbox,
    sessions: &[String],
    now: Timestamp,
    terminal: &Terminal,
) -> u8 {
    let mut code = DONE;
    let mut lines = Vec::new();
    let mut worse = |one: u8| {
        // Something to post is worse than something that was refused.
        code = match (code, one) {
            (FAILED, _) | (_, FAILED) => FAILED,
            (DONE, other) | (other, _) => other,
        };
    };
    for session in sessions {
        match outbox.take(session) {
            Found::Parcel(parcel) => {
                worse(if parcel.problem().is_some() {
                    FAILED
                } else if parcel.has_arrived() {
                    DONE
                } else if parcel.is_over() {
                    SET_ASIDE
                } else {
                    FAILED
                });
                describe(&parcel, now, &mut lines);
            }
            Found::Busy => {
                worse(FAILED);
                let to = outbox.note(session).map(|note| note.url);
                let to = to.map_or_else(String::new, |to| format!(" for {}", address(&to)));
                lines.push(format!("session {session}{to}: is being posted right now"));
            }
            Found::Broken(words) => {
                worse(FAILED);
                lines.push(words);
            }
            Found::Gone => {}
        }
    }
    let folder = outbox.folder().display();
    if lines.is_empty() {
        terminal.say(&format!("nothing is kept in {folder}"));
    } else {
        terminal.say(&format!("kept in {folder}:"));
    }
    for line in lines {
        terminal.say(&line);
    }
    code
}

fn describe(parcel: &Parcel, now: Timestamp, lines: &mut Vec<String>) {
    let note = &parcel.note;
    let (bytes, age) = parcel.size_and_age(now);
    let waiting = match (&note.ended, parcel.problem()) {
        (Some(_), _) => "nothing more to post".to_owned(),
        (None, Some(words)) => words,
        (None, None) => match parcel.waiting() {
            0 => "nothing to post".to_owned(),
            events => count(events, "event to post", "events to post"),
        },
    };
    let to = address(&note.url);
    let (size, age) = (size(bytes), span(age.as_secs()));
    let session = &note.session;
    lines.push(format!(
        "session {session} for {to}: {waiting}, {size}, {age} old"
    ));
    if let Some(why) = &note.ended {
        let events = count(parcel.waiting(), "event was", "events were");
        lines.push(format!("  {events} not taken: {why}"));
    }
    for aside in &note.aside {
        let named = parcel.refused(aside, NAMED);
        for line in &named {
            lines.push(format!("  set aside: {}: {}", name_of(line), aside.why));
        }
        if aside.events > named.len() {
            let more = count(aside.events - named.len(), "more event", "more events");
            lines.push(format!("  set aside: {more}: {}", aside.why));
        }
    }
}

/// Where to, as it may be shown; what is no address stands as it is.
fn address(url: &str) -> String {
    let told = shown(url);
    match told.strip_prefix("ws://") {
        Some(text) if !url.contains("://") => text.to_owned(),
        _ => told,
    }
}

fn size(bytes: u64) -> String {
    match bytes {
        0..1000 => format!("{bytes} bytes"),
        1000..1_000_000 => format!("{} kB", bytes / 1000),
        _ => format!("{}.{} MB", bytes / 1_000_000, bytes / 100_000 % 10),
    }
}

fn span(seconds: u64) -> String {
    match seconds {
        0..60 => format!("{seconds} s"),
        60..3600 => format!("{} min", seconds / 60),
        3600..86_400 => format!("{} h", seconds / 3600),
        _ => {
            let days = usize::try_from(seconds / 86_400).unwrap_or(usize::MAX);
            count(days, "day", "days")
        }
    }
}
