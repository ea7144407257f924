//! The data of a log: its entries in blocks, what is missing before them, and whether the end
//! is followed.

use std::sync::Arc;

use leptos::html;
use leptos::prelude::*;
use leptos::task::spawn_local;

use crate::domain::{LogEntry, TaskId};
use crate::rpc::tasks::{NewerLogs, OlderLogs};
use crate::ui::browser;
use crate::ui::data::ask;
use crate::ui::state::Toasts;

/// Lines of one block: a change touches one block only.
const BLOCK: usize = 100;
/// More lines than this are not kept on the page.
pub(super) const MOST: usize = 5000;
/// Closer to the end than this counts as the end, in pixels.
const NEAR: i32 = 24;
/// More rounds than this do not catch up with a log that grows faster than it is read.
const ROUNDS: usize = 20;

/// A run of consecutive entries.
#[derive(Clone)]
pub(super) struct Block {
    /// The id of its first entry when it was made.
    pub(super) key: i64,
    pub(super) entries: ArcRwSignal<Vec<Arc<LogEntry>>>,
}

impl Block {
    fn new(entries: &[LogEntry]) -> Option<Self> {
        let key = entries.first()?.id;
        let entries = entries.iter().cloned().map(Arc::new).collect();
        Some(Self {
            key,
            entries: ArcRwSignal::new(entries),
        })
    }

    fn len(&self) -> usize {
        self.entries.read_untracked().len()
    }
}

/// The log's data; a handle that can be copied.
#[derive(Clone, Copy)]
pub(super) struct Log {
    task: TaskId,
    pub(super) number: i64,
    pub(super) blocks: RwSignal<Vec<Block>>,
    /// The ids of the oldest and newest entries shown.
    span: StoredValue<Option<(i64, i64)>>,
    /// True when there are older entries than those shown.
    pub(super) more: RwSignal<bool>,
    pub(super) following: RwSignal<bool>,
    pub(super) unseen: RwSignal<u64>,
    pub(super) times: RwSignal<bool>,
    pub(super) loading: RwSignal<bool>,
    /// Where the box was scrolled to last.
    top: StoredValue<i32>,
    pub(super) view: NodeRef<html::Div>,
    toasts: Toasts,
}

impl Log {
    pub(super) fn new(task: TaskId, number: i64) -> Self {
        Self {
            task,
            number,
            blocks: RwSignal::new(Vec::new()),
            span: StoredValue::new(None),
            more: RwSignal::new(false),
            following: RwSignal::new(true),
            unseen: RwSignal::new(0),
            times: RwSignal::new(true),
            loading: RwSignal::new(false),
            top: StoredValue::new(0),
            view: NodeRef::new(),
            toasts: Toasts::get(),
        }
    }

    /// Shows exactly these.
    pub(super) fn load(self, entries: &[LogEntry], more: bool) {
        self.blocks.set(Vec::new());
        self.span.set_value(None);
        self.append(entries);
        self.more.set(more);
        self.unseen.set(0);
    }

    /// Adds what is new at the end.
    pub(super) fn append(self, entries: &[LogEntry]) {
        let newest = self.span.get_value().map(|(_, newest)| newest);
        let mine = |entry: &&LogEntry| entry.task_id == self.task;
        let is_new = |entry: &&LogEntry| newest.is_none_or(|newest| entry.id > newest);
        let fresh: Vec<_> = entries
            .iter()
            .filter(mine)
            .filter(is_new)
            .cloned()
            .collect();
        let (Some(first), Some(last)) = (fresh.first(), fresh.last()) else {
            return;
        };
        let oldest = self.span.get_value().map_or(first.id, |(oldest, _)| oldest);
        self.span.set_value(Some((oldest, last.id)));
        let rest = self.fill_last(&fresh);
        if !rest.is_empty() {
            let new: Vec<_> = rest.chunks(BLOCK).filter_map(Block::new).collect();
            self.blocks.write().extend(new);
            self.drop_oldest();
        }
        if self.following.get_untracked() {
            self.show_end();
        } else {
            let number = u64::try_from(fresh.len()).unwrap_or(0);
            self.unseen.update(|unseen| *unseen += number);
        }
    }

