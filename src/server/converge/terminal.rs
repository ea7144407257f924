//! What a person at the terminal sees: what has happened, line by line, and below it, where
//! standard output is a terminal, what happens right now.

use std::io::{IsTerminal, Write};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::settings::Talk;

/// How often the line of what happens right now is drawn.
const REDRAW: Duration = Duration::from_millis(250);
/// Erases the line that the cursor is in.
const ERASE: &str = "\r\x1b[K";

pub(crate) struct Terminal {
    talk: Talk,
    /// Standard output is a terminal.
    live: bool,
    begun: Instant,
    now: Mutex<Now>,
}

/// What happens right now.
#[derive(Clone, Debug, Default)]
pub(crate) struct Now {
    /// Empty when there is nothing to show.
    pub(crate) phase: String,
    pub(crate) iteration: u32,
    pub(crate) of: u32,
    /// Of this iteration.
    pub(crate) findings: usize,
    pub(crate) fixes: usize,
}

impl Terminal {
    pub(crate) fn new(talk: Talk) -> Self {
        Self {
            talk,
            live: std::io::stdout().is_terminal(),
            begun: Instant::now(),
            now: Mutex::default(),
        }
    }

    /// Something that has happened.
    pub(crate) fn say(&self, words: &str) {
        if self.talk != Talk::Quiet {
            self.write(&format!("{words}\n"));
        }
    }

    /// Something that is wrong; said however quiet we are to be.
    pub(crate) fn complain(&self, words: &str) {
        self.erase();
        let _closed = writeln!(std::io::stderr(), "kimi-converge: {words}");
    }

    /// What a step prints.
    pub(crate) fn output(&self, step: &str, bytes: &[u8]) {
        if self.talk == Talk::Verbose {
            let text = String::from_utf8_lossy(bytes);
            let lines = text.lines().map(|line| format!("  {step} | {line}\n"));
            self.write(&lines.collect::<String>());
        }
    }

    pub(crate) fn show(&self, now: Now) {
        self.erase();
        *self.now() = now;
        self.draw();
    }

    /// Draws what happens right now, again and again.
    pub(crate) async fn keep_drawing(&self) -> ! {
        let mut ticks = tokio::time::interval(REDRAW);
        loop {
            ticks.tick().await;
            self.draw();
        }
    }

    /// Since the program began.
    pub(crate) fn elapsed(&self) -> String {
        span(self.begun.elapsed())
    }

    fn draw(&self) {
        let now = self.now().clone();
        if self.live && self.talk != Talk::Quiet && !now.phase.is_empty() {
            let line = format!(
                "{ERASE}{} · iteration {} of {} · {} · {} · {}",
                now.phase,
                now.iteration,
                now.of,
                count(now.findings, "finding", "findings"),
                count(now.fixes, "fix", "fixes"),
                self.elapsed()
            );
            self.put(&line);
        }
    }

    /// The line of what happens right now moves down.
    fn write(&self, text: &str) {
        self.erase();
        self.put(text);
        self.draw();
    }

    fn erase(&self) {
        if self.live && !self.now().phase.is_empty() {
            self.put(ERASE);
        }
    }

    #[expect(clippy::unused_self, reason = "whoever has no terminal prints nothing")]
    fn put(&self, text: &str) {
        let mut out = std::io::stdout().lock();
        // A closed output is no reason to stop.
        let _closed = out.write_all(text.as_bytes()).and_then(|()| out.flush());
    }

    fn now(&self) -> MutexGuard<'_, Now> {
        self.now.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// `1 finding`, `2 findings`.
pub(crate) fn count(number: usize, one: &str, many: &str) -> String {
    format!("{number} {}", word(number, one, many))
}

/// The word that goes with so many.
pub(crate) fn word<'a>(number: usize, one: &'a str, many: &'a str) -> &'a str {
    if number == 1 { one } else { many }
}

/// `0.4 s`, `12 s`, `3 min 5 s`.
pub(crate) fn span(time: Duration) -> String {
    let seconds = time.as_secs();
    match seconds {
        0..10 => format!("{:.1} s", time.as_secs_f64()),
        10..60 => format!("{seconds} s"),
        _ => format!("{} min {} s", seconds / 60, seconds % 60),
    }
}
