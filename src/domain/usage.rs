//! What a task consumed. An unknown cost is unknown: it is never written as zero.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use utoipa::ToSchema;

/// Tokens and money that a task used, as its agent reported them.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Usage {
    /// Tokens read by models.
    pub input_tokens: u64,
    /// Tokens written by models.
    pub output_tokens: u64,
    /// Money in USD; `null` when nobody said.
    pub cost_usd: Option<Cost>,
}

/// What an agent says that it used so far. What it does not say stays as it was.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[expect(missing_docs, reason = "the fields are those of `Usage`")]
pub struct UsageReport {
    pub input_tokens: Option<u64>,
    pub output_tokens: Option<u64>,
    pub cost_usd: Option<Cost>,
}

impl Usage {
    /// Takes over what `report` says.
    pub fn apply(&mut self, report: UsageReport) {
        self.input_tokens = report.input_tokens.unwrap_or(self.input_tokens);
        self.output_tokens = report.output_tokens.unwrap_or(self.output_tokens);
        self.cost_usd = report.cost_usd.or(self.cost_usd);
    }
}

/// Money in millionths of a US dollar; a decimal string such as `"0.42"` on the wire.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd, ToSchema)]
#[schema(value_type = String)]
pub struct Cost(pub i64);

impl Cost {
    /// Reads a plain decimal with at most six places, not negative, below a billion.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        const ERROR: &str = "must be a decimal number of US dollars such as \"0.42\"";
        let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
        let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        if whole.is_empty() || whole.len() > 9 || fraction.len() > 6 {
            return Err(ERROR);
        }
        if !digits(whole) || !digits(fraction) || text.ends_with('.') {
            return Err(ERROR);
        }
        let micros: i64 = format!("{fraction:0<6}").parse().map_err(|_| ERROR)?;
        let dollars: i64 = whole.parse().map_err(|_| ERROR)?;
        Ok(Self(dollars * 1_000_000 + micros))
    }
}

impl fmt::Display for Cost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let fraction = format!("{:06}", self.0 % 1_000_000);
        let kept = fraction.trim_end_matches('0');
        write!(f, "{}.{kept:0<2}", self.0 / 1_000_000)
    }
}

impl Serialize for Cost {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Cost {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        Self::parse(&text).map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::{Cost, Usage, UsageReport};

    #[test]
    fn what_is_not_said_again_stays() {
        let mut usage = Usage::default();
        usage.apply(UsageReport {
            input_tokens: Some(10),
            cost_usd: Some(Cost(500_000)),
            ..UsageReport::default()
        });
        usage.apply(UsageReport {
            input_tokens: Some(5),
            ..UsageReport::default()
        });
        assert_eq!(
            (usage.input_tokens, usage.cost_usd),
            (5, Some(Cost(500_000)))
        );
    }

    #[test]
    fn money_keeps_its_digits_and_refuses_what_is_not_money() {
        for (text, micros) in [("0.42", 420_000), ("12", 12_000_000), ("0.000001", 1)] {
            assert_eq!(Cost::parse(text), Ok(Cost(micros)), "{text}");
        }
        assert_eq!(Cost(12_000_000).to_string(), "12.00");
        assert_eq!(Cost(1).to_string(), "0.000001");
        for text in [
            "",
            ".5",
            "5.",
            "-1",
            "1e3",
            "1.0000001",
            "NaN",
            "9999999999",
        ] {
            assert!(Cost::parse(text).is_err(), "{text}");
        }
    }
}
