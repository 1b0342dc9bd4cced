//! What a check found.

use std::fmt::Write;

use serde::Serialize;

/// What a check found.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub(crate) struct Summary {
    /// Documents that came, those sent again and again counted each time.
    pub(crate) documents: u64,
    /// Those that were not what they should be.
    pub(crate) mismatches: u64,
    /// Different events that were stored.
    pub(crate) distinct: u64,
    /// How often the one stored least often was stored.
    pub(crate) times_min: u64,
    /// How often the one stored most often was stored.
    pub(crate) times_max: u64,
    /// Events that should have come and did not.
    pub(crate) missing: u64,
    /// The first of them by number.
    pub(crate) first_missing: Vec<u64>,
    /// How often each event must have been stored, if that is known.
    pub(crate) times: Option<u64>,
    /// Events that were stored more often or less.
    pub(crate) wrong_times: u64,
    /// The first of them by number.
    pub(crate) first_wrong_times: Vec<u64>,
    /// The first mismatches, in words.
    pub(crate) shown: Vec<String>,
}

impl Summary {
    /// Takes in an event that was stored so often.
    pub(super) fn count(&mut self, number: u64, stored: u64) {
        if stored == 0 {
            return;
        }
        if self.times.is_some_and(|times| times != stored) {
            self.wrong_times += 1;
            self.first_wrong_times.push(number);
        }
        self.times_min = if self.distinct == 0 {
            stored
        } else {
            self.times_min.min(stored)
        };
        self.times_max = self.times_max.max(stored);
        self.distinct += 1;
    }

    /// Keeps no more than the first of what is listed.
    pub(super) fn shorten(&mut self, listed_max: usize) {
        self.first_wrong_times.sort_unstable();
        self.first_wrong_times.truncate(listed_max);
        self.first_missing.truncate(listed_max);
    }

    /// In words.
    pub(crate) fn text(&self) -> String {
        let Self {
            documents,
            mismatches,
            distinct,
            times_min,
            times_max,
            missing,
            ..
        } = self;
        let mut text = format!(
            "checked {documents} documents of {distinct} distinct events, each stored {times_min} to {times_max} times: \
             {mismatches} mismatches, {missing} events missing"
        );
        for shown in &self.shown {
            text.push_str("\n  ");
            text.push_str(shown);
        }
        let hidden = mismatches.saturating_sub(self.shown.len() as u64);
        if hidden > 0 {
            let _ = write!(text, "\n  and {hidden} more");
        }
        for (title, numbers) in [
            ("missing", &self.first_missing),
            ("stored more often or less", &self.first_wrong_times),
        ] {
            if !numbers.is_empty() {
                let _ = write!(text, "\n  {title}: {numbers:?}");
            }
        }
        text
    }

    /// Why the check failed, if it did.
    pub(crate) fn failure(&self) -> Option<String> {
        if self.documents == 0 {
            return Some("no document came, so nothing was checked".to_owned());
        }
        let mut reasons = Vec::new();
        let Self {
            documents,
            mismatches,
            missing,
            wrong_times,
            ..
        } = self;
        if *mismatches > 0 {
            reasons.push(format!(
                "{mismatches} of {documents} documents are not what they should be"
            ));
        }
        if *missing > 0 {
            reasons.push(format!("{missing} events are missing"));
        }
        if let (Some(times), 1..) = (self.times, *wrong_times) {
            reasons.push(format!(
                "{wrong_times} events were not stored {times} times"
            ));
        }
        (!reasons.is_empty()).then(|| reasons.join(", "))
    }
}
