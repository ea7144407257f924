//! JSON as a tree whose branches open and close.

use leptos::prelude::*;
use serde_json::Value;

use crate::ui::dynamic::{Erase, row};

/// Branches below this depth are written out: nobody opens so many.
const DEEPEST: usize = 8;
/// Entries of one branch; the rest is counted.
const MOST: usize = 200;
/// A branch with at most so many entries is open.
const SMALL: usize = 6;

/// A value with everything in it.
pub(super) fn tree(value: &Value) -> AnyView {
    branch(value, 0)
}

fn branch(value: &Value, depth: usize) -> AnyView {
    let entries: Vec<(String, &Value)> = match value {
        Value::Object(map) => map
            .iter()
            .map(|(name, value)| (name.clone(), value))
            .collect(),
        Value::Array(list) => {
            let numbered = list.iter().enumerate();
            numbered
                .map(|(at, value)| (at.to_string(), value))
                .collect()
        }
        leaf => return scalar(leaf),
    };
    let rest = entries.len().saturating_sub(MOST);
    let shown = entries.into_iter().take(MOST);
    let lines = row(shown, |(name, value)| line(name, value, depth));
    let rest = (rest > 0).then(|| view! { <li class="muted">{format!("and {rest} more")}</li> });
    view! {
        <ul class="tree">
            {lines}
            {rest.map_or_else(crate::ui::dynamic::nothing, Erase::any)}
        </ul>
    }
    .any()
}

fn line(name: String, value: &Value, depth: usize) -> AnyView {
    let size = match value {
        Value::Object(map) => map.len(),
        Value::Array(list) => list.len(),
        _ => 0,
    };
    if size == 0 || depth >= DEEPEST {
        return view! {
            <li>
                <span class="tree-name">{name}</span>
                {scalar(value)}
            </li>
        }
        .any();
    }
    let kind = if value.is_array() {
        format!("[{size}]")
    } else {
        format!("{{{size}}}")
    };
    view! {
        <li>
            <details open=size <= SMALL && depth < 2>
                <summary>
                    <span class="tree-name">{name}</span>
                    <span class="muted">{kind}</span>
                </summary>
                {branch(value, depth + 1)}
            </details>
        </li>
    }
    .any()
}

fn scalar(value: &Value) -> AnyView {
    let (class, words) = match value {
        Value::String(text) => ("tree-text", text.clone()),
        other => ("tree-value", other.to_string()),
    };
    view! { <span class=class>{words}</span> }.any()
}
