//! The live log of a task: follows its end, pauses when one scrolls up, keeps a bounded number
//! of lines.

use std::sync::Arc;

use leptos::either::Either;
use leptos::html;
use leptos::prelude::*;
use leptos::task::spawn_local;

use crate::domain::{LogEntry, TaskId};
use crate::rpc;
use crate::ui::browser;
use crate::ui::components::{Icon, LogLine, grouped};
use crate::ui::paths;
use crate::ui::state::{Shortcuts, Toasts};

/// Lines of one block: a change touches one block only.
const BLOCK: usize = 100;
/// More lines than this are not kept on the page.
const MOST: usize = 5000;
/// Closer to the end than this counts as the end, in pixels.
const NEAR: i32 = 24;
/// More rounds than this do not catch up with a log that grows faster than it is read.
const ROUNDS: usize = 20;

/// A run of consecutive entries.
#[derive(Clone)]
struct Block {
    /// The id of its first entry when it was made.
    key: i64,
    entries: ArcRwSignal<Vec<Arc<LogEntry>>>,
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
        self.entries.with_untracked(Vec::len)
    }
}

/// The log's data; a handle that can be copied.
#[derive(Clone, Copy)]
pub(crate) struct Log {
    task: TaskId,
    number: i64,
    blocks: RwSignal<Vec<Block>>,
    /// The ids of the oldest and newest entries shown.
    span: StoredValue<Option<(i64, i64)>>,
    /// True when there are older entries than those shown.
    more: RwSignal<bool>,
    following: RwSignal<bool>,
    unseen: RwSignal<u64>,
    times: RwSignal<bool>,
    loading: RwSignal<bool>,
    /// Where the box was scrolled to last.
    top: StoredValue<i32>,
    view: NodeRef<html::Div>,
    toasts: Toasts,
}

