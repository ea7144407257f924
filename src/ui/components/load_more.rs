//! The way to what a list does not show yet: in place with JavaScript, by an address without.

use std::sync::Arc;

use leptos::ev::MouseEvent;
use leptos::prelude::*;

use crate::ui::dynamic::{handler, maybe, text};

/// A link to `url`, where `load` has not been called; nothing without one.
#[component]
pub(crate) fn LoadMore(
    what: &'static str,
    url: Box<dyn Fn() -> Option<String> + Send>,
    loading: RwSignal<bool>,
    load: Arc<dyn Fn() + Send + Sync>,
    #[prop(default = "btn quiet")] class: &'static str,
) -> impl IntoView {
    maybe(move || {
        url().map(|url| {
            let label = text(move || {
                let label = if loading.get() { "Loading…" } else { what };
                label.to_owned()
            });
            let load = Arc::clone(&load);
            let load = handler(move |event: MouseEvent| {
                event.prevent_default();
                load();
            });
            view! {
                <a class=class href=url rel="external" on:click=load>
                    {label}
                </a>
            }
        })
    })
}
