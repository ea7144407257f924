//! Nothing yet, not found, not loaded: states that are designed like any other.

use leptos::ev::MouseEvent;
use leptos::prelude::*;

use super::icon::Icon;
use crate::domain::AppError;
use crate::ui::browser;
use crate::ui::dynamic::{Erase, handler, row, text};

/// Nothing to show, and what to do about it.
#[component]
pub(crate) fn Empty(
    /// What is not there.
    title: &'static str,
    /// An icon of the sprite.
    #[prop(default = "inbox")]
    icon: &'static str,
    /// The next step.
    children: Children,
) -> impl IntoView {
    view! {
        <div class="empty">
            <Icon name=icon/>
            <h2>{title}</h2>
            {children()}
        </div>
    }
    .any()
}

/// Something could not be loaded: what happened, in the server's words, and a way on.
#[component]
pub(crate) fn Failure(
    /// What the server said.
    error: AppError,
    /// The URL to load again.
    url: String,
) -> impl IntoView {
    view! {
        <div class="empty" role="alert">
            <Icon name="triangle-alert"/>
            <h2>{error.kind().title()}</h2>
            <p>{error.detail}</p>
            // A whole new document, since the program may be older than the server.
            <a class="btn" href=url rel="external">
                <Icon name="rotate-ccw"/>
                <span>"Load again"</span>
            </a>
        </div>
    }
    .any()
}

/// The shape of rows to come; appears only when loading takes long.
pub(crate) fn skeleton() -> AnyView {
    let rows = row(0..6, |_| view! { <div class="skeleton-row"></div> });
    view! {
        <div class="skeleton" role="status" aria-label="Loading">
            {rows}
        </div>
    }
    .any()
}

/// Something to copy.
#[component]
pub(crate) fn Snippet(
    /// What it is, such as a file's name.
    #[prop(into)]
    name: String,
    /// What is copied.
    code: &'static str,
) -> impl IntoView {
    let copied = RwSignal::new(false);
    let copy = handler(move |_: MouseEvent| {
        browser::copy(code);
        copied.set(true);
        browser::after(2000, move || {
            copied.try_set(false);
        });
    });
    let word = text(move || {
        let word = if copied.get() { "Copied" } else { "Copy" };
        word.to_owned()
    });
    let about = format!("Copy {name}");
    view! {
        <figure class="snippet">
            <figcaption>
                <span>{name}</span>
                <button
                    type="button"
                    class="btn quiet js-only"
                    aria-label=about
                    on:click=copy
                >
                    <Icon name="copy"/>
                    <span aria-live="polite">{word}</span>
                </button>
            </figcaption>
            <pre tabindex="0">
                <code>{code}</code>
            </pre>
        </figure>
    }
    .any()
}
