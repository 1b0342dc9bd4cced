//! Reading a point in time.

use jiff::Timestamp;
use jiff::civil::{Date, DateTime, Time};
use jiff::tz::{AmbiguousOffset, Offset, TimeZone};

use super::{DAYS, Letter, MONTHS, Pattern, Token};

/// What a text said of a time.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Parsed {
    year: Option<i16>,
    month: Option<i8>,
    day: Option<i8>,
    day_of_year: Option<i16>,
    hour: i8,
    afternoon: Option<bool>,
    minute: i8,
    second: i8,
    nanosecond: i32,
    zone: Option<TimeZone>,
}

impl Pattern {
    /// Reads the whole of `text`. Digits may be fewer than the pattern's letters, as in
    /// Joda-Time, except where two numbers touch.
    pub fn parse(&self, text: &str) -> Option<Parsed> {
        let mut parsed = Parsed::default();
        let mut rest = text;
        for (at, token) in self.tokens.iter().enumerate() {
            rest = match token {
                Token::Literal(literal) => strip_ignoring_case(rest, literal)?,
                Token::Field { letter, count } => {
                    let touches = self.tokens.get(at + 1).is_some_and(is_numeric);
                    parsed.read(*letter, *count, touches, rest)?
                }
            };
        }
        rest.is_empty().then_some(parsed)
    }

    /// Whether the pattern names a year.
    pub fn has_year(&self) -> bool {
        self.has(Letter::Year)
    }
}

impl Parsed {
    /// The point in time, read in `zone` unless the text named an offset. A pattern without a
    /// year takes it from `now`, and from the year before or after around New Year (Logstash's
    /// date filter). `None` for days that do not exist and for local times that a change of
    /// the clocks skips; of times that occur twice the earlier is taken.
    pub fn timestamp(&self, zone: &TimeZone, now: impl FnOnce() -> Timestamp) -> Option<Timestamp> {
        let zone = self.zone.as_ref().unwrap_or(zone);
        let year = match self.year {
            Some(year) => year,
            None => self.guessed_year(&zone.to_datetime(now())),
        };
        let date = match self.day_of_year {
            Some(day) => Date::new(year, 1, 1)
                .ok()?
                .with()
                .day_of_year(day)
                .build()
                .ok()?,
            None => Date::new(year, self.month.unwrap_or(1), self.day.unwrap_or(1)).ok()?,
        };
        let hour = match self.afternoon {
            Some(afternoon) => self.hour % 12 + if afternoon { 12 } else { 0 },
            None => self.hour,
        };
        let time = Time::new(hour, self.minute, self.second, self.nanosecond).ok()?;
        local_to_timestamp(DateTime::from_parts(date, time), zone)
    }

    fn guessed_year(&self, now: &DateTime) -> i16 {
        match (self.month, now.month()) {
            (Some(12), 1) => now.year() - 1,
            (Some(1), 12) => now.year() + 1,
            _ => now.year(),
        }
    }

