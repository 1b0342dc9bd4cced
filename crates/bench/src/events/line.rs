//! The lines of a Django application's logs.

use std::fmt::Write;

use fastrand::Rng;
use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::envelope::{hex, uuid};
use super::vocabulary::{
    COMPLAINTS, EXCEPTIONS, FUNCTIONS, LEVELS, MODULES, PEOPLE, RESOURCES, STATEMENTS, STATUSES,
    SUBJECTS, TENANTS, VERBS,
};

/// What the application wrote.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Line {
    /// `LEVEL|logger|time|text`.
    Matched {
        /// The level, in capitals.
        level: &'static str,
        /// The logger's name.
        logger: &'static str,
        /// When it was written; whole seconds if that is the precision.
        logged: Timestamp,
        /// Whether the time has milliseconds.
        precision: Precision,
        /// All the rest; has line breaks if it is a traceback.
        text: String,
    },
    /// Anything else.
    Unmatched(String),
}

/// How exact the time in a line is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Precision {
    /// `2025-02-02T12:34:56.208`
    Milliseconds,
    /// `2025-02-02T12:34:56`
    Seconds,
}

impl Line {
    /// The event's `message`.
    pub fn message(&self) -> String {
        match self {
            Self::Matched {
                level,
                logger,
                logged,
                precision,
                text,
            } => {
                let logged = TimeZone::UTC.to_datetime(*logged);
                match precision {
                    Precision::Milliseconds => format!("{level}|{logger}|{logged:.3}|{text}"),
                    Precision::Seconds => format!("{level}|{logger}|{logged:.0}|{text}"),
                }
            }
            Self::Unmatched(text) => text.clone(),
        }
    }

    /// Where padding goes.
    pub(super) fn text_mut(&mut self) -> &mut String {
        match self {
            Self::Matched { text, .. } | Self::Unmatched(text) => text,
        }
    }
}

/// A line that a pipeline for `LEVEL|logger|time|text` stumbles over.
pub(super) fn unmatched(random: &mut Rng) -> String {
    match random.u8(..5) {
        0 => format!(
            "[{}] [INFO] Booting worker with pid: {}",
            random.u16(..40_000),
            random.u16(..40_000)
        ),
        1 => "  return self.get_response(request)".to_owned(),
        2 => format!(
            "INFO apps.parcels.views 2025-02-02 12:34:56 parcel {} saved",
            random.u32(..100_000)
        ),
        3 => format!(
            "WARNING|django.request|yesterday|Not Found: /favicon-{}.ico",
            random.u8(..100)
        ),
        _ => "Killed".to_owned(),
    }
}

/// One of the levels; most lines are informational.
pub(super) fn level(random: &mut Rng) -> &'static str {
    pick(random, &LEVELS)
}

/// What a line says when nothing went wrong.
pub(super) fn remark(random: &mut Rng) -> String {
    let r = random;
    match r.u8(..8) {
        0 => format!(
            r#""{} /api/v1/{}/{}/?page={} HTTP/1.1" {} {}"#,
            pick(r, &VERBS),
            pick(r, &RESOURCES),
            r.u32(..1_000_000),
            r.u8(..40),
            pick(r, &STATUSES),
            r.u16(..60_000)
        ),
        1 => format!(
            r#"(0.{:03}) SELECT "parcels_parcel"."id", "parcels_parcel"."owner_id" FROM "parcels_parcel" WHERE "parcels_parcel"."tenant_id" = '{}' LIMIT {}; args=({},); alias=default"#,
            r.u16(..1000),
            pick(r, &TENANTS),
            r.u8(..100),
            r.u32(..100_000)
        ),
        2 => format!(
            "Task apps.{}.tasks.sync[{}] succeeded in {:.6}s: None",
            pick(r, &RESOURCES),
            uuid(r),
            r.f64() * 9.0
        ),
        3 => format!(
            "Starting new HTTPS connection ({}): s3.eu-central-1.amazonaws.com:443, request {}",
            r.u8(..20),
            hex(r, 16).to_uppercase()
        ),
        4 => format!(
            "user={} tenant={} ip=10.20.{}.{} session {} refreshed",
            pick(r, &PEOPLE),
            r.u16(..900),
            r.u8(..8),
            r.u8(..),
            hex(r, 12)
        ),
        5 => format!(
            r#"notification "{}" queued for {} <{}@example.org>"#,
            pick(r, &SUBJECTS),
            pick(r, &PEOPLE),
            r.u16(..9000)
        ),
        6 => format!(
            "Parcel {} updated: area {:.2} m² → {:.2} m², centroid ({:.5}, {:.5})",
            r.u32(..1_000_000),
            r.f64() * 9000.0,
            r.f64() * 9000.0,
            49.0 + r.f64() * 5.0,
            14.0 + r.f64() * 9.0
        ),
        _ => format!(
            "cache miss key=dashboard:{}:{} ttl={}",
            r.u16(..900),
            hex(r, 8),
            r.u16(..3600)
        ),
    }
}

/// What a line says when something did.
pub(super) fn traceback(random: &mut Rng) -> String {
    let r = random;
    let mut text = format!(
        "Internal Server Error: /api/v1/{}/{}/\nTraceback (most recent call last):\n",
        pick(r, &RESOURCES),
        r.u32(..100_000)
    );
    for _ in 0..r.u8(2..=5) {
        let _ = writeln!(
            text,
            "  File \"/srv/app/apps/{}/{}.py\", line {}, in {}\n    {}",
            pick(r, &RESOURCES),
            pick(r, &MODULES),
            r.u16(..900),
            pick(r, &FUNCTIONS),
            pick(r, &STATEMENTS)
        );
    }
    let (exception, complaint) = (pick(r, &EXCEPTIONS), pick(r, &COMPLAINTS));
    let _ = write!(text, "{exception}: {complaint} '{}'", hex(r, 10));
    text
}

pub(super) fn pick<T: Copy>(random: &mut Rng, choices: &[T]) -> T {
    choices[random.usize(..choices.len())]
}
