//! What a result refers to: its rule, the words of its message, its place.

use serde_json::{Value, json};

use super::super::super::{Manner, Output};
use super::{entries, log, run, told, trouble};

#[test]
fn a_rule_is_found_however_it_is_named() {
    let rule = |id: &str, level: &str| {
        json!({"id": id, "guid": format!("{id}-guid"), "name": format!("name-{id}"),
            "deprecatedIds": [format!("old-{id}")], "defaultConfiguration": {"level": level}})
    };
    let tool = json!({"driver": {"name": "t", "rules": [rule("A", "note"), rule("B", "error")]},
        "extensions": [
            {"name": "x", "rules": [rule("X", "note"), rule("Y", "error")]},
            {"name": "z", "guid": "z-guid", "rules": [rule("Z/sub", "error")]}]});
    // The result, the type of the finding, and how grave it is.
    let cases = [
        (json!({"ruleId": "B"}), "B", "high"),
        (json!({"ruleIndex": 1}), "B", "high"),
        (json!({"ruleId": "B", "ruleIndex": 0}), "B", "high"),
        (json!({"ruleId": "A", "ruleIndex": -1}), "A", "low"),
        (json!({"ruleId": "B", "ruleIndex": 99}), "B", "high"),
        (
            json!({"ruleId": "nobody", "ruleIndex": 1}),
            "nobody",
            "medium",
        ),
        (json!({"ruleId": "B/inner/most"}), "B/inner/most", "high"),
        (
            json!({"ruleId": "B/inner", "ruleIndex": 1}),
            "B/inner",
            "high",
        ),
        (json!({"ruleId": "Bx"}), "Bx", "medium"),
        (json!({"ruleId": "Z/sub/more"}), "Z/sub/more", "high"),
        (json!({"ruleId": "name-B"}), "name-B", "high"),
        (json!({"ruleId": "old-B"}), "old-B", "high"),
        (json!({"ruleId": "Y"}), "Y", "high"),
        (json!({"rule": {"id": "Y"}}), "Y", "high"),
        (json!({"rule": {"guid": "Y-GUID"}}), "Y", "high"),
        (
            json!({"rule": {"index": 1, "toolComponent": {"index": 0}}}),
            "Y",
            "high",
        ),
        (
            json!({"rule": {"index": 1, "toolComponent": {"name": "x"}}, "ruleIndex": 0}),
            "Y",
            "high",
        ),
        (
            json!({"rule": {"index": 0, "toolComponent": {"guid": "z-guid"}}}),
            "Z/sub",
            "high",
        ),
        (
            json!({"rule": {"index": 0, "toolComponent": {"index": 9}}, "ruleId": "B"}),
            "B",
            "high",
        ),
        (json!({"ruleId": 17}), "17", "medium"),
        (json!({}), "finding", "medium"),
    ];
    for (mut result, kind, severity) in cases {
        result["message"] = json!({"text": "m"});
        let report = log(&json!({"tool": tool, "results": [result]}));
        let entry = &entries(&report)[0];
        assert_eq!(
            (&entry["type"], &entry["severity"]),
            (&json!(kind), &json!(severity)),
            "{result}"
        );
        assert_eq!(trouble(&report), "", "{result}");
    }
}

