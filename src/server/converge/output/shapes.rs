//! What a JSON document says: SARIF, lists of findings and fixes, findings alone, lines of a
//! logger, or something else.

use serde_json::value::RawValue;

use super::Report;
use super::entries::Listed;
use super::failures::{foreign_failure, own_failure};
use super::foreign::{self, OTHER, holds_more_findings, may_hold_findings};
use super::json::{
    Document, Members, Problem, is_array, is_null, is_object, mend_surrogates, text,
};
use super::loglines::{Graded, graded, is_log_line, is_marked, may_be_finding};
use super::sarif::{self, Root};
use super::scanner::{Found, Whole};

/// The lists of findings.
const FINDINGS: [&str; 3] = ["findings", "vulnerabilities", "issues"];

/// Adds up what documents say.
#[derive(Debug, Default)]
pub(super) struct Reading {
    report: Report,
    root: Root,
    documents: u64,
    /// An object with a severity, which is a finding if it is all there is.
    alone: Option<serde_json::Value>,
    foreign: Option<Foreign>,
}

/// JSON that is no report.
#[derive(Debug)]
struct Foreign {
    words: String,
    /// It may hold findings, whatever another document says.
    may_report: bool,
}

impl Reading {
    /// `root` is what paths are relative to.
    pub(super) fn new(root: Root) -> Self {
        Self {
            root,
            ..Self::default()
        }
    }

    pub(super) fn take(&mut self, found: Found) {
        match found {
            Found::Broken { line, words } => self.report.troubles.broken(line, &words),
            Found::Document(whole) => self.document(whole),
            Found::Xml => self.note("it is XML: ask the tool for SARIF".to_owned(), true),
        }
    }

    /// What all of it says; `has_text` when there was other text, too.
    pub(super) fn finish(mut self, has_text: bool) -> Report {
        if let Some(alone) = self.alone.take()
            && self.documents == 1
            && !has_text
        {
            self.findings().find(alone);
        }
        let is_report = self.report.findings.is_some() || self.report.fixes.is_some();
        let foreign = self.foreign.filter(|it| it.may_report || !is_report);
        self.report.foreign = foreign.map(|foreign| foreign.words);
        self.report
    }

    fn findings(&mut self) -> &mut Listed {
        self.report.findings.get_or_insert_default()
    }

    fn document(&mut self, mut whole: Whole) {
        mend_surrogates(&mut whole.text);
        // Pieces of whole characters were put together; nothing else can be in there.
        let words = String::from_utf8_lossy(&whole.text);
        let document = Document::new(&words, whole.line);
        let read = document.root().and_then(|raw| {
            if is_object(raw) {
                self.object(document, raw, whole.is_fresh)
            } else {
                self.array(document, raw, whole.is_fresh)
            }
        });
        match read {
            Ok(()) => self.documents += 1,
            Err(problem) if whole.is_keyed => {
                self.report.troubles.unreadable(document, &problem);
            }
            // Text in brackets.
            Err(_) => {}
        }
    }

