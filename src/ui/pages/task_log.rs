//! The live log of a task: follows its end, pauses when one scrolls up, keeps a bounded number
//! of lines, and says where there are more.

use std::sync::Arc;

use leptos::ev::{Event, KeyboardEvent, MouseEvent, PointerEvent, TouchEvent, WheelEvent};
use leptos::prelude::*;

use super::task_log_model::Log;
use super::task_log_window::End;
use super::task_whole::whole;
use crate::domain::TaskPart;
use crate::ui::components::{Icon, LoadMore, LogLine, grouped};
use crate::ui::dynamic::{Erase, handler, list, maybe, memo, nothing, part, text};
use crate::ui::paths;
use crate::ui::state::Shortcuts;

/// The log with its controls.
#[component]
pub(crate) fn LogView(
    log: Log,
    /// True when nothing more will come.
    ended: Memo<bool>,
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
    let is_empty = memo(move || log.blocks.read().is_empty());
    let none = maybe(move || {
        let none = is_empty.get();
        let words = if ended.get() {
            "Nothing was logged."
        } else {
            "Nothing logged yet."
        };
        none.then(|| view! { <p class="log-none">{words}</p> })
    });
    let class = text(move || {
        let plain = if log.times.get() { "" } else { " log-plain" };
        let follows = if log.following.get() {
            " log-follows"
        } else {
            ""
        };
        format!("log{plain}{follows}")
    });
    let whole = paths::task_log_json(log.number);
    let older = Box::new(move || log.older.get().then(|| whole.clone()));
    let scrolled = handler(move |_: Event| log.scrolled());
    let wheel = handler(move |_: WheelEvent| log.touched());
    let finger = handler(move |_: TouchEvent| log.touched());
    let press = handler(move |_: PointerEvent| log.touched());
    let keydown = handler(move |event: KeyboardEvent| {
        log.touched();
        if event.key() == "End" {
            log.follow(true);
        }
    });
    view! {
        <section id="log" class="log-section" aria-labelledby="log-title">
            <LogBar log ended/>
            <div class="log-box">
                <div
                    class=class
                    node_ref=log.view
                    role="log"
                    // A log that is read out line by line would drown everything else.
                    aria-live="off"
                    aria-labelledby="log-title"
                    tabindex="0"
                    on:scroll=scrolled
                    on:wheel=wheel
                    on:touchmove=finger
                    on:pointerdown=press
                    on:keydown=keydown
                >
                    <LoadMore
                        what="Load earlier"
                        url=older
                        loading=log.loading
                        load=Arc::new(move || log.load_earlier())
                        class="btn quiet log-earlier"
                    />
                    {none}
                    <Lines log/>
                    <Later log/>
                </div>
                <Unseen log/>
            </div>
        </section>
    }
    .any()
}

/// All that is held of it, in blocks.
#[component]
fn Lines(log: Log) -> impl IntoView {
    list(
        move || log.blocks.get(),
        |block| block.key,
        move |block| {
            let id = block.id();
            let lines = list(
                move || block.entries.get(),
                |entry| entry.id,
                move |entry| {
                    let part = TaskPart::Line(entry.id);
                    let whole = whole(log.task, log.number, part, &entry.message);
                    view! { <LogLine entry=&entry whole/> }
                },
            );
            view! {
                <div class="log-block" id=id>
                    {lines}
                </div>
            }
        },
    )
}

#[component]
fn LogBar(
    log: Log,
    /// True when nothing more will come.
    ended: Memo<bool>,
) -> impl IntoView {
    let label = text(move || {
        let following = log.following.get() && !ended.get();
        let label = if following { "Following" } else { "Follow" };
        label.to_owned()
    });
    let timed = text(move || log.times.get().to_string());
    let turn_times = handler(move |_: MouseEvent| log.times.update(|times| *times = !*times));
    let following = text(move || (log.following.get() && !ended.get()).to_string());
    let turn_following = handler(move |_: MouseEvent| {
        // Of a log that has ended, the end is all there is to go to.
        log.follow(ended.get_untracked() || !log.following.get_untracked());
    });
    view! {
        <div class="section-head">
            <h2 id="log-title">"Log"</h2>
            <div class="actions js-only">
                <button
                    type="button"
                    class="btn quiet"
                    aria-pressed=timed
                    on:click=turn_times
                >
                    <Icon name="clock"/>
                    <span>"Times"</span>
                </button>
                <button
                    type="button"
                    class="btn quiet"
                    title="Follow the end (f)"
                    aria-pressed=following
                    on:click=turn_following
                >
                    <Icon name="arrow-down"/>
                    <span>{label}</span>
                </button>
            </div>
        </div>
    }
    .any()
}

/// What there is after the last line, where the log goes on.
#[component]
fn Later(log: Log) -> impl IntoView {
    part(move || match log.end.get() {
        End::Live => nothing(),
        End::Torn => view! {
            <p class="log-none" data-log-end="torn">
                "Lines were missed here; they are being loaded."
            </p>
        }
        .any(),
        End::Away => {
            let go = handler(move |_: MouseEvent| log.follow(true));
            let load = handler(move |_: MouseEvent| log.load_later());
            view! {
                <p class="log-none" data-log-end="away">
                    "The log goes on; no more lines are shown at once. "
                    <button type="button" class="btn quiet" on:click=load>
                        "Load later"
                    </button>
                    <button type="button" class="btn quiet" on:click=go>
                        "Go to its end"
                    </button>
                </p>
            }
            .any()
        }
    })
}

/// How much came while one was reading something else.
#[component]
fn Unseen(log: Log) -> impl IntoView {
    maybe(move || {
        let number = log.unseen.get();
        let lines = if number == 1 { "line" } else { "lines" };
        (number > 0).then(|| {
            let follow = handler(move |_: MouseEvent| log.follow(true));
            view! {
                <button type="button" class="news log-news" on:click=follow>
                    {format!("{} new {lines}", grouped(number))}
                </button>
            }
        })
    })
}
