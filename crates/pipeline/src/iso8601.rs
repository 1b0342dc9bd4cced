//! The `ISO8601` format of the date filter.
//!
//! | part | forms |
//! |---|---|
//! | date | `2025-02-02`, `2025-2-2`, `2025-02`, `2025` |
//! | between | `T`, `t` or a blank |
//! | time | `12:34:56`, `12:34`, `12`, with `.123` or `,123` after any of them as seconds' fraction |
//! | zone | none, `Z`, `z`, `+01:00`, `+0100`, `+01` |
//!
//! Logstash takes a blank only before a time with a fraction; here it is taken before every time.
//! Ordinal dates, week dates and times without a date are not taken.

use jiff::Timestamp;
use jiff::civil::{Date, DateTime, Time};
use jiff::tz::TimeZone;
use sawmill_event::joda::{local_to_timestamp, offset};

/// Reads the whole of `text`; a time without a zone is in `zone`.
pub(crate) fn parse(text: &str, zone: &TimeZone) -> Option<Timestamp> {
    let (date, rest) = date(text)?;
    let (time, rest) = match rest.strip_prefix(['T', 't', ' ']) {
        Some(rest) => time(rest)?,
        None => (Time::midnight(), rest),
    };
    let local = DateTime::from_parts(date, time);
    match rest {
        "" => local_to_timestamp(local, zone),
        "Z" | "z" => local_to_timestamp(local, &TimeZone::UTC),
        _ => {
            let (offset, rest) = offset(rest)?;
            rest.is_empty()
                .then(|| offset.to_timestamp(local).ok())
                .flatten()
        }
    }
}

/// The form that nearly every log has, `yyyy-MM-ddTHH:mm:ss`, read by position.
#[inline]
pub(crate) fn parse_plain(text: &str, zone: &TimeZone) -> Option<Timestamp> {
    local_to_timestamp(local_plain(text)?, zone)
}

/// The same, wherever it is.
#[inline]
pub(crate) fn local_plain(text: &str) -> Option<DateTime> {
    let bytes: &[u8; 19] = text.as_bytes().try_into().ok()?;
    let number = |at: usize, length: usize| {
        bytes[at..at + length]
            .iter()
            .try_fold(0_i16, |number, byte| {
                byte.is_ascii_digit()
                    .then(|| number * 10 + i16::from(byte - b'0'))
            })
    };
    let small = |at| number(at, 2).and_then(|number| i8::try_from(number).ok());
    let separators = [bytes[4], bytes[7], bytes[10], bytes[13], bytes[16]];
    if separators != *b"--T::" {
        return None;
    }
    let date = Date::new(number(0, 4)?, small(5)?, small(8)?).ok()?;
    let time = Time::new(small(11)?, small(14)?, small(17)?, 0).ok()?;
    Some(DateTime::from_parts(date, time))
}

fn date(text: &str) -> Option<(Date, &str)> {
    let (year, rest) = number(text, 4)?;
    let Some(rest) = rest.strip_prefix('-') else {
        return Some((Date::new(year, 1, 1).ok()?, rest));
    };
    let (month, rest) = small(rest)?;
    let Some(rest) = rest.strip_prefix('-') else {
        return Some((Date::new(year, month, 1).ok()?, rest));
    };
    let (day, rest) = small(rest)?;
    Some((Date::new(year, month, day).ok()?, rest))
}

fn time(text: &str) -> Option<(Time, &str)> {
    let (hour, mut rest) = small(text)?;
    let (mut minute, mut second) = (0, 0);
    if let Some(after) = rest.strip_prefix(':') {
        (minute, rest) = small(after)?;
        if let Some(after) = rest.strip_prefix(':') {
            (second, rest) = small(after)?;
        }
    }
    let (nanosecond, rest) = match rest.strip_prefix(['.', ',']) {
        Some(after) => fraction(after)?,
        None => (0, rest),
    };
    Some((Time::new(hour, minute, second, nanosecond).ok()?, rest))
}

/// The digits of a second's fraction, as nanoseconds.
pub(crate) fn fraction(text: &str) -> Option<(i32, &str)> {
    let length = text.bytes().take_while(u8::is_ascii_digit).count();
    if length == 0 {
        return None;
    }
    let (digits, rest) = text.split_at(length);
    let nanoseconds = digits
        .bytes()
        .chain(std::iter::repeat(b'0'))
        .take(9)
        .fold(0, |nanoseconds, digit| {
            nanoseconds * 10 + i32::from(digit - b'0')
        });
    Some((nanoseconds, rest))
}

fn number(text: &str, digits_max: usize) -> Option<(i16, &str)> {
    let length = text
        .bytes()
        .take(digits_max)
        .take_while(u8::is_ascii_digit)
        .count();
    let (digits, rest) = text.split_at(length);
    Some((digits.parse().ok()?, rest))
}

fn small(text: &str) -> Option<(i8, &str)> {
    let (number, rest) = number(text, 2)?;
    Some((i8::try_from(number).ok()?, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_forms_of_the_table_are_taken_and_no_others() {
        let zone = TimeZone::get("Asia/Kolkata").unwrap();
        for (text, want) in [
            ("2025-02-02T12:34:56", Some("2025-02-02T07:04:56Z")),
            ("2025-02-02 12:34:56", Some("2025-02-02T07:04:56Z")),
            ("2025-02-02T12:34:56.789", Some("2025-02-02T07:04:56.789Z")),
            (
                "2025-02-02T12:34:56,7891",
                Some("2025-02-02T07:04:56.7891Z"),
            ),
            ("2025-02-02T12:34:56Z", Some("2025-02-02T12:34:56Z")),
            ("2025-02-02t12:34:56z", Some("2025-02-02T12:34:56Z")),
            ("2025-02-02T12:34:56+05:30", Some("2025-02-02T07:04:56Z")),
            ("2025-02-02T12:34:56+0530", Some("2025-02-02T07:04:56Z")),
            ("2025-02-02T12:34:56-05", Some("2025-02-02T17:34:56Z")),
            ("2025-02-02T12:34", Some("2025-02-02T07:04:00Z")),
            ("2025-2-2T1:2:3", Some("2025-02-01T19:32:03Z")),
            ("2025-02-02", Some("2025-02-01T18:30:00Z")),
            ("2025-02-30T12:34:56", None),
            ("2025-02-02T24:00:00", None),
            ("2025-02-02T12:34:60", None),
            ("2025-02-02T12:34:56:123", None),
            ("2025-02-02T123456", None),
            ("2025-02-02T12:34:56 ", None),
            ("T12:34:56", None),
            ("", None),
        ] {
            let got = parse(text, &zone).map(|time| time.to_string());
            assert_eq!(got.as_deref(), want, "{text}");
        }
    }

    #[test]
    fn reading_by_position_gives_the_same() {
        for text in [
            "2025-02-02T12:34:56",
            "2024-02-29T00:00:00",
            "2025-02-29T00:00:00",
            "2025-02-02T12:3x:56",
        ] {
            assert_eq!(
                parse_plain(text, &TimeZone::UTC),
                parse(text, &TimeZone::UTC),
                "{text}"
            );
        }
        assert_eq!(parse_plain("2025-02-02T12:34:5", &TimeZone::UTC), None);
    }
}
