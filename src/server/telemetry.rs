//! What the server says about itself: log lines and how to print an error with its causes.

use std::error::Error;
use std::fmt::Write as _;
use std::io::{self, IsTerminal};

use tracing_subscriber::EnvFilter;

use super::config::LogFormat;

/// Starts logging to standard error. Standard output is kept for the ready line.
pub(crate) fn start(format: LogFormat) {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    let coloured = io::stderr().is_terminal();
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        // A file is read with other programs, to which colours are noise.
        .with_ansi(coloured)
        .with_writer(move || OneLine { coloured });
    // A second start (tests) keeps the first subscriber.
    let _again = match format {
        LogFormat::Human => builder.with_target(false).try_init(),
        LogFormat::Json => builder.json().flatten_event(true).try_init(),
    };
}

/// Standard error, where every entry is one line: what somebody sent cannot look like an entry of its
/// own, nor move the cursor of a terminal.
struct OneLine {
    /// Its own colours are let through; those of what was sent were taken out before.
    coloured: bool,
}

impl io::Write for OneLine {
    /// Is given a whole entry.
    fn write(&mut self, entry: &[u8]) -> io::Result<usize> {
        let text = String::from_utf8_lossy(entry);
        io::stderr().write_all(one_line(&text, self.coloured).as_bytes())?;
        Ok(entry.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stderr().flush()
    }
}

fn one_line(entry: &str, coloured: bool) -> String {
    let text = entry.strip_suffix('\n').unwrap_or(entry);
    let mut line = String::with_capacity(entry.len());
    for c in text.chars() {
        let moves = c.is_control() && !(coloured && c == '\u{1b}');
        // These turn the direction of what follows, or end a line.
        let turns = matches!(c, '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
        match c {
            '\n' => line.push_str("\\n"),
            '\r' => line.push_str("\\r"),
            '\t' => line.push_str("\\t"),
            // As it may stand in JSON, too.
            c if moves || turns => {
                let _infallible = write!(line, "\\u{:04x}", u32::from(c));
            }
            c => line.push(c),
        }
    }
    line.push('\n');
    line
}

/// An error and all its causes on one line. What a cause repeats is said once.
pub(crate) fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let said = error.to_string();
        if !text.ends_with(&said) {
            let _infallible = write!(text, ": {said}");
        }
        cause = error.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::one_line;

    #[test]
    fn an_entry_of_the_log_is_one_line_whatever_is_in_it() {
        let entry = "no \u{1b}[31mred\r\n2026-11-22 ERROR forged\u{9b}1m \u{202e}é\t\n";
        let plain = "no \\u001b[31mred\\r\\n2026-11-22 ERROR forged\\u009b1m \\u202eé\\t\n";
        assert_eq!(one_line(entry, false), plain);
        assert_eq!(
            one_line("\u{1b}[2mdim\u{1b}[0m\n", true),
            "\u{1b}[2mdim\u{1b}[0m\n"
        );
    }
}
