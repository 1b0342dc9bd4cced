//! `sawmill dead-letters replay`

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::io::Write;

use indicatif::ProgressBar;
use sawmill_segments::SegmentFile;
use serde::de::IgnoredAny;

use super::args::Replay;
use super::error::DeadLettersError;
use super::folder::{Entry, Folder, Found, Id, entries, is_sound};
use super::list::pass_over;
use super::purge::remove;
use crate::send::{Sending, WindowForm};

/// As Filebeat has it.
const WINDOWS: WindowForm = WindowForm {
    events_max: 2048,
    compression: 3,
};

/// Why a letter is not sent.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Skip {
    Damaged,
    NoObject,
    NoText,
}

/// Which letters are sent.
enum Chosen {
    All,
    These(BTreeSet<Id>),
}

/// What became of them.
#[derive(Default)]
struct Outcome {
    skipped: BTreeMap<Skip, u64>,
    /// The segments of which every line was sent.
    whole: Vec<SegmentFile>,
}

/// Sends letters, waits until all are acknowledged, and says so.
pub(super) fn replay(options: Replay, out: &mut impl Write) -> Result<(), DeadLettersError> {
    let folder = options.place.folder()?;
    let chosen = Chosen::check(options.ids, &folder)?;
    if folder.segments.is_empty() {
        writeln!(out, "no dead letters in {}", folder.path.display())?;
        return Ok(());
    }
    let mut sending = Sending::connect(&options.to, WINDOWS, ProgressBar::hidden())?;
    let outcome = send_all(&folder, &chosen, &mut sending)?;
    let acknowledged = sending.finish()?.events();
    writeln!(
        out,
        "{acknowledged} sent to {} and acknowledged",
        options.to
    )?;
    for (skip, count) in &outcome.skipped {
        writeln!(out, "{count} skipped: {skip}")?;
    }
    if options.purge {
        let reason = "with dead letters that were not sent";
        remove(&folder, &outcome.whole, reason, out)?;
    }
    Ok(())
}

fn send_all(
    folder: &Folder,
    chosen: &Chosen,
    sending: &mut Sending,
) -> Result<Outcome, DeadLettersError> {
    let mut outcome = Outcome::default();
    for segment in &folder.segments {
        // What is rotten stays, to be looked at.
        let mut whole = is_sound(segment)?;
        for entry in entries(segment) {
            let entry = entry?;
            whole &= chosen.has(entry.id) && send(&entry, sending, &mut outcome)?;
        }
        if whole {
            outcome.whole.push(segment.clone());
        }
    }
    Ok(outcome)
}

/// Sends a letter's event, and says whether it could.
fn send(
    entry: &Entry,
    sending: &mut Sending,
    outcome: &mut Outcome,
) -> Result<bool, DeadLettersError> {
    let letter = entry.letter();
    let event = match &letter {
        Ok(letter) => event(letter),
        Err(damage) => {
            pass_over(damage)?;
            Err(Skip::Damaged)
        }
    };
    match event {
        Ok(text) => sending.add(|json| json.extend_from_slice(text.as_bytes()))?,
        Err(skip) => *outcome.skipped.entry(skip).or_default() += 1,
    }
    Ok(event.is_ok())
}

/// The text to send.
fn event<'a>(letter: &'a Found<'_>) -> Result<&'a str, Skip> {
    let text = letter.line.text().ok_or(Skip::NoText)?;
    let is_object =
        text.trim_start().starts_with('{') && serde_json::from_str::<IgnoredAny>(text).is_ok();
    if is_object {
        Ok(text)
    } else {
        Err(Skip::NoObject)
    }
}

impl Chosen {
    /// All, or those that were named, which must all be there: nothing is sent if one is not.
    fn check(ids: Vec<Id>, folder: &Folder) -> Result<Self, DeadLettersError> {
        if ids.is_empty() {
            return Ok(Self::All);
        }
        let ids: BTreeSet<Id> = ids.into_iter().collect();
        let mut missing = ids.clone();
        for segment in &folder.segments {
            if !ids.iter().any(|id| id.segment == segment.sequence) {
                continue;
            }
            for entry in entries(segment) {
                let entry = entry?;
                if missing.remove(&entry.id) {
                    entry.letter().map_err(|damage| folder.damaged(damage))?;
                }
            }
        }
        match missing.first() {
            Some(id) => Err(folder.no_letter(*id)),
            None => Ok(Self::These(ids)),
        }
    }

    fn has(&self, id: Id) -> bool {
        match self {
            Self::All => true,
            Self::These(ids) => ids.contains(&id),
        }
    }
}

impl fmt::Display for Skip {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Damaged => "the line is damaged",
            Self::NoObject => "the event is no JSON object",
            Self::NoText => "the event was too large to be read, and is not kept",
        })
    }
}
