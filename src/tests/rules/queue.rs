//! The queue and a list that is searched from its beginning agree on everything.

use std::collections::{BTreeMap, BTreeSet};

use proptest::collection::vec;
use proptest::prelude::*;

use crate::domain::{AgentStatus, Priority, Scope, Timestamp, WaitingCode, head_key, order_key};
use crate::server::queue::order::{Queue, Rivals};
use crate::server::queue::reasons::explain;
use crate::server::queue::rule::{Entry, Needs, Offers, Reach, Slots};

/// What can happen to a queue. Numbers are few, so that the same tasks meet again and again.
#[derive(Clone, Debug)]
enum Step {
    Put {
        number: i64,
        key: i64,
        agent: Option<bool>,
        /// It requires what only `a` can do.
        special: bool,
        delay: i64,
        attempt: u32,
    },
    Remove(i64),
    /// The next task of an agent is handed out: set aside.
    Reserve(bool),
    /// A reservation ends without a claim, or after one.
    PutBack(i64),
    Wait(i64),
}

fn step() -> impl Strategy<Value = Step> {
    let number = 1..12_i64;
    let delay = prop_oneof![3 => Just(0), 1 => 1..20_i64];
    prop_oneof![
        4 => (number.clone(), -5..5_i64, any::<(Option<bool>, bool)>(), delay, 1..3_u32).prop_map(
            |(number, key, (agent, special), delay, attempt)| Step::Put {
                number, key, agent, special, delay, attempt,
            }
        ),
        1 => number.clone().prop_map(Step::Remove),
        2 => any::<bool>().prop_map(Step::Reserve),
        1 => number.prop_map(Step::PutBack),
        1 => (1..15_i64).prop_map(Step::Wait),
    ]
}

fn name(agent: bool) -> &'static str {
    if agent { "a" } else { "b" }
}

fn rivals(seen: usize) -> Rivals {
    Rivals {
        seen,
        hidden: false,
    }
}

fn idle(title: &str) -> Slots {
    Slots {
        hidden: Vec::new(),
        title: title.to_owned(),
        status: AgentStatus::Idle,
        concurrency: 1,
        held: Vec::new(),
        asking: Vec::new(),
        error: None,
        displaced: BTreeMap::new(),
        reach: Reach::Direct,
        offers: Offers::default(),
    }
}

/// The agent of this name: `a` can do what is special.
fn named(name: &str) -> Slots {
    let mut slots = idle(name);
    if name == "a" {
        slots.offers.capabilities.push("special".to_owned());
    }
    slots
}

fn needs(agent: Option<&str>) -> Needs {
    Needs {
        agent: agent.map(str::to_owned),
        requires: Vec::new(),
        project: "default".to_owned(),
    }
}

/// All entries, and those that are being handed out.
#[derive(Default)]
struct Model {
    entries: BTreeMap<i64, Entry>,
    aside: BTreeSet<i64>,
    now: i64,
}

impl Model {
    fn in_order(&self) -> Vec<&Entry> {
        let mut entries: Vec<_> = self.entries.values().collect();
        entries.sort_by_key(|entry| (entry.key, entry.number));
        entries
    }

    fn next_for(&self, agent: &str) -> Option<i64> {
        let takes = |entry: &&&Entry| {
            entry
                .needs
                .agent
                .as_deref()
                .is_none_or(|requested| requested == agent)
                && (entry.needs.requires.is_empty() || agent == "a")
                && entry.not_before.is_none_or(|moment| moment.0 <= self.now)
                && !self.aside.contains(&entry.number)
        };
        self.in_order().iter().find(takes).map(|entry| entry.number)
    }

    /// Those before it that may run now on an agent that could run it; only `a` is there.
    fn rivals_of(&self, entry: &Entry) -> usize {
        let competes = |other: &&&Entry| {
            let same = match (other.needs.agent.as_deref(), entry.needs.agent.as_deref()) {
                (Some(theirs), Some(own)) => {
                    let alike = other.needs.requires == entry.needs.requires;
                    theirs == own && (own == "a" || alike)
                }
                (Some(theirs), None) => theirs == "a",
                // Nobody could give `b` what `a` gives.
                (None, wanted) => wanted != Some("b"),
            };
            same && other.not_before.is_none_or(|moment| moment.0 <= self.now)
                && !self.aside.contains(&other.number)
        };
        let is_before = |other: &&&Entry| (other.key, other.number) < (entry.key, entry.number);
        let entries = self.in_order();
        entries.iter().filter(is_before).filter(competes).count()
    }