    /// Reads one field and returns what follows it.
    fn read<'t>(
        &mut self,
        letter: Letter,
        count: u8,
        touches: bool,
        text: &'t str,
    ) -> Option<&'t str> {
        let digits_max = match letter {
            Letter::AmPm => {
                let (index, rest) = name(text, &["AM", "PM"])?;
                self.afternoon = Some(index == 1);
                return Some(rest);
            }
            Letter::DayOfWeekText => return name(text, &DAYS).map(|(_, rest)| rest),
            Letter::Month if count >= 3 => {
                let (index, rest) = name(text, &MONTHS)?;
                self.month = i8::try_from(index + 1).ok();
                return Some(rest);
            }
            Letter::Offset => {
                let (zone, rest) = zone(text, count)?;
                self.zone = Some(zone);
                return Some(rest);
            }
            Letter::Fraction => usize::from(count),
            Letter::Year => 9,
            Letter::DayOfYear => 3,
            Letter::DayOfMonth
            | Letter::Hour
            | Letter::HourFrom1
            | Letter::HourOfHalf
            | Letter::HourOfHalfFrom1
            | Letter::Minute
            | Letter::Month
            | Letter::Second => 2,
            Letter::DayOfWeek | Letter::Week | Letter::WeekYear | Letter::ZoneName => return None,
        };
        let (value, rest) = digits(
            text,
            if touches {
                usize::from(count)
            } else {
                digits_max
            },
        )?;
        self.take_number(letter, count, value, text.len() - rest.len())?;
        Some(rest)
    }

    /// Takes the number of a field that was written with so many digits.
    fn take_number(&mut self, letter: Letter, count: u8, value: u32, digits: usize) -> Option<()> {
        let small = i8::try_from(value).ok();
        match letter {
            Letter::Fraction => self.nanosecond = scale_to_nanoseconds(value, digits as u32)?,
            Letter::Year if count == 2 && digits == 2 => {
                self.year = Some(pivot(i16::try_from(value).ok()?));
            }
            Letter::Year => self.year = Some(i16::try_from(value).ok()?),
            Letter::DayOfYear => self.day_of_year = Some(i16::try_from(value).ok()?),
            Letter::DayOfMonth => self.day = Some(small?),
            Letter::Month => self.month = Some(small?),
            Letter::Hour | Letter::HourOfHalf => self.hour = small?,
            Letter::HourFrom1 => self.hour = small.filter(|hour| (1..=24).contains(hour))? % 24,
            Letter::HourOfHalfFrom1 => {
                self.hour = small.filter(|hour| (1..=12).contains(hour))? % 12;
            }
            Letter::Minute => self.minute = small?,
            Letter::Second => self.second = small?,
            Letter::AmPm
            | Letter::DayOfWeek
            | Letter::DayOfWeekText
            | Letter::Offset
            | Letter::Week
            | Letter::WeekYear
            | Letter::ZoneName => {}
        }
        Some(())
    }
}

/// The point in time at which clocks in `zone` show `local`; see [`Parsed::timestamp`].
pub fn local_to_timestamp(local: DateTime, zone: &TimeZone) -> Option<Timestamp> {
    let ambiguous = zone.to_ambiguous_timestamp(local);
    match ambiguous.offset() {
        AmbiguousOffset::Gap { .. } => None,
        AmbiguousOffset::Unambiguous { .. } | AmbiguousOffset::Fold { .. } => {
            ambiguous.compatible().ok()
        }
    }
}

fn is_numeric(token: &Token) -> bool {
    match token {
        Token::Literal(_) => false,
        Token::Field { letter, count } => match letter {
            Letter::AmPm | Letter::DayOfWeekText | Letter::Offset | Letter::ZoneName => false,
            Letter::Month => *count < 3,
            _ => true,
        },
    }
}

/// Joda-Time's window for two digits of a year, fixed to 1970..2069 so that no clock is needed.
fn pivot(year: i16) -> i16 {
    if year < 70 { 2000 + year } else { 1900 + year }
}

fn digits(text: &str, max: usize) -> Option<(u32, &str)> {
    let length = text
        .bytes()
        .take(max)
        .take_while(u8::is_ascii_digit)
        .count();
    let (digits, rest) = text.split_at(length);
    Some((digits.parse().ok()?, rest))
}

fn scale_to_nanoseconds(value: u32, digits: u32) -> Option<i32> {
    let nanoseconds = if digits <= 9 {
        value.checked_mul(10_u32.checked_pow(9 - digits)?)?
    } else {
        value / 10_u32.checked_pow(digits - 9)?
    };
    i32::try_from(nanoseconds).ok()
}

fn strip_ignoring_case<'t>(text: &'t str, literal: &str) -> Option<&'t str> {
    let head = text.get(..literal.len())?;
    head.eq_ignore_ascii_case(literal)
        .then(|| &text[literal.len()..])
}

/// Reads one of `names`, whole or its first three letters, in any case.
fn name<'t>(text: &'t str, names: &[&str]) -> Option<(usize, &'t str)> {
    let find = |length: fn(&str) -> usize| {
        names.iter().enumerate().find_map(|(index, name)| {
            let short = name.get(..length(name))?;
            Some((index, strip_ignoring_case(text, short)?))
        })
    };
    find(str::len).or_else(|| find(|name| name.len().min(3)))
}

fn zone(text: &str, count: u8) -> Option<(TimeZone, &str)> {
    if count >= 3 {
        let length = text
            .bytes()
            .take_while(|byte| byte.is_ascii_alphanumeric() || b"/_+-:".contains(byte))
            .count();
        let (id, rest) = text.split_at(length);
        return Some((TimeZone::get(id).ok()?, rest));
    }
    if let Some(rest) = text.strip_prefix(['Z', 'z']) {
        return Some((TimeZone::UTC, rest));
    }
    let (offset, rest) = offset(text)?;
    Some((TimeZone::fixed(offset), rest))
}

