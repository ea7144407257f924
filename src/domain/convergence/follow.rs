//! Follows findings through the iterations, and counts them in each. Findings of which the same
//! became are followed together, and a run of iterations in one step, so that the work grows with
//! what is different and not with findings times iterations.

use std::collections::BTreeMap;

use super::{Fellows, FindingState, IterationFacts, IterationMetrics, LoopStep, StepResult};

/// What became of each group; what is counted is added to `rows`, which belong to `iterations`.
pub(super) fn follow(
    iterations: &[&IterationFacts],
    groups: &[Fellows],
    rows: &mut [IterationMetrics],
) -> Vec<FindingState> {
    let numbers: Vec<u32> = iterations.iter().map(|facts| facts.iteration).collect();
    let mut looked = BTreeMap::new();
    let mut tally = Tally::new(rows.len());
    let states = groups
        .iter()
        .map(|group| {
            let mut steps: Vec<LoopStep> = group.seen.steps().collect();
            steps.sort_unstable();
            steps.dedup();
            let looked = looked
                .entry(steps)
                .or_insert_with_key(|steps| looked_for(iterations, steps));
            one(group, &numbers, looked, &mut tally)
        })
        .collect();
    tally.write(rows);
    states
}

/// The rows in which every one of `steps` has listed all that it found; any step where none is named.
fn looked_for(iterations: &[&IterationFacts], steps: &[LoopStep]) -> Vec<usize> {
    let has_looked = |facts: &IterationFacts| {
        let listed = |step| facts.result(step).is_some_and(StepResult::lists_all);
        if steps.is_empty() {
            LoopStep::ALL.into_iter().any(listed)
        } else {
            steps.iter().copied().all(listed)
        }
    };
    let rows = iterations.iter().enumerate();
    rows.filter(|(_, facts)| has_looked(facts))
        .map(|(row, _)| row)
        .collect()
}

/// Follows one group; `numbers` are those of the rows, `looked` the rows where it was looked for.
fn one(group: &Fellows, numbers: &[u32], looked: &[usize], tally: &mut Tally) -> FindingState {
    let mut state: Option<FindingState> = None;
    // The row after those in which it was seen last, and the row since which it is open.
    let (mut end, mut open) = (0, 0);
    for (first, last) in group.seen.runs() {
        let from = numbers.partition_point(|number| *number < first);
        let to = numbers.partition_point(|number| *number <= last);
        if from == to {
            // Before the first iteration with a number.
            state = state.or(Some(FindingState::New));
            continue;
        }
        if state.is_some()
            && let Some(row) = first_within(looked, end, from)
        {
            tally.fix(group, open, row);
            state = Some(FindingState::Fixed);
        }
        let begin = match state {
            None => FindingState::New,
            Some(FindingState::Fixed) => FindingState::Regressed,
            Some(_) => FindingState::Repeated,
        };
        if begin != FindingState::Repeated {
            open = from;
        }
        tally.see(group, begin, (from, to));
        let is_long = to - from > 1;
        state = Some(if is_long {
            FindingState::Repeated
        } else {
            begin
        });
        end = to;
    }
    if state.is_some() {
        if let Some(row) = first_within(looked, end, numbers.len()) {
            tally.fix(group, open, row);
            state = Some(FindingState::Fixed);
        } else {
            tally.stay_open(group, open, numbers.len());
        }
    }
    match state {
        _ if group.accepted => FindingState::Accepted,
        None => FindingState::New,
        Some(state) => state,
    }
}

/// The first of `rows` from `from` on, before `to`.
fn first_within(rows: &[usize], from: usize, to: usize) -> Option<usize> {
    let place = rows.partition_point(|row| *row < from);
    rows.get(place).copied().filter(|row| *row < to)
}

/// What is counted of all rows.
struct Tally {
    open: Counts,
    new: Counts,
    repeated: Counts,
    regressed: Counts,
    fixed: Counts,
    accepted: Counts,
}

/// By how much a number changes from the row before: adding to many rows is two steps.
struct Counts(Vec<i64>);

impl Counts {
    fn add(&mut self, from: usize, to: usize, count: u32) {
        if from < to {
            self.0[from] += i64::from(count);
            self.0[to] -= i64::from(count);
        }
    }
}

impl Tally {
    fn new(rows: usize) -> Self {
        let none = || Counts(vec![0; rows + 1]);
        Self {
            open: none(),
            new: none(),
            repeated: none(),
            regressed: none(),
            fixed: none(),
            accepted: none(),
        }
    }

    /// It was seen in these rows, and `begin` became of it in the first.
    fn see(&mut self, group: &Fellows, begin: FindingState, (from, to): (usize, usize)) {
        if group.accepted {
            return self.accepted.add(from, to, group.count);
        }
        let slot = match begin {
            FindingState::New => &mut self.new,
            FindingState::Regressed => &mut self.regressed,
            _ => &mut self.repeated,
        };
        slot.add(from, from + 1, group.count);
        self.repeated.add(from + 1, to, group.count);
    }

    /// It is gone in this row, after it was open since another. What is accepted stays that.
    fn fix(&mut self, group: &Fellows, open: usize, row: usize) {
        self.stay_open(group, open, row);
        if !group.accepted {
            self.fixed.add(row, row + 1, group.count);
        }
    }

    /// It is open from one row on, before another: also where nobody looked.
    fn stay_open(&mut self, group: &Fellows, from: usize, to: usize) {
        if !group.accepted {
            self.open.add(from, to, group.count);
        }
    }

    /// A number that nothing was added to stays as it is: unknown, where it was not told.
    fn write(&self, rows: &mut [IterationMetrics]) {
        type Slot = fn(&mut IterationMetrics) -> &mut Option<u32>;
        let slots: [(&Counts, Slot); 6] = [
            (&self.open, |row| &mut row.open),
            (&self.new, |row| &mut row.new),
            (&self.repeated, |row| &mut row.repeated),
            (&self.regressed, |row| &mut row.regressed),
            (&self.fixed, |row| &mut row.fixed),
            (&self.accepted, |row| &mut row.accepted),
        ];
        for (counts, slot) in slots {
            let mut here = 0;
            for (row, change) in rows.iter_mut().zip(&counts.0) {
                here += change;
                if here > 0 {
                    let slot = slot(row);
                    let count = u32::try_from(here).unwrap_or(u32::MAX);
                    *slot = Some(slot.unwrap_or(0).saturating_add(count));
                }
            }
        }
    }
}