    fn apply(&mut self, queue: &mut Queue, step: Step) {
        match step {
            Step::Put {
                number,
                key,
                agent,
                special,
                delay,
                attempt,
            } => {
                let mut needs = needs(agent.map(name));
                needs.requires.extend(special.then(|| "special".to_owned()));
                let entry = Entry {
                    number,
                    key,
                    needs,
                    not_before: (delay > 0).then(|| Timestamp(self.now + delay)),
                    attempt,
                    blockers: Vec::new(),
                };
                queue.put(entry.clone(), Timestamp(self.now));
                self.entries.insert(number, entry);
                self.aside.remove(&number);
            }
            Step::Remove(number) => {
                assert_eq!(queue.remove(number), self.entries.remove(&number).is_some());
                self.aside.remove(&number);
            }
            Step::Reserve(agent) => {
                if let Some(number) = self.next_for(name(agent)) {
                    queue.set_aside(number);
                    self.aside.insert(number);
                }
            }
            Step::PutBack(number) => {
                queue.put_back(number);
                self.aside.remove(&number);
            }
            Step::Wait(time) => self.now += time,
        }
    }

    fn compare(&self, queue: &mut Queue) -> Result<(), TestCaseError> {
        let now = Timestamp(self.now);
        queue.promote(now);
        for agent in ["a", "b"] {
            prop_assert_eq!(
                queue.next_for(agent, &named(agent), now),
                self.next_for(agent)
            );
        }
        let order: Vec<i64> = queue.head(usize::MAX).map(|entry| entry.number).collect();
        let expected: Vec<i64> = self.in_order().iter().map(|entry| entry.number).collect();
        prop_assert_eq!(&order, &expected);
        let agents: BTreeMap<String, Slots> = [("a".to_owned(), named("a"))].into();
        for entry in self.entries.values() {
            prop_assert_eq!(
                queue.rivals_of(entry, &agents, &Scope::everything()).seen,
                self.rivals_of(entry)
            );
        }
        let places: Vec<usize> = expected
            .iter()
            .map(|number| {
                queue.ahead_of(
                    queue.get(*number).expect("it is there"),
                    &Scope::everything(),
                )
            })
            .collect();
        prop_assert_eq!(places, (0..expected.len()).collect::<Vec<_>>());
        // Otherwise whoever waits for the next moment would never sleep.
        prop_assert!(queue.next_moment().is_none_or(|moment| moment > now));
        Ok(())
    }
}

proptest! {
    #![proptest_config(super::config())]

    #[test]
    fn the_next_task_is_the_first_that_the_agent_may_take(steps in vec(step(), 0..60)) {
        let (mut queue, mut model) = (Queue::default(), Model::default());
        for step in steps {
            model.apply(&mut queue, step);
            model.compare(&mut queue)?;
        }
    }

    #[test]
    fn there_is_always_a_reason_and_it_is_the_true_one(
        requested in any::<Option<u8>>(),
        delay in -3..3_i64,
        ahead in 0..3_usize,
        agents in vec((0..6_usize, 0..3_usize, 0..3_usize), 0..4),
    ) {
        let statuses = [AgentStatus::Idle, AgentStatus::Busy, AgentStatus::NeedsInput,
            AgentStatus::Draining, AgentStatus::Error, AgentStatus::Offline];
        let agents: BTreeMap<String, Slots> = agents.into_iter().zip(0_u8..).map(|((status, held, asking), n)| {
            let slots = Slots { status: statuses[status], concurrency: 2,
                held: (1..).take(held).collect(), asking: (1..).take(asking.min(held)).collect(),
                ..idle("agent") };
            (n.to_string(), slots)
        }).collect();
        let entry = Entry { number: 9, key: 0, attempt: 1,
            needs: needs(requested.map(|n| (n % 4).to_string()).as_deref()), blockers: Vec::new(),
            not_before: (delay != 0).then_some(Timestamp(100 + delay)) };
        let now = Timestamp(100);
        let reasons = explain(&entry, rivals(ahead), &agents, &Scope::everything(), now);
        let mut queue = Queue::default();
        queue.put(entry, now);
        queue.promote(now);
        let could = agents.iter().any(|(name, agent)| queue.next_for(name, agent, now).is_some());
        // What is being handed out waits for nothing.
        let only_the_queue = match ahead {
            0 => reasons.is_empty(),
            _ => !reasons.is_empty() && reasons.iter().all(|it| it.code == WaitingCode::Behind),
        };
        prop_assert_eq!(only_the_queue, could, "{:?}", reasons);
        for reason in &reasons {
            prop_assert!(!reason.detail.is_empty());
            let blocked = matches!(reason.code, WaitingCode::AgentMissing | WaitingCode::AgentError
                | WaitingCode::AgentOffline | WaitingCode::AgentAsks);
            prop_assert_eq!(reason.clears_itself, !blocked);
        }
    }

    #[test]
    fn a_task_is_overtaken_only_by_so_much_as_its_priority_allows(
        low in 0..1_000_000_000_i64, later in 1..1_000_000_000_i64, rank in 0..4_usize,
    ) {
        let (old, new) = (Timestamp(low), Timestamp(low + later));
        let behind = order_key(old, Priority::Low) < order_key(new, Priority::ALL[rank]);
        prop_assert_eq!(behind, later > 600_000_000 * i64::try_from(rank).expect("small"));
        let today = Timestamp(low + 1_700_000_000_000_000);
        prop_assert!(head_key(today) < order_key(today, Priority::Urgent));
    }
}

