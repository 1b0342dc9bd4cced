//! Finds events again, as they were received.

use sawmill_lumberjack::{FrameError, Inflated, Inflater, Limits};

use crate::cut::{Cut, cut};
use crate::source::{Form, Source};

/// Finds events by their number in a [`Source`].
///
/// It remembers how far it came in the last one and holds nothing of it but the text at hand. So events that are asked for in
/// their order cost one passage through their source, however many they are and whatever time lies between.
#[derive(Debug)]
pub struct Recall {
    limits: Limits,
    inflater: Inflater,
    /// Which source it is in.
    source: Option<u64>,
    /// Text that was inflated and is not passed yet.
    text: Vec<u8>,
    /// Where the next frame stands: in `text`, or in a source of plain frames.
    at: usize,
    /// Bytes still to pass over: the payload of an event that is too large.
    skip: usize,
    /// The next frame's event.
    next: u32,
    ended: bool,
    event: Vec<u8>,
    #[cfg(test)]
    passages: u32,
}

/// Text that is inflated at a time.
const CHUNK_BYTES: usize = 128 * 1024;

impl Recall {
    /// `limits` are those that the events were cut with.
    pub fn new(limits: Limits) -> Self {
        Self {
            limits,
            inflater: Inflater::new(),
            source: None,
            text: Vec::new(),
            at: 0,
            skip: 0,
            next: 0,
            ended: false,
            event: Vec::new(),
            #[cfg(test)]
            passages: 0,
        }
    }

    /// The event's JSON; of version 1, the object made of its pairs. `None` if there is none of that number, or it was too
    /// large to be read.
    pub fn event(&mut self, source: &Source, ordinal: u32) -> Option<&[u8]> {
        if self.source != Some(source.number) || ordinal < self.next {
            self.begin(source);
        }
        // What was cut once can be cut again; of a source that is broken, all that stands before.
        match self.find(source, ordinal) {
            Ok(true) => Some(&self.event),
            Ok(false) | Err(_) => {
                self.source = None;
                None
            }
        }
    }

    fn begin(&mut self, source: &Source) {
        self.source = Some(source.number);
        self.inflater.reset();
        // One huge event must not be remembered for ever.
        self.text = Vec::new();
        self.event = Vec::new();
        (self.at, self.skip, self.next, self.ended) = (0, 0, 0, false);
        #[cfg(test)]
        {
            self.passages += 1;
        }
    }

    /// Passes over frames until the event is found.
    fn find(&mut self, source: &Source, ordinal: u32) -> Result<bool, FrameError> {
        loop {
            let found = match self.pass(source)? {
                Passed::Event => true,
                Passed::TooLarge => false,
                Passed::Nothing { wanted } if self.more(source, wanted)? => continue,
                Passed::Nothing { .. } => return Ok(false),
            };
            if self.next > ordinal {
                return Ok(found);
            }
        }
    }

    /// Passes over one frame; its event is at hand then.
    fn pass(&mut self, source: &Source) -> Result<Passed, FrameError> {
        let skipped = self.skip.min(rest(source, &self.text, self.at).len());
        self.skip -= skipped;
        self.at += skipped;
        if self.skip > 0 {
            return Ok(Passed::Nothing { wanted: 1 });
        }
        let text = rest(source, &self.text, self.at);
        let (used, passed) = match cut(text, &self.limits, &mut self.event)? {
            Cut::Need(wanted) => return Ok(Passed::Nothing { wanted }),
            Cut::Json { payload, used, .. } => {
                self.event.clear();
                self.event.extend_from_slice(&text[payload]);
                (used, Passed::Event)
            }
            Cut::Data { used, .. } => (used, Passed::Event),
            Cut::Oversized {
                payload_bytes,
                used,
                ..
            } => {
                self.skip = payload_bytes as usize;
                (used, Passed::TooLarge)
            }
        };
        self.at += used;
        self.next += 1;
        Ok(passed)
    }

    /// Makes more text, at least `wanted` bytes more if there are as many, and tells whether there was any.
    fn more(&mut self, source: &Source, wanted: usize) -> Result<bool, FrameError> {
        let Form::Compressed(zlib) = &source.form else {
            return Ok(false);
        };
        if self.ended {
            return Ok(false);
        }
        self.text.drain(..self.at);
        self.at = 0;
        let before = self.text.len();
        let full = before + wanted.max(CHUNK_BYTES.saturating_sub(before));
        self.ended = self.inflater.inflate(zlib, &mut self.text, full)? == Inflated::Done;
        Ok(self.text.len() > before)
    }
}

/// What a frame gave.
enum Passed {
    Event,
    TooLarge,
    /// It is not there yet.
    Nothing {
        /// So many bytes more are needed.
        wanted: usize,
    },
}

/// The text from `at` on, which is inflated if its source is not.
fn rest<'a>(source: &'a Source, inflated: &'a [u8], at: usize) -> &'a [u8] {
    let text = match &source.form {
        Form::Compressed(_) => inflated,
        Form::Frames(frames) => frames,
    };
    text.get(at..).unwrap_or_default()
}

#[cfg(test)]
mod tests;
