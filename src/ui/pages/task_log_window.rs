//! Which part of a log a page holds: entries that follow one another without a gap, whether there
//! are older ones, and whether the log ends where they do. Plain data: who fetches is told what.
//!
//! What the feed brings follows the last entry only while nothing was missed. After that it waits
//! until a page of the history, read later than the feed said so, has come to the end of the log.

use std::sync::Arc;

use crate::domain::{LogExcerpt, LogPage};

/// Lines of one block: a change touches one block only.
pub(super) const BLOCK: usize = 100;
/// More lines than this are not kept on the page.
pub(super) const MOST: usize = 5000;
/// Entries that wait for the history at most; when there are more, it has to be read again.
const MOST_WAITING: usize = 2000;
/// Pages of the history after which a reader who wants the end is taken there at once.
const ROUNDS: u32 = 5;

pub(super) type Entry = Arc<LogExcerpt>;

/// A run of consecutive entries.
#[derive(Debug)]
pub(super) struct Block {
    /// The id of its first entry when it was made.
    pub(super) key: i64,
    pub(super) entries: Vec<Entry>,
}

/// How the last entry relates to the end of the log.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(super) enum End {
    /// What the feed brings comes next.
    #[default]
    Live,
    /// Entries were missed after it; they are fetched.
    Torn,
    /// There are entries after it for which there is no room: whoever reads here is not moved.
    Away,
}

/// What to fetch.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Ask {
    /// What comes after this entry; the newest when absent.
    pub(super) after: Option<i64>,
    /// How often entries had been missed when this was asked.
    tears: u32,
}

/// What is held.
#[derive(Debug, Default)]
pub(super) struct Window {
    blocks: Vec<Block>,
    older: bool,
    end: End,
    /// How often entries may have been missed.
    tears: u32,
    /// What the feed brought while entries were missing.
    waiting: Vec<Entry>,
    fetching: bool,
    rounds: u32,
    /// The newest entry that was ever heard of.
    heard: i64,
    /// How many entries came while somebody read something else.
    unseen: u64,
}

impl Window {
    /// Shows the end of a log.
    pub(super) fn new(page: &LogPage) -> Self {
        let mut window = Self::default();
        window.replace(page);
        window.heard = window.newest().unwrap_or(0);
        window
    }

    pub(super) fn blocks(&self) -> &[Block] {
        &self.blocks
    }

    /// True when there are entries before the first.
    pub(super) fn older(&self) -> bool {
        self.older
    }

    pub(super) fn end(&self) -> End {
        self.end
    }

    /// How many entries came while somebody read something else.
    pub(super) fn unseen(&self) -> u64 {
        self.unseen
    }

    pub(super) fn lines(&self) -> usize {
        self.blocks.iter().map(|block| block.entries.len()).sum()
    }

    pub(super) fn oldest(&self) -> Option<i64> {
        Some(self.blocks.first()?.entries.first()?.id)
    }

    pub(super) fn newest(&self) -> Option<i64> {
        Some(self.blocks.last()?.entries.last()?.id)
    }

    /// Takes in what the feed brings.
    pub(super) fn hear(&mut self, mut entries: Vec<Entry>, follows: bool) {
        entries.sort_unstable_by_key(|entry| entry.id);
        self.count(&entries, follows);
        match self.end {
            End::Live => self.add(entries, follows),
            End::Torn => {
                self.waiting.extend(entries);
                if self.waiting.len() > MOST_WAITING {
                    self.miss();
                }
            }
            // They are in the history when somebody comes back here.
            End::Away => {}
        }
    }

    /// The feed says that entries may be missing.
    pub(super) fn tear(&mut self) {
        self.miss();
        if self.end == End::Live {
            self.end = End::Torn;
        }
    }

    /// What to fetch now, if anything; its answer goes to [`Self::take`], or [`Self::fail`].
    pub(super) fn ask(&mut self) -> Option<Ask> {
        if self.end != End::Torn || self.fetching {
            return None;
        }
        self.fetching = true;
        self.rounds = 0;
        Some(self.next())
    }

    /// Somebody wants to see the end; what to fetch for that.
    pub(super) fn go_to_end(&mut self) -> Option<Ask> {
        self.unseen = 0;
        if self.end == End::Away {
            self.miss();
            self.end = End::Torn;
        }
        self.ask()
    }

