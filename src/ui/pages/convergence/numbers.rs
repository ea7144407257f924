//! Numbers of sessions: tiles, and words for what may be unknown.

use leptos::prelude::*;

use super::following::read;
use crate::domain::{ConvergenceView, IterationMetrics, SessionStats};
use crate::ui::components::{duration, grouped, percent};
use crate::ui::dynamic::{Erase, memo, row, text};

/// A name, and the number under it.
type Tile = (&'static str, fn(&SessionStats) -> String);

/// The numbers of an iteration that stand in its row.
type Numbers = fn(&IterationMetrics) -> Vec<Option<u32>>;

/// All sessions in numbers.
#[component]
pub(super) fn Tiles(
    /// What the page shows.
    view: RwSignal<Option<ConvergenceView>>,
) -> impl IntoView {
    let stats = memo(move || read(view, |view| Some(view.stats)));
    let tile = move |(name, value): Tile| {
        let value = text(move || stats.get().as_ref().map(value).unwrap_or_default());
        view! {
            <div class="tile">
                <dt>{name}</dt>
                <dd class="figure">{value}</dd>
            </div>
        }
    };
    let all: [Tile; 5] = [
        ("Sessions", |stats| grouped(stats.total_sessions)),
        ("Converged", |stats| {
            let (part, all) = (stats.converged_sessions, stats.total_sessions);
            let rate = percent(stats.convergence_rate);
            format!("{rate} ({} of {})", grouped(part), grouped(all))
        }),
        ("Iterations on average", |stats| {
            tenths(stats.avg_iterations)
        }),
        ("Median duration", |stats| {
            let median = stats.median_duration_seconds;
            median.map_or_else(|| "none is over".to_owned(), duration)
        }),
        ("Events", |stats| grouped(stats.total_events)),
    ];
    view! { <dl class="tiles">{row(all, tile)}</dl> }.any()
}

/// `3.4`. To write a fraction as such would take more code than all else here.
pub(super) fn tenths(number: f64) -> String {
    #[expect(
        clippy::as_conversions,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "clamped first"
    )]
    let tenths = (number.clamp(0.0, 1e12) * 10.0 + 0.5) as u64;
    format!("{}.{}", grouped(tenths / 10), tenths % 10)
}

/// A number that may not have been reported.
pub(super) fn known(number: Option<u32>) -> String {
    number.map_or_else(|| "–".to_owned(), |number| number.to_string())
}

/// The numbers behind the chart of findings, as a table.
pub(super) fn findings_table(iterations: &[IterationMetrics]) -> AnyView {
    let told = iterations.iter().any(|row| row.new.is_some());
    let (names, numbers): (&[&str], Numbers) = if told {
        (&["New", "Repeated", "Regressed", "Fixed", "Open"], |row| {
            vec![row.new, row.repeated, row.regressed, row.fixed, row.open]
        })
    } else {
        (&["Found", "Fixes", "Open"], |row| {
            vec![row.findings, row.fixes, row.open]
        })
    };
    let heads = row(
        names.iter().copied(),
        |name| view! { <th scope="col">{name}</th> },
    );
    let rows = row(iterations.to_vec(), move |of| {
        let cells = row(numbers(&of), |number| view! { <td>{known(number)}</td> });
        view! {
            <tr>
                <th scope="row">{of.iteration.to_string()}</th>
                {cells}
            </tr>
        }
    });
    view! {
        <table class="numbers figure">
            <thead>
                <tr>
                    <th scope="col">"Iteration"</th>
                    {heads}
                </tr>
            </thead>
            <tbody>{rows}</tbody>
        </table>
    }
    .any()
}

#[cfg(test)]
mod tests {
    use super::{known, tenths};

    #[test]
    fn numbers_are_rounded_and_what_is_unknown_is_no_zero() {
        assert_eq!(tenths(3.25), "3.3");
        assert_eq!(tenths(0.0), "0.0");
        assert_eq!(tenths(1234.96), "1,235.0");
        assert_eq!(known(Some(0)), "0");
        assert_eq!(known(None), "–");
    }
}
