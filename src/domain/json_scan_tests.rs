//! Objects, whole and not.

use super::{JsonScan, Progress};

fn scan(text: &str) -> (JsonScan, Progress) {
    let mut scan = JsonScan::default();
    let mut progress = Progress::Open;
    for line in text.split('\n') {
        progress = scan.line(line, &["result"]);
    }
    (scan, progress)
}

#[test]
fn an_object_is_known_to_be_whole_cut_or_none() {
    for (text, expected) in [
        ("{}", Progress::Whole),
        (
            " {\"a\": [1, -2.5e3, true, null, \"x \\u00e9 \\\\\"]} ",
            Progress::Whole,
        ),
        ("{\"a\":\n1\n}", Progress::Whole),
        ("{}{} {\"a\":{}}", Progress::Whole),
        (
            "{\"a\": NaN, \"b\": [-Infinity, Infinity, 1e999]}",
            Progress::Whole,
        ),
        ("{\"a\": \"tab\there\"}", Progress::Whole),
        ("", Progress::Open),
        ("{", Progress::Open),
        ("{\"a\": [1,", Progress::Open),
        ("{\"a\": 1", Progress::Open),
        ("{\"a\": 1} {\"b\":", Progress::Open),
        ("{\"a\": 1,}", Progress::Broken),
        ("{\"a\": [1,]}", Progress::Broken),
        ("{\"a\": 1} x", Progress::Broken),
        (
            "{\"a\": None, \"b\": 01, \"c\": [1., .5, oops]}",
            Progress::Whole,
        ),
        ("{\"a\": , \"b\": }", Progress::Whole),
        ("{\"a\": [,]}", Progress::Broken),
        ("{\"a\": \"\\x41\"}", Progress::Broken),
        ("{\"a\": \"\\u00g1\"}", Progress::Broken),
        ("{\"a\": \"two\nlines\"}", Progress::Broken),
        ("{\"a\": \"\u{1b}[1mx\"}", Progress::Broken),
        ("{'a': 1}", Progress::Broken),
        ("{\"a\" 1}", Progress::Broken),
        ("{\"a\": 1]", Progress::Broken),
        ("{1}", Progress::Broken),
        ("[1]", Progress::Broken),
        ("{\n  int x;", Progress::Broken),
        ("{\u{9b}0m}", Progress::Broken),
    ] {
        assert_eq!(scan(text).1, expected, "{text:?}");
    }
}

#[test]
fn what_is_under_way_may_go_on() {
    let (begun, _) = scan("{\"a\": [");
    for (rest, expected) in [
        ("\"x", Progress::Open),
        ("\"x\\", Progress::Open),
        ("\"x\\u0", Progress::Open),
        ("-", Progress::Open),
        ("tru", Progress::Open),
        ("1], \"b\": 2}", Progress::Whole),
        ("name? ", Progress::Broken),
        ("}", Progress::Broken),
    ] {
        assert_eq!(begun.with(rest), expected, "{rest:?}");
    }
}

#[test]
fn what_is_no_json_becomes_json() {
    let text = "{\"a\": {\"b\": [NaN, 1]}, \"t\": \"x\ty\"}{\"c\": -Infinity, \"d\": .5, \"e\": }";
    let mut lost = Vec::new();
    let objects = scan(text).0.objects(text, &["e"], &mut lost);
    assert_eq!(
        objects[0],
        "{\"a\": {\"b\": [null, 1]}, \"t\": \"x\\u0009y\"}"
    );
    assert_eq!(objects[1], "{\"c\": null, \"d\": null, \"e\": null}");
    let lost: Vec<_> = lost
        .iter()
        .map(|it| format!("{}: {} ({})", it.field, it.why, it.spoils))
        .collect();
    assert_eq!(
        lost,
        [
            "a.b: \"NaN\" is no number of JSON (false)",
            "c: \"-Infinity\" is no number of JSON (false)",
            "d: \".5\" is no number of JSON (false)",
            "e: it has no value (true)",
        ]
    );
}

#[test]
fn names_of_the_outermost_object_are_looked_for() {
    for (text, expected) in [
        ("{\"a\": {\"result\": 1}}", false),
        ("{\"a\": \"result\"}", false),
        ("{\"a\": 1,\n \"result\": [", true),
        ("{\"result\": oops", true),
        ("{\"a\": 0,5, \"result\": 1}", true),
        ("{\"a\": \"C:\\x\", \"result\": 1}", true),
        ("{'a': \"it's\", 'result': 1}", true),
        ("{\"a\": 0,5, \"b\": {\"result\": 1}}", false),
        ("{\"a\": 0,5, \"b\": \"result\"}", false),
        ("{\"a\": 0,5} \"result\": 1", false),
    ] {
        assert_eq!(scan(text).0.has_wanted(1), expected, "{text}");
    }
}