impl Log {
    pub(crate) fn new(task: TaskId, number: i64) -> Self {
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
    pub(crate) fn load(self, entries: &[LogEntry], more: bool) {
        self.blocks.set(Vec::new());
        self.span.set_value(None);
        self.append(entries);
        self.more.set(more);
        self.unseen.set(0);
    }

    /// Adds what is new at the end.
    pub(crate) fn append(self, entries: &[LogEntry]) {
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
            self.blocks.update(|blocks| blocks.extend(new));
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
    pub(crate) fn catch_up(self) {
        spawn_local(async move {
            for _ in 0..ROUNDS {
                let newest = self.span.try_get_value().flatten();
                let after = newest.map_or(0, |(_, newest)| newest);
                let task = self.task.to_string();
                let Ok(entries) = rpc::tasks::newer_logs(task, after).await else {
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
        let last = self.blocks.with_untracked(|blocks| blocks.last().cloned());
        let Some(last) = last else {
            return fresh.to_vec();
        };
        let room = BLOCK.saturating_sub(last.len()).min(fresh.len());
        let (here, rest) = fresh.split_at(room);
        if !here.is_empty() {
            last.entries
                .update(|entries| entries.extend(here.iter().cloned().map(Arc::new)));
        }
        rest.to_vec()
    }

    fn lines(self) -> usize {
        self.blocks
            .with_untracked(|blocks| blocks.iter().map(Block::len).sum())
    }

    fn drop_oldest(self) {
        let surplus = self.lines().saturating_sub(MOST).div_ceil(BLOCK);
        if surplus == 0 {
            return;
        }
        self.blocks.update(|blocks| {
            blocks.drain(..surplus.min(blocks.len()));
        });
        let oldest = self.blocks.with_untracked(|blocks| {
            let first = blocks.first()?;
            first
                .entries
                .with_untracked(|entries| entries.first().map(|entry| entry.id))
        });
        self.span.update_value(|span| {
            if let (Some((first, _)), Some(oldest)) = (span.as_mut(), oldest) {
                *first = oldest;
            }
        });
        self.more.set(true);
    }

    fn load_earlier(self) {
        let Some((oldest, newest)) = self.span.get_value() else {
            return;
        };
        if self.loading.get_untracked() {
            return;
        }
        self.loading.set(true);
        spawn_local(async move {
            let answer = rpc::tasks::older_logs(self.task.to_string(), oldest).await;
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

    fn follow(self, follows: bool) {
        self.following.set(follows);
        if follows {
            self.unseen.set(0);
            self.show_end();
        }
    }

    fn show_end(self) {
        browser::next_frame(move || {
            if let Some(view) = self.view.try_get_untracked().flatten() {
                browser::scroll_to_end(&view);
            }
        });
    }

    /// Scrolling up pauses, reaching the end resumes.
    fn scrolled(self) {
        let Some(view) = self.view.get_untracked() else {
            return;
        };
        let (top, rest) = browser::scroll_place(&view);
        let went_up = top < self.top.get_value();
        self.top.set_value(top);
        if rest <= NEAR {
            if !self.following.get_untracked() {
                self.follow(true);
            }
        } else if went_up && self.following.get_untracked() {
            self.following.set(false);
        }
    }
}

/// The log with its controls.
#[component]
pub(crate) fn LogView(
    /// The log.
    log: Log,
) -> impl IntoView {
    let keys = Shortcuts::get().follow;
    Effect::new(move |former: Option<u32>| {
        let pressed = keys.get();
        if former.is_some_and(|former| former != pressed) {
            log.follow(!log.following.get_untracked());
        }
        pressed
    });
    Effect::new(move |_| log.show_end());
    let is_empty = Memo::new(move |_| log.blocks.with(Vec::is_empty));
    view! {
        <section id="log" class="log-section" aria-labelledby="log-title">
            <LogBar log/>
            <div class="log-box">
                <div
                    class="log"
                    class:log-plain=move || !log.times.get()
                    node_ref=log.view
                    role="log"
                    // A log that is read out line by line would drown everything else.
                    aria-live="off"
                    aria-labelledby="log-title"
                    tabindex="0"
                    on:scroll=move |_| log.scrolled()
                    on:keydown=move |event| {
                        if event.key() == "End" {
                            log.follow(true);
                        }
                    }
                >
                    <Earlier log/>
                    {move || {
                        is_empty.get().then(|| view! { <p class="log-none">"Nothing logged yet."</p> })
                    }}
                    <For each=move || log.blocks.get() key=|block| block.key let:block>
                        <div class="log-block">
                            <For
                                each=move || block.entries.get()
                                key=|entry| entry.id
                                let:entry
                            >
                                <LogLine entry=&entry/>
                            </For>
                        </div>
                    </For>
                </div>
                <Unseen log/>
            </div>
        </section>
    }
}

#[component]
fn LogBar(
    /// The log.
    log: Log,
) -> impl IntoView {
    let label = move || {
        if log.following.get() {
            "Following"
        } else {
            "Follow"
        }
    };
    view! {
        <div class="section-head">
            <h2 id="log-title">"Log"</h2>
            <div class="actions js-only">
                <button
                    type="button"
                    class="btn quiet"
                    aria-pressed=move || log.times.get().to_string()
                    on:click=move |_| log.times.update(|times| *times = !*times)
                >
                    <Icon name="clock"/>
                    <span>"Times"</span>
                </button>
                <button
                    type="button"
                    class="btn quiet"
                    title="Follow the end (f)"
                    aria-pressed=move || log.following.get().to_string()
                    on:click=move |_| log.follow(!log.following.get_untracked())
                >
                    <Icon name="arrow-down"/>
                    <span>{label}</span>
                </button>
            </div>
        </div>
    }
}

/// The way to what is older.
#[component]
fn Earlier(
    /// The log.
    log: Log,
) -> impl IntoView {
    let whole = paths::task_log_json(log.number);
    move || {
        let whole = whole.clone();
        log.more.get().then(|| {
            if log.lines() >= MOST {
                return Either::Left(view! {
                    <p class="log-none">
                        "Older lines are not shown here. " <a href=whole rel="external">"The whole log"</a>
                    </p>
                });
            }
            let label = move || if log.loading.get() { "Loading…" } else { "Load earlier" };
            Either::Right(view! {
                <a
                    class="btn quiet log-earlier"
                    href=whole
                    rel="external"
                    on:click=move |event| {
                        event.prevent_default();
                        log.load_earlier();
                    }
                >
                    {label}
                </a>
            })
        })
    }
}

/// How much came while one was reading something else.
#[component]
fn Unseen(
    /// The log.
    log: Log,
) -> impl IntoView {
    move || {
        let number = log.unseen.get();
        let lines = if number == 1 { "line" } else { "lines" };
        (number > 0).then(|| {
            view! {
                <button type="button" class="news log-news" on:click=move |_| log.follow(true)>
                    {format!("{} new {lines}", grouped(number))}
                </button>
            }
        })
    }
}
