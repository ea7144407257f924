//! Where something was seen: runs of iterations, by step. What is seen in every iteration of a
//! long session is one run.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::LoopStep;

/// The iterations and steps in which something was seen; the step where it is known.
#[derive(Clone, Debug, Default, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Seen(Vec<Run>);

/// In order, apart from one another: the same places are always the same runs.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
struct Run {
    step: Option<LoopStep>,
    first: u32,
    last: u32,
}

impl Seen {
    /// Adds a place.
    pub fn insert(&mut self, iteration: u32, step: Option<LoopStep>) {
        let is_before = |run: &Run| (run.step, run.first) <= (step, iteration);
        let place = self.0.partition_point(is_before);
        let before = place.checked_sub(1).and_then(|at| self.0.get(at)).copied();
        let before = before.filter(|run| run.step == step);
        if before.is_some_and(|run| run.last >= iteration) {
            return;
        }
        let joins = before.is_some_and(|run| run.last.checked_add(1) == Some(iteration));
        let next = self.0.get(place).copied();
        let next =
            next.filter(|run| run.step == step && run.first.checked_sub(1) == Some(iteration));
        match (joins, next) {
            (true, Some(next)) => {
                self.0.remove(place);
                self.0[place - 1].last = next.last;
            }
            (true, None) => self.0[place - 1].last = iteration,
            (false, Some(_)) => self.0[place].first = iteration,
            (false, None) => {
                let (first, last) = (iteration, iteration);
                self.0.insert(place, Run { step, first, last });
            }
        }
    }

    /// The first iteration; 0 when there is none.
    #[must_use]
    pub fn first(&self) -> u32 {
        self.0.iter().map(|run| run.first).min().unwrap_or(0)
    }

    /// The last iteration; 0 when there is none.
    #[must_use]
    pub fn last(&self) -> u32 {
        self.0.iter().map(|run| run.last).max().unwrap_or(0)
    }

    /// The steps that ever saw it, where they are known.
    pub(super) fn steps(&self) -> impl Iterator<Item = LoopStep> {
        self.0.iter().filter_map(|run| run.step)
    }

    /// The iterations, whatever the step: the first and the last of each run, in order.
    pub(super) fn runs(&self) -> Vec<(u32, u32)> {
        let mut runs: Vec<_> = self.0.iter().map(|run| (run.first, run.last)).collect();
        runs.sort_unstable();
        let mut joined: Vec<(u32, u32)> = Vec::with_capacity(runs.len());
        for (first, last) in runs {
            match joined.last_mut() {
                Some(before) if first <= before.1.saturating_add(1) => {
                    before.1 = before.1.max(last);
                }
                _ => joined.push((first, last)),
            }
        }
        joined
    }
}

/// Written as `[[first, last, step], …]`; `[[iteration, step], …]` is read too, as earlier
/// versions wrote it.
impl Serialize for Seen {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.iter().map(|run| (run.first, run.last, run.step)))
    }
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Written {
    Run(u32, u32, Option<LoopStep>),
    Once(u32, Option<LoopStep>),
}

impl<'de> Deserialize<'de> for Seen {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut seen = Self::default();
        for written in Vec::<Written>::deserialize(deserializer)? {
            match written {
                Written::Once(iteration, step) => seen.insert(iteration, step),
                Written::Run(first, last, step) => seen.0.push(Run { step, first, last }),
            }
        }
        seen.0.sort_unstable();
        Ok(seen)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::Seen;
    use crate::domain::LoopStep::{self, Attack, Diagnose};

    fn of(places: impl IntoIterator<Item = (u32, Option<LoopStep>)>) -> Seen {
        let mut seen = Seen::default();
        for (iteration, step) in places {
            seen.insert(iteration, step);
        }
        seen
    }

    #[test]
    fn a_long_run_is_short_and_what_earlier_versions_wrote_is_read() {
        let seen = of((1..=100_000).map(|n| (n, Some(Diagnose))));
        let text = serde_json::to_string(&seen).unwrap();
        assert_eq!(text, r#"[[1,100000,"diagnose"]]"#);
        let old = r#"[[1,"diagnose"],[2,"attack"],[2,"diagnose"],[7,null]]"#;
        let read: Seen = serde_json::from_str(old).unwrap();
        let same = of([
            (7, None),
            (2, Some(Diagnose)),
            (2, Some(Attack)),
            (1, Some(Diagnose)),
        ]);
        assert_eq!(read, same);
        assert_eq!(
            (read.first(), read.last(), read.runs()),
            (1, 7, vec![(1, 2), (7, 7)])
        );
    }

    proptest! {
        #[test]
        fn the_same_places_are_the_same_in_any_order(
            places in prop::collection::vec((0_u32..12, 0_usize..3), 0..40),
        ) {
            let steps = [None, Some(Diagnose), Some(Attack)];
            let places: Vec<_> = places.into_iter().map(|(n, step)| (n, steps[step])).collect();
            let seen = of(places.clone());
            prop_assert_eq!(&of(places.iter().rev().copied()), &seen);
            let text = serde_json::to_string(&seen).unwrap();
            prop_assert_eq!(&serde_json::from_str::<Seen>(&text).unwrap(), &seen);
            let iterations: BTreeSet<u32> = places.iter().map(|place| place.0).collect();
            let found = seen.runs().into_iter().flat_map(|(first, last)| first..=last);
            prop_assert_eq!(found.collect::<BTreeSet<_>>(), iterations);
        }
    }
}
