//! Lines as agents write them, and what is made of each.

use serde_json::{Value, json};

use super::{AgentEvent, StreamLine};
use crate::domain::{LogLevel, LogStream};

fn read(line: &str) -> StreamLine {
    StreamLine::parse(line).unwrap_or_else(|| panic!("it is text: {line}"))
}

fn odd(line: &StreamLine) -> Vec<&str> {
    line.oddities.iter().map(|it| it.field.as_str()).collect()
}

fn messages(line: &StreamLine) -> Vec<&str> {
    let messages = line.events.iter().filter_map(|event| match event {
        AgentEvent::Log(log) => Some(log.message.as_str()),
        _ => None,
    });
    messages.collect()
}

fn result(line: &StreamLine) -> Option<&Value> {
    line.events.iter().find_map(|event| match event {
        AgentEvent::Result(result) => Some(result),
        _ => None,
    })
}

#[test]
fn lines_of_the_stream_are_understood() {
    let line = read("::progress 0.4 half way, nearly");
    assert_eq!(line.events[0], AgentEvent::Progress(0.4));
    assert_eq!(messages(&line), ["half way, nearly"]);
    let line = read(r#"{"progress":1,"result":{"words":3},"usage":{"input_tokens":5}}"#);
    assert_eq!((line.events.len(), odd(&line)), (3, vec![]));
    for line in [
        r#"{"log":"odd","level":"warn","fields":{"at":3}}"#,
        r#"{"log":{"message":"odd","level":"WARNING","fields":{"at":3}}}"#,
        r#"{"message":"odd","level":40,"fields":{"at":3}}"#,
    ] {
        let line = read(line);
        let [AgentEvent::Log(entry)] = &line.events[..] else {
            panic!("one entry: {line:?}");
        };
        assert_eq!(
            (entry.message.as_str(), entry.level),
            ("odd", LogLevel::Warn)
        );
        assert_eq!(entry.fields["at"], 3);
    }
    let line = read(r#"{"question":{"text":"which?","options":["a"]}}"#);
    assert!(
        matches!(&line.events[..], [AgentEvent::NeedsInput(it)] if it.text == "which?"),
        "{line:?}"
    );
}

#[test]
fn text_is_text() {
    for text in [
        "plain",
        "",
        "{",
        "::progressive",
        "::progress",
        r#"{"level":30,"msg":"of a logger"}"#,
        r#"{"words":3}"#,
        r#"{"result":1"#,
        r#"{"result":1} and more"#,
        r#"before {"result":1}"#,
        r#"["result"]"#,
    ] {
        assert_eq!(StreamLine::parse(text), None, "{text}");
    }
}

#[test]
fn blanks_and_a_byte_order_mark_do_not_matter() {
    for line in [
        "  {\"result\": 1}\t",
        "\u{feff}{\"result\": 1}\r",
        " \u{feff} {\"result\":\n 1\n}\n",
        "\u{200b}{\"result\": 1}\u{2060}",
    ] {
        assert_eq!(result(&read(line)), Some(&json!(1)), "{line:?}");
    }
    let line = read("  ::progress 50% half");
    assert_eq!(line.events[0], AgentEvent::Progress(0.5));
    // What is for terminals is taken away elsewhere.
    assert_eq!(StreamLine::parse("::progress 0.5\x1b[0m"), None);
}

#[test]
fn null_is_a_result_and_elsewhere_nothing() {
    let line = read(r#"{"result":null,"progress":null,"message":null,"question":null}"#);
    assert_eq!(line.events, [AgentEvent::Result(Value::Null)]);
    assert_eq!(odd(&line), [""; 0]);
}

#[test]
fn progress_is_a_ratio_or_says_per_cent() {
    for (progress, ratio) in [
        ("0.25", Some(0.25)),
        ("\"25%\"", Some(0.25)),
        ("\"25 %\"", Some(0.25)),
        ("\"0.25\"", Some(0.25)),
        ("1.0000000002", Some(1.0)),
        ("-1e-9", Some(0.0)),
        ("45", None),
        ("\"101%\"", None),
        ("-1", None),
        ("\"half\"", None),
        ("[1]", None),
        ("true", None),
    ] {
        let line = read(&format!(
            r#"{{"progress": {progress}, "message": "x", "result": 7}}"#
        ));
        let found = line.events.iter().find_map(|event| match event {
            AgentEvent::Progress(ratio) => Some(*ratio),
            _ => None,
        });
        assert_eq!(found, ratio, "{progress}");
        let named = if ratio.is_some() {
            vec![]
        } else {
            vec!["progress"]
        };
        assert_eq!(odd(&line), named, "{progress}");
        assert_eq!(messages(&line), ["x"], "{progress}");
        assert_eq!(result(&line), Some(&json!(7)), "{progress}");
    }
    let line = read(r#"{"progress": 45}"#);
    let why = line.oddities[0].why.as_deref().unwrap();
    assert!(why.contains("0.45") && why.contains("\"45%\""), "{why}");
    for wrong in ["::progress 45 almost", "::progress many"] {
        let line = read(wrong);
        assert_eq!((line.events.len(), odd(&line)), (0, vec!["progress"]));
    }
}

#[test]
fn one_odd_field_never_costs_the_rest_of_a_line() {
    for (field, named) in [
        (r#""progress": "soon""#, "progress"),
        (r#""message": {"a": 1}"#, "message"),
        (r#""level": "loud""#, "level"),
        (r#""fields": [1]"#, "fields"),
        (r#""log": 5"#, "log"),
        (r#""log": {"level": "warn"}"#, "log.message"),
        (r#""log": {"message": "x", "time": "noon"}"#, "log.time"),
        (
            r#""log": {"message": "x", "stream": "system"}"#,
            "log.stream",
        ),
        (r#""log": {"message": "x", "level": []}"#, "log.level"),
        (r#""log": {"message": "x", "host": 1}"#, "log.host"),
        (r#""question": " ""#, "question.text"),
        (
            r#""question": {"text": "x", "colour": 1}"#,
            "question.colour",
        ),
        (
            r#""question": {"text": "x", "options": 3}"#,
            "question.options",
        ),
        (
            r#""question": {"text": "x", "options": ["a", "a"]}"#,
            "question.options",
        ),
        (
            r#""question": {"text": "x", "kind": "odd"}"#,
            "question.kind",
        ),
        (r#""usage": 5"#, "usage"),
        (r#""usage": {"input_tokens": "x"}"#, "usage.input_tokens"),
        (r#""evidence": {"path": "a.png"}"#, "evidence"),
        (r#""mine": 2"#, "mine"),
    ] {
        let line = read(&format!(r#"{{{field}, "result": {{"ok": 1}}}}"#));
        assert_eq!(result(&line), Some(&json!({"ok": 1})), "{field}");
        assert_eq!(odd(&line), [named], "{field}");
    }
}

#[test]
fn what_is_odd_about_a_question_or_an_entry_leaves_it_there() {
    let line = read(r#"{"question": {"text": "x", "options": "a", "colour": 1}}"#);
    assert!(
        matches!(&line.events[..], [AgentEvent::NeedsInput(it)] if it.text == "x"),
        "{line:?}"
    );
    let line = read(r#"{"log": {"message": "x", "stream": "system", "host": "here"}, "pid": 3}"#);
    let [AgentEvent::Log(entry)] = &line.events[..] else {
        panic!("one entry: {line:?}");
    };
    assert_eq!(
        (entry.message.as_str(), entry.stream),
        ("x", LogStream::Agent)
    );
    assert_eq!(json!(entry.fields), json!({"host": "here", "pid": 3}));
}

#[test]
fn what_is_nested_too_deeply_is_named() {
    let nested = |levels: usize| "[".repeat(levels) + &"]".repeat(levels);
    for levels in [65, 200] {
        let line = read(&format!(
            r#"{{"result": {}, "progress": 1}}"#,
            nested(levels)
        ));
        assert_eq!(odd(&line), ["result"], "{levels}");
        assert_eq!(line.events, [AgentEvent::Progress(1.0)]);
    }
    assert_eq!(
        StreamLine::parse(&format!(r#"{{"a": {}}}"#, nested(200))),
        None
    );
}

#[test]
fn half_a_character_is_replaced() {
    let line = read(r#"{"result": "cut \ud83d"}"#);
    assert_eq!(result(&line), Some(&json!("cut \u{fffd}")));
}

#[test]
fn a_beginning_is_known_before_the_rest_is_there() {
    for text in [
        "",
        "  ",
        "\u{feff}",
        "{",
        " {\"result\": {\"answer\": ",
        "{}",
        "::prog",
        "::progress 0.",
    ] {
        assert!(StreamLine::may_begin(text), "{text:?}");
    }
    for text in ["name? ", "{y/n} ", "{1}", ":) ", "::progressive"] {
        assert!(!StreamLine::may_begin(text), "{text:?}");
    }
    assert!(StreamLine::begins_result(
        " {\"usage\": {}, \"result\": [\"xx"
    ));
    assert!(!StreamLine::begins_result("{\"data\": \"xx"));
    assert!(!StreamLine::begins_result("result"));
}

#[test]
fn a_number_that_json_does_not_have_costs_nothing_but_itself() {
    let line = read(
        r#"{"result":{"accuracy":0.9,"loss":NaN,"all":[1,-Infinity]},"usage":{"input_tokens":5}}"#,
    );
    let expected = json!({"accuracy": 0.9, "loss": null, "all": [1, null]});
    assert_eq!(result(&line), Some(&expected));
    assert_eq!(line.events.len(), 2);
    assert_eq!(odd(&line), ["result.loss", "result.all"]);
    for (field, named) in [
        (r#""progress": NaN"#, "progress"),
        (r#""progress": 1e999"#, "progress"),
        (r#""progress": .50"#, "progress"),
        (r#""progress": -nan"#, "progress"),
        (r#""progress": 1."#, "progress"),
        (r#""elapsed": .52"#, "elapsed"),
        (r#""loss": nan"#, "loss"),
        (r#""ok": True"#, "ok"),
        (r#""elapsed": "#, "elapsed"),
        (r#""level": warn"#, "level"),
        (r#""usage": {"cost_usd": Infinity}"#, "usage.cost_usd"),
        (
            r#""usage": {"input_tokens": NaN, "output_tokens": 3}"#,
            "usage.input_tokens",
        ),
    ] {
        let line = read(&format!(r#"{{{field}, "result": 1}}"#));
        assert_eq!(result(&line), Some(&json!(1)), "{field}");
        assert_eq!(odd(&line), [named], "{field}");
    }
}

#[test]
fn any_text_in_a_result_stays_as_it_is() {
    for text in [
        "a\u{80}\u{9d}b",
        "a\u{85}b",
        "a\u{7f}b",
        "a\u{90}b",
        "a\u{9b}31mb",
        "a\tb",
        "a\u{1}b",
    ] {
        let line = read(&format!("{{\"result\": \"{text}\"}}"));
        assert_eq!(result(&line), Some(&json!(text)), "{text:?}");
    }
}

#[test]
fn several_objects_in_a_line_count_each() {
    for text in [
        r#"{"progress":0.5}{"result":{"ok":1}}"#,
        r#"{"result":{"ok":1}} {"progress":0.5}"#,
    ] {
        let line = read(text);
        assert_eq!(result(&line), Some(&json!({"ok": 1})), "{text}");
        assert!(line.events.contains(&AgentEvent::Progress(0.5)), "{text}");
    }
    let line = read(r#"{"result":1}{"words":"of a logger"}"#);
    assert_eq!(messages(&line), [r#"{"words":"of a logger"}"#]);
    assert_eq!(StreamLine::parse(r#"{"a":1}{"b":2}"#), None);
}

#[test]
fn what_people_were_to_read_and_could_not_be_taken_is_not_lost() {
    for (text, is_untold) in [
        (r#"{"progress":0.1,"log":{"msg":"disk full"}}"#, true),
        (r#"{"progress":0.1,"message":["a","b"]}"#, true),
        (r#"{"progress":0.1,"note":"disk is full"}"#, true),
        (r#"{"question":{"prompt":"which?"},"result":1}"#, true),
        (r#"{"progress":0.1,"type":"progress"}"#, false),
        (r#"{"message":"m","note":"disk is full"}"#, false),
        (r#"{"progress":45,"message":"m"}"#, false),
    ] {
        assert_eq!(read(text).is_untold, is_untold, "{text}");
    }
    let line = read(r#"{"progress":0.1,"log":{"msg":"disk full"}}"#);
    let why = line.oddities[0].why.as_deref().unwrap();
    assert!(why.contains("disk full"), "{why}");
}

#[test]
fn words_of_the_reader_of_json_reach_nobody() {
    for field in [
        r#""question": {"text": "x", "kind": 5}"#,
        r#""question": {"text": "x", "options": [5]}"#,
        r#""question": {"text": "x", "expires_at": "soon"}"#,
        r#""usage": {"input_tokens": {}}"#,
        r#""usage": {"prompt_tokens_details": 5}"#,
        r#""usage": {"model": 5}"#,
    ] {
        let line = read(&format!(r#"{{{field}, "result": 1}}"#));
        let why = line.oddities[0].why.as_deref().unwrap();
        let is_plain = ["invalid type", "expected", "struct", "variant"]
            .iter()
            .all(|it| !why.contains(it));
        assert!(is_plain, "{field}: {why}");
    }
}
