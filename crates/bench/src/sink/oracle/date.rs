//! `date`: ISO 8601 in UTC, with the milliseconds in a field of their own.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use regex::Regex;
use serde_json::{Map, Value};

use super::field::Field;
use super::read::OracleError;

#[derive(Debug)]
pub(super) struct Date {
    pub(super) field: Field,
    pub(super) milliseconds: Option<Field>,
    form: Regex,
}

impl Date {
    pub(super) fn new(field: Field, milliseconds: Option<Field>) -> Result<Self, OracleError> {
        let form = Regex::new(
            r"^([0-9]{1,4})(?:-([0-9]{1,2})(?:-([0-9]{1,2}))?)?(?:[Tt ]([0-9]{1,2})(?::([0-9]{1,2})(?::([0-9]{1,2}))?)?(?:[.,]([0-9]+))?)?([Zz]|[+-][0-9]{2}(?::?[0-9]{2})?)?$",
        );
        let form = form.map_err(|_| OracleError::Pattern {
            pattern: "ISO8601".to_owned(),
        })?;
        Ok(Self {
            field,
            milliseconds,
            form,
        })
    }

    pub(super) fn apply(&self, event: &mut Map<String, Value>) {
        let time = match self.field.get(event) {
            None | Some(Value::Null) => return,
            Some(Value::String(text)) => self.read(text),
            Some(_) => None,
        };
        let Some(time) = time else {
            super::tag(event, "_dateparsefailure");
            return;
        };
        let apart = self
            .milliseconds
            .as_ref()
            .and_then(|field| field.get(event));
        let apart = apart.and_then(Value::as_str).and_then(nanoseconds);
        let nanoseconds = match (time.subsec_nanosecond(), apart) {
            (0, Some(apart)) => apart,
            (own, _) => own,
        };
        let seconds = TimeZone::UTC.to_datetime(time);
        let text = format!(
            "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z",
            seconds.year(),
            seconds.month(),
            seconds.day(),
            seconds.hour(),
            seconds.minute(),
            seconds.second(),
            nanoseconds / 1_000_000
        );
        event.insert("@timestamp".to_owned(), Value::String(text));
    }

    fn read(&self, text: &str) -> Option<Timestamp> {
        let parts = self.form.captures(text)?;
        let number = |group, missing: i16| match parts.get(group) {
            None => Some(missing),
            Some(digits) => digits.as_str().parse().ok(),
        };
        let small = |group, missing| i8::try_from(number(group, missing)?).ok();
        let fraction = parts
            .get(7)
            .map_or(Some(0), |digits| nanoseconds(digits.as_str()))?;
        let local = DateTime::new(
            number(1, 0)?,
            small(2, 1)?,
            small(3, 1)?,
            small(4, 0)?,
            small(5, 0)?,
            small(6, 0)?,
            fraction,
        );
        let offset_seconds = parts.get(8).map_or(Some(0), |zone| offset(zone.as_str()))?;
        let offset = jiff::tz::Offset::from_seconds(offset_seconds).ok()?;
        offset.to_timestamp(local.ok()?).ok()
    }
}

/// `Z`, `+01`, `+0100` or `+01:00` in seconds.
fn offset(zone: &str) -> Option<i32> {
    if matches!(zone, "Z" | "z") {
        return Some(0);
    }
    let (sign, digits) = zone.split_at(1);
    let digits = digits.replace(':', "");
    let hours: i32 = digits[..2].parse().ok()?;
    let minutes: i32 = if digits.len() > 2 {
        digits[2..].parse().ok()?
    } else {
        0
    };
    let seconds = hours * 3600 + minutes * 60;
    (minutes < 60).then_some(if sign == "-" { -seconds } else { seconds })
}

/// The digits of a second's fraction; nothing if there is anything but digits.
fn nanoseconds(digits: &str) -> Option<i32> {
    let is_fraction = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    is_fraction
        .then(|| format!("{digits:0<9.9}").parse().ok())
        .flatten()
}
