//! How long a task may take: the median of similar finished ones.

use std::collections::{HashMap, VecDeque};

/// Durations remembered per group.
const REMEMBERED: usize = 50;
/// Groups remembered before the map is emptied: titles are free text.
const GROUPS: usize = 10_000;
/// Fewer than this say nothing about similar tasks.
const ENOUGH: usize = 2;

/// Recent durations in seconds, by agent and title, by agent, and of all.
#[derive(Default)]
pub(crate) struct Estimates {
    similar: HashMap<(String, String), VecDeque<f64>>,
    by_agent: HashMap<String, VecDeque<f64>>,
    all: VecDeque<f64>,
}

impl Estimates {
    /// Learns that `agent` took `seconds` for a task with this title.
    pub(crate) fn learn(&mut self, agent: &str, title: &str, seconds: f64) {
        if self.similar.len() >= GROUPS {
            self.similar.clear();
        }
        let similar = self
            .similar
            .entry((agent.to_owned(), kind_of(title)))
            .or_default();
        for durations in [
            similar,
            self.by_agent.entry(agent.to_owned()).or_default(),
            &mut self.all,
        ] {
            if durations.len() == REMEMBERED {
                durations.pop_front();
            }
            durations.push_back(seconds);
        }
    }

    /// The median of tasks with a like title on this agent, else of all tasks of this agent;
    /// with no agent yet, of all tasks.
    pub(crate) fn estimate(&self, agent: Option<&str>, title: &str) -> Option<f64> {
        let Some(agent) = agent else {
            return median(&self.all, ENOUGH);
        };
        let similar = self.similar.get(&(agent.to_owned(), kind_of(title)));
        similar
            .and_then(|durations| median(durations, ENOUGH))
            .or_else(|| {
                self.by_agent
                    .get(agent)
                    .and_then(|durations| median(durations, ENOUGH))
            })
    }

    /// The median duration of an agent's latest completed tasks.
    pub(crate) fn median_of(&self, agent: &str) -> Option<f64> {
        self.by_agent
            .get(agent)
            .and_then(|durations| median(durations, 1))
    }
}

/// Titles that differ only in case and numbers are alike.
fn kind_of(title: &str) -> String {
    let letters = title.chars().filter(|c| !c.is_ascii_digit());
    letters
        .flat_map(char::to_lowercase)
        .collect::<String>()
        .trim()
        .to_owned()
}

fn median(durations: &VecDeque<f64>, enough: usize) -> Option<f64> {
    if durations.len() < enough {
        return None;
    }
    let mut sorted: Vec<f64> = durations.iter().copied().collect();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    if sorted.len() % 2 == 1 {
        Some(sorted[middle])
    } else {
        Some(f64::midpoint(sorted[middle - 1], sorted[middle]))
    }
}

#[cfg(test)]
mod tests {
    use super::Estimates;

    #[test]
    fn similar_tasks_count_before_other_tasks_of_the_agent() {
        let mut estimates = Estimates::default();
        for (title, seconds) in [
            ("Build page 1", 10.0),
            ("build page 2", 20.0),
            ("Review", 99.0),
        ] {
            estimates.learn("coder", title, seconds);
        }
        assert_eq!(
            estimates.estimate(Some("coder"), "Build page 77"),
            Some(15.0)
        );
        assert_eq!(
            estimates.estimate(Some("coder"), "Something else"),
            Some(20.0)
        );
        assert_eq!(estimates.estimate(Some("other"), "Review"), None);
        assert_eq!(estimates.estimate(None, "Review"), Some(20.0));
    }
}
