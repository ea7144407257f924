//! The log of a task on its page: what is held of it, and whether its end is followed.

use std::sync::Arc;

use leptos::html;
use leptos::prelude::*;
use leptos::task::spawn_local;

use super::task_log_window::{Ask, End, Entry, Window};
use crate::domain::{AppError, LogEntry, LogExcerpt, LogPage, TaskId};
use crate::rpc::tasks::Logs;
use crate::ui::browser;
use crate::ui::data::ask;
use crate::ui::state::Toasts;

/// Closer to the end than this counts as the end, in pixels.
const NEAR: i32 = 24;
/// A scroll up within so many microseconds of a wheel, a finger, a press or a key was meant.
const MEANT: i64 = 1_500_000;
/// What could not be fetched is asked for again after so long, in milliseconds.
const AGAIN: u64 = 3000;

/// A run of consecutive entries.
#[derive(Clone)]
pub(super) struct Block {
    /// The id of its first entry when it was made.
    pub(super) key: i64,
    pub(super) entries: ArcRwSignal<Vec<Entry>>,
}

impl Block {
    /// The id of its element.
    pub(super) fn id(&self) -> String {
        format!("log-{}", self.key)
    }
}

/// The log's data; a handle that can be copied.
#[derive(Clone, Copy)]
pub(super) struct Log {
    pub(super) task: TaskId,
    pub(super) number: i64,
    window: StoredValue<Window>,
    pub(super) blocks: RwSignal<Vec<Block>>,
    /// True when there are older entries than those shown.
    pub(super) older: RwSignal<bool>,
    pub(super) end: RwSignal<End>,
    pub(super) following: RwSignal<bool>,
    pub(super) unseen: RwSignal<u64>,
    pub(super) times: RwSignal<bool>,
    pub(super) loading: RwSignal<bool>,
    /// Where the box was scrolled to last, and how high what is in it was then.
    top: StoredValue<(i32, i32)>,
    /// When somebody last touched it, in microseconds since 1970.
    touched: StoredValue<i64>,
    /// True until the next frame shows the end of what was changed.
    settling: StoredValue<bool>,
    pub(super) view: NodeRef<html::Div>,
    toasts: Toasts,
}

impl Log {
    pub(super) fn new(task: TaskId, number: i64, page: &LogPage) -> Self {
        let log = Self {
            task,
            number,
            window: StoredValue::new(Window::new(page)),
            blocks: RwSignal::new(Vec::new()),
            older: RwSignal::new(false),
            end: RwSignal::new(End::default()),
            following: RwSignal::new(true),
            unseen: RwSignal::new(0),
            times: RwSignal::new(true),
            loading: RwSignal::new(false),
            top: StoredValue::new((0, 0)),
            touched: StoredValue::new(0),
            settling: StoredValue::new(false),
            view: NodeRef::new(),
            toasts: Toasts::get(),
        };
        log.show();
        log
    }

    /// Adds what the feed brings.
    pub(super) fn hear(self, entries: &[LogEntry]) {
        let mine = entries.iter().filter(|entry| entry.task_id == self.task);
        let mine: Vec<_> = mine.map(LogExcerpt::from).map(Arc::new).collect();
        if mine.is_empty() {
            return;
        }
        let follows = self.following.get_untracked();
        self.change(|window| window.hear(mine, follows));
    }

    /// Entries may have been missed: fetches them.
    pub(super) fn tear(self) {
        self.change(Window::tear);
        self.catch_up();
    }

    /// Fetches what is missing at the end, if anything is.
    pub(super) fn catch_up(self) {
        if let Some(ask) = self.change(Window::ask).flatten() {
            self.pursue(ask);
        }
    }

    fn pursue(self, mut next: Ask) {
        spawn_local(async move {
            loop {
                let Ok(page) = self.fetch(None, next.after).await else {
                    self.change(Window::fail);
                    return browser::after(AGAIN, move || self.catch_up());
                };
                let Some(follows) = self.following.try_get_untracked() else {
                    return;
                };
                // Nothing more at the end, or once the page is left.
                let next_ask = self.change(|window| window.take(next, &page, follows));
                let Some(Some(ask)) = next_ask else {
                    return;
                };
                next = ask;
            }
        });
    }

    async fn fetch(self, before: Option<i64>, after: Option<i64>) -> Result<LogPage, AppError> {
        // Neither is the newest.
        let before = before.or_else(|| after.is_none().then_some(i64::MAX));
        let task = self.task.to_string();
        let after = after.unwrap_or(0);
        ask(Logs {
            task,
            before,
            after,
        })
        .await
    }

    /// Loads what comes before the first line.
    pub(super) fn load_earlier(self) {
        let before = self.window.with_value(Window::oldest);
        let first = self
            .blocks
            .with_untracked(|blocks| blocks.first().map(Block::id));
        let Some((before, stays)) = before.zip(first).filter(|_| self.begin()) else {
            return;
        };
        spawn_local(async move {
            let answer = self.fetch(Some(before), None).await;
            self.grow(answer, stays, |window, page| window.prepend(before, page));
        });
    }

