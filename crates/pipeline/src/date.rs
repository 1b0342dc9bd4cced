//! `date`: the log's own time into `@timestamp`.
//!
//! Follows Logstash's date filter: a missing field does nothing, formats are tried in order, a
//! text that none fits gets the failure tags, and the precision is milliseconds. Beyond it, the
//! fraction of the second may stand in a field of its own (`milliseconds`).

use jiff::fmt::temporal::DateTimePrinter;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use sawmill_event::joda::Pattern;
use sawmill_event::{Event, FieldRef, Value};

use crate::build::KeyError;
use crate::chain::{Filter, Scratch, Verdict, parse_field, tag};
use crate::config::DateConfig;
use crate::iso8601;

pub(crate) struct Date {
    field: FieldRef,
    formats: Vec<Format>,
    milliseconds: Option<FieldRef>,
    target: FieldRef,
    zone: TimeZone,
    is_utc: bool,
    tags: Vec<String>,
    tags_field: FieldRef,
}

enum Format {
    Iso8601,
    Joda(Pattern),
    Unix,
    UnixMs,
}

impl Date {
    pub(crate) fn build(config: &DateConfig) -> Result<Self, KeyError> {
        if config.formats.is_empty() {
            return Err(KeyError::new(
                "formats",
                "name at least one format, such as \"ISO8601\"",
            ));
        }
        let formats = config
            .formats
            .iter()
            .enumerate()
            .map(|(at, format)| {
                Format::parse(format).map_err(|error| KeyError::new(format!("formats.{at}"), error))
            })
            .collect::<Result<_, _>>()?;
        let zone = TimeZone::get(&config.timezone).map_err(|_| {
            let reason = format!(
                "`{}` is no time zone; write a name such as `Europe/Amsterdam` or `UTC`",
                config.timezone
            );
            KeyError::new("timezone", reason)
        })?;
        let milliseconds = config.milliseconds.as_deref();
        Ok(Self {
            field: parse_field("field", &config.field)?,
            formats,
            milliseconds: milliseconds
                .map(|field| parse_field("milliseconds", field))
                .transpose()?,
            target: parse_field("target", &config.target)?,
            is_utc: zone == TimeZone::UTC,
            zone,
            tags: config.tag_on_failure.clone(),
            tags_field: parse_field("tags", "tags")?,
        })
    }

    /// The time as it is to be written, for what nearly every log has: `yyyy-MM-ddTHH:mm:ss` in UTC, with the fraction in
    /// its own field or none. That is what came but for some punctuation, so nothing is calculated.
    #[inline]
    fn as_it_came<'o>(&self, event: &Event<'_>, out: &'o mut String) -> Option<&'o str> {
        let (Some(Format::Iso8601), true) = (self.formats.first(), self.is_utc) else {
            return None;
        };
        let Value::String(time) = event.get(&self.field)? else {
            return None;
        };
        let time = time.escaped();
        // The last days that can be written are too late to be timestamps.
        iso8601::local_plain(time).filter(|local| local.year() < 9999)?;
        let fraction = match &self.milliseconds {
            None => "",
            Some(field) => match event.get(field) {
                None => "",
                Some(Value::String(digits)) => digits.escaped(),
                Some(_) => return None,
            },
        };
        if fraction.len() > 9 || !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        out.clear();
        out.push('"');
        out.push_str(time);
        out.push('.');
        out.push_str(fraction.get(..3).unwrap_or(fraction));
        out.push_str(&"000"[fraction.len().min(3)..]);
        out.push_str("Z\"");
        Some(out)
    }

    fn read(&self, value: Value<'_>, scratch: &mut Scratch) -> Option<Timestamp> {
        let text = match value {
            Value::String(text) => text.text(&mut scratch.text),
            Value::Number(text) => text,
            Value::Array(_) | Value::Bool(_) | Value::Null | Value::Object(_) => return None,
        };
        let is_text = matches!(value, Value::String(_));
        self.formats
            .iter()
            .find_map(|format| format.read(text, is_text, &self.zone))
    }

    /// The fraction of the second that stands in its own field, unless the time has one already.
    fn fraction(&self, time: Timestamp, event: &Event<'_>) -> Option<SignedDuration> {
        let Value::String(digits) = event.get(self.milliseconds.as_ref()?)? else {
            return None;
        };
        let (nanoseconds, rest) = iso8601::fraction(digits.plain()?)?;
        let fits = rest.is_empty() && time.subsec_nanosecond() == 0;
        fits.then(|| SignedDuration::new(0, nanoseconds))
    }
}

impl Filter for Date {
    fn apply(&self, event: &mut Event<'_>, scratch: &mut Scratch) -> Verdict {
        if let Some(json) = self.as_it_came(event, &mut scratch.text)
            && event.set_json(&self.target, json).is_ok()
        {
            return Verdict::Keep;
        }
        let Some(value) = event.get(&self.field).filter(|value| *value != Value::Null) else {
            return Verdict::Keep;
        };
        let Some(mut time) = self.read(value, scratch) else {
            tag(event, &self.tags_field, &self.tags);
            return Verdict::Keep;
        };
        if let Some(fraction) = self.fraction(time, event) {
            time = time.checked_add(fraction).unwrap_or(time);
        }
        scratch.text.clear();
        // Printing into a string cannot fail.
        let _ = MILLISECONDS.print_timestamp(&time, &mut scratch.text);
        if event.set_string(&self.target, &scratch.text).is_err() {
            event.remove_top(&self.target);
            let _ = event.set_string(&self.target, &scratch.text);
        }
        Verdict::Keep
    }
}

const MILLISECONDS: DateTimePrinter = DateTimePrinter::new().precision(Some(3));

impl Format {
    fn parse(format: &str) -> Result<Self, String> {
        Ok(match format {
            "ISO8601" => Self::Iso8601,
            "UNIX" => Self::Unix,
            "UNIX_MS" => Self::UnixMs,
            "TAI64N" => return Err("TAI64N is not supported".to_owned()),
            pattern => {
                let pattern = Pattern::new(pattern)?;
                if let Some(letter) = pattern.unparsable() {
                    return Err(format!(
                        "the pattern letter {letter} can be printed, not parsed"
                    ));
                }
                Self::Joda(pattern)
            }
        })
    }

    fn read(&self, text: &str, is_text: bool, zone: &TimeZone) -> Option<Timestamp> {
        match self {
            Self::Iso8601 if is_text => {
                iso8601::parse_plain(text, zone).or_else(|| iso8601::parse(text, zone))
            }
            Self::Joda(pattern) if is_text => pattern.parse(text)?.timestamp(zone, Timestamp::now),
            // Logstash's Joda parsers take texts only.
            Self::Iso8601 | Self::Joda(_) => None,
            Self::Unix => unix(text),
            Self::UnixMs => Timestamp::from_millisecond(text.parse().ok()?).ok(),
        }
    }
}

/// Seconds since 1970 with an optional fraction. Above 2^31-1 it fails, so that `["UNIX",
/// "UNIX_MS"]` tells the two apart, as in Logstash.
fn unix(text: &str) -> Option<Timestamp> {
    let (seconds, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let seconds: i32 = seconds.parse().ok()?;
    let (nanoseconds, rest) = iso8601::fraction(fraction)?;
    let nanoseconds = if text.starts_with('-') {
        -nanoseconds
    } else {
        nanoseconds
    };
    rest.is_empty()
        .then(|| Timestamp::new(i64::from(seconds), nanoseconds).ok())
        .flatten()
}
