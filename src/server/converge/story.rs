//! What simulated sessions tell: findings that appear, are mended and come back. Pure and, for
//! one seed, always the same.

use serde_json::{Value, json};

use super::outcome::StepOutcome;
use crate::domain::LoopStep;

/// Kind, severity, file, line, words.
type Entry = (&'static str, &'static str, &'static str, u32, &'static str);

const FINDINGS: [Entry; 14] = [
    (
        "security",
        "high",
        "src/auth/session.rs",
        84,
        "the session cookie has no SameSite attribute",
    ),
    (
        "correctness",
        "medium",
        "src/orders/total.rs",
        31,
        "rounding loses a cent for three equal parts",
    ),
    (
        "reliability",
        "high",
        "src/payments/client.rs",
        112,
        "a timeout of the bank is taken for a refusal",
    ),
    (
        "style",
        "low",
        "src/pages/login.rs",
        12,
        "the label of the password field is empty",
    ),
    (
        "performance",
        "medium",
        "src/search/index.rs",
        203,
        "the index is read again for every word",
    ),
    (
        "correctness",
        "high",
        "src/calendar/repeat.rs",
        57,
        "a meeting on the 31st vanishes in short months",
    ),
    (
        "accessibility",
        "medium",
        "src/pages/cart.rs",
        90,
        "the remove button cannot be reached by keyboard",
    ),
    (
        "tests",
        "low",
        "tests/checkout.rs",
        1,
        "no test pays with an expired card",
    ),
    (
        "reliability",
        "critical",
        "src/storage/backup.rs",
        18,
        "a failed backup is reported as done",
    ),
    (
        "style",
        "low",
        "src/mail/template.rs",
        44,
        "two templates differ in one space",
    ),
    (
        "security",
        "medium",
        "src/api/errors.rs",
        66,
        "an error shows the name of the database",
    ),
    (
        "correctness",
        "low",
        "src/format/money.rs",
        9,
        "negative amounts have a space before the sign",
    ),
    (
        "performance",
        "low",
        "src/images/resize.rs",
        140,
        "small images are enlarged and shrunk again",
    ),
    (
        "reliability",
        "medium",
        "src/queue/worker.rs",
        77,
        "a worker that is stopped forgets its job",
    ),
];

const ATTACKS: [Entry; 5] = [
    (
        "injection",
        "critical",
        "src/search/query.rs",
        40,
        "a quote in a search reaches the database",
    ),
    (
        "overflow",
        "high",
        "src/upload/limits.rs",
        22,
        "a length of 2^32 is taken for 0",
    ),
    (
        "access",
        "high",
        "src/api/invoices.rs",
        51,
        "an invoice of somebody else can be read by its number",
    ),
    (
        "denial",
        "medium",
        "src/parse/json.rs",
        15,
        "ten thousand brackets exhaust the stack",
    ),
    (
        "disclosure",
        "medium",
        "src/pages/reset.rs",
        33,
        "the answer tells whether an address is known",
    ),
];

/// How a session goes.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Plot {
    /// Ever less is wrong.
    Converges,
    /// What was mended comes back, and then no more.
    Regresses,
    /// Nothing gets better.
    Stalls,
    /// A tool gives out.
    Breaks,
}

impl Plot {
    /// That of the session with this number.
    pub(super) fn of(number: usize) -> Self {
        const ALL: [Plot; 6] = [
            Plot::Converges,
            Plot::Regresses,
            Plot::Stalls,
            Plot::Converges,
            Plot::Breaks,
            Plot::Regresses,
        ];
        ALL[number % ALL.len()]
    }
}

/// What is wrong with a project that nobody has.
pub(super) struct Story {
    plot: Plot,
    chance: Chance,
    /// Not found yet.
    hidden: Vec<Entry>,
    open: Vec<Entry>,
    mended: Vec<Entry>,
    /// Ways to break it that nobody has tried yet.
    untried: Vec<Entry>,
    broken: Vec<Entry>,
    iteration: u32,
}

