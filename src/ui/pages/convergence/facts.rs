//! A session in short: when, how long, from where, and what went wrong.

use leptos::prelude::*;

use crate::domain::{LoopState, Session, SessionStatus, VerdictKind};
use crate::ui::components::{Ago, duration, grouped};
use crate::ui::dynamic::{Erase, maybe, memo, text};
use crate::ui::paths;

/// When, how long, how many, from where.
#[component]
pub(super) fn Facts(
    session: Memo<Option<Session>>,
    /// The session's id.
    id: String,
) -> impl IntoView {
    let start = memo(move || session.read().as_ref().map(|it| it.start_time));
    let began = maybe(move || start.get().map(|time| view! { <span><Ago time/></span> }));
    let said = move |f: fn(&Session) -> String| {
        text(move || session.read().as_ref().map(f).unwrap_or_default())
    };
    let trouble = maybe(move || {
        let (title, error) = session.read().as_ref().and_then(trouble)?;
        // A limit that was reached is no fault.
        let class = if title == GAVE_UP {
            "trouble is-plain"
        } else {
            "trouble"
        };
        Some(view! {
            <section class=class aria-labelledby="session-error">
                <h2 id="session-error">{title}</h2>
                <pre>{error}</pre>
            </section>
        })
    });
    let task = maybe(move || {
        let session = session.read();
        let session = session.as_ref()?;
        let name = session.task_id.clone()?;
        let named = match session.task_number {
            Some(number) => view! { <a href=paths::task(number)>{format!("#{number}")}</a> }.any(),
            None => view! { <span class="mono">{name}</span> }.any(),
        };
        Some(view! {
            <div>
                <dt>"Task"</dt>
                <dd>{named}</dd>
            </div>
        })
    });
    view! {
        <dl class="facts">
            {task}
            <div>
                <dt>"Began"</dt>
                <dd>{began}</dd>
            </div>
            <div>
                <dt>"First to last event"</dt>
                <dd class="figure">{said(|it| duration(it.duration_seconds))}</dd>
            </div>
            <div>
                <dt>"Events"</dt>
                <dd class="figure">{said(|it| grouped(it.events))}</dd>
            </div>
            <div>
                <dt>"Heard from"</dt>
                <dd class="mono">{said(|it| it.source.clone())}</dd>
            </div>
            <div>
                <dt>"Id"</dt>
                <dd class="mono clip">{id}</dd>
            </div>
        </dl>
        {trouble}
    }
    .any()
}

const GAVE_UP: &str = "Why it ended";

/// What a session says that went wrong, and what that is, unless the verdict says it already.
fn trouble(session: &Session) -> Option<(&'static str, String)> {
    let Some(error) = session.error.clone() else {
        // Who broke it off stands in the verdict.
        let reason = session.end_reason.clone();
        let reason = reason.filter(|_| session.status == SessionStatus::Ended);
        return Some((GAVE_UP, reason?));
    };
    let verdict = session.verdict.as_ref();
    let is_said = verdict.is_some_and(|it| it.kind == VerdictKind::Failed && it.reason == error);
    let title = match session.status {
        _ if is_said => return None,
        // It may have ended without a word, long after an error.
        SessionStatus::Ended if session.final_state == LoopState::Failed => GAVE_UP,
        _ => "Last error",
    };
    Some((title, error))
}
