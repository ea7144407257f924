//! There is no such page.

use crate::ui::dynamic::Erase;
use leptos::prelude::*;
use leptos_meta::Title;

use crate::ui::components::Empty;
use crate::ui::paths;

/// The page of every URL that leads nowhere.
#[component]
pub(crate) fn NotFoundPage() -> impl IntoView {
    view! {
        <Title text="Not found"/>
        <h1 class="sr-only">"Not found"</h1>
        <Empty title="There is no such page" icon="circle-slash">
            <p>"The address may be mistyped, or what it named is gone."</p>
            <a class="btn" href=paths::TASKS>
                "Go to tasks"
            </a>
        </Empty>
    }
    .any()
}

/// There is no such task or agent.
#[component]
pub(crate) fn Missing(
    /// What the server said.
    detail: String,
    /// The list to go back to, and its name.
    list: (&'static str, &'static str),
) -> impl IntoView {
    let (url, name) = list;
    view! {
        <Title text="Not found"/>
        <h1 class="sr-only">"Not found"</h1>
        <Empty title="Not found" icon="circle-slash">
            <p>{detail}</p>
            <a class="btn" href=url>
                {format!("Go to {name}")}
            </a>
        </Empty>
    }
    .any()
}