#[test]
fn an_old_task_of_low_priority_is_not_starved_by_a_stream_of_urgent_ones() {
    let mut queue = Queue::default();
    let minute = 60_000_000;
    let entry = |number: i64, priority| Entry {
        number,
        key: order_key(Timestamp(number * minute), priority),
        needs: needs(None),
        not_before: None,
        attempt: 1,
        blockers: Vec::new(),
    };
    queue.put(entry(0, Priority::Low), Timestamp(0));
    let mut taken = Vec::new();
    // Each minute an urgent task comes and one is taken, so there is always a fresher one.
    for number in 1..=60 {
        let now = Timestamp(number * minute);
        queue.put(entry(number, Priority::Urgent), now);
        let next = queue
            .next_for("a", &idle("a"), now)
            .expect("something waits");
        queue.remove(next);
        taken.push(next);
    }
    assert!(taken.contains(&0), "{taken:?}");
    let place = taken.iter().position(|number| *number == 0).unwrap();
    assert!(place <= 31, "it was overtaken by {place} tasks");
}

/// What is said about task 9 with these agents and so many rivals before it.
fn said(agents: &[Slots], requested: Option<&str>, ahead: usize) -> Vec<(String, bool)> {
    let by_name = agents
        .iter()
        .map(|agent| (agent.title.to_lowercase(), agent.clone()));
    let entry = Entry {
        number: 9,
        key: 0,
        needs: needs(requested),
        not_before: None,
        attempt: 1,
        blockers: Vec::new(),
    };
    let reasons = explain(
        &entry,
        rivals(ahead),
        &by_name.collect(),
        &Scope::everything(),
        Timestamp(0),
    );
    reasons
        .into_iter()
        .map(|it| (it.detail, it.clears_itself))
        .collect()
}

#[test]
fn reasons_are_true_and_say_what_to_do() {
    let writer = Slots {
        held: vec![21],
        asking: vec![21],
        ..idle("Writer")
    };
    let coder = Slots {
        held: vec![5],
        ..idle("Coder")
    };
    let with = |status, error: Option<&str>, reach| Slots {
        status,
        error: error.map(str::to_owned),
        reach,
        ..idle("Rem")
    };
    let handed = Slots {
        held: vec![9],
        ..idle("Rem")
    };
    let (offline, error) = (AgentStatus::Offline, AgentStatus::Error);
    let cases = [
        (vec![coder.clone()], "Coder is busy with #5", true),
        (
            vec![writer.clone()],
            "Writer waits for an answer on #21",
            false,
        ),
        (vec![writer.clone(), coder], "Coder, Writer are busy", true),
        (
            vec![with(AgentStatus::Idle, None, Reach::Quiet)],
            "Rem has to ask for it",
            true,
        ),
        (
            vec![with(error, Some("No such file"), Reach::Direct)],
            "Rem is in error: No such file; it is tried again by itself, or start it again",
            false,
        ),
        (
            vec![with(offline, None, Reach::Direct)],
            "Rem is offline; start it",
            false,
        ),
        (
            vec![with(offline, None, Reach::Silent)],
            "nothing is heard of Rem; its worker has to claim a task or send a heartbeat",
            false,
        ),
    ];
    for (agents, detail, clears_itself) in cases {
        assert_eq!(said(&agents, None, 0), [(detail.to_owned(), clears_itself)]);
    }
    // Its own slot does not keep it waiting.
    assert_eq!(said(&[handed], None, 0), []);
    // What does not clear by itself does not clear with those before it, either.
    assert_eq!(said(&[writer], Some("writer"), 3).len(), 1);
}
