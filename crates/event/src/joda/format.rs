//! Printing a point in time.

use std::fmt::Write as _;

use jiff::{Timestamp, civil::DateTime, tz::TimeZone};

use super::{DAYS, Letter, MONTHS, Pattern, Token};

impl Pattern {
    /// Appends `time` in UTC to `out`, as Logstash's `%{+…}` does.
    pub fn format(&self, time: Timestamp, out: &mut String) {
        let local = TimeZone::UTC.to_datetime(time);
        for token in &self.tokens {
            match token {
                Token::Literal(text) => out.push_str(text),
                Token::Field { letter, count } => field(*letter, usize::from(*count), local, out),
            }
        }
    }
}

fn field(letter: Letter, count: usize, local: DateTime, out: &mut String) {
    let week = local.date().iso_week_date();
    let number = match letter {
        Letter::AmPm => return out.push_str(if local.hour() < 12 { "AM" } else { "PM" }),
        Letter::DayOfWeekText => {
            return text(DAYS, local.weekday().to_monday_zero_offset(), count, out);
        }
        Letter::Month if count >= 3 => return text(MONTHS, local.month() - 1, count, out),
        Letter::Fraction => return fraction(local.subsec_nanosecond(), count, out),
        Letter::Offset => {
            return out.push_str(match count {
                1 => "+0000",
                2 => "+00:00",
                _ => "UTC",
            });
        }
        Letter::ZoneName => return out.push_str("UTC"),
        Letter::Year if count == 2 => i32::from(local.year()).rem_euclid(100),
        Letter::Year => i32::from(local.year()),
        Letter::WeekYear if count == 2 => i32::from(week.year()).rem_euclid(100),
        Letter::WeekYear => i32::from(week.year()),
        Letter::Week => i32::from(week.week()),
        Letter::DayOfWeek => i32::from(local.weekday().to_monday_one_offset()),
        Letter::DayOfMonth => i32::from(local.day()),
        Letter::DayOfYear => i32::from(local.date().day_of_year()),
        Letter::Month => i32::from(local.month()),
        Letter::Hour => i32::from(local.hour()),
        Letter::HourFrom1 => (i32::from(local.hour()) + 23) % 24 + 1,
        Letter::HourOfHalf => i32::from(local.hour()) % 12,
        Letter::HourOfHalfFrom1 => (i32::from(local.hour()) + 11) % 12 + 1,
        Letter::Minute => i32::from(local.minute()),
        Letter::Second => i32::from(local.second()),
    };
    // Writing to a string cannot fail.
    let _ = write!(out, "{number:0count$}");
}

fn text<const N: usize>(names: [&str; N], index: i8, count: usize, out: &mut String) {
    let name = usize::try_from(index)
        .ok()
        .and_then(|index| names.get(index))
        .unwrap_or(&"");
    out.push_str(if count >= 4 {
        name
    } else {
        name.get(..3).unwrap_or(name)
    });
}

fn fraction(nanoseconds: i32, count: usize, out: &mut String) {
    let digits = format!("{nanoseconds:09}");
    out.extend(digits.chars().chain(std::iter::repeat('0')).take(count));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_print_as_joda_does() {
        let time: Timestamp = "2025-02-02T00:04:05.678901Z".parse().unwrap();
        for (pattern, want) in [
            ("yyyy.MM.dd", "2025.02.02"),
            ("YYYY.MM.dd", "2025.02.02"),
            ("yy/M/d", "25/2/2"),
            ("xxxx-'W'ww-e", "2025-W05-7"),
            ("EEE, dd MMM yyyy", "Sun, 02 Feb 2025"),
            ("EEEE MMMM", "Sunday February"),
            ("HH kk KK hh a", "00 24 00 12 AM"),
            ("mm:ss.SSS SSSSSSSSSS", "04:05.678 6789010000"),
            ("DDD Z ZZ ZZZ z", "033 +0000 +00:00 UTC UTC"),
            ("''yyyy'o''clock'", "'2025o'clock"),
        ] {
            let mut out = String::new();
            Pattern::new(pattern).unwrap().format(time, &mut out);
            assert_eq!(out, want, "{pattern}");
        }
    }

    #[test]
    fn unknown_letters_and_open_quotes_are_refused() {
        assert_eq!(
            Pattern::new("yyyy-QQ").unwrap_err(),
            "the pattern letter `Q` is not supported"
        );
        assert_eq!(
            Pattern::new("yyyy 'T").unwrap_err(),
            "a quote is not closed"
        );
    }
}
