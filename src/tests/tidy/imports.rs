//! Who may import whom: the table of `server/mod.rs` as data.

use super::none;
use super::source::{Source, sources};

/// A layer, and the layers of ours that it may import. A layer may always import itself.
const TABLE: [(&str, &[&str]); 29] = [
    ("domain", &[]),
    ("rpc", &["domain", "state", "reply", "operations"]),
    ("ui", &["domain", "rpc"]),
    ("config", &["domain"]),
    ("clock", &["domain"]),
    ("telemetry", &["domain", "config"]),
    ("links", &["domain"]),
    ("backoff", &[]),
    ("drafts", &["domain"]),
    ("files", &[]),
    (
        "storage",
        &["domain", "config", "clock", "telemetry", "files"],
    ),
    ("live", &["domain", "config", "clock", "telemetry"]),
    ("agents", &["domain", "config", "clock", "telemetry"]),
    ("auth", &["domain", "config", "clock", "telemetry"]),
    // The loop: a program of its own, and the simulated one of `--mock`.
    (
        "converge",
        &[
            "domain",
            "clock",
            "telemetry",
            "links",
            "backoff",
            "files",
            "agents",
        ],
    ),
    ("queue", &LOW),
    (
        "publisher",
        &["domain", "clock", "storage", "live", "queue"],
    ),
    (
        "state",
        &[
            "domain",
            "config",
            "clock",
            "telemetry",
            "storage",
            "live",
            "agents",
            "auth",
            "queue",
            "publisher",
            "links",
            "drafts",
        ],
    ),
    ("reply", &["domain", "auth", "state"]),
    ("jobs", &MIDDLE),
    ("bridge", &MIDDLE),
    ("upkeep", &MIDDLE),
    ("error", &["domain"]),
    ("operations", &MIDDLE),
    // The socket follows the feed itself.
    (
        "api",
        &["domain", "operations", "auth", "state", "error", "live"],
    ),
    ("server", EVERYTHING),
    ("main", &["kimi_dashboard"]),
    // Programs of their own, which know ours from outside.
    ("bin", EVERYTHING),
    ("tests", EVERYTHING),
];

const LOW: [&str; 8] = [
    "domain",
    "config",
    "clock",
    "telemetry",
    "storage",
    "live",
    "agents",
    "auth",
];
const MIDDLE: [&str; 15] = [
    "domain",
    "config",
    "clock",
    "telemetry",
    "storage",
    "live",
    "agents",
    "auth",
    "queue",
    "publisher",
    "state",
    "error",
    "links",
    "backoff",
    "drafts",
];
const EVERYTHING: &[&str] = &["*"];

/// Files of the server that wire the layers together.
const COMPOSITION: [&str; 9] = [
    "router", "run", "restore", "reload", "import", "home", "serve", "assets", "pages",
];

/// The layer of a module: `domain`, `ui`, or what comes after `server`.
fn layer(module: &[String]) -> &str {
    match module {
        [] => "server",
        [top, second, ..] if top == "server" => {
            if COMPOSITION.contains(&second.as_str()) {
                "server"
            } else {
                second
            }
        }
        [top, ..] => top,
    }
}

/// What a file imports from the crate: the place in its code, and the path from the root.
fn imports(source: &Source) -> Vec<(usize, Vec<String>)> {
    let mut found = Vec::new();
    for word in ["crate", "super"] {
        for (at, _) in source.code.match_indices(&format!("{word}::")) {
            let before = source.code[..at].chars().next_back();
            // Only the beginning of a path: `super` of `super::super` counts once.
            if before.is_some_and(|c| c.is_alphanumeric() || matches!(c, '_' | ':' | '$')) {
                continue;
            }
            let mut base = Vec::new();
            if word == "super" {
                base.clone_from(&source.module);
                base.pop();
            }
            let mut rest = &source.code[at + word.len() + 2..];
            while let Some(after) = rest.strip_prefix("super::") {
                base.pop();
                rest = after;
            }
            let mut paths = Vec::new();
            tree(rest, &base, &mut paths);
            found.extend(paths.into_iter().map(|path| (at, path)));
        }
    }
    found
}