    /// Fetches what was missed since the newest entry shown.
    pub(super) fn catch_up(self) {
        spawn_local(async move {
            for _ in 0..ROUNDS {
                let newest = self.span.try_get_value().flatten();
                let after = newest.map_or(0, |(_, newest)| newest);
                let task = self.task.to_string();
                let Ok(entries) = ask(NewerLogs { task, after }).await else {
                    return;
                };
                if entries.is_empty() || self.span.try_get_value().is_none() {
                    return;
                }
                self.append(&entries);
            }
        });
    }

    fn fill_last(self, fresh: &[LogEntry]) -> Vec<LogEntry> {
        let last = self.blocks.read_untracked().last().cloned();
        let Some(last) = last else {
            return fresh.to_vec();
        };
        let room = BLOCK.saturating_sub(last.len()).min(fresh.len());
        let (here, rest) = fresh.split_at(room);
        if !here.is_empty() {
            let here = here.iter().cloned().map(Arc::new);
            last.entries.write().extend(here);
        }
        rest.to_vec()
    }

    pub(super) fn lines(self) -> usize {
        self.blocks.read_untracked().iter().map(Block::len).sum()
    }

    fn drop_oldest(self) {
        let surplus = self.lines().saturating_sub(MOST).div_ceil(BLOCK);
        if surplus == 0 {
            return;
        }
        self.blocks.update(|blocks| {
            blocks.drain(..surplus.min(blocks.len()));
        });
        let first = self.blocks.read_untracked().first().cloned();
        let oldest = first.and_then(|block| Some(block.entries.read_untracked().first()?.id));
        self.span.update_value(|span| {
            if let (Some((first, _)), Some(oldest)) = (span.as_mut(), oldest) {
                *first = oldest;
            }
        });
        self.more.set(true);
    }

    pub(super) fn load_earlier(self) {
        let Some((oldest, newest)) = self.span.get_value() else {
            return;
        };
        if self.loading.get_untracked() {
            return;
        }
        self.loading.set(true);
        let older = OlderLogs {
            task: self.task.to_string(),
            before: oldest,
        };
        spawn_local(async move {
            let answer = ask(older).await;
            if self.span.try_get_value().is_none() {
                return;
            }
            self.loading.set(false);
            let entries = match answer {
                Ok(entries) => entries,
                Err(error) => return self.toasts.fail(&error),
            };
            self.following.set(false);
            let rest = self
                .view
                .get_untracked()
                .map(|view| browser::scroll_place(&view).1);
            let older: Vec<_> = entries.chunks(BLOCK).filter_map(Block::new).collect();
            self.more.set(!entries.is_empty());
            if let Some(first) = entries.first() {
                self.span.set_value(Some((first.id, newest)));
            }
            self.blocks.update(|blocks| {
                blocks.splice(..0, older);
            });
            // The lines that were in sight stay where they are.
            browser::next_frame(move || {
                if let (Some(view), Some(rest)) = (self.view.get_untracked(), rest) {
                    browser::scroll_to_rest(&view, rest);
                }
            });
        });
    }

    pub(super) fn follow(self, follows: bool) {
        self.following.set(follows);
        if follows {
            self.unseen.set(0);
            self.show_end();
        }
    }

    pub(super) fn show_end(self) {
        browser::next_frame(move || {
            let follows = self.following.try_get_untracked() == Some(true);
            if let Some(view) = self.view.try_get_untracked().flatten().filter(|_| follows) {
                browser::scroll_to_end(&view);
                self.top.set_value(browser::scroll_place(&view).0);
            }
        });
    }

    /// Scrolling up pauses, reaching the end resumes.
    pub(super) fn scrolled(self) {
        let Some(view) = self.view.get_untracked() else {
            return;
        };
        let (top, rest) = browser::scroll_place(&view);
        let before = self.top.get_value();
        self.top.set_value(top);
        let follows = self.following.get_untracked();
        // What this program scrolled by itself has not moved since.
        if top > before && rest <= NEAR && !follows {
            self.follow(true);
        } else if top < before && rest > NEAR && follows {
            self.following.set(false);
        }
    }
}
