//! Buttons that ask the server for something: a form without JavaScript, quick with it.

use leptos::ev::{KeyboardEvent, MouseEvent, SubmitEvent};
use leptos::prelude::*;

use super::icon::Icon;
use crate::ui::browser;
use crate::ui::dynamic::{Erase, handler, row, text};
use crate::ui::state::{Action, Actions};

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

/// A form that asks for something; Ctrl and Enter send it. The browser sends it by itself where
/// there is no JavaScript.
#[component]
pub(crate) fn ActionForm(
    action: Action,
    /// What it acts on: its id. One thing is asked for the same only once at a time.
    #[prop(into)]
    about: String,
    class: &'static str,
    /// The fields and the button.
    children: Children,
) -> impl IntoView {
    let actions = Actions::get();
    let submit = handler(move |event: SubmitEvent| {
        event.prevent_default();
        if let Some(body) = browser::form_body(&event) {
            actions.send(action, &about, body);
        }
    });
    let send = handler(|event: KeyboardEvent| {
        if event.key() == "Enter" && (event.ctrl_key() || event.meta_key()) {
            event.prevent_default();
            browser::submit_form_of(&event);
        }
    });
    view! {
        <form action=action.url() method="post" class=class on:submit=submit on:keydown=send>
            {children()}
        </form>
    }
    .any()
}

/// A form of hidden fields and one button.
#[component]
pub(crate) fn ActionButton(
    action: Action,
    /// What it acts on: its id.
    #[prop(into)]
    about: String,
    /// The hidden fields.
    fields: Vec<(&'static str, String)>,
    look: Look,
    /// The name of the thing it acts on, such as `#12`.
    #[prop(into)]
    of: String,
) -> impl IntoView {
    view! {
        <ActionForm action about=about.clone() class="inline-form">
            <HiddenFields fields/>
            <SubmitButton action about look of/>
        </ActionForm>
    }
    .any()
}

/// Fields that a form sends without showing them.
#[component]
pub(crate) fn HiddenFields(
    /// Their names and values.
    fields: Vec<(&'static str, String)>,
) -> impl IntoView {
    row(fields, |(name, value)| {
        view! { <input type="hidden" name=name value=value/> }
    })
}

/// The button of a form. It shows at once that it works, and works once.
#[component]
pub(crate) fn SubmitButton(
    /// What its form asks for.
    action: Action,
    /// What its form acts on.
    #[prop(into)]
    about: String,
    look: Look,
    /// The name of the thing it acts on; may be empty.
    #[prop(into)]
    of: String,
) -> impl IntoView {
    let actions = Actions::get();
    let name = format!("{} {of}", look.label);
    let same = about.clone();
    let busy = text(move || actions.is_busy(action, &about).to_string());
    // Disabling would drop the focus; refusing the second click is enough. The second of a double
    // click may meet the button that has taken the place of the first.
    let click = handler(move |event: MouseEvent| {
        if event.detail() > 1 || untrack(|| actions.is_busy(action, &same)) {
            event.prevent_default();
        }
    });
    view! {
        <button
            type="submit"
            class=format!("btn {}", look.class)
            aria-label=name.trim_end().to_owned()
            aria-busy=busy
            on:click=click
        >
            <Icon name=look.icon/>
            <span>{look.label}</span>
        </button>
    }
    .any()
}