    /// The answer to `ask`; answers what to fetch next.
    pub(super) fn take(&mut self, ask: Ask, page: &LogPage, follows: bool) -> Option<Ask> {
        match ask.after {
            None if follows => {
                self.replace(page);
                self.end = End::Torn;
            }
            // Whoever reads something else by now stays there.
            None => return self.next_or_end(),
            Some(after) => {
                if after != self.newest().unwrap_or(0) {
                    return self.next_or_end();
                }
                let entries: Vec<_> = page.entries.iter().cloned().map(Arc::new).collect();
                self.count(&entries, follows);
                self.add(entries, follows);
            }
        }
        if ask.after.is_some() && page.more {
            self.rounds += 1;
            if follows && self.rounds >= ROUNDS {
                let tears = self.tears;
                return Some(Ask { after: None, tears });
            }
            return self.next_or_end();
        }
        if ask.tears != self.tears {
            return self.next_or_end();
        }
        if self.end == End::Torn {
            self.end = End::Live;
            let waiting = std::mem::take(&mut self.waiting);
            self.add(waiting, follows);
        }
        self.fetching = false;
        None
    }

    /// An answer did not come.
    pub(super) fn fail(&mut self) {
        self.fetching = false;
    }

    /// The page of the history before entry `before`.
    pub(super) fn prepend(&mut self, before: i64, page: &LogPage) {
        if self.oldest() != Some(before) {
            return;
        }
        self.blocks.splice(..0, blocks(page));
        self.older = page.more;
        let mut surplus = self.lines().saturating_sub(MOST);
        while surplus > 0 {
            let Some(last) = self.blocks.pop() else { break };
            surplus = surplus.saturating_sub(last.entries.len());
            self.waiting.clear();
            self.end = End::Away;
        }
    }

    /// Takes note of entries that were never heard of, in the order of their ids.
    fn count(&mut self, entries: &[Entry], follows: bool) {
        let news = entries.iter().filter(|entry| entry.id > self.heard).count();
        self.heard = entries.last().map_or(0, |last| last.id).max(self.heard);
        if !follows {
            self.unseen += u64::try_from(news).unwrap_or(0);
        }
    }

    /// The page of the history after entry `after`, for whoever reads on; what is far above makes
    /// room.
    pub(super) fn append(&mut self, after: i64, page: &LogPage) {
        if self.end != End::Away || self.newest() != Some(after) {
            return;
        }
        self.add(page.entries.iter().cloned().map(Arc::new).collect(), true);
        if !page.more {
            self.miss();
            self.end = End::Torn;
        }
    }

    fn next(&self) -> Ask {
        Ask {
            after: Some(self.newest().unwrap_or(0)),
            tears: self.tears,
        }
    }

    fn next_or_end(&mut self) -> Option<Ask> {
        self.fetching = self.end == End::Torn;
        self.fetching.then(|| self.next())
    }

    /// What waits does not follow what is asked for now.
    fn miss(&mut self) {
        self.tears += 1;
        self.waiting.clear();
    }

    fn replace(&mut self, page: &LogPage) {
        self.blocks = blocks(page).collect();
        self.older = page.more;
    }

    /// Adds entries by their ids, which is at the end unless they come twice or late.
    fn add(&mut self, entries: Vec<Entry>, follows: bool) {
        let mut room = MOST.saturating_sub(self.lines());
        for entry in entries {
            if self.newest().is_some_and(|newest| entry.id <= newest) {
                self.insert(entry);
                continue;
            }
            if room == 0 && !follows {
                self.waiting.clear();
                self.end = End::Away;
                return;
            }
            room = room.saturating_sub(1);
            match self.blocks.last_mut() {
                Some(last) if last.entries.len() < BLOCK => last.entries.push(entry),
                _ => self.blocks.push(Block {
                    key: entry.id,
                    entries: vec![entry],
                }),
            }
        }
        while self.lines() > MOST && !self.blocks.is_empty() {
            self.blocks.remove(0);
            self.older = true;
        }
    }

    fn insert(&mut self, entry: Entry) {
        if self.oldest().is_some_and(|oldest| entry.id < oldest) {
            // It can be loaded with what else is older.
            self.older = true;
            return;
        }
        let begins_later =
            |block: &Block| block.entries.first().is_some_and(|it| it.id <= entry.id);
        let at = self.blocks.partition_point(begins_later).saturating_sub(1);
        let Some(block) = self.blocks.get_mut(at) else {
            return;
        };
        if let Err(place) = block.entries.binary_search_by_key(&entry.id, |it| it.id) {
            block.entries.insert(place, entry);
        }
    }
}

fn blocks(page: &LogPage) -> impl Iterator<Item = Block> {
    page.entries.chunks(BLOCK).filter_map(|entries| {
        Some(Block {
            key: entries.first()?.id,
            entries: entries.iter().cloned().map(Arc::new).collect(),
        })
    })
}

#[cfg(test)]
#[path = "task_log_window_tests.rs"]
mod tests;
