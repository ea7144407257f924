//! What comments, rules and documents call by name is there.

use std::path::Path;

use super::none;
use super::source::{root, sources};

/// Paths that are examples of what others have.
const EXAMPLES: [&str; 1] = ["src/a.rs"];

/// Every file of ours, from the root of the project.
fn files() -> Vec<String> {
    fn collect(folder: &Path, found: &mut Vec<String>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                collect(&path, found);
            } else {
                let path = path.strip_prefix(root()).unwrap();
                found.push(path.to_str().unwrap().to_owned());
            }
        }
    }
    let mut found = Vec::new();
    for folder in [
        "src",
        "style",
        "migrations",
        "end2end/tests",
        "end2end/fixtures",
    ] {
        collect(&root().join(folder), &mut found);
    }
    found
}

/// The names of files of code in a text, such as `server/run.rs` or `ledger.rs`.
fn named(text: &str) -> impl Iterator<Item = &str> {
    let apart = |c: char| !(c.is_ascii_alphanumeric() || "_-./".contains(c));
    // `*.spec.ts` names many, `/x.svg` is an address, and a sentence may end with a name.
    let words = text.split(apart);
    let words = words.filter(|word| !word.starts_with(['.', '/']));
    let words = words.map(|word| word.trim_end_matches('.'));
    words.filter(|word| {
        let stem = [".rs", ".ts", ".css", ".sql", ".svg"]
            .iter()
            .find_map(|ending| word.strip_suffix(ending));
        stem.is_some_and(|stem| !stem.is_empty())
    })
}

fn comment(line: &str) -> Option<&str> {
    let at = if line.trim_start().starts_with("//") {
        line.find("//")
    } else {
        line.find(" // ")
    };
    at.map(|at| &line[at..])
}

fn is_there(name: &str, files: &[String]) -> bool {
    files.iter().any(|file| {
        let rest = file.strip_suffix(name);
        rest.is_some_and(|rest| rest.is_empty() || rest.ends_with('/'))
    })
}

#[test]
fn files_that_are_named_exist() {
    let files = files();
    let mut texts = Vec::new();
    for path in [
        ".clippy.toml",
        ".deny.toml",
        "Cargo.toml",
        "ARCHITECTURE.md",
        "README.md",
    ] {
        let text = std::fs::read_to_string(root().join(path)).unwrap();
        texts.push((path.to_owned(), text));
    }
    for source in sources() {
        let lines = source.text.lines();
        let comments = lines.map(|line| comment(line).unwrap_or_default());
        let comments = comments.collect::<Vec<_>>().join("\n");
        texts.push((source.path, comments));
    }
    let (mut found, mut violations) = (0, Vec::new());
    for (path, text) in &texts {
        for (text, line) in text.lines().zip(1..) {
            for name in named(text).filter(|name| !EXAMPLES.contains(name)) {
                found += 1;
                if !is_there(name, &files) {
                    violations.push(format!(
                        "{path}:{line}: there is no {name}: name what is there, from the root, \
                         from src, or by the end of its path"
                    ));
                }
            }
        }
    }
    none(&violations);
    assert!(found > 20, "only {found} names were found");
}

#[test]
fn names_are_found_where_they_stand() {
    let text = "take `server/clock.rs` (or rules.rs), not a.rs: `*.hydrate.spec.ts`, /x.svg, x.rsx";
    let found: Vec<_> = named(text).collect();
    assert_eq!(found, ["server/clock.rs", "rules.rs", "a.rs"]);
    let files = ["src/server/clock.rs".to_owned()];
    assert!(is_there("server/clock.rs", &files) && is_there("clock.rs", &files));
    assert!(!is_there("lock.rs", &files) && !is_there("ui/clock.rs", &files));
    assert_eq!(comment("let x = 1; // why"), Some(" // why"));
    assert_eq!(comment("let url = \"http://x.rs\";"), None);
}
