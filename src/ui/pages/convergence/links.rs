//! How the dashboard stands with each loop that it follows.

use leptos::prelude::*;

use super::following::read;
use crate::domain::{ConvergenceView, LoopLink};
use crate::ui::components::{Icon, ago, count, duration};
use crate::ui::dynamic::{Erase, list, maybe, memo, part, text};
use crate::ui::state::Clock;

/// Every loop's connection.
#[component]
pub(super) fn Links(
    /// What the page shows.
    view: RwSignal<Option<ConvergenceView>>,
) -> impl IntoView {
    let urls = memo(move || {
        read(view, |view| {
            let urls = view.loops.iter().map(|link| link.url.clone());
            urls.collect::<Vec<_>>()
        })
    });
    let none = maybe(move || {
        urls.read().is_empty().then(|| {
            view! { <p class="muted">"No loop is followed; events come by webhook only."</p> }
        })
    });
    let lines = list(
        move || urls.get(),
        String::clone,
        move |url| view! { <Line view url/> },
    );
    view! {
        <section aria-labelledby="side-loops">
            <h2 id="side-loops">"Connections"</h2>
            {none}
            <ul class="links">{lines}</ul>
        </section>
    }
    .any()
}

#[component]
fn Line(
    /// What the page shows.
    view: RwSignal<Option<ConvergenceView>>,
    /// The loop's address.
    url: String,
) -> impl IntoView {
    let clock = Clock::get();
    let (name, title) = (url.clone(), url.clone());
    let link = memo(move || {
        read(view, |view| {
            view.loops.iter().find(|link| link.url == url).cloned()
        })
    });
    let of = move |f: fn(&LoopLink) -> String| {
        text(move || link.read().as_ref().map(f).unwrap_or_default())
    };
    let connected = memo(move || link.read().as_ref().is_some_and(|link| link.connected));
    let badge = part(move || {
        let (icon, word, class) = if connected.get() {
            ("wifi", "connected", "badge task-completed")
        } else {
            ("wifi-off", "not connected", "badge interrupted")
        };
        view! { <span class=class><Icon name=icon/><span>{word}</span></span> }.any()
    });
    let since = text(move || {
        let now = clock.now();
        let link = link.read();
        let since = link.as_ref().map(|link| now.seconds_since(link.since));
        format!("for {}", duration(since.unwrap_or_default()))
    });
    let heard = text(move || {
        let now = clock.now();
        let link = link.read();
        let last = link.as_ref().and_then(|link| link.last_event_at);
        last.map_or_else(
            || "no event since this server started".to_owned(),
            |last| format!("last event {}", ago(now.seconds_since(last))),
        )
    });
    let counts = of(|link| {
        let mut words = vec![count(link.events, "event")];
        if link.duplicates > 0 {
            words.push(count(link.duplicates, "duplicate"));
        }
        words.push(format!("{} unreadable", link.malformed));
        words.join(" · ")
    });
    let why = maybe(move || {
        let error = link.read().as_ref().and_then(|link| link.error.clone());
        let error = error.filter(|_| !connected.get())?;
        Some(view! { <p class="muted clip" title=error.clone()>{error.clone()}</p> })
    });
    view! {
        <li class="link">
            <p class="link-url mono clip" title=title>{name}</p>
            <p class="link-line">{badge} <span class="muted figure">{since}</span></p>
            <p class="muted figure">{heard}</p>
            <p class="muted figure">{counts}</p>
            {why}
        </li>
    }
    .any()
}
