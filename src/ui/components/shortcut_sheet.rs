//! The sheet that lists the keyboard shortcuts.

use leptos::ev::Event;
use leptos::html;
use leptos::prelude::*;

use super::icon::Icon;
use crate::ui::browser;
use crate::ui::dynamic::{Erase, handler, maybe, row};
use crate::ui::state::{SHORTCUTS, Shortcuts};

/// Opens with `?`, closes with Escape.
#[component]
pub(crate) fn ShortcutSheet() -> impl IntoView {
    let open = Shortcuts::get().sheet;
    maybe(move || open.get().then(|| view! { <Sheet open/> }))
}

#[component]
fn Sheet(
    /// Whether it is shown.
    open: RwSignal<bool>,
) -> impl IntoView {
    let dialog = NodeRef::<html::Dialog>::new();
    Effect::new(move |_| {
        if let Some(dialog) = dialog.get() {
            browser::open_dialog(&dialog);
        }
    });
    let close = handler(move |_: Event| open.set(false));
    let rows = row(SHORTCUTS, |(keys, meaning)| {
        view! {
            <tr>
                <td>
                    <kbd>{keys}</kbd>
                </td>
                <td>{meaning}</td>
            </tr>
        }
    });
    view! {
        <dialog
            class="dialog"
            node_ref=dialog
            aria-labelledby="sheet-title"
            on:close=close
        >
            <div class="dialog-head">
                <h2 id="sheet-title">"Keyboard shortcuts"</h2>
                <form method="dialog">
                    <button class="btn quiet icon-only" aria-label="Close">
                        <Icon name="x"/>
                    </button>
                </form>
            </div>
            <table class="keys">
                <thead class="sr-only">
                    <tr>
                        <th>"Keys"</th>
                        <th>"What they do"</th>
                    </tr>
                </thead>
                <tbody>{rows}</tbody>
            </table>
        </dialog>
    }
    .any()
}
