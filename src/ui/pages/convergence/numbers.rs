//! Numbers of sessions: tiles, and words for what may be unknown.

use leptos::prelude::*;

use super::following::read;
use crate::domain::{ConvergenceView, IterationMetrics, SessionNumbers, SessionStats};
use crate::ui::components::{count, duration, grouped, percent};
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

/// Whether a validation passed; a failed one is no finding, so it stands beside the numbers.
pub(super) fn validation(passed: Option<bool>) -> &'static str {
    match passed {
        Some(true) => "passed",
        Some(false) => "failed",
        None => "–",
    }
}

/// What a ledger holds, in words that agree with the iterations.
pub(super) fn ledger_words(numbers: &SessionNumbers) -> String {
    let mut words = Vec::new();
    if numbers.listed > 0 {
        words.push(count(numbers.listed, "finding"));
        words.push(format!("{} open", grouped(numbers.open)));
    }
    if numbers.counted > 0 {
        let counted = grouped(numbers.counted);
        words.push(format!("{counted} open that were only counted"));
    }
    if numbers.listed > 0 && numbers.at_least {
        words.push("more may be open, for not all could be looked for or read".to_owned());
    }
    if numbers.validated == Some(false) {
        words.push("the last validation failed, which is no finding".to_owned());
    }
    words.join(" · ")
}

/// What is said where no finding is listed: not more than is known.
pub(super) fn nothing_listed(numbers: &SessionNumbers, is_over: bool) -> &'static str {
    if numbers.refused > 0 {
        return "Nothing is listed, but events of this session could not be read: nobody knows what they told.";
    }
    match (numbers.told, numbers.reported.unwrap_or(0) > 0) {
        (_, true) => {
            "This loop only counts its findings, so none can be followed from one iteration to the next."
        }
        _ if numbers.untold => {
            "A step that looks for findings failed or did not tell, so nobody knows what there is."
        }
        (true, false) => "No step reported a finding.",
        (false, _) if is_over => "No step told whether it found anything.",
        (false, _) => "No step has told yet whether it found anything.",
    }
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
    let validated = iterations.iter().any(|row| row.validated.is_some());
    let names = names.iter().copied();
    let names = names.chain(validated.then_some("Validation"));
    let heads = row(names, |name| view! { <th scope="col">{name}</th> });
    let rows = row(iterations.to_vec(), move |of| {
        let cells = numbers(&of).into_iter().map(known);
        let passed = validated.then(|| validation(of.validated).to_owned());
        let cells = row(cells.chain(passed), |cell| view! { <td>{cell}</td> });
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
    use super::{known, ledger_words, nothing_listed, tenths};
    use crate::domain::SessionNumbers;

    #[test]
    fn numbers_are_rounded_and_what_is_unknown_is_no_zero() {
        assert_eq!(tenths(3.25), "3.3");
        assert_eq!(tenths(0.0), "0.0");
        assert_eq!(tenths(1234.96), "1,235.0");
        assert_eq!(known(Some(0)), "0");
        assert_eq!(known(None), "–");
    }

    #[test]
    fn a_ledger_says_what_its_numbers_hold_and_that_a_failed_validation_is_no_finding() {
        let mut numbers = SessionNumbers {
            listed: 12,
            open: 3,
            told: true,
            ..SessionNumbers::default()
        };
        assert_eq!(ledger_words(&numbers), "12 findings · 3 open");
        numbers.counted = 2;
        numbers.validated = Some(false);
        assert_eq!(
            ledger_words(&numbers),
            "12 findings · 3 open · 2 open that were only counted · \
             the last validation failed, which is no finding"
        );
        assert_eq!(ledger_words(&SessionNumbers::default()), "");
    }

    #[test]
    fn nothing_is_called_found_only_where_somebody_looked() {
        let of = |told, reported| SessionNumbers {
            told,
            reported,
            ..SessionNumbers::default()
        };
        let looked = nothing_listed(&of(true, Some(0)), true);
        assert_eq!(looked, "No step reported a finding.");
        assert!(nothing_listed(&of(true, Some(2)), true).contains("only counts"));
        let silent = nothing_listed(&of(false, None), true);
        assert_eq!(silent, "No step told whether it found anything.");
        // A fix that found nothing did not look.
        assert_eq!(nothing_listed(&of(false, Some(0)), true), silent);
        assert!(nothing_listed(&of(false, None), false).contains("yet"));
        for told in [true, false] {
            let mut numbers = of(told, Some(0));
            numbers.untold = true;
            assert!(nothing_listed(&numbers, true).contains("failed or did not tell"));
            numbers.refused = 1;
            assert!(nothing_listed(&numbers, true).contains("could not be read"));
            assert!(nothing_listed(&of(told, Some(2)), true).contains("only counts"));
        }
    }
}
