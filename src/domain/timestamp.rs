//! Moments, as whole microseconds; RFC 3339 in UTC on the wire.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use time::{Date, Month, OffsetDateTime};
use utoipa::ToSchema;

/// Microseconds since 1970-01-01T00:00:00Z. Written as `2026-11-22T08:30:00.000000Z`.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, Ord, PartialEq, PartialOrd, ToSchema)]
#[schema(value_type = String, format = DateTime)]
pub struct Timestamp(pub i64);

impl Timestamp {
    /// The first and the last moment of a year with four digits: RFC 3339 writes no others.
    const MIN: i64 = -62_167_219_200_000_000;
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
        let micros = self.0.clamp(Self::MIN, Self::MAX);
        let moment = OffsetDateTime::from_unix_timestamp(micros.div_euclid(1_000_000));
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
            u32::try_from(micros.rem_euclid(1_000_000)).unwrap_or_default(),
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

    /// Reads RFC 3339 with any offset, also one like `+0200`, and with or without seconds; digits
    /// beyond microseconds are cut.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        read(text).ok_or("must be an RFC 3339 time such as 2026-11-22T08:30:00Z")
    }
}

/// By hand: the reader that could do it is larger than all else that a page needs for times.
fn read(text: &str) -> Option<Timestamp> {
    let (date, rest) = text.split_at_checked(10)?;
    let rest = rest.strip_prefix(['T', 't', ' '])?;
    let (clock, offset) = rest.split_at(rest.find(['Z', 'z', '+', '-'])?);
    let (clock, fraction) = match clock.split_once(['.', ',']) {
        Some((clock, fraction)) => (clock, Some(fraction)),
        None => (clock, None),
    };
    let [year, month, day] = numbers(date, '-', [4, 2, 2])?;
    let [hour, minute, second] = match clock.len() {
        // Without seconds there is no fraction of one either.
        5 if fraction.is_none() => numbers(clock, ':', [2, 2]).map(|[h, m]| [h, m, 0]),
        _ => numbers(clock, ':', [2, 2, 2]),
    }?;
    // A minute may have a leap second.
    if hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    let month = Month::try_from(u8::try_from(month).ok()?).ok()?;
    let date = Date::from_calendar_date(i32::try_from(year).ok()?, month, u8::try_from(day).ok()?);
    let midnight = date.ok()?.midnight().assume_utc().unix_timestamp();
    let seconds = midnight + i64::from(hour * 3600 + minute * 60 + second) - seconds_of(offset)?;
    let moment = seconds * 1_000_000 + micros(fraction)?;
    // An offset may lead out of the years that can be written.
    let can_be_written = (Timestamp::MIN..=Timestamp::MAX).contains(&moment);
    can_be_written.then_some(Timestamp(moment))
}

