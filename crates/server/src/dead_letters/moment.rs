//! A time as people give it on the command line.

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use crate::config::Span;

/// A time with its offset, a day or a time of UTC, or how long ago it was.
pub(super) fn moment(text: &str) -> Result<Timestamp, String> {
    read(text.trim(), Timestamp::now()).ok_or_else(|| {
        "give a time such as 2026-11-24T08:00:00Z, a day such as 2026-11-24 (UTC), or how long ago it was, such as 2h or 7d"
            .to_owned()
    })
}

fn read(text: &str, now: Timestamp) -> Option<Timestamp> {
    if let Ok(time) = text.parse() {
        return Some(time);
    }
    if let Ok(time) = text.parse::<DateTime>() {
        return TimeZone::UTC.to_timestamp(time).ok();
    }
    let ago = SignedDuration::try_from(Span::parse(text)?.0).ok()?;
    now.checked_sub(ago).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_a_moment_a_day_or_so_long_ago() {
        let now = "2026-11-24T12:00:00Z".parse().unwrap();
        for (text, want) in [
            ("2026-11-24T08:00:00Z", Some("2026-11-24T08:00:00Z")),
            ("2026-11-24T08:00:00+02:00", Some("2026-11-24T06:00:00Z")),
            ("2026-11-24T08:00", Some("2026-11-24T08:00:00Z")),
            ("2026-11-24", Some("2026-11-24T00:00:00Z")),
            ("2h", Some("2026-11-24T10:00:00Z")),
            ("7d", Some("2026-11-17T12:00:00Z")),
            ("yesterday", None),
            ("24", None),
            ("", None),
            ("9999999d", None),
        ] {
            let want = want.map(|want| want.parse().unwrap());
            assert_eq!(read(text, now), want, "{text}");
        }
    }
}
