//! Rules about the sources that no compiler holds. A failure names the rule, the line, and what
//! to do.

mod imports;
mod licences;
mod names;
mod source;

use std::collections::BTreeSet;
use std::path::Path;

use self::source::{Source, root, sources};

/// Prints every violation at once.
#[track_caller]
fn none(violations: &[String]) {
    assert!(violations.is_empty(), "\n{}\n", violations.join("\n"));
}

#[test]
fn every_file_begins_with_what_it_is_for() {
    let rule = |source: &Source| {
        (!source.text.starts_with("//!")).then(|| {
            format!(
                "{}:1: begin with a `//!` line that says what the file is for",
                source.path
            )
        })
    };
    none(&sources().iter().filter_map(rule).collect::<Vec<_>>());
}

#[test]
fn no_file_is_longer_than_four_hundred_lines() {
    let rule = |source: &Source| {
        let lines = source.text.lines().count();
        let tests = "or its tests into a file beside it";
        (lines > 400).then(|| {
            format!(
                "{}:401: {lines} lines: move a part with a name of its own, {tests}",
                source.path
            )
        })
    };
    none(&sources().iter().filter_map(rule).collect::<Vec<_>>());
}

#[test]
fn modules_are_named_after_what_they_do() {
    let rule = |source: &Source| {
        let mut names = source.module.iter().map(String::as_str);
        let empty = names
            .find(|name| ["utils", "util", "helpers", "helper", "common", "misc"].contains(name))?;
        Some(format!(
            "{}:1: name it after what it helps, not \"{empty}\"",
            source.path
        ))
    };
    none(&sources().iter().filter_map(rule).collect::<Vec<_>>());
}

#[test]
fn features_are_decided_in_few_places() {
    let mut violations = Vec::new();
    for source in sources() {
        let may = source.path == "src/lib.rs" || source.path.starts_with("src/rpc/");
        // This file names what it looks for.
        if may || source.path.starts_with("src/tests/tidy") {
            continue;
        }
        for (line, text) in source
            .code
            .lines()
            .zip(1..)
            .map(|(text, line)| (line, text))
        {
            if text.contains("cfg(feature") || text.contains("cfg_attr(feature") {
                violations.push(format!(
                    "{}:{line}: decide features in lib.rs or rpc/; elsewhere take a parameter",
                    source.path
                ));
            }
        }
    }
    none(&violations);
}

#[test]
fn both_engines_have_the_same_migrations() {
    let names = |engine: &str| -> BTreeSet<String> {
        let folder = root().join("migrations").join(engine);
        let files = std::fs::read_dir(folder).unwrap().flatten();
        files
            .map(|file| file.file_name().into_string().unwrap())
            .collect()
    };
    let (sqlite, postgres) = (names("sqlite"), names("postgres"));
    let missing = |name: &String, engine| {
        format!("migrations/{engine}/{name}:1: add it: both engines have the same migrations")
    };
    let mut violations: Vec<_> = sqlite
        .difference(&postgres)
        .map(|name| missing(name, "postgres"))
        .collect();
    violations.extend(
        postgres
            .difference(&sqlite)
            .map(|name| missing(name, "sqlite")),
    );
    none(&violations);
}

#[test]
fn every_server_function_first_asks_who_is_asking() {
    let mut found = 0;
    let mut violations = Vec::new();
    for source in sources()
        .iter()
        .filter(|source| source.path.starts_with("src/rpc/"))
    {
        for (at, _) in source.code.match_indices("#[server(") {
            found += 1;
            let rest = &source.code[at..];
            let body = rest.find("{\n").map_or("", |open| &rest[open + 2..]);
            let first = body.trim_start().split(';').next().unwrap_or_default();
            let proofs = ["viewer", "operator", "maintainer", "admin"];
            if !proofs
                .iter()
                .any(|proof| first.contains(&format!("reply::{proof}()?")))
            {
                violations.push(format!(
                    "{}:{}: begin the body with `reply::viewer()?` or another proof: \
                     it is a public endpoint",
                    source.path,
                    source.line(at)
                ));
            }
        }
    }
    none(&violations);
    assert!(
        found > 5,
        "only {found} server functions were found: is the attribute written otherwise?"
    );
}

#[test]
fn unfinished_work_names_its_issue() {
    let mut violations = Vec::new();
    for source in sources() {
        for (text, line) in source.text.lines().zip(1..) {
            // Written in two parts, so that this line does not find itself.
            let mark = [
                concat!("TO", "DO"),
                concat!("FIX", "ME"),
                concat!("XX", "X"),
            ]
            .into_iter()
            .find(|mark| text.contains(mark));
            if mark.is_some() && !text.contains('#') {
                violations.push(format!(
                    "{}:{line}: name an issue (#17), or do it",
                    source.path
                ));
            }
        }
    }
    none(&violations);
}

#[test]
fn the_sources_were_found() {
    assert!(sources().len() > 100, "only {} files", sources().len());
    assert!(Path::new(root()).join("Cargo.toml").is_file());
}