    /// Loads what comes after the last line, where there was no room for it.
    pub(super) fn load_later(self) {
        let after = self.window.with_value(Window::newest);
        let last = self
            .blocks
            .with_untracked(|blocks| blocks.last().map(Block::id));
        let Some((after, stays)) = after.zip(last).filter(|_| self.begin()) else {
            return;
        };
        spawn_local(async move {
            let answer = self.fetch(None, Some(after)).await;
            self.grow(answer, stays, |window, page| window.append(after, page));
            self.catch_up();
        });
    }

    fn begin(self) -> bool {
        let is_free = !self.loading.get_untracked();
        self.loading.set(true);
        is_free
    }

    /// Adds a page while the block `stays` stays where it is.
    fn grow(
        self,
        answer: Result<LogPage, AppError>,
        stays: String,
        add: impl FnOnce(&mut Window, &LogPage),
    ) {
        if self.loading.try_set(false).is_some() {
            return;
        }
        let page = match answer {
            Ok(page) => page,
            Err(error) => return self.toasts.fail(&error),
        };
        self.following.set(false);
        let view = self.view.get_untracked();
        let top = view.map(|view| browser::scroll_place(&view).0);
        let place = top.zip(browser::place_of(&stays));
        self.change(|window| add(window, &page));
        browser::next_frame(move || {
            let view = self.view.try_get_untracked().flatten();
            let now = browser::place_of(&stays);
            if let (Some(view), Some((top, before)), Some(now)) = (view, place, now) {
                browser::scroll_to(&view, top + now - before);
            }
        });
    }

    /// Changes what is held, and then what is shown; `None` once the page is left.
    fn change<T>(self, f: impl FnOnce(&mut Window) -> T) -> Option<T> {
        let answer = self.window.try_update_value(f)?;
        self.show();
        Some(answer)
    }

    /// Touches only what differs.
    fn show(self) {
        let former = self.blocks.get_untracked();
        let (blocks, older, end, unseen) = self.window.with_value(|window| {
            let find = |key| former.iter().find(|block| block.key == key);
            let blocks = window.blocks().iter().map(|held| {
                let Some(block) = find(held.key) else {
                    return Block {
                        key: held.key,
                        entries: ArcRwSignal::new(held.entries.clone()),
                    };
                };
                if block.entries.read_untracked().len() != held.entries.len() {
                    block.entries.set(held.entries.clone());
                }
                block.clone()
            });
            let blocks: Vec<_> = blocks.collect();
            (blocks, window.older(), window.end(), window.unseen())
        });
        let keys = |blocks: &[Block]| blocks.iter().map(|block| block.key).collect::<Vec<_>>();
        if keys(&former) != keys(&blocks) {
            self.blocks.set(blocks);
        }
        put(self.older, older);
        put(self.end, end);
        put(self.unseen, unseen);
        if self.following.get_untracked() {
            self.show_end();
        }
    }

    pub(super) fn follow(self, follows: bool) {
        self.following.set(follows);
        if !follows {
            return;
        }
        if let Some(ask) = self.change(Window::go_to_end).flatten() {
            self.pursue(ask);
        }
    }

    pub(super) fn show_end(self) {
        self.settling.set_value(true);
        browser::next_frame(move || {
            self.settling.try_set_value(false);
            let follows = self.following.try_get_untracked() == Some(true);
            if let Some(view) = self.view.try_get_untracked().flatten().filter(|_| follows) {
                browser::scroll_to_end(&view);
                let (top, rest) = browser::scroll_place(&view);
                self.top.set_value((top, top + rest));
            }
        });
    }

    /// Somebody uses a wheel, a finger or a key here, or presses.
    pub(super) fn touched(self) {
        self.touched.set_value(browser::now());
    }

    /// Scrolling up pauses, reaching the end resumes.
    pub(super) fn scrolled(self) {
        let Some(view) = self.view.get_untracked() else {
            return;
        };
        let (top, rest) = browser::scroll_place(&view);
        let (before, height) = self.top.get_value();
        self.top.set_value((top, top + rest));
        // Lines that come and go, or that the browser measures anew, move what is shown as well: before
        // the next frame shows the end again, and also where as many came as went.
        let still = height == top + rest && !self.settling.get_value();
        let meant = still || browser::now() - self.touched.get_value() < MEANT;
        let follows = self.following.get_untracked();
        // What this program scrolled by itself has not moved since.
        if top > before && rest <= NEAR && !follows && self.end.get_untracked() != End::Away {
            self.follow(true);
        } else if top < before && rest > NEAR && follows && meant {
            self.following.set(false);
        }
    }
}

/// Sets a signal that tells only of changes.
fn put<T: PartialEq + Copy + Send + Sync + 'static>(signal: RwSignal<T>, value: T) {
    if signal.get_untracked() != value {
        signal.set(value);
    }
}
