//! The loop itself: diagnose, fix, attack, validate, until nothing is left to do.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokio::task::spawn_blocking;

use super::changes::Snapshot;
use super::judge::{judge, left, with_step};
use super::outcome::{SessionTotals, StepOutcome};
use super::output::{ASSUMED, MOST_ENTRIES};
use super::rules::{Iteration, Rule};
use super::session::{Beginning, RunningSession, SessionError};
use super::settings::{Settings, StepSettings};
use super::step::{Briefing, StepEnd, Stop, run_step};
use super::terminal::{Now, Terminal, count, span};
use crate::domain::{LoopMove, LoopStep};
use crate::server::files;

/// How a session ended.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Ending {
    Converged,
    /// It ran out of iterations or of time.
    NotConverged(String),
    Failed(String),
    Interrupted,
}

/// A loop that is under way.
pub(crate) struct Pipeline<'a> {
    pub(crate) settings: &'a Settings,
    pub(crate) stop: &'a Stop,
    pub(crate) terminal: &'a Terminal,
    session: RunningSession,
    rule: Rule,
    totals: SessionTotals,
    deadline: Instant,
    /// Holds the file that tells a step what is open.
    folder: tempfile::TempDir,
    /// What the iteration before has left to fix.
    left: Vec<Value>,
    /// The files of the target, as they were when somebody last looked.
    seen: Arc<Snapshot>,
    /// The fix step failed when it last ran: what it left undone, nobody else may see.
    fix_failed: bool,
}

impl<'a> Pipeline<'a> {
    pub(crate) fn new(
        settings: &'a Settings,
        stop: &'a Stop,
        terminal: &'a Terminal,
        session: RunningSession,
    ) -> std::io::Result<Self> {
        Ok(Self {
            settings,
            stop,
            terminal,
            session,
            rule: Rule::new(settings.convergence_threshold, settings.min_severity),
            totals: SessionTotals::default(),
            deadline: Instant::now() + settings.timeout,
            folder: tempfile::Builder::new()
                .prefix("kimi-converge-")
                // Findings are nobody else's business.
                .permissions(Permissions::from_mode(0o700))
                .tempdir()?,
            left: Vec::new(),
            seen: Arc::default(),
            fix_failed: false,
        })
    }

    /// Runs to the end, which is told to whoever reads the session's events.
    pub(crate) async fn run(mut self, webhook: &str) -> Ending {
        let ending = match self.iterate(webhook).await {
            Ok(ending) => ending,
            Err(error) => Ending::Failed(error.to_string()),
        };
        let told = match &ending {
            Ending::Converged => self.session.end(None),
            Ending::NotConverged(why) => {
                let over = self.session.give_up(why);
                over.and_then(|()| self.session.end(None))
            }
            Ending::Failed(why) => {
                let failed = self.session.fail(why);
                failed.and_then(|()| self.session.end(None))
            }
            Ending::Interrupted => self.session.end(Some("told to stop")),
        };
        self.session.close();
        self.terminal.show(Now::default());
        match (told, ending) {
            // In the words of a dashboard, and why it is over.
            (Ok(()), Ending::NotConverged(why)) => {
                let verdict = self.session.verdict().map(|verdict| verdict.reason);
                let words = verdict.map_or(why.clone(), |verdict| format!("{verdict}; {why}"));
                Ending::NotConverged(words)
            }
            (Ok(()), ending) => ending,
            (Err(error), _) => Ending::Failed(error.to_string()),
        }
    }

