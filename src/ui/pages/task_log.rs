//! The live log of a task: follows its end, pauses when one scrolls up, keeps a bounded number
//! of lines.

use leptos::either::Either;
use leptos::prelude::*;

use super::task_log_model::{Log, MOST};
use crate::ui::components::{Icon, LogLine, grouped};
use crate::ui::paths;
use crate::ui::state::Shortcuts;

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
