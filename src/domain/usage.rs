//! What a task consumed. An unknown cost is unknown: it is never written as zero.

use std::fmt;

use serde::de::{self, Unexpected, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use utoipa::ToSchema;

use super::Timestamp;

/// Tokens and money that a task used, over all of its attempts: the sum of its records.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Usage {
    /// Tokens read by models, cached ones included.
    pub input_tokens: u64,
    /// Those of them that came out of a cache.
    pub cached_tokens: u64,
    /// Tokens written by models.
    pub output_tokens: u64,
    /// Money in USD; `null` when nobody said.
    pub cost_usd: Option<Cost>,
    /// How the money is known.
    pub cost_source: CostSource,
}

/// How a cost is known.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum CostSource {
    /// Agents said it.
    Reported,
    /// From prices.
    Computed,
    /// Parts of it are known in different ways, or not at all.
    Mixed,
    /// Somebody said what it costs, whatever was used.
    Declared,
    /// It is not known.
    #[default]
    Unknown,
}

impl CostSource {
    /// All sources.
    pub const ALL: [Self; 5] = [
        Self::Reported,
        Self::Computed,
        Self::Mixed,
        Self::Declared,
        Self::Unknown,
    ];

    /// The name on the wire.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Reported => "reported",
            Self::Computed => "computed",
            Self::Mixed => "mixed",
            Self::Declared => "declared",
            Self::Unknown => "unknown",
        }
    }
}

/// One record of what a task used.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, ToSchema)]
pub struct UsageRecord {
    /// The id that its reporter gave it; `total` when it gave none.
    pub id: String,
    /// The attempt that it belongs to.
    pub attempt: u32,
    /// The model that was asked.
    pub model: Option<String>,
    /// Who serves it.
    pub provider: Option<String>,
    /// Tokens read by models, cached ones included.
    pub input_tokens: u64,
    /// Those of them that came out of a cache.
    pub cached_tokens: u64,
    /// Tokens written by models.
    pub output_tokens: u64,
    /// Money in USD; `null` when nobody said.
    pub cost_usd: Option<Cost>,
    /// When it was last reported.
    pub reported_at: Timestamp,
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

impl Cost {
    /// Reads a decimal or a number as programs write them, such as `3.15e-6`. It is rounded to
    /// millionths, but what costs anything costs at least one.
    #[must_use]
    pub fn read(text: &str) -> Option<Self> {
        let text = text.trim();
        // Not what else can be a number, such as `inf`.
        let is_digits = |byte: u8| byte.is_ascii_digit() || b".eE+-".contains(&byte);
        let dollars: f64 = text.bytes().all(is_digits).then(|| text.parse().ok())??;
        if !(0.0..1e9).contains(&dollars) {
            return None;
        }
        let micros = micros(dollars);
        Some(Self(if dollars > 0.0 { micros.max(1) } else { 0 }))
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
    /// A decimal string, or a number, which is rounded to millionths.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Money)
    }
}

/// Reads both ways to write money. By hand, as `serde(untagged)` would make every browser load what
/// it takes to keep any JSON.
struct Money;

impl Visitor<'_> for Money {
    type Value = Cost;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a decimal number of US dollars such as \"0.42\"")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Cost, E> {
        Cost::parse(text).map_err(E::custom)
    }

    fn visit_u64<E: de::Error>(self, dollars: u64) -> Result<Cost, E> {
        self.visit_str(&dollars.to_string())
    }

    fn visit_f64<E: de::Error>(self, dollars: f64) -> Result<Cost, E> {
        if !(0.0..1e9).contains(&dollars) {
            return Err(E::invalid_value(Unexpected::Float(dollars), &self));
        }
        Ok(Cost(micros(dollars)))
    }
}

#[expect(
    clippy::as_conversions,
    clippy::cast_possible_truncation,
    reason = "millionths of less than a billion fit 50 bits"
)]
fn micros(dollars: f64) -> i64 {
    (dollars * 1e6).round() as i64
}

#[cfg(test)]
mod tests {
    use super::Cost;

    #[test]
    fn money_is_read_as_programs_write_it() {
        for (text, micros) in [
            ("0.42", Some(420_000)),
            ("0.00000315", Some(3)),
            ("3.15e-6", Some(3)),
            ("1E2", Some(100_000_000)),
            (" .5 ", Some(500_000)),
            ("999999999.999999", Some(999_999_999_999_999)),
            ("0.0000000004", Some(1)),
            ("0", Some(0)),
            ("-1", None),
            ("1e9", None),
            ("inf", None),
            ("NaN", None),
            ("$1", None),
            ("1,5", None),
            ("", None),
        ] {
            assert_eq!(Cost::read(text), micros.map(Cost), "{text}");
        }
    }

    #[test]
    fn money_keeps_its_digits_and_refuses_what_is_not_money() {
        for (text, micros) in [("0.42", 420_000), ("12", 12_000_000), ("0.000001", 1)] {
            assert_eq!(Cost::parse(text), Ok(Cost(micros)), "{text}");
        }
        for (json, micros) in [
            ("\"0.42\"", 420_000),
            ("0.0123456789", 12_346),
            ("3", 3_000_000),
        ] {
            let cost: Cost = serde_json::from_str(json).unwrap();
            assert_eq!(cost, Cost(micros), "{json}");
        }
        for json in ["-1", "1e300", "true", "null", "[]"] {
            assert!(serde_json::from_str::<Cost>(json).is_err(), "{json}");
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
