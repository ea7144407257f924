//! How loops, sessions and findings stand: always an icon, a word and a colour.

use std::cmp::Ordering;

use leptos::prelude::*;

use super::icon::Icon;
use crate::domain::{FindingState, LoopState, LoopStep, SessionStatus, Severity, VerdictKind};
use crate::ui::dynamic::{Erase, attribute, part, row, text};

/// What a badge says: its icon, its word, and the class that colours it.
type BadgeLook = (&'static str, &'static str, &'static str);

fn badge(look: impl Fn() -> BadgeLook + Copy + Send + Sync + 'static) -> AnyView {
    let icon = part(move || {
        let name = look().0;
        view! { <Icon name/> }.any()
    });
    let word = text(move || look().1.to_owned());
    let class = text(move || format!("badge {}", look().2));
    view! {
        <span class=class>{icon} <span>{word}</span></span>
    }
    .any()
}

#[component]
pub(crate) fn SessionBadge(#[prop(into)] status: Signal<SessionStatus>) -> impl IntoView {
    badge(move || {
        let status = status.get();
        let (icon, class) = match status {
            SessionStatus::Running => ("circle-dot", "task-running"),
            SessionStatus::Converged => ("circle-check", "task-completed"),
            SessionStatus::Failed => ("circle-x", "task-failed"),
            SessionStatus::Ended => ("circle-slash", "ended"),
            SessionStatus::Interrupted => ("circle-dashed", "interrupted"),
        };
        (icon, status.label(), class)
    })
}

/// Whether a session gets anywhere.
#[component]
pub(crate) fn VerdictBadge(
    /// The verdict in a word.
    #[prop(into)]
    kind: Signal<VerdictKind>,
) -> impl IntoView {
    badge(move || {
        let kind = kind.get();
        let (icon, class) = match kind {
            VerdictKind::Converging => ("trending-down", "task-completed"),
            VerdictKind::Stalled => ("equal", "interrupted"),
            VerdictKind::Oscillating => ("activity", "interrupted"),
            VerdictKind::Diverging => ("trending-up", "task-failed"),
            VerdictKind::Converged => ("circle-check", "task-completed"),
            VerdictKind::NotConverged => ("circle-slash", "ended"),
            VerdictKind::Failed => ("circle-x", "task-failed"),
            VerdictKind::Interrupted => ("circle-dashed", "interrupted"),
            VerdictKind::TooEarly => ("hourglass", "early"),
        };
        (icon, kind.label(), class)
    })
}

#[component]
pub(crate) fn FindingBadge(#[prop(into)] state: Signal<FindingState>) -> impl IntoView {
    badge(move || match state.get() {
        FindingState::New => ("plus", "new", "finding-new"),
        FindingState::Repeated => ("repeat", "repeated", "finding-repeated"),
        FindingState::Fixed => ("check", "fixed", "finding-fixed"),
        FindingState::Regressed => ("rotate-ccw", "regressed", "finding-regressed"),
        FindingState::Accepted => ("hand", "accepted", "finding-accepted"),
    })
}

#[component]
pub(crate) fn SeverityChip(severity: Severity) -> impl IntoView {
    let name = severity.as_str();
    view! { <span class=format!("chip severity-{name}")>{name}</span> }
}

/// Where a loop stands on its way through an iteration.
#[component]
pub(crate) fn Stepper(
    #[prop(into)] state: Signal<LoopState>,
    #[prop(into)] status: Signal<SessionStatus>,
    /// The steps of its last iteration; none where that is not known.
    ran: Memo<Vec<LoopStep>>,
) -> impl IntoView {
    let is_of = |steps: &[LoopStep], place| {
        let shown = STEPS.get(place);
        steps.iter().any(|it| Some(&it.state()) == shown)
    };
    // A step that is switched off was passed by, not done.
    let passed_by = move |place: usize| {
        let ran = ran.read();
        is_of(&LoopStep::ALL, place) && !ran.is_empty() && !is_of(&ran, place)
    };
    // One that reached its limit ends behind an iteration, of which these steps are known.
    let gave_up_behind =
        move |place: usize| status.get() == SessionStatus::Ended && is_of(&ran.read(), place);
    // A loop that failed has its own end instead of the other.
    let step = move |place: usize| {
        let shown = move || {
            let failed = state.get() == LoopState::Failed;
            match STEPS.get(place) {
                Some(step) if !(failed && place == LAST) => *step,
                _ => LoopState::Failed,
            }
        };
        let place_now = move || {
            let state = state.get();
            let at = STEPS.iter().position(|step| *step == state);
            at.unwrap_or(LAST)
        };
        let class = text(move || {
            let now = place_now();
            let name = match (place.cmp(&now), state.get(), status.get()) {
                (Ordering::Less, LoopState::Failed, _) if gave_up_behind(place) => "step done",
                // A loop may fail in any state, and does not say in which.
                (Ordering::Less, LoopState::Failed, _) | (Ordering::Greater, ..) => "step",
                (Ordering::Less, ..) if passed_by(place) => "step",
                (Ordering::Less, ..) => "step done",
                (_, LoopState::Converged, _) => "step here good",
                (_, LoopState::Failed, SessionStatus::Failed) => "step here bad",
                (_, _, SessionStatus::Running) => "step here",
                (..) => "step here gone",
            };
            name.to_owned()
        });
        let here = attribute(move || (place == place_now()).then_some("step"));
        let word = text(move || {
            // The state of a loop that gave up has the name of one that failed.
            let gave_up = status.get() == SessionStatus::Ended;
            let shown = shown();
            let word = if gave_up && shown == LoopState::Failed {
                SessionStatus::Ended.label()
            } else {
                shown.label()
            };
            word.to_owned()
        });
        view! {
            <li class=class aria-current=here>
                <span>{word}</span>
            </li>
        }
    };
    view! {
        <ol class="stepper" aria-label="State of the loop">
            {row(0..STEPS.len(), step)}
        </ol>
    }
    .any()
}

const STEPS: [LoopState; 6] = [
    LoopState::Idle,
    LoopState::Diagnosing,
    LoopState::Fixing,
    LoopState::Attacking,
    LoopState::Validating,
    LoopState::Converged,
];
const LAST: usize = STEPS.len() - 1;
