//! Nothing yet, not found, not loaded: states that are designed like any other.

use leptos::prelude::*;

use super::icon::Icon;
use crate::domain::AppError;
use crate::ui::browser;

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
            <h2>{error.kind.title()}</h2>
            <p>{error.detail}</p>
            // A whole new document, since the program may be older than the server.
            <a class="btn" href=url rel="external">
                <Icon name="rotate-ccw"/>
                <span>"Load again"</span>
            </a>
        </div>
    }
}

/// The shape of rows to come; appears only when loading takes long.
#[component]
pub(crate) fn Skeleton() -> impl IntoView {
    let rows = (0..6).map(|_| view! { <div class="skeleton-row"></div> });
    view! {
        <div class="skeleton" role="status" aria-label="Loading">
            {rows.collect_view()}
        </div>
    }
}

/// Something to copy.
#[component]
pub(crate) fn Snippet(
    /// What it is, such as a file's name.
    name: &'static str,
    /// What is copied.
    text: &'static str,
) -> impl IntoView {
    let copied = RwSignal::new(false);
    let copy = move |_| {
        browser::copy(text);
        copied.set(true);
        browser::after(2000, move || {
            copied.try_set(false);
        });
    };
    view! {
        <figure class="snippet">
            <figcaption>
                <span>{name}</span>
                <button
                    type="button"
                    class="btn quiet js-only"
                    aria-label=format!("Copy {name}")
                    on:click=copy
                >
                    <Icon name="copy"/>
                    <span aria-live="polite">
                        {move || if copied.get() { "Copied" } else { "Copy" }}
                    </span>
                </button>
            </figcaption>
            <pre tabindex="0">
                <code>{text}</code>
            </pre>
        </figure>
    }
}
