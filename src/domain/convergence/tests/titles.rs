//! What sessions are called.

use serde_json::{Value, json};

use super::super::{LONGEST_SESSION_NAME, Titles, session_name};
use super::event;

fn titles(data: &Value) -> Option<Titles> {
    Titles::of(&event(
        json!({"session_id": "s", "event_type": "SESSION_STARTED", "data": data}),
    ))
}

#[test]
fn a_session_is_known_by_its_name_or_its_folder() {
    let stem = |data: Value| {
        let titles = titles(&data);
        let stem = titles.as_ref().and_then(Titles::stem);
        stem.map(|(stem, is_numbered)| (stem.to_owned(), is_numbered))
    };
    let folder = |name: &str| Some((name.to_owned(), true));
    let own = |name: &str| Some((name.to_owned(), false));
    for (data, expected) in [
        (json!({"target": "/srv/projects/web"}), folder("web")),
        (json!({"target": "/srv/projects/web/"}), folder("web")),
        (json!({"target": "C:\\work\\web"}), folder("web")),
        (json!({"target": "./web"}), folder("web")),
        (json!({"target": "."}), None),
        (json!({"target": "/"}), None),
        (
            json!({"target": "/srv/web", "name": "nightly"}),
            own("nightly"),
        ),
        (json!({"target": "/srv/web", "name": " \n "}), folder("web")),
        (json!({"target": 7, "name": ["x"]}), None),
        (json!({}), None),
        (json!("x"), None),
        // What is not seen, or turns the text around it, is left out.
        (
            json!({"name": "a\u{202e}b\u{0}\u{1b}[31m\tc\u{200b}"}),
            own("ab[31m c"),
        ),
        (json!({"name": "\u{202e}\u{2066}\u{7}"}), None),
        (
            json!({"name": "\u{3164}", "target": "/srv/web"}),
            folder("web"),
        ),
        (json!({"name": "\u{2800}"}), None),
        (json!({"name": "\u{115f}\u{1160}"}), None),
        (json!({"name": "\u{fe0f}"}), None),
        (json!({"name": "\u{34f}"}), None),
        (json!({"target": "/srv/web/\u{3164}"}), folder("web")),
        (json!({"name": "Größe 工程 שלום"}), own("Größe 工程 שלום")),
    ] {
        assert_eq!(stem(data.clone()), expected, "{data}");
    }
    let long = titles(&json!({"name": "x y ".repeat(1_000_000)}))
        .unwrap()
        .name
        .unwrap();
    assert!(
        long.chars().count() <= LONGEST_SESSION_NAME + 1 && long.ends_with('…'),
        "{long}"
    );
}

#[test]
fn a_name_says_most_and_none_is_like_another() {
    assert_eq!(
        session_name(Some("web #14"), Some((17, "Mend")), 3),
        "web #14"
    );
    assert_eq!(session_name(None, None, 14), "Session #14");
    assert_eq!(
        session_name(None, Some((17, "Mend the\nlogin")), 14),
        "#17 Mend the login (session 14)"
    );
}
