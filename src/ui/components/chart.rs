//! Charts. The same numbers stand in a table beside them, for whoever cannot see them.

use leptos::nonce::use_nonce;
use leptos::prelude::*;

use crate::ui::assets::asset;
use crate::ui::dynamic::{Dynamic, Erase};

/// A chart that the server described.
#[component]
pub(crate) fn Chart(
    /// An `ECharts` option.
    option: Dynamic<String>,
    /// The URL of the rows behind a point, up to its name.
    rows: String,
    /// What it shows.
    label: &'static str,
) -> impl IntoView {
    view! {
        <script type="module" src=asset("charts.js") nonce=use_nonce()></script>
        <kimi-chart class="chart" role="img" aria-label=label rows=rows option=option></kimi-chart>
    }
    .any()
}
