//! What an agent says that it used: in our words, or in those of Anthropic, `OpenAI` and Gemini, whose
//! counts mean different things by similar names.

use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Number, Value};
use utoipa::ToSchema;

use super::{Cost, LARGEST_NUMBER, Oddity, Strict, WORD};

/// The id of a record whose reporter gives it none.
pub const TOTAL: &str = "total";

/// A record of what an attempt used, on its way in. One with the same `id` takes its place; what it
/// does not say again stays. The usage objects of Anthropic, `OpenAI` and Gemini are understood, too.
#[derive(Clone, Debug, Default, Eq, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(try_from = "Words")]
pub struct UsageReport {
    /// `total` when absent. Records with ids take the place of a `total`.
    pub id: Option<String>,
    /// The model that was asked.
    pub model: Option<String>,
    /// Who serves it.
    pub provider: Option<String>,
    /// Tokens read by models, cached ones included.
    pub input_tokens: Option<u64>,
    /// Those of them that came out of a cache.
    pub cached_tokens: Option<u64>,
    /// Tokens written by models.
    pub output_tokens: Option<u64>,
    /// Money in USD, as a decimal string or a number.
    pub cost_usd: Option<Cost>,
}

/// All the words there are for it.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[expect(non_snake_case, reason = "these are the names on the wire")]
struct Words {
    id: Option<String>,
    model: Option<String>,
    provider: Option<String>,
    cost_usd: Option<Money>,
    total_cost_usd: Option<Money>,
    cached_tokens: Option<Count>,
    // What programs make of it that speak with several of them.
    cached: Option<Count>,
    cached_input_tokens: Option<Count>,
    inputTokens: Option<Count>,
    outputTokens: Option<Count>,
    cachedInputTokens: Option<Count>,
    // Ours, Anthropic's, and those of OpenAI's responses.
    input_tokens: Option<Count>,
    output_tokens: Option<Count>,
    input_tokens_details: Option<Details>,
    cache_read_input_tokens: Option<Count>,
    cache_creation_input_tokens: Option<Count>,
    // Those of OpenAI's completions.
    prompt_tokens: Option<Count>,
    completion_tokens: Option<Count>,
    prompt_tokens_details: Option<Details>,
    prompt_cache_hit_tokens: Option<Count>,
    // Gemini's.
    promptTokenCount: Option<Count>,
    toolUsePromptTokenCount: Option<Count>,
    cachedContentTokenCount: Option<Count>,
    candidatesTokenCount: Option<Count>,
    thoughtsTokenCount: Option<Count>,
    // Said beside them, and part of them.
    total_tokens: Known,
    totalTokens: Known,
    totalTokenCount: Known,
    reasoning: Known,
    reasoning_tokens: Known,
    reasoning_output_tokens: Known,
    reasoningTokens: Known,
    cache_creation: Known,
    cache_write_input_tokens: Known,
    prompt_cache_miss_tokens: Known,
    server_tool_use: Known,
    service_tier: Known,
    inference_geo: Known,
    completion_tokens_details: Known,
    output_tokens_details: Known,
    promptTokensDetails: Known,
    candidatesTokensDetails: Known,
    cacheTokensDetails: Known,
    toolUsePromptTokensDetails: Known,
    trafficType: Known,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Details {
    cached_tokens: Option<Count>,
}

/// Read so that it is known, whatever it is.
#[derive(Default, Deserialize)]
#[serde(transparent)]
struct Known(IgnoredAny);

/// A whole number of tokens, also as languages write it that have no whole numbers.
#[derive(Clone, Copy, Deserialize)]
#[serde(try_from = "Number")]
struct Count(u64);

impl TryFrom<Number> for Count {
    type Error = String;

    fn try_from(number: Number) -> Result<Self, String> {
        let text = number.to_string();
        let whole = text.strip_suffix(".0").unwrap_or(&text);
        let count = whole.parse().ok().filter(|count| *count <= LARGEST_NUMBER);
        count.map(Self).ok_or_else(|| {
            format!("{text} is not a whole number from 0 to {LARGEST_NUMBER} (2^53 - 1)")
        })
    }
}

/// A decimal string or a number.
#[derive(Clone, Copy, Deserialize)]
#[serde(try_from = "Value")]
struct Money(Cost);

impl TryFrom<Value> for Money {
    type Error = String;

    fn try_from(value: Value) -> Result<Self, String> {
        let cost = match &value {
            Value::String(text) => Cost::read(text),
            Value::Number(number) => Cost::read(&number.to_string()),
            _ => None,
        };
        cost.map(Self)
            .ok_or_else(|| format!("{value} is no number of US dollars such as \"0.42\""))
    }
}

impl TryFrom<Words> for UsageReport {
    type Error = String;