/// The numbers between `mark`s, each with so many digits.
fn numbers<const N: usize>(text: &str, mark: char, digits: [usize; N]) -> Option<[u32; N]> {
    let mut parts = text.split(mark);
    let mut found = [0; N];
    for (number, digits) in found.iter_mut().zip(digits) {
        let part = parts
            .next()
            .filter(|part| part.len() == digits && is_number(part))?;
        *number = part.parse().ok()?;
    }
    parts.next().is_none().then_some(found)
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Seconds east of Greenwich: of `Z`, `+02:00`, `+0200` or `+02`.
fn seconds_of(offset: &str) -> Option<i64> {
    let (sign, rest) = offset.split_at_checked(1)?;
    if rest.is_empty() {
        return sign.eq_ignore_ascii_case("z").then_some(0);
    }
    let [hour, minute] = match rest.len() {
        2 => numbers(rest, ':', [2]).map(|[hour]| [hour, 0]),
        4 => {
            let (hour, minute) = rest.split_at_checked(2)?;
            numbers(&format!("{hour}:{minute}"), ':', [2, 2])
        }
        _ => numbers(rest, ':', [2, 2]),
    }?;
    let seconds = i64::from(hour * 3600 + minute * 60);
    match sign {
        _ if hour > 23 || minute > 59 => None,
        "+" => Some(seconds),
        "-" => Some(-seconds),
        _ => None,
    }
}

/// The first six digits of a fraction, as microseconds.
fn micros(fraction: Option<&str>) -> Option<i64> {
    let Some(fraction) = fraction else {
        return Some(0);
    };
    if !is_number(fraction) {
        return None;
    }
    let digits = fraction.bytes().chain(std::iter::repeat(b'0')).take(6);
    Some(digits.fold(0, |sum, digit| sum * 10 + i64::from(digit - b'0')))
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
        assert_eq!(Timestamp::parse(&moment.to_string()), Ok(moment));
    }

    #[test]
    fn reads_any_offset_with_or_without_seconds() {
        let moment = Ok(Timestamp(1_795_336_200_000_000));
        for text in [
            "2026-11-22T08:30:00Z",
            "2026-11-22t08:30:00z",
            "2026-11-22T08:30Z",
            "2026-11-22 08:30:00.0Z",
            "2026-11-22T10:30:00+02:00",
            "2026-11-22T10:30:00+0200",
            "2026-11-22T10:30+02",
            "2026-11-22T10:30:00.0000009+02:00",
            "2026-11-22T02:00:00.000-0630",
            "2026-11-23T08:29:00+23:59",
            "2026-11-22T08:29:60-00:00",
        ] {
            assert_eq!(Timestamp::parse(text), moment, "{text}");
        }
        assert_eq!(
            Timestamp::parse("1969-12-31T23:59:59.5Z"),
            Ok(Timestamp(-500_000))
        );
        assert_eq!(
            Timestamp::parse("0000-01-01T00:00:00Z").map(|it| it.0 / 1_000_000),
            Ok(-62_167_219_200)
        );
    }

    #[test]
    fn a_moment_before_1970_is_written_as_it_is() {
        for text in [
            "1969-12-31T23:59:59.500000Z",
            "1960-02-29T12:00:00.000001Z",
            "0000-01-01T00:00:00.000000Z",
            "9999-12-31T23:59:59.999999Z",
        ] {
            assert_eq!(Timestamp::parse(text).unwrap().to_string(), text);
        }
    }

    #[test]
    fn what_names_no_moment_is_refused() {
        for text in [
            "",
            "0000-01-01T00:00:00+00:01",
            "9999-12-31T23:59:59-00:01",
            "yesterday",
            "2026-11-22",
            "2026-11-22T08:30:00",
            "2026-11-22T08:30:00+",
            "2026-11-22T08:30:00+2",
            "2026-11-22T08:30:00+020",
            "2026-11-22T08:30:00+02:0",
            "2026-11-22T08:30:00+24:00",
            "2026-11-22T08:30:00+02:60",
            "2026-11-22T08:30:00+02:00:00",
            "2026-11-22T08:30:00Z ",
            "2026-11-22T08:30:00ZZ",
            "2026-11-22T08:30.5Z",
            "2026-11-22T08:30:00.Z",
            "2026-11-22T08:30:00.+1Z",
            "2026-11-22T24:00:00Z",
            "2026-11-22T08:60:00Z",
            "2026-11-22T08:30:61Z",
            "2026-02-29T08:30:00Z",
            "2026-13-01T08:30:00Z",
            "2026-00-01T08:30:00Z",
            "2026-+1-01T08:30:00Z",
            "+026-11-22T08:30:00Z",
            "20261122T083000Z",
            "12026-11-22T08:30:00Z",
            "2026-11-22T08:30:00é+02:00",
            "2026-11-2é2T08:30:00Z",
            "２026-11-22T08:30:00Z",
        ] {
            assert!(Timestamp::parse(text).is_err(), "{text}");
        }
    }
}