#[test]
fn a_message_is_told_in_words() {
    let rules = json!([{"id": "R", "shortDescription": {"text": "about"},
        "messageStrings": {"default": {"text": "'{0}' in '{1}', {{0}} {2}"},
                           "marked": {"markdown": "*{0}*"}}},
        {"id": "S", "fullDescription": {"markdown": "in full"}}]);
    let cases = [
        (json!({"text": "plain"}), "plain"),
        (json!({"text": "{{ user }} and {0}"}), "{{ user }} and {0}"),
        (json!({"text": "{0} {{1}}", "arguments": ["a"]}), "a {1}"),
        (json!({"markdown": "**bold**"}), "**bold**"),
        (json!({"text": "", "markdown": "**bold**"}), "**bold**"),
        (
            json!({"id": "default", "arguments": ["a", "b"]}),
            "'a' in 'b', {0} {2}",
        ),
        (
            json!({"id": "default", "arguments": ["a", 7]}),
            "'a' in '7', {0} {2}",
        ),
        (json!({"id": "marked", "arguments": ["a{1}"]}), "*a{1}*"),
        (json!({"id": "shared", "arguments": []}), "from all"),
        (
            json!({"id": "nobody", "arguments": ["a", "b"]}),
            "about (a, b)",
        ),
        (json!({}), "about"),
        (json!(null), "about"),
        (json!("a text"), "a text"),
    ];
    for (message, expected) in cases {
        let mut run = run(&json!([{"ruleId": "R", "message": message}]), &rules);
        run["tool"]["driver"]["globalMessageStrings"] = json!({"shared": {"text": "from all"}});
        assert_eq!(
            told(&log(&run)),
            format!("medium {expected} | -"),
            "{message}"
        );
    }
    let full = run(&json!([{"ruleId": "S"}, {"ruleId": "T"}]), &rules);
    assert_eq!(told(&log(&full)), "medium in full, medium T | -");
}

/// The file of a finding at this artifact, for a target at `/repo/app`.
fn file(artifact: &Value) -> Value {
    let run = json!({"tool": {"driver": {"name": "t"}},
        "originalUriBaseIds": {
            "%SRCROOT%": {"uri": "file:///var/checkout-8f31/"},
            "LIB": {"uri": "lib/", "uriBaseId": "%SRCROOT%"},
            "DEEP": {"uri": "deep%20er", "uriBaseId": "LIB"},
            "INSIDE": {"uri": "file:///repo/app/web/"},
            "ROOTPATH": {"uri": "file:///"},
            "DRIVE": {"uri": "file:///D:/"},
            "WINDOWS": {"uri": "file:///D:/ci/build"},
            "OPEN": {},
            "LOOP": {"uri": "x/", "uriBaseId": "LOOP"}},
        "artifacts": [
            {"location": {"uri": "a.c", "uriBaseId": "LIB"}},
            {"length": 7},
            {"location": {"uri": "src/b.c"}}],
        "results": [{"message": {"text": "m"}, "locations": [{"physicalLocation":
            {"artifactLocation": artifact, "region": {"startLine": 3.0}}}]}]});
    let mut output = Output::new(Manner::Reports, std::path::Path::new("/repo/app"));
    output.push(
        json!({"version": "2.1.0", "runs": [run]})
            .to_string()
            .as_bytes(),
    );
    let report = output.finish().0;
    assert_eq!(trouble(&report), "", "{artifact}");
    let entry = entries(&report)[0].clone();
    assert_eq!(entry["line"], 3);
    entry["file"].clone()
}

