//! The facts of one session together, as events add up to them. May hold only the iterations and
//! findings that are about to change: what an event adds depends on no others.

use std::collections::BTreeMap;

use super::{
    FindingFacts, IterationFacts, Ledger, LoopEvent, Session, SessionFacts, Stamp, StepReport,
    ledger, verdict,
};

/// The facts of one session.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SessionBook {
    /// Of the session as a whole.
    pub facts: SessionFacts,
    /// Of its iterations, by number.
    pub iterations: BTreeMap<u32, IterationFacts>,
    /// Of its findings, by fingerprint.
    pub findings: BTreeMap<String, FindingFacts>,
}

impl SessionBook {
    /// Adds an event that was not added before. `arrival` rises from event to event; it decides
    /// between events of the same time.
    pub fn add(&mut self, event: &LoopEvent, arrival: i64) {
        self.add_reported(event, &event.report(), arrival);
    }

    /// The same, where what the event reports is known already.
    pub fn add_reported(&mut self, event: &LoopEvent, report: &StepReport, arrival: i64) {
        self.facts.add(event, arrival);
        let new = || IterationFacts::new(event.iteration);
        let iteration = self.iterations.entry(event.iteration).or_insert_with(new);
        iteration.add(event, report, arrival);
        let stamp = Stamp {
            at: event.order,
            arrival,
        };
        for sighting in report.sightings.iter().flatten() {
            let known = self.findings.entry(sighting.fingerprint.clone());
            let finding = known.or_insert_with(|| FindingFacts::new(sighting.clone(), stamp));
            finding.see(sighting.clone(), stamp, (event.iteration, report.step));
        }
    }

    /// The findings and the numbers of the iterations. Needs the whole session.
    #[must_use]
    pub fn ledger(&self) -> Ledger {
        let iterations: Vec<_> = self.iterations.values().cloned().collect();
        let findings: Vec<_> = self.findings.values().cloned().collect();
        ledger(&self.facts, &iterations, &findings)
    }

    /// `session` with its verdict, and the ledger it rests on. Needs the whole session.
    #[must_use]
    pub fn judged(&self, mut session: Session) -> (Session, Ledger) {
        let ledger = self.ledger();
        let why = self.facts.why(session.status);
        session.verdict = Some(verdict(
            session.status,
            why,
            &ledger.iterations,
            self.facts.refused,
        ));
        (session, ledger)
    }
}
