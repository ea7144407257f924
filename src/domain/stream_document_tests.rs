//! What cannot be read of objects, and what is said of it.

use super::{RuinLine, StreamObject};
use crate::domain::{Reading, StreamLine};

#[test]
fn what_begins_like_part_of_the_stream_and_cannot_be_read_is_named() {
    for (text, why) in [
        (r#"{"result": 1,}"#, "a comma stands before \"}\""),
        (r#"{"result": None}"#, "\"None\" is no value of JSON"),
        (r#"{"message": "\x41"}"#, "\\x is no escape of JSON"),
        (
            r#"{"result": 1} and more"#,
            "\"and more\" follows the object on its line",
        ),
        (
            r"{'progress': 0.5}",
            "its texts stand in single quotes; JSON has only double ones",
        ),
        (
            r"{'ok': 1, 'result': 2}",
            "its texts stand in single quotes; JSON has only double ones",
        ),
        (
            r#"{"path": "C:\x", "result": 1}"#,
            "\\x is no escape of JSON",
        ),
        (r#"{"result": , "ok": 1}"#, "it has no value"),
        (
            r#"{"ok": 1, "result": {"a": [True]}}"#,
            "\"True\" is no value of JSON",
        ),
    ] {
        assert_eq!(
            Reading::of(text),
            Reading::Misread(why.to_owned()),
            "{text}"
        );
    }
    let Reading::Unfinished(object) = Reading::of(r#"{"result": {"ok": 1}"#) else {
        panic!("it may go on");
    };
    assert!(matches!(object.end(), Reading::Misread(why) if why.contains("breaks off")));
    for text in [
        r#"{"level": None}"#,
        "{y/n}",
        "{'words': 1}",
        r#"{"a": {"result": oops}}"#,
    ] {
        assert_eq!(Reading::of(text), Reading::Text, "{text}");
    }
}

#[test]
fn a_row_of_a_list_is_told_from_an_object() {
    for (text, why) in [
        (r#"{"n": 1},"#, false),
        (r#"{"message": "x"}]"#, false),
        (r#"{"result": 1},"#, true),
        (r#"{"result": 1}, {"result": 2}"#, true),
    ] {
        assert!(
            matches!(Reading::of(text), Reading::Row(it) if it.is_some() == why),
            "{text}"
        );
        assert_eq!(StreamLine::parse(text), None, "{text}");
    }
}

#[test]
fn the_rest_of_an_object_that_cannot_be_read_tells_what_it_was() {
    let end = |text: &str| {
        let mut lines = text.lines();
        let mut object = StreamObject::begin(lines.next().unwrap());
        let broken = lines.find(|line| !object.go_on(line)).unwrap();
        let Reading::Ruin(mut ruin) = object.broken_by(broken) else {
            panic!("it is no ruin: {text}");
        };
        lines
            .map(|line| ruin.go_on(line))
            .find(|it| *it != RuinLine::Part)
    };
    for text in [
        "{\n\"path\": \"C:\\x\",\n\"result\": 1\n}",
        "{\n\"a\": 0,5,\n\"b\": {\n\"c\": 1\n},\n\n\"result\": 1\n}",
        "{\n'a': 1,\n'result': 1\n}",
        "{\n\"log of\": \"two\nlines\", \"result\": 1\n}",
    ] {
        assert!(matches!(end(text), Some(RuinLine::Telling(_))), "{text}");
    }
    for text in [
        "{\n\"a\": 0,5,\n\"b\": {\n\"result\": 1\n}\n}\n\"result\": 1",
        "{\n\"a\": 0,5,\nthat is all\n\"result\": 1",
        "{\n  int x;\n}\n",
    ] {
        assert_eq!(end(text), Some(RuinLine::End), "{text}");
    }
}
