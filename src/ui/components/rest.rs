//! What is shown cut, and the way to all of it: in place with JavaScript, by its own address
//! without.

use std::sync::Arc;

use leptos::ev::MouseEvent;
use leptos::prelude::*;

use super::format::size;
use crate::ui::dynamic::{handler, maybe};

/// The way to the whole of a text.
#[derive(Clone)]
pub(crate) struct Whole {
    /// How long the whole is.
    pub(crate) bytes: u64,
    pub(crate) url: String,
    /// The whole, once it is here.
    pub(crate) text: ArcRwSignal<Option<String>>,
    pub(crate) load: Arc<dyn Fn() + Send + Sync>,
}

/// Says that a text is cut, and leads to the whole.
#[component]
pub(crate) fn Rest(whole: Whole, what: &'static str) -> impl IntoView {
    maybe(move || {
        let Whole {
            bytes,
            url,
            text,
            load,
        } = whole.clone();
        text.read().is_none().then(|| {
            let open = handler(move |event: MouseEvent| {
                event.prevent_default();
                load();
            });
            view! {
                <span class="rest">
                    "… "
                    <a href=url rel="external" on:click=open>
                        {format!("the whole {what}, {}", size(bytes))}
                    </a>
                </span>
            }
        })
    })
}
