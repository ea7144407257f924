//! Icons: one sprite from one open set, inlined once in the document.

use crate::ui::dynamic::Erase;
use leptos::prelude::*;

/// The sprite; every symbol's id is `i-` and its name.
pub(crate) const SPRITE: &str = include_str!("sprite.svg");

/// A decorative icon; the word is beside it.
#[component]
pub(crate) fn Icon(
    /// A name of the sprite, such as `clock`.
    name: &'static str,
) -> impl IntoView {
    view! {
        <svg class="icon" aria-hidden="true">
            <use_ href=format!("#i-{name}")></use_>
        </svg>
    }
    .any()
}
