//! What a step came to, and what all of them did.

use serde_json::{Value, json};

use super::output::Report;
use crate::domain::{LoopStep, Severity, SeverityCounts};

#[derive(Clone, Debug, Default)]
pub(crate) struct StepOutcome {
    pub(crate) success: bool,
    /// What it found, in its own words; absent when it may have stopped before it looked.
    pub(crate) findings: Option<Vec<Value>>,
    /// What it found and says is to be lived with.
    pub(crate) suppressed: Vec<Value>,
    /// True when there may be more than it found.
    pub(crate) incomplete: bool,
    /// What it mended.
    pub(crate) fixes: Vec<Value>,
    /// Entries of the lists that were left out because there were too many.
    pub(crate) omitted: u64,
    /// How grave the gravest finding among these is.
    pub(crate) worst_omitted: Option<Severity>,
    /// Findings that the fix step was given.
    pub(crate) addressed: usize,
    pub(crate) return_code: Option<i32>,
    /// Why it did not succeed.
    pub(crate) error: Option<String>,
    /// What its lists leave out.
    pub(crate) unlisted: Unlisted,
    /// True when its output held no report: that it found nothing, its exit status says.
    pub(crate) by_exit_status: bool,
}

/// How much of the lists of a step is left out.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Unlisted {
    pub(crate) findings: usize,
    pub(crate) suppressed: usize,
    pub(crate) fixes: usize,
}

/// Everything that a session came to.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct SessionTotals {
    pub(crate) findings: usize,
    pub(crate) fixes: usize,
    pub(crate) vulnerabilities: usize,
    pub(crate) passed: u32,
    pub(crate) failed: u32,
}

impl SessionTotals {
    /// Adds what a step came to.
    pub(crate) fn add(&mut self, step: LoopStep, outcome: &StepOutcome) {
        let found = outcome.findings();
        match step {
            LoopStep::Attack => self.vulnerabilities += found,
            _ => self.findings += found,
        }
        self.fixes += outcome.fixes.len() + outcome.unlisted.fixes;
        match (step, outcome.success) {
            (LoopStep::Validate, true) => self.passed += 1,
            (LoopStep::Validate, false) => self.failed += 1,
            _ => {}
        }
    }
}

impl Unlisted {
    /// Of what a step reports.
    pub(crate) fn of(step: LoopStep, report: &Report) -> Self {
        let omitted = |list: Option<u64>| usize::try_from(list.unwrap_or(0)).unwrap_or(usize::MAX);
        let (findings, fixes) = (report.findings.as_ref(), report.fixes.as_ref());
        let suppressed = omitted(findings.map(|list| list.suppressed_omitted));
        Self {
            findings: omitted(findings.map(|list| list.omitted)) - suppressed,
            suppressed,
            fixes: omitted(
                fixes
                    .map(|list| list.omitted)
                    .filter(|_| step == LoopStep::Fix),
            ),
        }
    }
}

impl StepOutcome {
    /// How many findings it reported.
    pub(crate) fn findings(&self) -> usize {
        self.findings.as_ref().map_or(0, Vec::len) + self.unlisted.findings
    }

    /// As the Python loop reports it, and with the lists themselves.
    pub(super) fn data(&self, step: LoopStep) -> Value {
        let found = self.findings.as_deref().unwrap_or_default();
        let findings = self.findings();
        let fixes = self.fixes.len() + self.unlisted.fixes;
        let mut counts = SeverityCounts::default();
        for entry in found {
            counts.add(Severity::of(entry));
        }
        let metrics = match step {
            LoopStep::Diagnose => json!({"issues_found": findings, "critical": counts.critical,
                "high": counts.high, "medium": counts.medium, "low": counts.low}),
            LoopStep::Fix if self.addressed + fixes == 0 && self.success => {
                json!({"fixes_applied": 0, "no_issues": true})
            }
            LoopStep::Fix => {
                json!({"fixes_applied": fixes, "issues_addressed": self.addressed})
            }
            LoopStep::Attack => json!({"vulnerabilities_found": findings,
                "critical": counts.critical, "tests_collected": 0}),
            LoopStep::Validate => {
                json!({"return_code": self.return_code, "success": self.success})
            }
        };
        let mut data = json!({"step": step.as_str(), "success": self.success,
            "findings_count": findings, "fixes_count": fixes, "metrics": metrics});
        if let Some(findings) = &self.findings {
            let list = if step == LoopStep::Attack {
                "vulnerabilities"
            } else {
                "findings"
            };
            let all: Vec<&Value> = findings.iter().chain(&self.suppressed).collect();
            data[list] = json!(all);
            if !self.suppressed.is_empty() {
                data["suppressed_count"] = json!(self.suppressed.len() + self.unlisted.suppressed);
            }
            if self.incomplete {
                data["incomplete"] = json!(true);
            }
        }
        if self.by_exit_status {
            data["by_exit_status"] = json!(true);
        }
        if step == LoopStep::Fix {
            data["fixes"] = json!(self.fixes);
        }
        if self.omitted > 0 {
            data["omitted"] = json!(self.omitted);
        }
        if let Some(error) = &self.error {
            data["error"] = json!(error);
        }
        data
    }
}
