//! Events of a session: as a line, and with all their data.

use leptos::prelude::*;
use serde_json::Value;

use super::tree::tree;
use crate::domain::SessionEvent;
use crate::ui::components::{Icon, clock_time, count};
use crate::ui::dynamic::{Erase, maybe, nothing};
use crate::ui::paths;

/// An event in one line that leads to it.
#[component]
pub(super) fn EventLine(
    event: SessionEvent,
    /// The id of its session.
    session: String,
) -> impl IntoView {
    let url = paths::event(&session, &event.event_id);
    view! {
        <li class="event-line">
            <Time event=event.clone()/>
            <a href=url class="clip">
                <span class="event-type">{event.event_type.clone()}</span>
                " "
                <span class="muted">{summary(&event)}</span>
            </a>
        </li>
    }
    .any()
}

/// An event that opens to show its data.
#[component]
pub(super) fn EventEntry(
    event: SessionEvent,
    /// The id of its session.
    session: String,
    /// True for the one that a link leads to: it is open.
    linked: bool,
) -> impl IntoView {
    let url = paths::event(&session, &event.event_id);
    let label = format!(
        "Link to {} at {}",
        event.event_type,
        clock_time(event.timestamp)
    );
    let cut = event.data.get("truncated") == Some(&Value::Bool(true));
    let whole = cut.then(|| {
        let url = paths::whole_event(&session, &event.event_id);
        view! {
            <p>
                "Only the beginning is shown. "
                <a href=url rel="external">"The whole event"</a>
            </p>
        }
    });
    let id = linked.then_some("event");
    let iteration = (event.iteration > 0).then(|| format!("#{}", event.iteration));
    view! {
        <li class="event" id=id>
            <details open=linked>
                <summary>
                    <Time event=event.clone()/>
                    <span class="muted figure event-round">{iteration.unwrap_or_default()}</span>
                    <span class="event-type">{event.event_type.clone()}</span>
                    <span class="muted clip">{summary(&event)}</span>
                </summary>
                <div class="event-data">
                    {tree(&event.data)}
                    {whole.map_or_else(nothing, Erase::any)}
                    <p class="muted mono">{event.event_id.clone()}</p>
                </div>
            </details>
            <a href=url class="btn quiet icon-only" aria-label=label title="Link to this event">
                <Icon name="link"/>
            </a>
        </li>
    }
    .any()
}

#[component]
fn Time(event: SessionEvent) -> impl IntoView {
    let time = event.timestamp;
    let day = time.to_string();
    view! {
        <time class="figure muted" datetime=day.clone() title=day>
            {clock_time(time)}
        </time>
    }
    .any()
}

/// What an event says, in a few words.
fn summary(event: &SessionEvent) -> String {
    let data = &event.data;
    let word = |name: &str| data.get(name).and_then(Value::as_str);
    let step = word("step");
    match event.event_type.as_str() {
        "STATE_CHANGED" => {
            let to = word("to").and_then(crate::domain::LoopState::parse);
            let to = to.map(crate::domain::LoopState::label).or(word("to"));
            to.map(|to| format!("now {}", to.to_lowercase()))
        }
        "STEP_COMPLETE" => {
            let number = |list: &str, number: &str| {
                let listed = data.get(list).and_then(Value::as_array).map(Vec::len);
                let listed = listed.and_then(|length| u64::try_from(length).ok());
                // Of a list that was cut, its length is told.
                let cut = data.get("cut").and_then(|cut| cut.get(list)?.as_u64());
                // A list may hold what its tool suppressed, which does not count.
                let counted = data.get(number).and_then(Value::as_u64);
                counted.or(cut).or(listed)
            };
            let found = number("findings", "findings_count").filter(|n| *n > 0);
            let found = found.map(|n| count(n, "finding"));
            let fixed = number("fixes", "fixes_count").filter(|n| *n > 0);
            let failed = data.get("success") == Some(&Value::Bool(false));
            let words = [
                step.map(str::to_owned),
                failed.then(|| "failed".to_owned()),
                found,
                fixed.map(|n| {
                    if n == 1 {
                        "1 fix".to_owned()
                    } else {
                        format!("{n} fixes")
                    }
                }),
            ];
            let words: Vec<_> = words.into_iter().flatten().collect();
            Some(words.join(", "))
        }
        _ => step
            .or_else(|| word("error"))
            .or_else(|| word("reason"))
            .or_else(|| word("message"))
            .map(str::to_owned),
    }
    .unwrap_or_default()
}

/// Lists open at their ends: a notice where there is nothing.
pub(super) fn no_events(is_empty: Memo<bool>, narrow: Memo<bool>) -> AnyView {
    maybe(move || {
        is_empty.get().then(|| {
            let words = if narrow.get() {
                "No event matches."
            } else {
                "No event yet."
            };
            view! { <p class="muted">{words}</p> }
        })
    })
    .into_any()
}

#[cfg(test)]
mod tests {
    use super::summary;
    use crate::domain::SessionEvent;

    #[test]
    fn an_event_is_told_in_a_few_words() {
        let of = |event_type: &str, data: serde_json::Value| {
            let event: SessionEvent = serde_json::from_value(serde_json::json!({
                "event_id": "e", "timestamp": "2026-11-22T08:00:00Z", "iteration": 1,
                "state": "IDLE", "event_type": event_type, "data": data,
            }))
            .unwrap();
            summary(&event)
        };
        let json = |text| serde_json::from_str(text).unwrap();
        assert_eq!(
            of("STATE_CHANGED", json(r#"{"to": "FIXING"}"#)),
            "now fixing"
        );
        let done = r#"{"step": "diagnose", "findings": [1, 2], "fixes_count": 1}"#;
        assert_eq!(
            of("STEP_COMPLETE", json(done)),
            "diagnose, 2 findings, 1 fix"
        );
        let cut = r#"{"step": "diagnose", "findings": [1], "cut": {"findings": 5000}}"#;
        assert_eq!(of("STEP_COMPLETE", json(cut)), "diagnose, 5,000 findings");
        let suppressed = r#"{"step": "attack", "findings": [1, 2, 3], "findings_count": 1}"#;
        assert_eq!(of("STEP_COMPLETE", json(suppressed)), "attack, 1 finding");
        let failed = r#"{"step": "validate", "success": false}"#;
        assert_eq!(of("STEP_COMPLETE", json(failed)), "validate, failed");
        assert_eq!(of("ERROR", json(r#"{"error": "boom"}"#)), "boom");
        assert_eq!(of("NEW_THING", json("[1]")), "");
    }
}