impl Story {
    pub(super) fn new(plot: Plot, seed: u64) -> Self {
        let mut chance = Chance(seed);
        let few = |all: &[Entry], count: usize, chance: &mut Chance| {
            let mut all = all.to_vec();
            (0..count)
                .map(|_| all.swap_remove(chance.below(all.len())))
                .collect::<Vec<_>>()
        };
        let hidden = few(&FINDINGS, 5 + chance.below(4), &mut chance);
        let untried = few(&ATTACKS, 1 + chance.below(2), &mut chance);
        Self {
            plot,
            chance,
            hidden,
            open: Vec::new(),
            mended: Vec::new(),
            untried,
            broken: Vec::new(),
            iteration: 0,
        }
    }

    /// What a step of the next iteration comes to.
    pub(super) fn play(&mut self, step: LoopStep) -> StepOutcome {
        let mut outcome = StepOutcome {
            success: true,
            findings: Some(Vec::new()),
            return_code: Some(0),
            ..StepOutcome::default()
        };
        match step {
            LoopStep::Diagnose => {
                self.iteration += 1;
                let new = self.hidden.len().min(4);
                self.open.extend(self.hidden.drain(..new));
                let again = self.plot == Plot::Regresses && (2..5).contains(&self.iteration);
                if again && !self.mended.is_empty() {
                    let place = self.chance.below(self.mended.len());
                    self.open.push(self.mended.swap_remove(place));
                }
                outcome.findings = Some(self.open.iter().map(told).collect());
            }
            LoopStep::Fix => {
                outcome.addressed = self.open.len() + self.broken.len();
                for entry in self.mend() {
                    let words = format!("mended: {}", entry.4);
                    outcome
                        .fixes
                        .push(json!({"file": entry.2, "description": words}));
                }
            }
            LoopStep::Attack => {
                if self.iteration <= 2 {
                    self.broken.extend(self.untried.pop());
                }
                outcome.findings = Some(self.broken.iter().map(told).collect());
            }
            LoopStep::Validate => {
                let grave = |entry: &Entry| ["critical", "high"].contains(&entry.1);
                outcome.success = !self.open.iter().chain(&self.broken).any(grave);
                if !outcome.success {
                    outcome.return_code = Some(1);
                    outcome.error = Some("cargo exited with status 101".to_owned());
                }
            }
        }
        outcome
    }

    /// A few of what is open, or nothing where the story gets nowhere.
    fn mend(&mut self) -> Vec<Entry> {
        let all = self.open.len() + self.broken.len();
        let most = match self.plot {
            Plot::Stalls if self.iteration > 1 => 0,
            Plot::Stalls => all / 3,
            _ => all.div_ceil(2) + self.chance.below(2),
        };
        let mut mended = Vec::new();
        while mended.len() < most {
            let from = if self.broken.is_empty() {
                &mut self.open
            } else {
                &mut self.broken
            };
            if from.is_empty() {
                break;
            }
            mended.push(from.swap_remove(self.chance.below(from.len())));
        }
        self.mended.extend(&mended);
        mended
    }

    /// True when the fix step gives out in this iteration.
    pub(super) fn gives_out(&self) -> bool {
        self.plot == Plot::Breaks && self.iteration == 3
    }
}

fn told((kind, severity, file, line, words): &Entry) -> Value {
    json!({"type": kind, "severity": severity, "file": file, "line": line, "description": words})
}

/// Numbers that look like chance: splitmix64.
pub(super) struct Chance(pub(super) u64);

impl Chance {
    pub(super) fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        bits ^= bits >> 31;
        usize::try_from(bits >> 16).unwrap_or(0) % bound.max(1)
    }
}

#[cfg(test)]
mod tests {
    use super::{Plot, Story};
    use crate::domain::LoopStep;

    fn steps(plot: Plot, seed: u64) -> Vec<String> {
        let mut story = Story::new(plot, seed);
        let steps = LoopStep::ALL.into_iter().cycle().take(24);
        steps
            .map(|step| format!("{:?}", story.play(step)))
            .collect()
    }

    #[test]
    fn a_story_is_the_same_for_the_same_seed() {
        assert_eq!(steps(Plot::Converges, 7), steps(Plot::Converges, 7));
        assert_ne!(steps(Plot::Converges, 7), steps(Plot::Converges, 8));
    }
}
