//! The whole of what the page of a task shows the beginning of, once somebody asks for it.

use std::sync::Arc;

use leptos::prelude::*;
use leptos::task::spawn_local;

use crate::domain::{Excerpt, TaskId, TaskPart};
use crate::ui::components::{Rest, Whole};
use crate::ui::data::ask;
use crate::ui::dynamic::{Erase, part as changing, text};
use crate::ui::paths;
use crate::ui::state::Toasts;

/// The way to the whole of `part`, when `shown` is not all of it.
pub(super) fn whole(task: TaskId, number: i64, part: TaskPart, shown: &Excerpt) -> Option<Whole> {
    let bytes = shown.cut?;
    let toasts = Toasts::get();
    let text = ArcRwSignal::new(None);
    let into = text.clone();
    let load = move || {
        let into = into.clone();
        spawn_local(async move {
            let task = task.to_string();
            match ask(crate::rpc::tasks::Whole { task, part }).await {
                Ok(text) => into.set(Some(text)),
                Err(error) => toasts.fail(&error),
            }
        });
    };
    let url = match part {
        TaskPart::Line(entry) => paths::log_line_json(number, entry),
        _ => paths::task_json(number),
    };
    Some(Whole {
        bytes,
        url,
        text,
        load: Arc::new(load),
    })
}

/// A text that may be cut, with the way to all of it.
#[component]
pub(super) fn LongText(
    task: TaskId,
    number: i64,
    part: TaskPart,
    #[prop(into)] shown: Signal<Excerpt>,
) -> impl IntoView {
    let what = match part {
        TaskPart::Description => "description",
        TaskPart::Result => "result",
        TaskPart::Error => "error",
        TaskPart::Line(_) => "line",
    };
    changing(move || {
        let shown = shown.get();
        let Some(whole) = whole(task, number, part, &shown) else {
            return view! { <bdi>{shown.text}</bdi> }.any();
        };
        let all = whole.text.clone();
        let words = text(move || all.get().unwrap_or_else(|| shown.text.clone()));
        view! { <bdi>{words}</bdi> <Rest whole what/> }.any()
    })
}
