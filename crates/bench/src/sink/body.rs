//! Takes a bulk request's body in, frame by frame, plain or gzipped.

use std::io::{self, Write};

use bytes::Bytes;
use flate2::write::MultiGzDecoder;
use serde::Deserialize;

use super::check::{Checker, Seen};
use super::lines::{Action, Counter, Cutter, Malformed};

/// Why a body is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    Malformed(Malformed),
    /// Inflated, it is larger than the limit.
    TooLarge,
}

impl From<Malformed> for Refusal {
    fn from(malformed: Malformed) -> Self {
        Self::Malformed(malformed)
    }
}

/// How closely a body is looked at.
pub(crate) enum Look {
    /// Line breaks are counted.
    Count,
    /// Every line is read: for counts by stream, answers with names in them, and checks.
    Read(Box<Reading>),
}

/// What was read of a body's lines.
#[derive(Default)]
pub(crate) struct Reading {
    cutter: Cutter,
    /// Where items without an `_index` go: the request's path.
    path_index: Option<String>,
    checker: Option<std::sync::Arc<Checker>>,
    /// The last action line.
    action: Vec<u8>,
    next: Next,
    /// The names seen, and each item's as a place among them.
    names: Vec<String>,
    items: Vec<u32>,
    seen: Vec<Seen>,
}

/// The kind of the line that comes next.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Next {
    #[default]
    Action,
    Document,
}

/// A body, taken in.
pub(crate) struct Body {
    look: Look,
    counter: Counter,
    inflated_bytes: u64,
    bytes_max: u64,
}

/// A body as it comes.
pub(crate) enum Intake {
    Gzip {
        inflater: Box<MultiGzDecoder<Body>>,
        body_bytes: u64,
    },
    Plain(Body),
}

/// All of a body.
pub(crate) struct Taken {
    pub(crate) action: Action,
    pub(crate) items: usize,
    pub(crate) body_bytes: u64,
    pub(crate) inflated_bytes: u64,
    pub(crate) reading: Option<Box<Reading>>,
}

impl Intake {
    pub(crate) fn plain(look: Look, bytes_max: u64) -> Self {
        Self::Plain(Body::new(look, bytes_max))
    }

    pub(crate) fn gzip(look: Look, bytes_max: u64) -> Self {
        Self::Gzip {
            inflater: Box::new(MultiGzDecoder::new(Body::new(look, bytes_max))),
            body_bytes: 0,
        }
    }

    /// Takes a frame.
    pub(crate) fn take(&mut self, frame: &Bytes) -> Result<(), Refusal> {
        match self {
            Self::Plain(body) => body.take(frame),
            Self::Gzip {
                inflater,
                body_bytes,
            } => {
                *body_bytes += frame.len() as u64;
                inflater.write_all(frame).map_err(|error| refusal(&error))
            }
        }
    }

    /// After the last frame.
    pub(crate) fn finish(self) -> Result<Taken, Refusal> {
        let (body, body_bytes) = match self {
            Self::Plain(body) => (body, None),
            Self::Gzip {
                inflater,
                body_bytes,
            } => {
                let body = inflater.finish().map_err(|error| refusal(&error))?;
                (body, Some(body_bytes))
            }
        };
        let (action, items) = body.counter.finish()?;
        let reading = match body.look {
            Look::Count => None,
            Look::Read(reading) if reading.items.len() == items => Some(reading),
            Look::Read(_) => return Err(Malformed::Action.into()),
        };
        Ok(Taken {
            action,
            items,
            body_bytes: body_bytes.unwrap_or(body.inflated_bytes),
            inflated_bytes: body.inflated_bytes,
            reading,
        })
    }
}

impl Body {
    fn new(look: Look, bytes_max: u64) -> Self {
        Self {
            look,
            counter: Counter::default(),
            inflated_bytes: 0,
            bytes_max,
        }
    }

    fn take(&mut self, frame: &[u8]) -> Result<(), Refusal> {
        self.inflated_bytes += frame.len() as u64;
        if self.inflated_bytes > self.bytes_max {
            return Err(Refusal::TooLarge);
        }
        self.counter.take(frame);
        if let Look::Read(reading) = &mut self.look {
            reading.take(frame);
        }
        Ok(())
    }
}

/// Where the inflater writes to.
impl Write for Body {
    fn write(&mut self, frame: &[u8]) -> io::Result<usize> {
        match self.take(frame) {
            Ok(()) => Ok(frame.len()),
            Err(_) => Err(io::ErrorKind::FileTooLarge.into()),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn refusal(error: &io::Error) -> Refusal {
    match error.kind() {
        io::ErrorKind::FileTooLarge => Refusal::TooLarge,
        _ => Refusal::Malformed(Malformed::Gzip),
    }
}

impl Reading {
    pub(crate) fn new(
        path_index: Option<&str>,
        checker: Option<std::sync::Arc<Checker>>,
    ) -> Box<Self> {
        Box::new(Self {
            path_index: path_index.map(str::to_owned),
            checker,
            ..Self::default()
        })
    }

    /// Each item's index or data stream.
    pub(crate) fn indices(&self) -> Vec<&str> {
        let name = |place: &u32| self.names[*place as usize].as_str();
        self.items.iter().map(name).collect()
    }

    /// How many items of each stream there are, those in the places of `rejected` left out.
    pub(crate) fn stored_by_stream(&self, rejected: &[(usize, u16)]) -> Vec<(String, u64)> {
        let mut counts: Vec<(String, u64)> =
            self.names.iter().map(|name| (name.clone(), 0)).collect();
        for item in &self.items {
            counts[*item as usize].1 += 1;
        }
        for (place, _) in rejected {
            counts[self.items[*place] as usize].1 -= 1;
        }
        counts
    }

    /// What the checker saw of each item.
    pub(crate) fn seen(&self) -> &[Seen] {
        &self.seen
    }

    fn take(&mut self, frame: &[u8]) {
        // Out of the way, so that the lines can be read into the rest.
        let mut cutter = std::mem::take(&mut self.cutter);
        cutter.take(frame, |line| self.line(line));
        self.cutter = cutter;
    }

    fn line(&mut self, line: &[u8]) {
        if self.next == Next::Action {
            self.action.clear();
            self.action.extend_from_slice(line);
            self.next = Next::Document;
            return;
        }
        self.next = Next::Action;
        if let Some(checker) = &self.checker {
            self.seen.push(checker.document(&self.action, line));
        }
        let index = index_of(&self.action).or(self.path_index.as_deref());
        if let Some(index) = index {
            let place = self.names.iter().position(|name| name == index);
            let place = place.unwrap_or_else(|| {
                self.names.push(index.to_owned());
                self.names.len() - 1
            });
            self.items.push(place as u32);
        }
    }
}

/// The `_index` of an action line, if the action is one that we take and names one.
fn index_of(action: &[u8]) -> Option<&str> {
    #[derive(Deserialize)]
    #[serde(rename_all = "snake_case")]
    enum Line<'a> {
        #[serde(borrow)]
        Create(Meta<'a>),
        #[serde(borrow)]
        Index(Meta<'a>),
    }
    #[derive(Deserialize)]
    struct Meta<'a> {
        #[serde(rename = "_index", borrow)]
        index: Option<&'a str>,
    }
    match serde_json::from_slice(action).ok()? {
        Line::Create(meta) | Line::Index(meta) => meta.index,
    }
}