/// Reads `a::{b, c::d}` and answers what follows it.
fn tree<'a>(text: &'a str, base: &[String], paths: &mut Vec<Vec<String>>) -> &'a str {
    let text = text.trim_start();
    if let Some(mut rest) = text.strip_prefix('{') {
        loop {
            rest = rest.trim_start().trim_start_matches(',').trim_start();
            if let Some(after) = rest.strip_prefix('}') {
                return after;
            }
            let before = rest.len();
            rest = tree(rest, base, paths);
            if rest.len() == before {
                // Not a tree: a block of code that begins with such a path.
                return rest;
            }
        }
    }
    let end = text
        .find(|c: char| !c.is_alphanumeric() && c != '_')
        .unwrap_or(text.len());
    let (name, rest) = text.split_at(end);
    let mut path = base.to_vec();
    if !name.is_empty() && name != "self" {
        path.push(name.to_owned());
    }
    if let Some(after) = rest.strip_prefix("::").filter(|_| !name.is_empty()) {
        return tree(after, &path, paths);
    }
    paths.push(path);
    rest
}

#[test]
fn imports_point_downward() {
    let mut violations = Vec::new();
    for source in sources() {
        let own = layer(&source.module);
        // `lib.rs` and `server/mod.rs` only name their modules.
        let Some((_, allowed)) = TABLE.into_iter().find(|(name, _)| *name == own) else {
            violations.push(format!(
                "{}:1: the layer \"{own}\" is in no row of the table: add it in tidy/imports.rs \
                 and in server/mod.rs",
                source.path
            ));
            continue;
        };
        for (at, path) in imports(&source) {
            let target = layer(&path);
            let wrong = target != own && !allowed.contains(&target) && allowed != EVERYTHING;
            if wrong && TABLE.iter().any(|(name, _)| *name == target) {
                violations.push(format!(
                    "{}:{}: {own} imports {} and may not: it may import {allowed:?}; move the \
                     code to the layer that it belongs to, or what it needs further down",
                    source.path,
                    source.line(at),
                    path.join("::")
                ));
            }
        }
    }
    none(&violations);
}

#[test]
fn the_ground_knows_no_framework() {
    let mut violations = Vec::new();
    for source in sources()
        .iter()
        .filter(|source| source.path.starts_with("src/domain/"))
    {
        for name in [
            "leptos",
            "axum",
            "sqlx",
            "tokio",
            "web_sys",
            "std::fs",
            "std::env",
            "SystemTime",
        ] {
            for (at, _) in source.code.match_indices(name) {
                violations.push(format!(
                    "{}:{}: domain does no I/O and knows no framework: move what needs {name} up",
                    source.path,
                    source.line(at)
                ));
            }
        }
    }
    none(&violations);
}

#[test]
fn what_is_looked_for_is_found() {
    let source = Source {
        path: "src/server/storage/tasks/row.rs".to_owned(),
        text: String::new(),
        code:
            "use crate::{domain::{A, b::C}, server::queue};\nuse super::super::logs::{self, D};\n\
               pub(super) fn f() { super::g(); crate::ui::App }"
                .to_owned(),
        module: ["server", "storage", "tasks", "row"]
            .map(str::to_owned)
            .into(),
    };
    let found: Vec<_> = imports(&source)
        .into_iter()
        .map(|(at, path)| (source.line(at), path.join("::")))
        .collect();
    let expected = [
        (1, "domain::A"),
        (1, "domain::b::C"),
        (1, "server::queue"),
        (3, "ui::App"),
        (2, "server::storage::logs"),
        (2, "server::storage::logs::D"),
        (3, "server::storage::tasks::g"),
    ];
    assert_eq!(found, expected.map(|(line, path)| (line, path.to_owned())));
    let layers = [
        ("server::run", "server"),
        ("server::queue::order", "queue"),
        ("ui::App", "ui"),
    ];
    for (path, expected) in layers {
        let path: Vec<String> = path.split("::").map(str::to_owned).collect();
        assert_eq!(layer(&path), expected);
    }
}
