//! The corner where notices appear.

use leptos::prelude::*;

use super::icon::Icon;
use crate::ui::state::{Toast, Toasts as State};

/// All notices, newest last; read out politely.
#[component]
pub(crate) fn Toasts() -> impl IntoView {
    let toasts = State::get();
    view! {
        <div class="toasts" role="status" aria-live="polite" aria-label="Notices">
            <For each=move || toasts.shown() key=|toast| toast.id let:toast>
                {notice(toasts, toast)}
            </For>
        </div>
    }
}

fn notice(toasts: State, toast: Toast) -> impl IntoView {
    let id = toast.id;
    let class = if toast.is_error {
        "toast toast-error"
    } else {
        "toast"
    };
    let icon = if toast.is_error {
        "triangle-alert"
    } else {
        "check"
    };
    let link = toast.link.map(|(label, url)| {
        view! {
            <a href=url on:click=move |_| toasts.close(id)>
                {label}
            </a>
        }
    });
    view! {
        <div class=class>
            <Icon name=icon/>
            <p>{toast.text} " " {link}</p>
            <button
                type="button"
                class="btn quiet icon-only"
                aria-label="Close notice"
                on:click=move |_| toasts.close(id)
            >
                <Icon name="x"/>
            </button>
        </div>
    }
}
