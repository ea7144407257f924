//! What cargo-leptos tells a server that it runs: `cargo leptos watch`, `serve` and `end-to-end` set
//! these variables (their list is `Project::to_envs` of cargo-leptos).

use std::path::PathBuf;

/// Where `cargo leptos watch` tells browsers to load a page again; `None` when nobody watches.
pub(super) fn reload_port(environment: impl Fn(&str) -> Option<String>) -> Option<u16> {
    environment("LEPTOS_WATCH")?;
    let port = environment("LEPTOS_RELOAD_PORT");
    port.and_then(|port| port.trim().parse().ok())
        .or(Some(8767))
}

/// The database that is `named`, or else `./dashboard.db`. Run by cargo-leptos it lies among the build's
/// products, so that trying a change never serves on what somebody keeps beside the sources.
pub(super) fn database(
    named: Option<String>,
    environment: impl Fn(&str) -> Option<String>,
) -> PathBuf {
    if let Some(named) = named {
        return PathBuf::from(named);
    }
    let site = environment("LEPTOS_SITE_ROOT").filter(|_| is_built_here(&environment));
    let products = site.and_then(|site| PathBuf::from(site).parent().map(PathBuf::from));
    let beside = products.filter(|folder| folder.is_dir());
    beside
        .unwrap_or_else(|| PathBuf::from("."))
        .join("dashboard.db")
}

/// Another project's variables say nothing about ours.
fn is_built_here(environment: impl Fn(&str) -> Option<String>) -> bool {
    environment("LEPTOS_OUTPUT_NAME").as_deref() == Some("kimi-dashboard")
}
