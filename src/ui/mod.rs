//! Placeholder until the pages are merged.
use leptos::prelude::*;
#[component]
pub fn App() -> impl IntoView {
    "hi"
}
pub fn shell(_options: LeptosOptions, _base: &'static str) -> impl IntoView {
    view! { <html><body><App/></body></html> }
}
