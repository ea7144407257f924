//! A log, its history and its feed, any of which may come early, late, twice or not at all: what
//! is held has no gap, and ends up at the end.

use std::sync::Arc;

use proptest::prelude::*;

use super::{Ask, BLOCK, End, Entry, MOST, Window};
use crate::domain::{Excerpt, LogExcerpt, LogLevel, LogPage, LogStream, Timestamp};

/// Entries of one answer.
const PAGE: usize = 1000;

fn entry(id: i64) -> LogExcerpt {
    LogExcerpt {
        id,
        time: Timestamp(id),
        level: LogLevel::Info,
        stream: LogStream::Stdout,
        message: Excerpt {
            text: format!("line {id}"),
            cut: None,
        },
    }
}

fn page(ids: &[i64], more: bool) -> LogPage {
    LogPage {
        entries: ids.iter().copied().map(entry).collect(),
        more,
    }
}

/// The log as the server has it, and what is under way to the page.
struct World {
    ids: Vec<i64>,
    feed: Vec<Vec<Entry>>,
    window: Window,
    follows: bool,
    asked: Option<Ask>,
    answer: Option<(Ask, LogPage)>,
}

impl World {
    fn new(lines: usize) -> Self {
        let mut world = Self {
            ids: Vec::new(),
            feed: Vec::new(),
            window: Window::default(),
            follows: true,
            asked: None,
            answer: None,
        };
        world.commit(lines);
        world.feed.clear();
        world.window = Window::new(&world.newest(500));
        world
    }

    /// Ids are of all logs, so that those of one have gaps.
    fn commit(&mut self, lines: usize) {
        let last = self.ids.last().copied().unwrap_or(0);
        let new: Vec<i64> = (1..).take(lines).map(|n| last + n * 3).collect();
        self.ids.extend(&new);
        for chunk in new.chunks(40) {
            self.feed
                .push(chunk.iter().copied().map(entry).map(Arc::new).collect());
        }
    }

    fn deliver(&mut self) {
        for entries in self.feed.drain(..) {
            self.window.hear(entries, self.follows);
        }
    }

    /// What is under way is lost, and the page is told.
    fn lose(&mut self) {
        self.feed.clear();
        self.window.tear();
        self.begin();
    }

    fn begin(&mut self) {
        let ask = self.window.ask();
        self.asked = ask.or(self.asked);
    }

    fn newest(&self, most: usize) -> LogPage {
        let from = self.ids.len().saturating_sub(most);
        page(&self.ids[from..], from > 0)
    }

    /// The server reads the history.
    fn read(&mut self) {
        let Some(ask) = self.asked.take() else { return };
        let answer = match ask.after {
            None => self.newest(PAGE),
            Some(after) => {
                let from = self.ids.partition_point(|id| *id <= after);
                let to = (from + PAGE).min(self.ids.len());
                page(&self.ids[from..to], to < self.ids.len())
            }
        };
        self.answer = Some((ask, answer));
    }

    /// Its answer arrives.
    fn answered(&mut self) {
        if let Some((ask, page)) = self.answer.take() {
            self.asked = self.window.take(ask, &page, self.follows);
        }
    }

    fn earlier(&mut self) {
        let Some(before) = self.window.oldest() else {
            return;
        };
        self.follows = false;
        let to = self.ids.partition_point(|id| *id < before);
        let from = to.saturating_sub(PAGE);
        let page = page(&self.ids[from..to], from > 0);
        self.window.prepend(before, &page);
    }

    fn later(&mut self) {
        let Some(after) = self.window.newest() else {
            return;
        };
        let from = self.ids.partition_point(|id| *id <= after);
        let to = (from + PAGE).min(self.ids.len());
        let page = page(&self.ids[from..to], to < self.ids.len());
        self.window.append(after, &page);
        self.begin();
    }

    /// Until nothing is under way.
    fn settle(&mut self) {
        self.follows = true;
        self.asked = self.window.go_to_end().or(self.asked);
        self.deliver();
        while self.asked.is_some() || self.answer.is_some() {
            self.read();
            self.answered();
        }
        self.begin();
    }

    fn held(&self) -> Vec<i64> {
        let blocks = self.window.blocks().iter();
        blocks
            .flat_map(|block| block.entries.iter().map(|entry| entry.id))
            .collect()
    }

    /// No gap, nothing twice, in order, bounded, and nothing left out in silence.
    fn check(&self) {
        let held = self.held();
        let (Some(first), Some(last)) = (held.first(), held.last()) else {
            return;
        };
        let all = self.ids.iter().copied();
        let between: Vec<i64> = all.filter(|id| id >= first && id <= last).collect();
        assert_eq!(held, between);
        assert!(held.len() <= MOST);
        assert!(
            self.window
                .blocks()
                .iter()
                .all(|block| block.entries.len() <= BLOCK)
        );
        assert_eq!(self.window.older(), self.ids.first() != Some(first));
    }

    fn check_end(&self) {
        self.check();
        assert_eq!(self.window.end(), End::Live);
        assert_eq!(self.held().last(), self.ids.last());
    }
}

