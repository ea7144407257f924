//! How current what is shown is.

use leptos::prelude::*;

use super::format::duration;
use super::icon::Icon;
use crate::ui::dynamic::{Erase, memo, part, text};
use crate::ui::state::Live;

/// A gap shorter than this is not worth a number, in seconds.
const SHORT: f64 = 5.0;

/// `live`, `reconnecting`, `stale 32s`.
#[component]
pub(crate) fn ConnectionPill() -> impl IntoView {
    let live = Live::get();
    let stale = memo(move || live.stale_seconds());
    let kind = memo(move || match stale.get() {
        None => "live",
        Some(seconds) if seconds < SHORT => "reconnecting",
        Some(_) => "stale",
    });
    let word = text(move || match stale.get() {
        Some(seconds) if seconds >= SHORT => format!("stale {}", duration(seconds)),
        _ => kind.get().to_owned(),
    });
    let icon = part(move || {
        let name = match kind.get() {
            "live" => "wifi",
            "reconnecting" => "loader-circle",
            _ => "wifi-off",
        };
        view! { <Icon name/> }.any()
    });
    let meaning = text(move || {
        let meaning = match kind.get() {
            "live" => "What you see is current",
            _ => "Not connected: what you see may be old. Connecting again by itself.",
        };
        meaning.to_owned()
    });
    let class = text(move || format!("pill pill-{} js-only", kind.get()));
    view! {
        <span class=class title=meaning>
            {icon}
            <span class="figure">{word}</span>
        </span>
    }
    .any()
}
