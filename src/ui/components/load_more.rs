//! The way to what a list does not show yet: in place with JavaScript, by an address without.

use leptos::ev::MouseEvent;
use leptos::prelude::*;

use crate::ui::dynamic::{handler, maybe, text};

/// A link to `url`, where `load` has not been called; nothing without one.
#[component]
pub(crate) fn LoadMore(
    what: &'static str,
    #[prop(into)] url: Signal<Option<String>>,
    loading: RwSignal<bool>,
    load: Callback<()>,
    #[prop(default = "btn quiet")] class: &'static str,
) -> impl IntoView {
    maybe(move || {
        url.get().map(|url| {
            let label = text(move || {
                let label = if loading.get() { "Loading…" } else { what };
                label.to_owned()
            });
            let load = handler(move |event: MouseEvent| {
                event.prevent_default();
                load.run(());
            });
            view! {
                <a class=class href=url rel="external" on:click=load>
                    {label}
                </a>
            }
        })
    })
}
