//! What an agent says that it used: in our words, or in those of Anthropic, `OpenAI` and Gemini, whose
//! counts mean different things by similar names.

use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::stream_object::brief;
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
#[serde(default, deny_unknown_fields, expecting = "an object")]
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
    prompt_tokens_details: Option<PromptDetails>,
    prompt_cache_hit_tokens: Option<Count>,
    // Gemini's, and as its library for Python writes them.
    #[serde(alias = "prompt_token_count")]
    promptTokenCount: Option<Count>,
    #[serde(alias = "tool_use_prompt_token_count")]
    toolUsePromptTokenCount: Option<Count>,
    #[serde(alias = "cached_content_token_count")]
    cachedContentTokenCount: Option<Count>,
    #[serde(alias = "candidates_token_count")]
    candidatesTokenCount: Option<Count>,
    #[serde(alias = "thoughts_token_count")]
    thoughtsTokenCount: Option<Count>,
    // Said beside them, and part of them.
    total_tokens: Known,
    totalTokens: Known,
    #[serde(alias = "total_token_count")]
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
    #[serde(alias = "candidates_tokens_details")]
    candidatesTokensDetails: Known,
    #[serde(alias = "cache_tokens_details")]
    cacheTokensDetails: Known,
    #[serde(alias = "tool_use_prompt_tokens_details")]
    toolUsePromptTokensDetails: Known,
    #[serde(alias = "traffic_type")]
    trafficType: Known,
}

/// Those of `OpenAI`, which have a count that matters.
#[derive(Default, Deserialize)]
#[serde(try_from = "Value")]
struct Details {
    cached_tokens: Option<Count>,
}

impl TryFrom<Value> for Details {
    type Error = String;

    fn try_from(value: Value) -> Result<Self, String> {
        let Value::Object(mut details) = value else {
            return Err(format!("{} is not an object", brief(&value)));
        };
        let cached = details.remove("cached_tokens");
        let cached = cached.filter(|cached| !cached.is_null());
        Ok(Self {
            cached_tokens: cached.map(Count::try_from).transpose()?,
        })
    }
}

/// The same; Gemini's of this name are a list without a count.
#[derive(Default, Deserialize)]
#[serde(try_from = "Value")]
struct PromptDetails(Details);

impl TryFrom<Value> for PromptDetails {
    type Error = String;

    fn try_from(value: Value) -> Result<Self, String> {
        let details = match value {
            Value::Array(_) => Details::default(),
            other => Details::try_from(other)?,
        };
        Ok(Self(details))
    }
}

/// Read so that it is known, whatever it is.
#[derive(Default, Deserialize)]
#[serde(transparent)]
struct Known(IgnoredAny);

/// A whole number of tokens, also as a text, and as languages write it that have no whole numbers.
#[derive(Clone, Copy, Deserialize)]
#[serde(try_from = "Value")]
struct Count(u64);

impl TryFrom<Value> for Count {
    type Error = String;

    fn try_from(value: Value) -> Result<Self, String> {
        let text = match &value {
            Value::Number(number) => number.to_string(),
            Value::String(text) => text.trim().to_owned(),
            _ => String::new(),
        };
        let whole = text.strip_suffix(".0").unwrap_or(&text);
        let is_digits = whole.bytes().all(|byte| byte.is_ascii_digit());
        let count = whole.parse().ok().filter(|_| is_digits);
        count
            .filter(|count| *count <= LARGEST_NUMBER)
            .map(Self)
            .ok_or_else(|| {
                let shown = brief(&value);
                format!("{shown} is not a whole number from 0 to {LARGEST_NUMBER} (2^53 - 1)")
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
        cost.map(Self).ok_or_else(|| {
            let shown = brief(&value);
            format!("{shown} is no number of US dollars such as \"0.42\"")
        })
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
            odd.push(oddity(
                "usage",
                format!("{} is not an object", brief(&usage)),
            ));
            return (None, odd);
        };
        let is_empty = usage.is_empty();
        let mut kept = Map::new();
        let mut words = Words::default();
        for (name, value) in usage {
            let is_text = value.is_string();
            kept.insert(name.clone(), value);
            match Words::deserialize(Strict(&Value::Object(kept.clone()))) {
                Ok(read) => words = read,
                Err(error) => {
                    let value = kept.remove(&name).unwrap_or_default();
                    let why = error.to_string();
                    let is_unknown = why.starts_with("unknown field");
                    let why = match name.as_str() {
                        "id" | "model" | "provider" if !is_text => {
                            format!("{} is not a text", brief(&value))
                        }
                        // One and the same under two names.
                        _ if why.starts_with("duplicate field") => {
                            "it is there under another name".to_owned()
                        }
                        _ => why,
                    };
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
        let openai = |details: Option<&Details>| of(details.and_then(|it| it.cached_tokens));
        let cache = sum([
            of(words.cache_read_input_tokens),
            of(words.cache_creation_input_tokens),
        ]);
        // Who says so in other words, too, has counted it in.
        let counted = of(words.cached_tokens)
            .or(openai(words.input_tokens_details.as_ref()))
            .or(of(words.cached_input_tokens))
            .or(of(words.cached))
            .zip(of(words.input_tokens));
        let is_counted = counted.is_some_and(|(cached, input)| cached <= input);
        // Anthropic's do not have in them what was written to a cache or came out of one.
        let anthropic = sum([of(words.input_tokens), cache.filter(|_| !is_counted)]);
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
                .or(openai(words.input_tokens_details.as_ref()))
                .or(openai(words.prompt_tokens_details.as_ref().map(|it| &it.0)))
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
#[path = "usage_report_tests.rs"]
mod tests;
