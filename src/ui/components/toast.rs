//! The corner where notices appear.

use leptos::ev::MouseEvent;
use leptos::prelude::*;

use super::icon::Icon;
use crate::ui::dynamic::{Erase, handler, list, nothing};
use crate::ui::state::{Toast, Toasts as State};

/// All notices, newest last; read out politely.
#[component]
pub(crate) fn Toasts() -> impl IntoView {
    let toasts = State::get();
    let notices = list(
        move || toasts.shown(),
        |toast| toast.id,
        move |toast| notice(toasts, toast),
    );
    view! {
        <div class="toasts" role="status" aria-live="polite" aria-label="Notices">
            {notices}
        </div>
    }
    .any()
}

fn notice(toasts: State, toast: Toast) -> AnyView {
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
    let close = || handler(move |_: MouseEvent| toasts.close(id));
    let link = toast.link.map(|(label, url)| {
        view! {
            <a href=url on:click=close()>
                {label}
            </a>
        }
        .any()
    });
    let link = link.unwrap_or_else(nothing);
    view! {
        <div class=class>
            <Icon name=icon/>
            <p>{toast.text} " " {link}</p>
            <button
                type="button"
                class="btn quiet icon-only"
                aria-label="Close notice"
                on:click=close()
            >
                <Icon name="x"/>
            </button>
        </div>
    }
    .any()
}
