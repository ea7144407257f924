//! Moments, as whole microseconds; RFC 3339 in UTC on the wire.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use utoipa::ToSchema;

/// Microseconds since 1970-01-01T00:00:00Z. Written as `2026-11-22T08:30:00.000000Z`.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, Ord, PartialEq, PartialOrd, ToSchema)]
#[schema(value_type = String, format = DateTime)]
pub struct Timestamp(pub i64);

impl Timestamp {
    /// The latest moment with a four-digit year, the last that RFC 3339 can write.
    const MAX: i64 = 253_402_300_799_999_999;

    /// This moment moved by `seconds`, which may be negative; saturates at the ends of time.
    #[must_use]
    pub fn plus_seconds(self, seconds: i64) -> Self {
        Self(self.0.saturating_add(seconds.saturating_mul(1_000_000)))
    }

    /// Seconds from `earlier` to this moment; 0 when `earlier` is later, as after a clock was set
    /// back.
    #[must_use]
    #[expect(
        clippy::as_conversions,
        clippy::cast_precision_loss,
        reason = "52 bits hold 140 years"
    )]
    pub fn seconds_since(self, earlier: Self) -> f64 {
        self.0.saturating_sub(earlier.0).max(0) as f64 / 1e6
    }

    /// The text, by hand: a list has hundreds of them.
    fn text(self) -> [u8; 27] {
        let micros = self.0.clamp(0, Self::MAX);
        let moment = OffsetDateTime::from_unix_timestamp(micros / 1_000_000);
        let moment = moment.unwrap_or(OffsetDateTime::UNIX_EPOCH);
        let mut text = *b"0000-00-00T00:00:00.000000Z";
        let mut put = |from: usize, to: usize, mut number: u32| {
            for digit in text[from..to].iter_mut().rev() {
                *digit += u8::try_from(number % 10).unwrap_or_default();
                number /= 10;
            }
        };
        let (year, month, day) = moment.to_calendar_date();
        let (hour, minute, second) = moment.to_hms();
        put(0, 4, year.unsigned_abs());
        put(5, 7, u8::from(month).into());
        put(8, 10, day.into());
        put(11, 13, hour.into());
        put(14, 16, minute.into());
        put(17, 19, second.into());
        put(
            20,
            26,
            u32::try_from(micros % 1_000_000).unwrap_or_default(),
        );
        text
    }

    /// `2026-11-22 08:30:00 UTC`, for people.
    #[must_use]
    pub fn in_words(self) -> String {
        let text = self.to_string();
        let (date, rest) = text.split_at_checked(10).unwrap_or((&text, ""));
        format!("{date} {} UTC", rest.get(1..9).unwrap_or_default())
    }

    /// Reads RFC 3339 with any offset; digits beyond microseconds are cut.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        let moment = OffsetDateTime::parse(text, &Rfc3339)
            .map_err(|_| "must be an RFC 3339 time such as 2026-11-22T08:30:00Z")?;
        i64::try_from(moment.unix_timestamp_nanos().div_euclid(1000))
            .map(Self)
            .map_err(|_| "must be a time that is not so far away")
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(std::str::from_utf8(&self.text()).unwrap_or_default())
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(std::str::from_utf8(&self.text()).unwrap_or_default())
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        Self::parse(&text).map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::Timestamp;

    #[test]
    fn writes_and_reads_rfc_3339_with_microseconds() {
        let moment = Timestamp(1_795_336_200_000_042);
        assert_eq!(moment.to_string(), "2026-11-22T08:30:00.000042Z");
        assert_eq!(
            Timestamp::parse("2026-11-22T09:30:00.000042+01:00"),
            Ok(moment)
        );
        assert!(Timestamp::parse("yesterday").is_err());
    }
}
