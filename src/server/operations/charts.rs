//! Charts of convergence sessions, as `ECharts` options. They are built here and drawn in the
//! browser: a browser that had to build them would load every chart there is.
//!
//! Colours are names of tokens (`@blue`), which the page replaces by those of its theme.

use charming::Chart;
use charming::component::{Axis, Grid, Legend, LegendItem};
use charming::datatype::CompositeValue;
use charming::element::{
    AxisPointer, AxisPointerType, AxisType, ItemStyle, Label, LineStyle, SplitLine, Tooltip,
    Trigger,
};
use charming::series::{Bar, Line, Series};

use crate::domain::IterationMetrics;

/// What one bar of the stack says: its name, its colour, and its number.
type Part = (&'static str, &'static str, fn(&IterationMetrics) -> i64);

/// Findings that have an identity.
const BY_STATE: [Part; 4] = [
    ("Repeated", "@amber", |row| number(row.repeated)),
    ("Regressed", "@red", |row| number(row.regressed)),
    ("New", "@blue", |row| number(row.new)),
    // Below the line, for they are gone.
    ("Fixed", "@green", |row| -number(row.fixed)),
];
/// Where a loop only counts.
const BY_COUNT: [Part; 2] = [
    ("Found", "@blue", |row| number(row.findings)),
    ("Fixes", "@green", |row| -number(row.fixes)),
];

/// Findings of each iteration, as a stack; nothing without an iteration.
pub(crate) fn findings(iterations: &[IterationMetrics]) -> Option<String> {
    if iterations.is_empty() {
        return None;
    }
    let told = iterations.iter().any(|row| row.new.is_some());
    let parts: &[Part] = if told { &BY_STATE } else { &BY_COUNT };
    let mut chart = plain(parts.iter().map(|(name, ..)| *name));
    chart = chart.x_axis(names(iterations.iter().map(|row| row.iteration)));
    for (name, colour, number) in parts {
        let numbers: Vec<i64> = iterations.iter().map(number).collect();
        chart = chart.series(
            Bar::new()
                .name(*name)
                .stack("findings")
                .item_style(ItemStyle::new().color(*colour))
                .data(numbers),
        );
    }
    serde_json::to_string(&chart).ok()
}

/// What was open at the end of each iteration, of two sessions.
pub(crate) fn comparison(a: &[IterationMetrics], b: &[IterationMetrics]) -> Option<String> {
    let longest = [a, b].into_iter().max_by_key(|rows| rows.len())?;
    if longest.is_empty() {
        return None;
    }
    let sides = [("A", "@blue", a), ("B", "@amber", b)];
    let mut chart = plain(sides.iter().map(|(name, ..)| *name));
    chart = chart.x_axis(names(longest.iter().map(|row| row.iteration)));
    for (name, colour, rows) in sides {
        // What was not told leaves a gap; it is no zero.
        let told = |row: &IterationMetrics| CompositeValue::from(row.open.map(i64::from));
        let open: Vec<CompositeValue> = rows.iter().map(told).collect();
        let line = Line::new()
            .name(name)
            .line_style(LineStyle::new().color(colour))
            .item_style(ItemStyle::new().color(colour))
            .label(Label::new().show(false))
            .data(open);
        chart = chart.series(Series::Line(line));
    }
    serde_json::to_string(&chart).ok()
}

/// Few lines and no frame; numbers from zero.
fn plain<'a>(names: impl Iterator<Item = &'a str>) -> Chart {
    let items = names.map(LegendItem::from).collect::<Vec<_>>();
    let pointer = AxisPointer::new().type_(AxisPointerType::Shadow);
    Chart::new()
        .animation(false)
        .grid(
            Grid::new()
                .left(8)
                .right(8)
                .top(36)
                .bottom(24)
                .contain_label(true),
        )
        .legend(Legend::new().data(items).top(0).left(0))
        .tooltip(Tooltip::new().trigger(Trigger::Axis).axis_pointer(pointer))
        .y_axis(
            Axis::new()
                .type_(AxisType::Value)
                .min_interval(1)
                .split_line(SplitLine::new().line_style(LineStyle::new().color("@line"))),
        )
}

fn names(iterations: impl Iterator<Item = u32>) -> Axis {
    let names = iterations.map(|number| number.to_string());
    Axis::new()
        .type_(AxisType::Category)
        .name("Iteration")
        .name_location(charming::element::NameLocation::Middle)
        .name_gap(26)
        .data(names.collect())
}

fn number(known: Option<u32>) -> i64 {
    known.map_or(0, i64::from)
}

#[cfg(test)]
mod tests {
    use super::{comparison, findings};
    use crate::domain::IterationMetrics;

    fn row(iteration: u32, numbers: [Option<u32>; 2]) -> IterationMetrics {
        let [new, open] = numbers;
        serde_json::from_value(serde_json::json!({
            "iteration": iteration, "findings": 3, "fixes": 2, "open": open, "new": new,
            "repeated": new, "regressed": new, "fixed": new, "accepted": null,
            "severities": null, "validated": null, "complete": true, "started_at": null,
            "ended_at": null, "duration_seconds": 1.0, "steps": [],
        }))
        .unwrap()
    }

    fn numbers(option: Option<String>) -> Vec<(String, serde_json::Value)> {
        let option: serde_json::Value = serde_json::from_str(&option.unwrap()).unwrap();
        let series = option["series"].as_array().unwrap().iter();
        series
            .map(|it| (it["name"].as_str().unwrap().to_owned(), it["data"].clone()))
            .collect()
    }

    #[test]
    fn findings_are_stacked_by_what_became_of_them_and_counts_stay_counts() {
        assert_eq!(findings(&[]), None);
        let known = [row(1, [Some(2), Some(3)]), row(2, [Some(0), None])];
        let series = numbers(findings(&known));
        let names: Vec<_> = series.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["Repeated", "Regressed", "New", "Fixed"]);
        assert_eq!(series[2].1, serde_json::json!([2, 0]));
        assert_eq!(series[3].1, serde_json::json!([-2, 0]));
        let counted = numbers(findings(&[row(1, [None, None])]));
        assert_eq!(counted[0], ("Found".to_owned(), serde_json::json!([3])));
        assert_eq!(counted[1], ("Fixes".to_owned(), serde_json::json!([-2])));
    }

    #[test]
    fn what_one_of_two_sessions_did_not_tell_is_a_gap() {
        let a = [row(1, [None, Some(4)]), row(2, [None, None])];
        let series = numbers(comparison(&a, &a[..1]));
        assert_eq!(series[0].1, serde_json::json!([4, null]));
        assert_eq!(series[1].1, serde_json::json!([4]));
        assert_eq!(comparison(&[], &[]), None);
    }
}
