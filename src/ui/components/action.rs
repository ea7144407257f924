//! Buttons that ask the server for something: a form without JavaScript, quick with it.

use leptos::ev::MouseEvent;
use leptos::form::ActionForm;
use leptos::prelude::*;
use leptos::server_fn::client::Client;
use leptos::server_fn::codec::PostUrl;
use leptos::server_fn::request::ClientReq;
use leptos::server_fn::{Http, ServerFn};
use serde::de::DeserializeOwned;

use super::icon::Icon;
use crate::domain::AppError;
use crate::ui::browser::FormData;

/// What a button looks like.
#[derive(Clone, Copy)]
pub(crate) struct Look {
    /// What it says.
    pub(crate) label: &'static str,
    /// What stands before the words.
    pub(crate) icon: &'static str,
    /// Class names beside `btn`.
    pub(crate) class: &'static str,
}

/// A form of hidden fields and one button.
#[component]
pub(crate) fn ActionButton<S, P>(
    /// What it asks for.
    action: ServerAction<S>,
    /// The hidden fields.
    fields: Vec<(&'static str, String)>,
    /// What it looks like.
    look: Look,
    /// The name of the thing it acts on, such as `#12`.
    #[prop(into)]
    of: String,
    /// True while it works.
    busy: Signal<bool>,
) -> impl IntoView
where
    S: ServerFn<Protocol = Http<PostUrl, P>, Error = AppError>
        + DeserializeOwned
        + Clone
        + Send
        + Sync
        + 'static,
    <<S::Client as Client<AppError>>::Request as ClientReq<AppError>>::FormData: From<FormData>,
    S::Client: Client<AppError>,
    S::Output: Send + Sync + 'static,
    P: 'static,
{
    let inputs = fields.into_iter();
    let inputs: Vec<_> = inputs
        .map(|(name, value)| view! { <input type="hidden" name=name value=value/> })
        .collect();
    view! {
        <ActionForm action attr:class="inline-form">
            {inputs}
            <SubmitButton look of=of.clone() busy/>
        </ActionForm>
    }
}

/// The button of a form. It shows at once that it works, and works once.
#[component]
pub(crate) fn SubmitButton(
    /// What it looks like.
    look: Look,
    /// The name of the thing it acts on; may be empty.
    #[prop(into)]
    of: String,
    /// True while it works.
    busy: Signal<bool>,
) -> impl IntoView {
    let name = format!("{} {of}", look.label);
    view! {
        <button
            type="submit"
            class=format!("btn {}", look.class)
            aria-label=name.trim_end().to_owned()
            aria-busy=move || busy.get().to_string()
            // Disabling would drop the focus; refusing the second click is enough.
            on:click=move |event: MouseEvent| {
                if busy.get_untracked() {
                    event.prevent_default();
                }
            }
        >
            <Icon name=look.icon/>
            <span>{look.label}</span>
        </button>
    }
}