    async fn iterate(&mut self, webhook: &str) -> Result<Ending, SessionError> {
        self.session.start(Beginning {
            webhook,
            target: &self.settings.target.display().to_string(),
            name: self.settings.name.as_deref(),
            task: self.settings.task.as_deref(),
        })?;
        loop {
            self.session.begin_iteration()?;
            let number = self.session.iteration();
            let begin = if number == 1 {
                LoopMove::Start
            } else {
                LoopMove::Retry
            };
            let mut iteration = Iteration::default();
            for (step, begin) in LoopStep::ALL.into_iter().zip([
                begin,
                LoopMove::DiagnosisComplete,
                LoopMove::FixComplete,
                LoopMove::AttackComplete,
            ]) {
                self.session.go(begin)?;
                if let Some(ending) = self.over() {
                    return Ok(ending);
                }
                if let Err(ending) = self.step(step, &mut iteration).await? {
                    return Ok(ending);
                }
            }
            if self.rule.judge(&iteration) {
                self.session.converge(self.totals)?;
                return Ok(Ending::Converged);
            }
            self.session.go(LoopMove::Retry)?;
            self.session.end_iteration()?;
            self.left = left(&iteration);
            if number >= self.settings.max_iterations {
                let words = format!("Max iterations ({number}) reached");
                return Ok(Ending::NotConverged(words));
            }
            self.pause().await;
            if let Some(ending) = self.over() {
                return Ok(ending);
            }
        }
    }

    /// Between two iterations.
    async fn pause(&self) {
        let pause = self.settings.backoff.min(self.time_left());
        let pause = tokio::time::sleep(pause);
        self.stop.cancel.run_until_cancelled(pause).await;
    }

    /// How it ends, if it has to end now.
    fn over(&self) -> Option<Ending> {
        if self.stop.cancel.is_cancelled() {
            return Some(Ending::Interrupted);
        }
        let limit = span(self.settings.timeout);
        self.time_left()
            .is_zero()
            .then(|| Ending::NotConverged(format!("Timeout ({limit}) reached")))
    }

    fn time_left(&self) -> Duration {
        self.deadline.saturating_duration_since(Instant::now())
    }

    /// Runs one step, if it is enabled; answers how the loop ends if it cannot go on.
    async fn step(
        &mut self,
        step: LoopStep,
        iteration: &mut Iteration,
    ) -> Result<Result<(), Ending>, SessionError> {
        let all = &self.settings.steps;
        let Some(settings) = all.iter().find(|it| it.step == step && it.enabled) else {
            return Ok(Ok(()));
        };
        let mut open = self.left.clone();
        open.extend(iteration.open().map(with_step));
        self.session
            .begin_step(step, &settings.tool, &settings.args)?;
        self.show(step, iteration);
        let begun = Instant::now();
        let idle = step == LoopStep::Fix && open.is_empty() && !self.fix_may_know_more();
        let outcome = if idle {
            // Nothing is wrong, so there is nothing to pay for.
            StepOutcome {
                success: true,
                findings: Some(Vec::new()),
                ..StepOutcome::default()
            }
        } else {
            match self.work(settings, &open).await {
                Ok(done) => done,
                Err(ending) => return Ok(Err(ending)),
            }
        };
        if step == LoopStep::Fix {
            self.fix_failed = !outcome.success;
        }
        self.totals.add(step, &outcome);
        self.session.end_step(step, &outcome)?;
        self.tell(step, &outcome, begun.elapsed());
        iteration.add(step, outcome);
        Ok(Ok(()))
    }

    /// True where nothing that is open does not mean that there is nothing to fix: nobody else
    /// looks for it, or the last attempt broke off.
    fn fix_may_know_more(&self) -> bool {
        let mut steps = self.settings.steps.iter();
        let diagnoses = steps.any(|it| it.enabled && it.step == LoopStep::Diagnose);
        !diagnoses || self.fix_failed
    }

