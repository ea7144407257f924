//! Where the built assets are.

use leptos::prelude::*;

use super::browser;

/// The folder URL of the built assets.
#[derive(Clone, Copy)]
pub(super) struct Assets(pub(super) &'static str);

/// The URL of a built asset.
pub(crate) fn asset(file: &str) -> String {
    let base = use_context::<Assets>().map(|it| it.0.to_owned());
    let base = base.or_else(|| browser::root_attribute("data-assets"));
    format!("{}/{file}", base.unwrap_or_default())
}