    fn try_from(words: Words) -> Result<Self, String> {
        let report = Self::of(words);
        let problem = report.problems().into_iter().next();
        problem.map_or(Ok(report), |(field, words)| Err(format!("{field} {words}")))
    }
}

impl UsageReport {
    /// Reads what can be taken of `usage`, and names what cannot; `None` when that is all.
    #[must_use]
    pub fn read(usage: Value) -> (Option<Self>, Vec<Oddity>) {
        let mut odd = Vec::new();
        let Value::Object(usage) = usage else {
            odd.push(oddity("usage", "it is not an object".to_owned()));
            return (None, odd);
        };
        let is_empty = usage.is_empty();
        let mut kept = Map::new();
        let mut words = Words::default();
        for (name, value) in usage {
            kept.insert(name.clone(), value);
            match Words::deserialize(Strict(&Value::Object(kept.clone()))) {
                Ok(read) => words = read,
                Err(error) => {
                    kept.remove(&name);
                    let why = error.to_string();
                    let is_unknown = why.starts_with("unknown field");
                    odd.push(Oddity {
                        field: format!("usage.{name}"),
                        why: Some(why).filter(|_| !is_unknown),
                    });
                }
            }
        }
        let mut report = Self::of(words);
        for (field, why) in report.problems() {
            match field {
                "id" => report.id = None,
                "model" => report.model = None,
                "provider" => report.provider = None,
                "input_tokens" => report.input_tokens = None,
                _ => report.cached_tokens = None,
            }
            odd.push(oddity(&format!("usage.{field}"), why));
        }
        let said = report != Self::default() || is_empty;
        (said.then_some(report), odd)
    }

    fn of(words: Words) -> Self {
        let of = |count: Option<Count>| count.map(|count| count.0);
        let openai =
            |details: &Option<Details>| of(details.as_ref().and_then(|it| it.cached_tokens));
        let cache = sum([
            of(words.cache_read_input_tokens),
            of(words.cache_creation_input_tokens),
        ]);
        // Anthropic's do not have in them what was written to a cache or came out of one.
        let anthropic = sum([of(words.input_tokens), cache]);
        Self {
            input_tokens: anthropic
                .filter(|_| words.input_tokens.is_some())
                .or(of(words.prompt_tokens))
                .or(of(words.inputTokens))
                .or(sum([
                    of(words.promptTokenCount),
                    of(words.toolUsePromptTokenCount),
                ]))
                .or(cache),
            cached_tokens: of(words.cached_tokens)
                .or(of(words.cache_read_input_tokens))
                .or(openai(&words.input_tokens_details))
                .or(openai(&words.prompt_tokens_details))
                .or(of(words.prompt_cache_hit_tokens))
                .or(of(words.cachedContentTokenCount))
                .or(of(words.cached_input_tokens))
                .or(of(words.cachedInputTokens))
                .or(of(words.cached)),
            // Gemini's thoughts are written by it, too; elsewhere they are counted in.
            output_tokens: of(words.output_tokens)
                .or(of(words.completion_tokens))
                .or(of(words.outputTokens))
                .or(sum([
                    of(words.candidatesTokenCount),
                    of(words.thoughtsTokenCount),
                ])),
            id: words.id,
            model: words.model,
            provider: words.provider,
            cost_usd: words.cost_usd.or(words.total_cost_usd).map(|cost| cost.0),
        }
    }

    /// What is wrong with which field.
    fn problems(&self) -> Vec<(&'static str, String)> {
        let mut found = Vec::new();
        for (name, text) in [
            ("id", &self.id),
            ("model", &self.model),
            ("provider", &self.provider),
        ] {
            let wrong = |text: &String| {
                text.is_empty() || text.chars().count() > WORD || text.chars().any(char::is_control)
            };
            if text.as_ref().is_some_and(wrong) {
                found.push((name, format!("must be 1 to {WORD} characters")));
            }
        }
        if self
            .input_tokens
            .is_some_and(|count| count > LARGEST_NUMBER)
        {
            let words =
                format!("must be at most {LARGEST_NUMBER} (2^53 - 1) with what came from a cache");
            found.push(("input_tokens", words));
        }
        let more = |cached| cached > self.input_tokens.unwrap_or(u64::MAX);
        if self.cached_tokens.is_some_and(more) {
            let words = "must be part of input_tokens".to_owned();
            found.push(("cached_tokens", words));
        }
        found
    }
}

fn oddity(field: &str, why: String) -> Oddity {
    Oddity {
        field: field.to_owned(),
        why: Some(why),
    }
}

/// `None` when nothing is known.
fn sum(counts: [Option<u64>; 2]) -> Option<u64> {
    let mut known = counts.into_iter().flatten().peekable();
    known.peek()?;
    Some(known.fold(0, u64::saturating_add))
}

#[cfg(test)]
mod tests {
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
            r#"{"input_tokens": 100, "cached": 60, "output_tokens": 7, "reasoning": 5}"#,
            r#"{"input_tokens": 100, "cached_input_tokens": 60, "output_tokens": 7,
                "cache_write_input_tokens": 0, "reasoning_output_tokens": 5}"#,
            r#"{"prompt_tokens": 100, "cache_read_input_tokens": 60, "completion_tokens": 7.0}"#,
            r#"{"inputTokens": 100, "cachedInputTokens": 60, "outputTokens": 7, "totalTokens": 107}"#,
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
            r#"{"cost_usd": "much"}"#,
            r#"{"cost_usd": -1}"#,
        ] {
            assert!(serde_json::from_str::<UsageReport>(said).is_err(), "{said}");
        }
    }
}