#[test]
fn lines_missed_in_the_middle_of_a_burst_are_fetched_and_joined() {
    let mut world = World::new(100);
    world.commit(60);
    world.deliver();
    world.commit(700);
    world.lose();
    assert_eq!(world.window.end(), End::Torn);
    world.commit(90);
    // The burst goes on while the history is fetched: this waits, and nothing is out of order.
    world.deliver();
    assert_eq!(world.held().len(), 160);
    world.read();
    world.commit(50);
    world.deliver();
    world.answered();
    world.check_end();
    assert_eq!(world.held().len(), 1000);
}

#[test]
fn lines_missed_while_a_fetch_is_under_way_are_fetched_too() {
    let mut world = World::new(10);
    world.commit(50);
    world.lose();
    world.read();
    // The answer on its way knows nothing of these.
    world.commit(30);
    world.lose();
    world.commit(5);
    world.deliver();
    world.answered();
    world.check();
    assert_eq!(world.window.end(), End::Torn);
    world.read();
    world.answered();
    world.check_end();
    assert_eq!(world.held().len(), 95);
}

#[test]
fn ten_thousand_lines_behind_the_end_is_shown_and_the_rest_can_be_loaded() {
    let mut world = World::new(400);
    world.commit(10_060);
    world.lose();
    world.commit(40);
    world.deliver();
    while world.asked.is_some() {
        world.read();
        world.answered();
    }
    world.check_end();
    assert!(world.window.older());
    let mut seen = world.held();
    // Back to the first line: every one is there once.
    while world.window.older() {
        world.earlier();
        world.check();
        seen.extend(world.held());
    }
    assert_eq!(world.window.end(), End::Away);
    seen.sort_unstable();
    seen.dedup();
    assert_eq!(seen, world.ids);
    // What comes now is not shown under a reader, but counted; and it is there at the end.
    world.commit(7);
    world.deliver();
    world.check();
    assert_eq!(world.window.unseen(), 7);
    // Whoever reads on gets there too.
    let mut pages = 0;
    while world.window.end() == End::Away {
        world.later();
        world.check();
        pages += 1;
    }
    assert_eq!(pages, 6);
    world.earlier();
    world.settle();
    world.check_end();
    assert_eq!(world.window.unseen(), 0);
}

#[test]
fn entries_that_come_twice_or_late_are_shown_once_in_order() {
    let mut world = World::new(0);
    world.ids = vec![2, 4, 6, 8, 10];
    let hear = |world: &mut World, ids: &[i64]| {
        let entries = ids.iter().copied().map(entry).map(Arc::new);
        world.window.hear(entries.collect(), true);
    };
    hear(&mut world, &[4, 8, 10]);
    hear(&mut world, &[10, 6, 4]);
    assert_eq!(world.held(), [4, 6, 8, 10]);
    assert!(!world.window.older());
    // What is older than all that is held is not lost: it can be loaded.
    hear(&mut world, &[2]);
    world.check();
    world.earlier();
    world.check();
    assert_eq!(world.held(), world.ids);
}

#[test]
fn an_answer_that_fails_or_no_longer_fits_changes_nothing_and_is_asked_for_again() {
    let mut world = World::new(0);
    world.commit(6000);
    world.lose();
    world.read();
    world.asked = None;
    world.answer = None;
    world.window.fail();
    world.check();
    assert_eq!(world.window.end(), End::Torn);
    world.settle();
    world.check_end();
    // Earlier lines that were asked for before the window moved on.
    let before = world.window.oldest().unwrap();
    let page = page(&[1], false);
    world.commit(5200);
    world.deliver();
    world.window.prepend(before, &page);
    world.check_end();
}

#[derive(Clone, Copy, Debug)]
enum Step {
    Commit(usize),
    Deliver,
    Lose,
    Read,
    Answered,
    Fail,
    Earlier,
    Later,
    Follow,
    Look,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (1_usize..900).prop_map(Step::Commit),
        3 => Just(Step::Deliver),
        2 => Just(Step::Lose),
        4 => Just(Step::Read),
        4 => Just(Step::Answered),
        1 => Just(Step::Fail),
        2 => Just(Step::Earlier),
        1 => Just(Step::Later),
        1 => Just(Step::Follow),
        1 => Just(Step::Look),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn whatever_comes_in_whatever_order_there_is_no_gap(
        steps in prop::collection::vec(step(), 1..60)
    ) {
        let mut world = World::new(50);
        for step in steps {
            match step {
                Step::Commit(lines) => world.commit(lines),
                Step::Deliver => world.deliver(),
                Step::Lose => world.lose(),
                Step::Read => world.read(),
                Step::Answered => world.answered(),
                Step::Fail => {
                    if world.answer.take().is_some() || world.asked.take().is_some() {
                        world.window.fail();
                        world.begin();
                    }
                }
                Step::Earlier => world.earlier(),
                Step::Later => world.later(),
                Step::Follow => {
                    world.follows = true;
                    let ask = world.window.go_to_end();
                    world.asked = ask.or(world.asked);
                }
                Step::Look => world.follows = false,
            }
            world.check();
        }
        world.settle();
        world.check_end();
    }
}
