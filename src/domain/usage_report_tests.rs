//! Usage as programs report it.

use super::UsageReport;
use crate::domain::{Cost, Oddity};

fn counts(json: &str) -> [Option<u64>; 3] {
    let report: UsageReport = serde_json::from_str(json).unwrap();
    [
        report.input_tokens,
        report.cached_tokens,
        report.output_tokens,
    ]
}

#[test]
fn the_words_of_each_provider_mean_the_same_in_the_end() {
    for said in [
        r#"{"input_tokens": 100, "cached_tokens": 60, "output_tokens": 7}"#,
        r#"{"input_tokens": 30, "cache_read_input_tokens": 60, "cache_creation_input_tokens": 10,
            "cache_creation": {"ephemeral_5m_input_tokens": 10}, "output_tokens": 7,
            "service_tier": "standard", "server_tool_use": {"web_search_requests": 0}}"#,
        r#"{"prompt_tokens": 100, "completion_tokens": 7, "total_tokens": 107,
            "prompt_tokens_details": {"cached_tokens": 60, "audio_tokens": 0},
            "completion_tokens_details": {"reasoning_tokens": 5}}"#,
        r#"{"input_tokens": 100, "input_tokens_details": {"cached_tokens": 60},
            "output_tokens": 7, "output_tokens_details": {"reasoning_tokens": 5}}"#,
        r#"{"promptTokenCount": 100, "cachedContentTokenCount": 60, "candidatesTokenCount": 5,
            "thoughtsTokenCount": 2, "totalTokenCount": 107, "trafficType": "ON_DEMAND"}"#,
        r#"{"prompt_token_count": 100, "cached_content_token_count": 60,
            "candidates_token_count": 5, "thoughts_token_count": 2, "total_token_count": 107,
            "prompt_tokens_details": [{"modality": "TEXT", "token_count": 100}],
            "cache_tokens_details": null, "traffic_type": null}"#,
        r#"{"input_tokens": "100", "cached_tokens": " 60 ", "output_tokens": "7.0"}"#,
        r#"{"input_tokens": 100, "cached": 60, "output_tokens": 7, "reasoning": 5}"#,
        r#"{"input_tokens": 100, "cached_input_tokens": 60, "output_tokens": 7,
            "cache_write_input_tokens": 0, "reasoning_output_tokens": 5}"#,
        r#"{"prompt_tokens": 100, "cache_read_input_tokens": 60, "completion_tokens": 7.0}"#,
        r#"{"inputTokens": 100, "cachedInputTokens": 60, "outputTokens": 7, "totalTokens": 107}"#,
        r#"{"input_tokens": 100, "cached_tokens": 60, "cache_read_input_tokens": 60,
            "output_tokens": 7}"#,
        r#"{"input_tokens": 40, "cached_tokens": 60, "cache_read_input_tokens": 60,
            "output_tokens": 7}"#,
        r#"{"prompt_tokens": 100, "prompt_cache_hit_tokens": 60, "prompt_cache_miss_tokens": 40,
            "completion_tokens": 7, "reasoning_tokens": 5}"#,
    ] {
        assert_eq!(counts(said), [Some(100), Some(60), Some(7)], "{said}");
    }
    assert_eq!(counts("{}"), [None; 3]);
    assert_eq!(counts(r#"{"output_tokens": 0}"#), [None, None, Some(0)]);
}

#[test]
fn one_odd_field_costs_the_others_nothing() {
    let read = |said: &str| UsageReport::read(serde_json::from_str(said).unwrap());
    let odd = |odd: &[Oddity]| odd.iter().map(|it| it.field.clone()).collect::<Vec<_>>();
    let (report, oddities) = read(
        r#"{"input_tokens": "many", "output_tokens": 7, "cost_usd": 0.004, "is_byok": true,
            "model": ""}"#,
    );
    let report = report.unwrap();
    assert_eq!((report.input_tokens, report.output_tokens), (None, Some(7)));
    assert_eq!(report.cost_usd, Some(Cost(4000)));
    assert_eq!(
        odd(&oddities),
        ["usage.input_tokens", "usage.is_byok", "usage.model"]
    );
    let (report, oddities) = read(r#"{"input_tokens": 1, "cached_tokens": 2}"#);
    assert_eq!(report.unwrap().input_tokens, Some(1));
    assert_eq!(odd(&oddities), ["usage.cached_tokens"]);
    // A list is not read as the fields of an object, in order.
    let (report, oddities) = read(r#"{"input_tokens": 9, "input_tokens_details": [5]}"#);
    assert_eq!(report.unwrap().cached_tokens, None);
    assert_eq!(odd(&oddities), ["usage.input_tokens_details"]);
    assert_eq!(read(r#"{"tokens": 3}"#).0, None);
    assert_eq!(read("[3]").0, None);
    assert_eq!(read("{}"), (Some(UsageReport::default()), Vec::new()));
}

#[test]
fn what_is_wrong_is_said_in_words_for_people() {
    for (said, words) in [
        (r#"{"input_tokens": []}"#, "[] is not a whole number"),
        (r#"{"prompt_tokens_details": 5}"#, "5 is not an object"),
        (r#"{"model": 5}"#, "5 is not a text"),
        (r#"{"cost_usd": {}}"#, "{} is no number of US dollars"),
        (
            r#"{"promptTokenCount": 1, "prompt_token_count": 1}"#,
            "it is there under another",
        ),
        ("5", "5 is not an object"),
    ] {
        let odd = UsageReport::read(serde_json::from_str(said).unwrap()).1;
        let why = odd[0].why.as_deref().unwrap();
        assert!(why.starts_with(words), "{said}: {why}");
    }
}

#[test]
fn money_is_a_decimal_or_a_number_of_any_form() {
    for (said, micros) in [
        ("0.004", 4000),
        ("\"0.00000315\"", 3),
        ("3.15e-6", 3),
        ("\"12\"", 12_000_000),
    ] {
        let said = format!("{{\"cost_usd\": {said}}}");
        let report: UsageReport = serde_json::from_str(&said).unwrap();
        assert_eq!(report.cost_usd, Some(Cost(micros)), "{said}");
    }
}

#[test]
fn what_cannot_be_is_refused() {
    for said in [
        r#"{"input_tokens": -1}"#,
        r#"{"input_tokens": 1.5}"#,
        r#"{"input_tokens": 9007199254740992}"#,
        r#"{"input_tokens": 9007199254740991, "cache_read_input_tokens": 1}"#,
        r#"{"input_tokens": 1, "cached_tokens": 2}"#,
        r#"{"id": ""}"#,
        r#"{"model": "a\u0000b"}"#,
        r#"{"tokens": 1}"#,
        r#"{"input_tokens": "+1"}"#,
        r#"{"input_tokens": ""}"#,
        r#"{"prompt_tokens_details": 5}"#,
        r#"{"cost_usd": "much"}"#,
        r#"{"cost_usd": -1}"#,
    ] {
        assert!(serde_json::from_str::<UsageReport>(said).is_err(), "{said}");
    }
}
