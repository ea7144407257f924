//! How current what is shown is.

use leptos::prelude::*;

use super::format::whole_duration;
use super::icon::Icon;
use crate::ui::dynamic::{Erase, part, text};
use crate::ui::state::Live;

/// A gap shorter than this is not worth a number, in seconds.
const SHORT: u64 = 5;

/// `live`, `reconnecting`, `stale 32s`.
#[component]
pub(crate) fn ConnectionPill() -> impl IntoView {
    let live = Live::get();
    let kind = move || match live.stale_seconds() {
        None => "live",
        Some(seconds) if seconds < SHORT => "reconnecting",
        Some(_) => "stale",
    };
    let word = text(move || match live.stale_seconds() {
        Some(seconds) if seconds >= SHORT => format!("stale {}", whole_duration(seconds)),
        _ => kind().to_owned(),
    });
    let icon = part(move || {
        let name = match kind() {
            "live" => "wifi",
            "reconnecting" => "loader-circle",
            _ => "wifi-off",
        };
        view! { <Icon name/> }.any()
    });
    let meaning = text(move || {
        let meaning = match kind() {
            "live" => "What you see is current",
            _ if live.is_connected() => {
                "What you see may be old: it cannot be read now. Trying again by itself."
            }
            _ => "Not connected: what you see may be old. Connecting again by itself.",
        };
        meaning.to_owned()
    });
    let class = text(move || format!("pill pill-{} js-only", kind()));
    view! {
        <span class=class title=meaning>
            {icon}
            <span class="figure">{word}</span>
        </span>
    }
    .any()
}
