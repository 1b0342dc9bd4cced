use std::fmt;
use std::str::FromStr;

use thiserror::Error;

/// What generated events are like. The default is what the micro-benchmarks' fixture holds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Shape {
    /// Bytes of JSON that an event has on average.
    ///
    /// More than the plain event has come from padding in the message. For fewer, the host's facts are left out as by a
    /// Filebeat without `add_host_metadata`; what then remains is the least, see [`Generator::mean_bytes`].
    ///
    /// [`Generator::mean_bytes`]: super::Generator::mean_bytes
    pub size_bytes: u32,
    /// Events of another `group`, which the pipeline's gate drops.
    pub other_groups: Share,
    /// Of all lines that match, those whose time has no milliseconds.
    pub without_milliseconds: Share,
    /// Lines that are no `LEVEL|logger|time|text`.
    pub unmatched: Share,
    /// Of all lines that match, those with a traceback of many lines.
    pub tracebacks: Share,
}

impl Default for Shape {
    fn default() -> Self {
        Self {
            size_bytes: 1_090,
            other_groups: Share::NONE,
            without_milliseconds: Share::NONE,
            unmatched: Share(0.02),
            tracebacks: Share(1.0 / 9.0),
        }
    }
}

/// A part of the whole, 0 to 1.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
pub struct Share(f64);

/// A number that is no [`Share`].
#[derive(Clone, Debug, Error, PartialEq)]
#[error("`{found}` is no share: give a number from 0 (none) to 1 (all)")]
pub struct ShareError {
    found: String,
}

impl Share {
    /// Nothing.
    pub const NONE: Self = Self(0.0);

    /// A share of this size.
    ///
    /// # Errors
    /// If it is below 0, above 1, or no number.
    pub fn new(share: f64) -> Result<Self, ShareError> {
        if (0.0..=1.0).contains(&share) {
            Ok(Self(share))
        } else {
            let found = share.to_string();
            Err(ShareError { found })
        }
    }

    /// The share as a number, 0 to 1.
    pub const fn get(self) -> f64 {
        self.0
    }

    /// Whether this throw of the dice falls into it.
    pub(super) fn falls(self, random: &mut fastrand::Rng) -> bool {
        // `f64` gives less than 1, so that none is never and all is always.
        random.f64() < self.0
    }
}

impl FromStr for Share {
    type Err = ShareError;

    fn from_str(text: &str) -> Result<Self, ShareError> {
        let no_number = |_| ShareError {
            found: text.to_owned(),
        };
        Self::new(text.trim().parse().map_err(no_number)?)
    }
}

impl fmt::Display for Share {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_lies_between_nothing_and_all() {
        for (text, want) in [
            ("0", Some(0.0)),
            ("1", Some(1.0)),
            (" 0.25 ", Some(0.25)),
            ("1e-3", Some(0.001)),
            ("-0.1", None),
            ("1.01", None),
            ("2 %", None),
            ("NaN", None),
            ("inf", None),
            ("", None),
        ] {
            assert_eq!(text.parse::<Share>().ok().map(Share::get), want, "{text}");
        }
    }

    #[test]
    fn none_never_falls_and_all_always_does() {
        let mut random = fastrand::Rng::with_seed(1);
        assert!((0..10_000).all(|_| !Share::NONE.falls(&mut random)));
        assert!((0..10_000).all(|_| Share(1.0).falls(&mut random)));
    }
}
