//! Rounds as rows, phases as columns: how long each took and what it brought.

use leptos::prelude::*;

use super::following::read;
use super::numbers::known;
use crate::domain::{IterationMetrics, LoopStep, SessionView, StepMetrics};
use crate::ui::components::{Icon, count, duration};
use crate::ui::dynamic::{Erase, list, maybe, memo, nothing, row, text};
use crate::ui::paths::EventsQuery;

/// Every iteration of a session.
#[component]
pub(super) fn Rounds(
    /// What the page shows.
    view: RwSignal<Option<SessionView>>,
    /// What the URL says.
    query: Memo<EventsQuery>,
    session: String,
) -> impl IntoView {
    let iterations = memo(move || read(view, |view| view.rounds.items.clone()));
    let of = memo(move || {
        read(view, |view| {
            let rounds = &view.rounds;
            let (first, last) = (rounds.items.first(), rounds.items.last());
            let all = first
                .zip(last)
                .filter(|_| rounds.before.is_some() || query.read().before.is_some());
            all.map(|(first, last)| (first.iteration, last.iteration, rounds.total))
        })
    });
    let part_of = text(move || {
        let of = of.get();
        of.map(|(first, last, total)| {
            let all = count(u64::from(total), "iteration");
            format!("#{first} to #{last}, {all} in all")
        })
        .unwrap_or_default()
    });
    let id = session.clone();
    let earlier = maybe(move || {
        let mut next = query.get();
        next.before = Some(read(view, |view| view.rounds.before)?);
        let url = format!("{}#rounds", next.url(&id));
        Some(view! { <a class="btn" href=url>"Earlier iterations"</a> })
    });
    let back = maybe(move || {
        let mut last = query.get();
        last.before.take()?;
        let url = format!("{}#rounds", last.url(&session));
        Some(view! { <a class="btn quiet" href=url>"Back to the last"</a> })
    });
    let rows = list(
        move || iterations.get().into_iter().map(Round::new).collect(),
        |round| round.content.clone(),
        move |round| {
            let longest = untrack(|| longest(&iterations.read()));
            line(&round.iteration, longest)
        },
    );
    let phases = row(LoopStep::ALL, |step| {
        view! { <th scope="col">{step.state().label()}</th> }
    });
    view! {
        <section aria-labelledby="rounds">
            <div class="section-head">
                <h2 id="rounds">"Iterations"</h2>
                <span class="muted figure">{part_of}</span>
            </div>
            // What scrolls must be reached with the keyboard.
            <div class="wide-table" role="region" tabindex="0" aria-labelledby="rounds">
                <table class="numbers rounds figure">
                    <thead>
                        <tr>
                            <th scope="col">"#"</th>
                            {phases}
                            <th scope="col">"New"</th>
                            <th scope="col">"Repeated"</th>
                            <th scope="col">"Regressed"</th>
                            <th scope="col">"Fixed"</th>
                            <th scope="col">"Open"</th>
                            <th scope="col">"Took"</th>
                        </tr>
                    </thead>
                    <tbody>{rows}</tbody>
                </table>
            </div>
            <div class="list-end">
                {back}
                {earlier}
            </div>
        </section>
    }
    .any()
}

/// A row is made anew when anything in it changed.
struct Round {
    iteration: IterationMetrics,
    content: String,
}

impl Round {
    fn new(iteration: IterationMetrics) -> Self {
        let content = serde_json::to_string(&iteration).unwrap_or_default();
        Self { iteration, content }
    }
}

/// The longest step of all, in seconds: as wide as its column.
fn longest(iterations: &[IterationMetrics]) -> f64 {
    let steps = iterations.iter().flat_map(|it| &it.steps);
    let seconds = steps.filter_map(|step| step.duration_seconds);
    seconds.fold(0.0, f64::max)
}

fn line(of: &IterationMetrics, longest: f64) -> AnyView {
    let steps = row(LoopStep::ALL, |step| {
        let known = of.steps.iter().find(|known| known.step == step);
        let cell = known.map_or_else(nothing, |known| cell(known, longest));
        view! { <td>{cell}</td> }
    });
    let numbers = [of.new, of.repeated, of.regressed, of.fixed, of.open];
    let numbers = row(numbers, |number| view! { <td>{known(number)}</td> });
    view! {
        <tr id=format!("iteration-{}", of.iteration)>
            <th scope="row">{of.iteration.to_string()}</th>
            {steps}
            {numbers}
            <td>{duration(of.duration_seconds)}</td>
        </tr>
    }
    .any()
}

fn cell(step: &StepMetrics, longest: f64) -> AnyView {
    let Some(seconds) = step.duration_seconds else {
        let word = if step.ended_at.is_some() {
            "done"
        } else {
            "running"
        };
        return view! { <span class="phase muted">{word}</span> }.any();
    };
    let mut words = Vec::new();
    if let Some(found) = step.findings.filter(|number| *number > 0) {
        words.push(format!("{found} found"));
    }
    if let Some(fixes) = step.fixes.filter(|number| *number > 0) {
        words.push(count(u64::from(fixes), "fixe").replace("1 fixe", "1 fix"));
    }
    let failed = (step.success == Some(false)).then(|| {
        view! {
            <span class="badge task-failed">
                <Icon name="circle-x"/>
                <span>"failed"</span>
            </span>
        }
    });
    let share = if longest > 0.0 {
        seconds / longest
    } else {
        0.0
    };
    let width = super::numbers::tenths(share * 100.0);
    view! {
        <span class="phase">
            <svg class="phase-bar" aria-hidden="true" preserveAspectRatio="none" viewBox="0 0 100 1">
                <rect width=width height="1"></rect>
            </svg>
            <span>{duration(seconds)}</span>
            {failed.map_or_else(nothing, Erase::any)}
            <span class="muted">{words.join(", ")}</span>
        </span>
    }
    .any()
}