    /// Runs the program of a step.
    async fn work(
        &mut self,
        settings: &StepSettings,
        open: &[Value],
    ) -> Result<StepOutcome, Ending> {
        let findings = self.folder.path().join("findings.json");
        files::replace(&findings, &json!(open).to_string()).map_err(|error| {
            Ending::Failed(format!("cannot write {}: {error}", findings.display()))
        })?;
        let before = match settings.step {
            // It may change the target.
            LoopStep::Fix => Some(self.look().await?),
            _ => None,
        };
        let briefing = Briefing {
            session: self.session.id(),
            iteration: self.session.iteration(),
            target: &self.settings.target,
            spelled: &self.settings.spelled,
            findings: &findings,
            hidden: &self.settings.hidden,
        };
        let limit = settings.timeout.min(self.time_left());
        let run = run_step(settings, &briefing, self.stop, limit, self.terminal).await;
        match &run.end {
            StepEnd::Stopped => return Err(Ending::Interrupted),
            StepEnd::NotStarted(why) => {
                return Err(Ending::Failed(format!("{}: {why}", settings.step.as_str())));
            }
            _ => {}
        }
        let mut outcome = judge(settings, run, limit);
        outcome.addressed = open.len();
        // Whoever says that nothing was mended may have changed something nevertheless.
        if let Some(before) = before.filter(|_| outcome.fixes.is_empty()) {
            let after = self.look().await?;
            outcome.fixes = before.changes(&after);
            let more = outcome.fixes.len().saturating_sub(MOST_ENTRIES);
            outcome.fixes.truncate(MOST_ENTRIES);
            outcome.omitted += u64::try_from(more).unwrap_or(0);
            outcome.unlisted.fixes += more;
        }
        Ok(outcome)
    }

    /// At the files of the target.
    async fn look(&mut self) -> Result<Arc<Snapshot>, Ending> {
        let (target, earlier) = (self.settings.target.clone(), Arc::clone(&self.seen));
        let now = self.session.now();
        let look = spawn_blocking(move || Snapshot::of(&target, &earlier, now));
        let seen = look.await;
        let seen = seen.map_err(|error| {
            Ending::Failed(format!("cannot look at the files of the target: {error}"))
        })?;
        if let Some(words) = seen.remark()
            && self.seen.remark().is_none()
        {
            self.terminal.complain(words);
        }
        self.seen = Arc::new(seen);
        Ok(Arc::clone(&self.seen))
    }

    fn show(&self, step: LoopStep, iteration: &Iteration) {
        self.terminal.show(Now {
            phase: step.state().as_str().to_owned(),
            iteration: self.session.iteration(),
            of: self.settings.max_iterations,
            findings: iteration.open().count(),
            fixes: self.totals.fixes,
        });
    }

    fn tell(&self, step: LoopStep, outcome: &StepOutcome, took: Duration) {
        let unlisted = outcome.unlisted;
        let listed = outcome.findings.as_ref().map_or(0, Vec::len);
        let findings = counted([listed, unlisted.findings], "finding", "findings");
        let mut result = match step {
            LoopStep::Validate if outcome.success => "passed".to_owned(),
            LoopStep::Validate => "failed".to_owned(),
            // What failed has not found that there is nothing.
            _ if !outcome.success && listed == 0 => "failed".to_owned(),
            // Its output says nothing: that it ended well says all.
            _ if outcome.by_exit_status => "nothing reported, exit status 0".to_owned(),
            LoopStep::Fix => counted([outcome.fixes.len(), unlisted.fixes], "fix", "fixes"),
            _ => findings.clone(),
        };
        if matches!(step, LoopStep::Fix | LoopStep::Validate) && listed > 0 {
            result = format!("{result}, {findings}");
        }
        if !outcome.suppressed.is_empty() {
            let suppressed = outcome.suppressed.len() + unlisted.suppressed;
            result = format!("{result}, {suppressed} suppressed");
        }
        let is_assumed = |entry: &&Value| entry.get(ASSUMED).is_some();
        let assumed = outcome.findings.iter().flatten().filter(is_assumed).count();
        if assumed > 0 {
            result = format!("{result}, {assumed} without a severity: medium");
        }
        let error = outcome.error.as_ref();
        let error = error.map_or_else(String::new, |error| format!(" ({error})"));
        let (iteration, step) = (self.session.iteration(), step.as_str());
        let took = span(took);
        self.terminal.say(&format!(
            "iteration {iteration} · {step}: {result}{error} · {took}"
        ));
    }
}

/// `1500 findings (1000 listed)`, of those that are listed and of those that are not.
fn counted([listed, more]: [usize; 2], one: &str, many: &str) -> String {
    let all = count(listed + more, one, many);
    if more == 0 {
        all
    } else {
        format!("{all} ({listed} listed)")
    }
}
