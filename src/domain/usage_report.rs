//! What an agent says that it used: in our words, or in those of Anthropic, `OpenAI` and Gemini, whose
//! counts mean different things by similar names.

use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Cost, LARGEST_NUMBER, WORD};

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
    cost_usd: Option<Cost>,
    cached_tokens: Option<u64>,
    // Ours, Anthropic's, and those of OpenAI's responses.
    input_tokens: Option<u64>,
    output_tokens: Option<u64>,
    input_tokens_details: Option<Details>,
    cache_read_input_tokens: Option<u64>,
    cache_creation_input_tokens: Option<u64>,
    // Those of OpenAI's completions.
    prompt_tokens: Option<u64>,
    completion_tokens: Option<u64>,
    prompt_tokens_details: Option<Details>,
    // Gemini's.
    promptTokenCount: Option<u64>,
    toolUsePromptTokenCount: Option<u64>,
    cachedContentTokenCount: Option<u64>,
    candidatesTokenCount: Option<u64>,
    thoughtsTokenCount: Option<u64>,
    // Said beside them, and part of them.
    total_tokens: Known,
    totalTokenCount: Known,
    cache_creation: Known,
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
    cached_tokens: Option<u64>,
}

/// Read so that it is known, whatever it is.
#[derive(Default, Deserialize)]
#[serde(transparent)]
struct Known(IgnoredAny);

impl TryFrom<Words> for UsageReport {
    type Error = String;

    fn try_from(words: Words) -> Result<Self, String> {
        let openai = |details: &Option<Details>| details.as_ref().and_then(|it| it.cached_tokens);
        let cache = sum([
            words.cache_read_input_tokens,
            words.cache_creation_input_tokens,
        ]);
        let report = Self {
            // Anthropic's do not have in them what was written to a cache or came out of one.
            input_tokens: sum([words.input_tokens, cache])
                .or(words.prompt_tokens)
                .or(sum([words.promptTokenCount, words.toolUsePromptTokenCount])),
            cached_tokens: words
                .cached_tokens
                .or(words.cache_read_input_tokens)
                .or(openai(&words.input_tokens_details))
                .or(openai(&words.prompt_tokens_details))
                .or(words.cachedContentTokenCount),
            // Gemini's thoughts are written by it, too.
            output_tokens: words
                .output_tokens
                .or(words.completion_tokens)
                .or(sum([words.candidatesTokenCount, words.thoughtsTokenCount])),
            id: words.id,
            model: words.model,
            provider: words.provider,
            cost_usd: words.cost_usd,
        };
        report.problem().map_or(Ok(report), Err)
    }
}

impl UsageReport {
    fn problem(&self) -> Option<String> {
        for (name, text) in [
            ("id", &self.id),
            ("model", &self.model),
            ("provider", &self.provider),
        ] {
            let wrong = |text: &String| {
                text.is_empty() || text.chars().count() > WORD || text.chars().any(char::is_control)
            };
            if text.as_ref().is_some_and(wrong) {
                return Some(format!("{name} must be 1 to {WORD} characters"));
            }
        }
        for (name, count) in [
            ("input_tokens", self.input_tokens),
            ("cached_tokens", self.cached_tokens),
            ("output_tokens", self.output_tokens),
        ] {
            if count.is_some_and(|count| count > LARGEST_NUMBER) {
                return Some(format!(
                    "{name} must be at most {LARGEST_NUMBER} (2^53 - 1)"
                ));
            }
        }
        let (input, cached) = (self.input_tokens?, self.cached_tokens?);
        (cached > input).then(|| "input_tokens must have cached_tokens in them".to_owned())
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
        ] {
            assert_eq!(counts(said), [Some(100), Some(60), Some(7)], "{said}");
        }
        assert_eq!(counts("{}"), [None; 3]);
        assert_eq!(counts(r#"{"output_tokens": 0}"#), [None, None, Some(0)]);
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
        ] {
            assert!(serde_json::from_str::<UsageReport>(said).is_err(), "{said}");
        }
    }
}
