//! Rounds as rows, phases as columns: how long each took and what it brought.

use leptos::prelude::*;

use super::following::read;
use super::numbers::known;
use crate::domain::{IterationMetrics, LoopStep, SessionStatus, SessionView, StepMetrics};
use crate::ui::components::{Icon, count, duration};
use crate::ui::dynamic::{Erase, list, maybe, memo, nothing, row, text};
use crate::ui::paths::EventsQuery;

/// What the numbers hold, and what not.
const WHAT_COUNTS: &str = "A step tells how much it found; the other numbers count each finding once. \
    A failed validation is no finding and counts in none of them. Where a step that looks failed or told nothing, \
    only what is listed is known to be open.";

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
    let is_running = memo(move || read(view, |it| it.session.status == SessionStatus::Running));
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
            format!("#{first} to #{last}, {all} heard of")
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
        move || {
            let running = is_running.get();
            let rounds = iterations.get().into_iter();
            rounds.map(|it| Round::new(it, running)).collect()
        },
        |round| round.content.clone(),
        move |round| {
            let longest = untrack(|| longest(&iterations.read()));
            line(&round.iteration, longest, round.is_under_way)
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
            <p class="muted">{WHAT_COUNTS}</p>
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
    /// True while something of it may be at work.
    is_under_way: bool,
    content: String,
}

impl Round {
    fn new(iteration: IterationMetrics, is_running: bool) -> Self {
        let is_under_way = is_running && !iteration.complete;
        let content = serde_json::to_string(&(&iteration, is_under_way)).unwrap_or_default();
        Self {
            iteration,
            is_under_way,
            content,
        }
    }
}

/// The longest step of all, in seconds: as wide as its column.
fn longest(iterations: &[IterationMetrics]) -> f64 {
    let steps = iterations.iter().flat_map(|it| &it.steps);
    let seconds = steps.filter_map(|step| step.duration_seconds);
    seconds.fold(0.0, f64::max)
}

fn line(of: &IterationMetrics, longest: f64, is_under_way: bool) -> AnyView {
    let steps = row(LoopStep::ALL, |step| {
        let known = of.steps.iter().find(|known| known.step == step);
        let cell = known.map_or_else(nothing, |known| cell(known, longest, is_under_way));
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

/// What is said of a step of which nobody knows how long it took.
fn progress(step: &StepMetrics, is_under_way: bool) -> &'static str {
    match (step.ended_at, step.success) {
        (Some(_), Some(false)) => "failed",
        (Some(_), _) => "done",
        (None, _) if is_under_way => "running",
        (None, _) => "begun, no end heard of",
    }
}

/// What a step told of its work. Nothing found is not the same as nothing told.
fn told(step: &StepMetrics) -> String {
    let finds = matches!(step.step, LoopStep::Diagnose | LoopStep::Attack);
    let mut words = Vec::new();
    if let Some(found) = step.findings.filter(|number| finds || *number > 0) {
        words.push(if step.by_exit_status {
            "nothing reported".to_owned()
        } else {
            format!("{found} found")
        });
    }
    if let Some(fixes) = step
        .fixes
        .filter(|number| step.step == LoopStep::Fix || *number > 0)
    {
        words.push(if fixes == 1 {
            "1 fix".to_owned()
        } else {
            format!("{fixes} fixes")
        });
    }
    if step.step == LoopStep::Validate && step.success == Some(true) {
        words.push("passed".to_owned());
    }
    words.join(", ")
}

fn cell(step: &StepMetrics, longest: f64, is_under_way: bool) -> AnyView {
    let Some(seconds) = step.duration_seconds else {
        let word = progress(step, is_under_way);
        return view! { <span class="phase muted">{word}</span> }.any();
    };
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
            <span class="muted">{told(step)}</span>
        </span>
    }
    .any()
}

#[cfg(test)]
mod tests {
    use super::{progress, told};
    use crate::domain::{LoopStep, StepMetrics, Timestamp};

    #[test]
    fn a_step_runs_only_while_its_iteration_does() {
        let step = |ended: bool, success| StepMetrics {
            step: LoopStep::Fix,
            started_at: None,
            ended_at: ended.then_some(Timestamp(1)),
            duration_seconds: None,
            success,
            findings: None,
            fixes: None,
            by_exit_status: false,
        };
        assert_eq!(progress(&step(false, None), true), "running");
        assert_eq!(
            progress(&step(false, None), false),
            "begun, no end heard of"
        );
        assert_eq!(progress(&step(true, Some(true)), true), "done");
        assert_eq!(progress(&step(true, None), false), "done");
        assert_eq!(progress(&step(true, Some(false)), false), "failed");
    }

    #[test]
    fn nothing_found_is_not_the_same_as_nothing_told() {
        let step = |step, success, findings, fixes| {
            told(&StepMetrics {
                step,
                started_at: None,
                ended_at: Some(Timestamp(1)),
                duration_seconds: Some(1.0),
                success,
                findings,
                fixes,
                by_exit_status: false,
            })
        };
        let silent = StepMetrics {
            step: LoopStep::Diagnose,
            started_at: None,
            ended_at: Some(Timestamp(1)),
            duration_seconds: Some(1.0),
            success: Some(true),
            findings: Some(0),
            fixes: None,
            by_exit_status: true,
        };
        assert_eq!(told(&silent), "nothing reported");
        for (done, expected) in [
            (
                step(LoopStep::Diagnose, Some(true), Some(0), None),
                "0 found",
            ),
            (step(LoopStep::Diagnose, Some(true), None, None), ""),
            (
                step(LoopStep::Attack, Some(true), Some(3), Some(0)),
                "3 found",
            ),
            (step(LoopStep::Fix, Some(true), Some(0), Some(0)), "0 fixes"),
            (step(LoopStep::Fix, Some(true), None, Some(1)), "1 fix"),
            (
                step(LoopStep::Validate, Some(true), Some(0), None),
                "passed",
            ),
            (step(LoopStep::Validate, Some(false), None, None), ""),
            (step(LoopStep::Validate, None, None, None), ""),
        ] {
            assert_eq!(done, expected);
        }
    }
}