    fn object<'a>(
        &mut self,
        document: Document<'a>,
        raw: &'a RawValue,
        is_fresh: bool,
    ) -> Result<(), Problem> {
        let members = document.members(raw)?;
        if sarif::is_log(&members) {
            let mut found = Listed::default();
            let troubles = &mut self.report.troubles;
            sarif::read(document, &members, &self.root, &mut found, troubles)?;
            self.findings().add(found);
            if FINDINGS
                .iter()
                .filter_map(|it| members.get(*it))
                .any(|it| is_array(it))
            {
                self.lists(document, &members)?;
            }
            return Ok(());
        }
        if self.lists(document, &members)? {
            return Ok(());
        }
        let severity = members.get("severity").filter(|raw| !is_null(raw));
        if severity.is_none() {
            if !is_log_line(&members) {
                self.other(raw, &members, is_fresh);
            }
            return Ok(());
        }
        match graded(&members) {
            Graded::Finding => self.findings().find(document.value(raw)?),
            // What holds others is no finding itself.
            Graded::Silent
                if foreign::known(&members).is_some() || may_hold_findings("", raw, 0) =>
            {
                self.other(raw, &members, is_fresh);
            }
            Graded::Plain | Graded::Silent if is_fresh => {
                self.findings().find(document.value(raw)?);
            }
            Graded::Alone if is_fresh => self.alone = Some(document.value(raw)?),
            Graded::LogLine | Graded::Plain | Graded::Silent | Graded::Alone => {}
        }
        Ok(())
    }

    /// Reads the lists of a report; false when there is none.
    fn lists<'a>(
        &mut self,
        document: Document<'a>,
        members: &Members<'a>,
    ) -> Result<bool, Problem> {
        let mut is_report = false;
        let mut found = Listed::default();
        for raw in FINDINGS.iter().filter_map(|name| members.get(*name)) {
            if is_array(raw) {
                is_report = true;
                each_value(document, raw, |value| found.find(value))?;
            }
        }
        let has_findings = is_report;
        let mut is_listed = !found.entries.is_empty();
        if has_findings && !is_listed {
            self.beside(members);
        }
        if let Some(raw) = members.get("fixes").filter(|raw| is_array(raw)) {
            is_report = true;
            let mut fixes = Listed::default();
            each_value(document, raw, |value| fixes.fix(value))?;
            let mut more = members.iter().filter(|(name, _)| *name != "fixes");
            let may_report =
                fixes.entries.is_empty() && more.any(|(name, raw)| may_hold_findings(name, raw, 1));
            is_listed |= !fixes.entries.is_empty();
            self.report.fixes.get_or_insert_default().add(fixes);
            if !has_findings && let Some(words) = foreign::known(members) {
                self.note(words, true);
            } else if !has_findings && may_report {
                self.note(OTHER.to_owned(), true);
            }
        }
        if !is_report && is_log_line(members) {
            return Ok(false);
        }
        let odd = FINDINGS.iter().filter(|name| {
            let known = members.get(**name);
            known.is_some_and(|raw| {
                !is_array(raw) && (is_report || foreign::known(members).is_none())
            })
        });
        let odd: Vec<&&str> = odd.collect();
        for name in &odd {
            let words = format!("unreadable report: `{name}` is no list");
            self.report.troubles.add(|| words);
        }
        if is_report && let Some(words) = own_failure(members, is_listed) {
            self.report.troubles.add(|| words);
        }
        if has_findings {
            self.findings().add(found);
        }
        Ok(is_report || !odd.is_empty())
    }

    /// Notes what stands beside an empty list of findings and may hold more.
    fn beside(&mut self, members: &Members<'_>) {
        let is_read = |name: &str| name == "fixes" || FINDINGS.contains(&name) || name == "runs";
        let mut more = members.iter().filter(|(name, _)| !is_read(name));
        if let Some((name, _)) = more.find(|(name, raw)| holds_more_findings(name, raw)) {
            let words = format!(
                "`{name}` may hold findings, and only `findings`, `vulnerabilities` and `issues` \
                 are read"
            );
            self.note(words, true);
        }
    }

    fn array<'a>(
        &mut self,
        document: Document<'a>,
        raw: &'a RawValue,
        is_fresh: bool,
    ) -> Result<(), Problem> {
        let (mut is_empty, mut reports, mut with_severity) = (true, false, false);
        let (mut wrong, mut known, mut runs, mut has_text) = (None, None, false, false);
        document.each(raw, |_, entry| {
            is_empty = false;
            has_text |= text(entry).is_some_and(|it| !it.trim().is_empty());
            if !is_object(entry) {
                return;
            }
            match document.members(entry) {
                Ok(members) => {
                    with_severity |= members.contains_key("severity");
                    let lists = FINDINGS.iter().filter_map(|name| members.get(*name));
                    reports |= sarif::is_log(&members) || lists.into_iter().any(|it| is_array(it));
                    known = known.take().or_else(|| foreign::known(&members));
                    runs |= sarif::is_run(&members);
                }
                Err(problem) => wrong = wrong.take().or(Some(problem)),
            }
        })?;
        if let Some(problem) = wrong {
            return Err(problem);
        }
        if reports {
            return self.entries(document, raw, |reading, entry| {
                reading.object(document, entry, is_fresh)
            });
        }
        if runs {
            let words = "the beginning of this SARIF is lost".to_owned();
            return Err(document.problem(raw, words));
        }
        if with_severity {
            return self.graded(document, raw, is_fresh);
        }
        match known {
            Some(words) => self.note(words, true),
            None if is_empty && is_fresh => {
                self.findings();
            }
            None if is_fresh => {
                self.note(OTHER.to_owned(), has_text || may_hold_findings("", raw, 0));
            }
            None => {}
        }
        Ok(())
    }

    /// Reads a list of findings, unless it holds nothing but what only loggers write.
    fn graded<'a>(
        &mut self,
        document: Document<'a>,
        raw: &'a RawValue,
        is_fresh: bool,
    ) -> Result<(), Problem> {
        let mut found = Listed::default();
        let mut is_log = true;
        document.each(raw, |_, entry| {
            let members = document.members(entry);
            is_log &= !is_object(entry) || members.is_ok_and(|it| is_marked(&it));
        })?;
        if !is_log {
            each_value(document, raw, |entry| {
                let is_text = entry.as_str().is_some_and(|it| !it.trim().is_empty());
                if entry.is_object() || is_text {
                    found.find(entry);
                }
            })?;
            self.findings().add(found);
        } else if is_fresh {
            self.note(OTHER.to_owned(), true);
        }
        Ok(())
    }

    /// Passes on each object of an array.
    fn entries<'a>(
        &mut self,
        document: Document<'a>,
        raw: &'a RawValue,
        mut take: impl FnMut(&mut Self, &'a RawValue) -> Result<(), Problem>,
    ) -> Result<(), Problem> {
        let mut read = Ok(());
        document.each(raw, |_, entry| {
            if read.is_ok() && is_object(entry) {
                read = take(self, entry);
            }
        })?;
        read
    }

    /// JSON that is no report: that of a known tool wherever it stands, any other where a report
    /// begins.
    fn other(&mut self, raw: &RawValue, members: &Members<'_>, is_fresh: bool) {
        if let Some(words) = foreign::known(members) {
            self.note(words, true);
        } else if is_fresh {
            let may_report = may_be_finding(members) || may_hold_findings("", raw, 0);
            let failure = own_failure(members, false);
            match failure.or_else(|| foreign_failure(members).filter(|_| !may_report)) {
                Some(words) => self.report.troubles.add(|| words),
                None => self.note(OTHER.to_owned(), may_report),
            }
        }
    }

    fn note(&mut self, words: String, may_report: bool) {
        let words = format!(
            "unreadable report: {words}; `report: none` on the step says that there is none"
        );
        let known = self.foreign.as_ref();
        if known.is_none_or(|known| may_report && !known.may_report) {
            self.foreign = Some(Foreign { words, may_report });
        }
    }
}

fn each_value<'a>(
    document: Document<'a>,
    raw: &'a RawValue,
    mut take: impl FnMut(serde_json::Value),
) -> Result<(), Problem> {
    let mut read = Ok(());
    document.each(raw, |_, entry| {
        if read.is_ok() {
            read = document.value(entry).map(&mut take);
        }
    })?;
    read
}