#[test]
fn a_finding_has_the_same_place_in_another_checkout() {
    let uris = [
        ("src/my%20file.js", "src/my file.js"),
        ("src/c%23.js", "src/c#.js"),
        ("src/%C3%BCber.js", "src/über.js"),
        ("src/%FF.js", "src/\u{fffd}.js"),
        ("src/100%.js", "src/100%.js"),
        ("./src/../lib//a.js", "lib/a.js"),
        ("../other/a.js", "../other/a.js"),
        ("src\\win\\a.cs", "src/win/a.cs"),
        ("src/C#/a.cs", "src/C#/a.cs"),
        ("file:///repo/app/src/a.js", "src/a.js"),
        ("file:/repo/app/a.js", "a.js"),
        ("FILE:///repo/app/a.js", "a.js"),
        ("/repo/app/a%20b.js", "a b.js"),
        ("file://localhost/repo/app/a.js", "a.js"),
        ("file:///repo/application/a.js", "/repo/application/a.js"),
        ("file:src/a.js", "src/a.js"),
        // Where the base of a tool is in its own checkout.
        ("file:///var/checkout-8f31/src/a.js", "src/a.js"),
        ("/var/checkout-8f31/lib/a.js", "lib/a.js"),
        ("file:///var/checkout-8f31/", "/var/checkout-8f31/"),
        (
            "file:///var/checkout-8f312/a.js",
            "/var/checkout-8f312/a.js",
        ),
        ("file:///D:/ci/build/src/a.cs", "src/a.cs"),
        ("file:///D:/ci/a.cs", "D:/ci/a.cs"),
        ("file:///etc/passwd", "/etc/passwd"),
        ("file:///C:/repo/a.cs", "C:/repo/a.cs"),
        ("file:///d%3A/ci/build/src/a.cs", "src/a.cs"),
        ("d:\\ci\\build\\src\\a.cs", "src/a.cs"),
        ("file:///c:/repo/a.cs", "C:/repo/a.cs"),
        ("\\\\server\\share\\a.js", "//server/share/a.js"),
        ("file://server/share/a.js", "//server/share/a.js"),
        ("file://C:/repo/a.cs", "C:/repo/a.cs"),
        ("C:\\repo\\a.cs", "C:/repo/a.cs"),
        ("file://server/share/a.cs", "//server/share/a.cs"),
        (
            "https://example.org/a%20b.js",
            "https://example.org/a%20b.js",
        ),
    ];
    for (uri, expected) in uris {
        assert_eq!(file(&json!({"uri": uri})), expected, "{uri}");
    }
    let based = [
        ("%SRCROOT%", "src/a.js", "src/a.js"),
        ("LIB", "a.js", "lib/a.js"),
        ("DEEP", "a.js", "lib/deep er/a.js"),
        ("INSIDE", "a.js", "web/a.js"),
        ("ROOTPATH", "package-lock.json", "package-lock.json"),
        ("ROOTPATH", "repo/app/a.js", "a.js"),
        ("OPEN", "a.js", "a.js"),
        ("UNKNOWN", "a.js", "a.js"),
        ("%SRCROOT%", "file:///repo/app/a.js", "a.js"),
    ];
    for (base, uri, expected) in based {
        let artifact = json!({"uri": uri, "uriBaseId": base});
        assert_eq!(file(&artifact), expected, "{artifact}");
    }
    assert!(file(&json!({"uri": "a.js", "uriBaseId": "LOOP"})).is_string());
    let indexed = [
        (json!({"index": 0}), json!("lib/a.c")),
        (json!({"index": 2}), json!("src/b.c")),
        (json!({"index": 1}), Value::Null),
        (json!({"index": 9}), Value::Null),
        (json!({"index": -1, "uri": "x.c"}), json!("x.c")),
        (json!({"index": 0, "uri": "y.c"}), json!("y.c")),
        (json!({"index": 0, "uri": ""}), json!("lib/a.c")),
    ];
    for (artifact, expected) in indexed {
        assert_eq!(file(&artifact), expected, "{artifact}");
    }
}

#[test]
fn what_has_no_file_has_the_part_of_the_program() {
    let part = |location: &Value, target: &Value| {
        let mut run = run(
            &json!([{"message": {"text": "m"}, "locations": [location],
            "analysisTarget": target}]),
            &json!([]),
        );
        run["logicalLocations"] = json!([{"name": "f"}, {"fullyQualifiedName": "a::b"}]);
        entries(&log(&run))[0]["file"].clone()
    };
    let named = json!({"logicalLocations": [{"name": "g", "fullyQualifiedName": "c::g"}]});
    assert_eq!(part(&named, &Value::Null), "c::g");
    let indexed = json!({"logicalLocations": [{"index": 1}]});
    assert_eq!(part(&indexed, &Value::Null), "a::b");
    assert_eq!(part(&json!({}), &json!({"uri": "bin/a.dll"})), "bin/a.dll");
}
