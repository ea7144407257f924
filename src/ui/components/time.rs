//! Moments as ages, with the absolute time behind them.

use leptos::prelude::*;

use super::format::{absolute, ago};
use crate::domain::Timestamp;
use crate::ui::dynamic::{Erase, text};
use crate::ui::state::Clock;

/// `2 min ago`, kept true as time goes by.
#[component]
pub(crate) fn Ago(time: Timestamp) -> impl IntoView {
    let clock = Clock::get();
    let age = text(move || ago(clock.now().seconds_since(time)));
    view! {
        <time datetime=time.to_string() title=absolute(time)>
            {age}
        </time>
    }
    .any()
}
