//! Kimi Dashboard: a control room for AI agents.
//!
//! Where to start reading: [`domain`] says what there is (tasks, agents, logs, the live feed)
//! and which rules hold; `server::operations` is everything that can be asked of the system;
//! [`rpc`] is the seam between pages and server; `ui` is what people see.
//! `ARCHITECTURE.md` draws the picture and keeps the recipes.

#![recursion_limit = "256"]

pub mod domain;
pub mod rpc;
#[cfg(feature = "ssr")]
pub mod server;
#[cfg(test)]
#[cfg(feature = "ssr")]
#[expect(
    clippy::case_sensitive_file_extension_comparisons,
    clippy::excessive_nesting,
    clippy::single_match_else,
    clippy::too_many_lines,
    reason = "a test tells one story from beginning to end"
)]
mod tests;
pub mod ui;

/// Makes the server's page live, in the browser.
#[cfg(feature = "hydrate")]
#[wasm_bindgen::prelude::wasm_bindgen]
pub fn hydrate() {
    console_error_panic_hook::set_once();
    leptos::mount::hydrate_lazy(ui::App);
}
