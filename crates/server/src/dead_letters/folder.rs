//! The folder as it is when it is looked at, and what stands in its lines.

use std::fmt;
use std::io::{self, Write};
use std::path::PathBuf;
use std::str::FromStr;

use jiff::Timestamp;
use sawmill_segments::{SegmentError, SegmentFile, list};
use thiserror::Error;

use super::error::DeadLettersError;
use super::line::Line;

/// A folder and its segments, the oldest first. What is written afterwards is not seen.
pub(super) struct Folder {
    pub(super) path: PathBuf,
    pub(super) segments: Vec<SegmentFile>,
}

/// Where a letter stands: `SEGMENT:LINE`, both counted from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Id {
    pub(super) segment: u64,
    pub(super) line: u64,
}

/// A line, whatever it says.
pub(super) struct Entry {
    pub(super) id: Id,
    text: Vec<u8>,
}

/// A letter that was read.
pub(super) struct Found<'a> {
    pub(super) id: Id,
    pub(super) time: Timestamp,
    pub(super) line: Line<'a>,
}

/// A line that is no letter.
#[derive(Clone, Debug, Error)]
#[error("{id} is damaged: {problem}")]
pub(crate) struct Damage {
    pub(super) id: Id,
    problem: String,
}

impl Folder {
    /// Looks into a folder.
    pub(super) fn open(path: PathBuf) -> Result<Self, DeadLettersError> {
        if !path.is_dir() {
            return Err(DeadLettersError::NoFolder { path });
        }
        let segments = list(&path)?;
        Ok(Self { path, segments })
    }

    /// All lines.
    pub(super) fn entries(&self) -> impl Iterator<Item = Result<Entry, SegmentError>> {
        self.segments.iter().flat_map(entries)
    }

    /// The error for an id that is not there.
    pub(super) fn no_letter(&self, id: Id) -> DeadLettersError {
        let path = self.path.clone();
        DeadLettersError::NoLetter { id, path }
    }

    /// The error for an id that names a damaged line.
    pub(super) fn damaged(&self, damage: Damage) -> DeadLettersError {
        let segment = self
            .segments
            .iter()
            .find(|segment| segment.sequence == damage.id.segment);
        let path = segment.map_or(&self.path, |segment| &segment.path).clone();
        DeadLettersError::Damaged { damage, path }
    }
}

/// Reads a segment, names what is rotten in it beside the output, and says whether nothing is.
pub(super) fn is_sound(segment: &SegmentFile) -> Result<bool, DeadLettersError> {
    let rotten = segment.verify()?;
    for rot in &rotten {
        writeln!(io::stderr(), "sawmill: {rot}; letters there may be wrong")?;
    }
    Ok(rotten.is_empty())
}

/// The lines of one segment.
pub(super) fn entries(
    segment: &SegmentFile,
) -> impl Iterator<Item = Result<Entry, SegmentError>> + use<> {
    let sequence = segment.sequence;
    (1..).zip(segment.lines()).map(move |(line, text)| {
        let id = Id {
            segment: sequence,
            line,
        };
        Ok(Entry { id, text: text? })
    })
}

impl Entry {
    /// Reads the letter.
    pub(super) fn letter(&self) -> Result<Found<'_>, Damage> {
        let damage = |problem| Damage {
            id: self.id,
            problem,
        };
        let line: Line<'_> = serde_json::from_slice(&self.text)
            .map_err(|error| damage(format!("no dead letter in JSON: {error}")))?;
        let time = line.timestamp.parse().map_err(|_| {
            damage(format!(
                "its @timestamp is no time: `{}`",
                super::printable(&line.timestamp)
            ))
        })?;
        let id = self.id;
        Ok(Found { id, time, line })
    }
}

impl FromStr for Id {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = "give SEGMENT:LINE as `sawmill dead-letters list` shows it, such as 3:17";
        let number = |text: &str| {
            let digits = text.bytes().all(|byte| byte.is_ascii_digit());
            text.parse::<u64>()
                .ok()
                .filter(|number| digits && *number > 0)
        };
        let (segment, line) = text.split_once(':').ok_or(wrong)?;
        match (number(segment), number(line)) {
            (Some(segment), Some(line)) => Ok(Self { segment, line }),
            (None, _) | (_, None) => Err(wrong),
        }
    }
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&format!("{}:{}", self.segment, self.line))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_a_segment_and_a_line() {
        for (text, want) in [
            ("3:17", Some((3, 17))),
            ("18446744073709551615:1", Some((u64::MAX, 1))),
            ("3", None),
            ("3:", None),
            (":17", None),
            ("0:1", None),
            ("1:0", None),
            ("+3:17", None),
            ("3:17:1", None),
            ("18446744073709551616:1", None),
        ] {
            let want = want.map(|(segment, line)| Id { segment, line });
            assert_eq!(text.parse().ok(), want, "{text}");
            if let Some(id) = want {
                assert_eq!(id.to_string(), text);
            }
        }
    }

    #[test]
    fn a_line_that_is_no_letter_is_named_and_never_a_panic() {
        let id = Id {
            segment: 3,
            line: 17,
        };
        for (text, problem) in [
            (&b""[..], "no dead letter in JSON"),
            (b"{", "no dead letter in JSON"),
            (b"[1]", "no dead letter in JSON"),
            (b"{\"peer\":\"a\"}", "no dead letter in JSON: missing field"),
            (b"\xff\xfe", "no dead letter in JSON"),
            (
                b"{\"@timestamp\":\"now\\u001b\",\"peer\":\"a\",\"reason\":\"b\"}",
                "its @timestamp is no time: `now `",
            ),
        ] {
            let text = text.to_vec();
            let entry = Entry { id, text };
            let damage = entry.letter().err().unwrap().to_string();
            let want = format!("3:17 is damaged: {problem}");
            assert!(damage.starts_with(&want), "{damage}");
        }
    }
}