/// Reads `+hh`, `+hhmm` or `+hh:mm` at the start of `text`; returns the offset and what follows it.
pub fn offset(text: &str) -> Option<(Offset, &str)> {
    let sign = match text.bytes().next()? {
        b'+' => 1,
        b'-' => -1,
        _ => return None,
    };
    let (hours, rest) = digits(&text[1..], 2)?;
    let minutes = rest.strip_prefix(':').unwrap_or(rest);
    let (minutes, rest) = match minutes.get(..2).and_then(|two| digits(two, 2)) {
        Some((number, "")) => (number, &minutes[2..]),
        _ => (0, rest),
    };
    if text.len() - rest.len() < 3 || minutes > 59 {
        return None;
    }
    let seconds = sign * i32::try_from(hours * 3600 + minutes * 60).ok()?;
    Some((Offset::from_seconds(seconds).ok()?, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(pattern: &str, text: &str, zone: &str) -> Option<String> {
        let now = || "2025-06-15T12:00:00Z".parse().unwrap();
        let zone = TimeZone::get(zone).unwrap();
        let parsed = Pattern::new(pattern).unwrap().parse(text)?;
        Some(parsed.timestamp(&zone, now)?.to_string())
    }

    #[test]
    fn texts_are_read_as_joda_reads_them() {
        for (pattern, text, want) in [
            (
                "yyyy-MM-dd'T'HH:mm:ss",
                "2025-02-02T12:34:56",
                Some("2025-02-02T12:34:56Z"),
            ),
            (
                "yyyy-MM-dd'T'HH:mm:ss",
                "2025-2-2T1:3:5",
                Some("2025-02-02T01:03:05Z"),
            ),
            ("yyyy-MM-dd'T'HH:mm:ss", "2025-02-02T12:34:56.1", None),
            ("yyyy-MM-dd'T'HH:mm:ss", "2025-02-30T12:34:56", None),
            (
                "yyyyMMddHHmmss",
                "20250202123456",
                Some("2025-02-02T12:34:56Z"),
            ),
            (
                "dd/MMM/yyyy:HH:mm:ss Z",
                "02/feb/2025:12:34:56 +0130",
                Some("2025-02-02T11:04:56Z"),
            ),
            (
                "dd/MMM/yyyy:HH:mm:ss Z",
                "02/Feb/2025:12:34:56 Z",
                Some("2025-02-02T12:34:56Z"),
            ),
            (
                "MMM dd HH:mm:ss",
                "Jun 03 01:02:03",
                Some("2025-06-03T01:02:03Z"),
            ),
            (
                "yyyy-MM-dd HH:mm:ss.SSS",
                "2025-02-02 12:34:56.7",
                Some("2025-02-02T12:34:56.7Z"),
            ),
            (
                "yyyy-MM-dd HH:mm:ss,SSS",
                "2025-02-02 12:34:56,789",
                Some("2025-02-02T12:34:56.789Z"),
            ),
            ("yy-MM-dd", "69-01-01", Some("2069-01-01T00:00:00Z")),
            (
                "hh:mm a, yyyy D",
                "12:30 am, 2025 33",
                Some("2025-02-02T00:30:00Z"),
            ),
            (
                "EEE MMM dd yyyy",
                "Sunday February 02 2025",
                Some("2025-02-02T00:00:00Z"),
            ),
            (
                "yyyy HH ZZZ",
                "2025 12 Europe/Amsterdam",
                Some("2025-01-01T11:00:00Z"),
            ),
            ("yyyy", "", None),
        ] {
            assert_eq!(
                parse(pattern, text, "UTC").as_deref(),
                want,
                "{pattern} {text}"
            );
        }
    }

    #[test]
    fn a_skipped_local_time_does_not_exist_and_of_a_doubled_one_the_earlier_counts() {
        let pattern = "yyyy-MM-dd HH:mm";
        assert_eq!(parse(pattern, "2025-03-09 02:30", "America/New_York"), None);
        assert_eq!(
            parse(pattern, "2025-11-02 01:30", "America/New_York").as_deref(),
            Some("2025-11-02T05:30:00Z")
        );
    }
}
