//! The table.

use std::fmt::Write;

use super::Outcome;

/// One line of the table.
pub(crate) struct Row {
    pub(crate) work: String,
    pub(crate) bar: String,
    pub(crate) measured: String,
    pub(crate) bare: String,
    pub(crate) verdict: Verdict,
}

#[derive(Clone, Copy)]
pub(crate) enum Verdict {
    Passed,
    Missed,
    /// Nothing was asked of it, or it could not be measured here.
    None,
}

impl Verdict {
    pub(crate) fn of(passed: bool) -> Self {
        if passed { Self::Passed } else { Self::Missed }
    }

    fn word(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Missed => "**missed**",
            Self::None => "",
        }
    }
}

impl Row {
    /// The line of a measurement that did not come to an end.
    pub(crate) fn failed(work: &str, why: &str) -> Self {
        let measured = format!("failed: {why}");
        let (bar, bare) = (String::new(), String::new());
        Self {
            work: work.to_owned(),
            bar,
            measured,
            bare,
            verdict: Verdict::Missed,
        }
    }
}

/// Everything measured.
#[derive(Default)]
pub(crate) struct Report {
    pub(crate) rows: Vec<Row>,
}

impl Report {
    pub(crate) fn markdown(&self) -> Outcome<String> {
        let mut text = String::from(
            "| work | bar | measured | bare limit in the same run | verdict |\n| --- | --- | --- | --- | --- |\n",
        );
        for Row {
            work,
            bar,
            measured,
            bare,
            verdict,
        } in &self.rows
        {
            let verdict = verdict.word();
            writeln!(text, "| {work} | {bar} | {measured} | {bare} | {verdict} |")?;
        }
        let system = rustix::system::uname();
        let cores = std::thread::available_parallelism()?;
        let name = system.sysname().to_string_lossy();
        let release = system.release().to_string_lossy();
        writeln!(
            text,
            "\n{cores} cores shared with the load generator, {name} {release}."
        )?;
        Ok(text)
    }
}
