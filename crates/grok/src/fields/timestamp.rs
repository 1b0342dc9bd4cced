//! `TIMESTAMP_ISO8601` by hand: every end it allows, in the order of its definition.
//!
//! `%{YEAR}-%{MONTHNUM}-%{MONTHDAY}[T ]%{HOUR}:?%{MINUTE}(?::?%{SECOND})?%{ISO8601_TIMEZONE}?`

use crate::fields::Outcome;
use crate::fields::element::run;

/// Offers each end of a timestamp at byte `at`.
pub(crate) fn each_timestamp(
    text: &[u8],
    at: usize,
    offer: &mut impl FnMut(usize) -> Outcome,
) -> Outcome {
    let Some(at) = date(text, at) else {
        return Outcome::NoMatch;
    };
    for hour in hours(text, at) {
        if let Some(end) = minute(text, hour) {
            let outcome = after_minute(text, end, offer);
            if outcome != Outcome::NoMatch {
                return outcome;
            }
        }
    }
    Outcome::NoMatch
}

fn digit(text: &[u8], at: usize) -> Option<u8> {
    text.get(at).copied().filter(u8::is_ascii_digit)
}

fn byte(text: &[u8], at: usize, want: u8) -> Option<usize> {
    (text.get(at) == Some(&want)).then_some(at + 1)
}

/// The end of the date and of the `T` or blank behind it; each part is settled by the delimiter that follows.
fn date(text: &[u8], at: usize) -> Option<usize> {
    // YEAR is `(?>\d\d){1,2}`.
    let year = run(&text[at..text.len().min(at + 5)], |byte| {
        byte.is_ascii_digit()
    });
    let month = byte(text, at + year, b'-').filter(|_| year == 2 || year == 4)?;
    let day = byte(text, month + month_length(text, month)?, b'-')?;
    let end = day + day_length(text, day)?;
    text.get(end)
        .filter(|byte| matches!(byte, b'T' | b' '))
        .map(|_| end + 1)
}

/// Bytes of `(?:0?[1-9]|1[0-2])` in front of a byte that is no digit.
fn month_length(text: &[u8], at: usize) -> Option<usize> {
    match (digit(text, at)?, digit(text, at + 1)) {
        (b'1'..=b'9', None) => Some(1),
        (b'0', Some(b'1'..=b'9')) | (b'1', Some(b'0'..=b'2')) => Some(2),
        _ => None,
    }
}

/// Bytes of `(?:(?:0[1-9])|(?:[12][0-9])|(?:3[01])|[1-9])` in front of a byte that is no digit.
fn day_length(text: &[u8], at: usize) -> Option<usize> {
    match (digit(text, at)?, digit(text, at + 1)) {
        (b'1'..=b'9', None) => Some(1),
        (b'0', Some(b'1'..=b'9')) | (b'1' | b'2', Some(_)) | (b'3', Some(b'0' | b'1')) => Some(2),
        _ => None,
    }
}

/// The ends of HOUR, `(?:2[0123]|[01]?[0-9])`.
fn hours(text: &[u8], at: usize) -> impl Iterator<Item = usize> {
    let (first, second) = (digit(text, at), digit(text, at + 1));
    let two = match (first, second) {
        (Some(b'2'), Some(b'0'..=b'3')) | (Some(b'0' | b'1'), Some(_)) => Some(at + 2),
        _ => None,
    };
    two.into_iter().chain(first.map(|_| at + 1))
}

/// The end of `:?%{MINUTE}`, `[0-5][0-9]`.
fn minute(text: &[u8], at: usize) -> Option<usize> {
    let at = byte(text, at, b':').unwrap_or(at);
    let valid = matches!(digit(text, at), Some(b'0'..=b'5')) && digit(text, at + 1).is_some();
    valid.then_some(at + 2)
}

/// `(?::?%{SECOND})?%{ISO8601_TIMEZONE}?`
fn after_minute(text: &[u8], at: usize, offer: &mut impl FnMut(usize) -> Outcome) -> Outcome {
    let second = byte(text, at, b':').unwrap_or(at);
    for end in seconds(text, second) {
        let longest = fraction(text, end);
        // A fraction has a digit; without one it is left out.
        if longest > end + 1 {
            let outcome = zone(text, longest, offer);
            if outcome != Outcome::NoMatch {
                return outcome;
            }
            // Behind a shorter fraction comes one of its digits, and so no zone.
            for end in (end + 2..longest).rev() {
                let outcome = offer(end);
                if outcome != Outcome::NoMatch {
                    return outcome;
                }
            }
        }
        let outcome = zone(text, end, offer);
        if outcome != Outcome::NoMatch {
            return outcome;
        }
    }
    zone(text, at, offer)
}

/// The ends of `(?:[0-5]?[0-9]|60)`.
fn seconds(text: &[u8], at: usize) -> impl Iterator<Item = usize> {
    let (first, second) = (digit(text, at), digit(text, at + 1));
    let two = matches!((first, second), (Some(b'0'..=b'5'), Some(_))).then_some(at + 2);
    let leap = (first == Some(b'6') && second == Some(b'0')).then_some(at + 2);
    two.into_iter().chain(first.map(|_| at + 1)).chain(leap)
}

/// The end of the longest `[:.,][0-9]+`, or a place before its first digit.
fn fraction(text: &[u8], at: usize) -> usize {
    match text.get(at) {
        Some(b':' | b'.' | b',') => at + 1 + run(&text[at + 1..], |byte| byte.is_ascii_digit()),
        Some(_) | None => at,
    }
}

/// `(?:Z|[+-]%{HOUR}(?::?%{MINUTE}))?`
#[inline]
fn zone(text: &[u8], at: usize, offer: &mut impl FnMut(usize) -> Outcome) -> Outcome {
    match text.get(at) {
        Some(b'Z') => {
            let outcome = offer(at + 1);
            if outcome != Outcome::NoMatch {
                return outcome;
            }
        }
        Some(b'+' | b'-') => {
            for end in hours(text, at + 1).filter_map(|hour| minute(text, hour)) {
                let outcome = offer(end);
                if outcome != Outcome::NoMatch {
                    return outcome;
                }
            }
        }
        Some(_) | None => {}
    }
    offer(at)
}
