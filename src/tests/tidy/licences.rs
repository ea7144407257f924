//! Whoever has the executable has the licences of what it carries.

use std::collections::BTreeSet;

use serde_json::Value;

use super::none;
use super::source::root;
use crate::tests::support::TestApp;

/// What is told at `/licenses.txt`.
const LICENCES: &str = include_str!("../../../public/licenses.txt");

fn read(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The packages that are bundled: those that the program of charts and the style sheet import,
/// and what these depend on; with the versions that are installed.
fn bundled() -> BTreeSet<(String, String)> {
    let lock: Value = serde_json::from_str(&read("package-lock.json")).unwrap();
    let charts = read("src/ui/charts.js");
    let styles = read("style/main.css");
    let imported = charts.lines().filter_map(|line| line.split_once(" from '"));
    let imported = imported.map(|(_, path)| path);
    let layers = styles
        .lines()
        .filter_map(|line| line.strip_prefix("@import \""));
    let outside = imported
        .chain(layers)
        .filter(|path| !path.starts_with(['.', '/']));
    let name = |path: &str| path.split(['/', '\'', '"']).next().unwrap().to_owned();
    let mut left: Vec<String> = outside.map(name).collect();
    let mut found = BTreeSet::new();
    while let Some(name) = left.pop() {
        let package = &lock["packages"][format!("node_modules/{name}")];
        let version = package["version"].as_str();
        let version = version.unwrap_or_else(|| panic!("package-lock.json has no {name}"));
        if found.insert((name, version.to_owned())) {
            let needs = package["dependencies"].as_object().into_iter().flatten();
            left.extend(needs.map(|(name, _)| name.clone()));
        }
    }
    found
}

/// Whether it is in the table at the top, and has a part with its licence.
fn is_named(name: &str) -> bool {
    let ours = |line: &&str| line.to_lowercase().contains(&name.to_lowercase());
    let (table, parts) = LICENCES.split_once("\n---").expect("a table and parts");
    let mut heads = parts.split("---\n").filter_map(|part| part.lines().next());
    table.lines().any(|line| ours(&line)) && heads.any(|head| ours(&head))
}

#[test]
fn every_bundled_package_is_named_with_its_version() {
    let bundled = bundled();
    let names: Vec<_> = bundled.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["echarts", "tailwindcss", "tslib", "zrender"]);
    let rule = |(name, version): &(String, String)| {
        (!is_named(&format!("{name} {version}"))).then(|| {
            format!(
                "public/licenses.txt:1: name {name} {version}, with the licence of this version"
            )
        })
    };
    none(&bundled.iter().filter_map(rule).collect::<Vec<_>>());
    assert!(read("src/ui/components/sprite.svg").contains("Lucide") && is_named("Lucide"));
    assert!(!is_named("echarts 5.5.0") && !is_named("nothing"));
}

#[tokio::test]
async fn the_page_of_the_document_is_named_with_its_version() {
    let app = TestApp::start().await;
    let program = app.client().get("/api/docs/swagger-ui-bundle.js").await;
    let program = program.expect(200).text();
    let version = program
        .split_once("PACKAGE_VERSION:\"")
        .and_then(|(_, rest)| rest.split('"').next())
        .expect("it says its version");
    assert!(is_named(&format!("Swagger UI {version}")), "{version}");
}

#[test]
fn our_own_licence_is_there() {
    assert!(read("Cargo.toml").contains("license = \"MIT OR Apache-2.0\""));
    assert!(read("LICENSE-MIT").starts_with("MIT License"));
    assert!(read("LICENSE-APACHE").contains("Version 2.0, January 2004"));
    assert!(LICENCES.contains(read("LICENSE-APACHE").trim()));
}
