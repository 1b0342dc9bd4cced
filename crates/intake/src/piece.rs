//! A piece of a window, waiting to be worked on.

use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;
use sawmill_lumberjack::{FrameError, Inflated, Inflater};

use crate::peer::Peer;
use crate::source::Source;

/// Frames of one window, as they were received. Compressed ones stay so until they are worked on.
#[derive(Debug)]
pub struct Piece {
    form: Form,
    /// Who sent it, if that matters.
    pub(crate) peer: Option<Arc<Peer>>,
    /// How much of the frames' text has been cut into events.
    pub(crate) at: usize,
    /// Bytes still to pass over: the payload of an event that is too large.
    pub(crate) skip: usize,
    /// The bytes of all such events.
    skipped: u64,
    /// How much text was passed.
    passed: usize,
    /// The same in this turn.
    pub(crate) turn_bytes: usize,
    /// How many events have been cut.
    pub(crate) events: u32,
}

#[derive(Debug)]
enum Form {
    Compressed {
        zlib: Bytes,
        inflating: Option<Box<Inflating>>,
        ended: bool,
    },
    Frames(Bytes),
}

/// An inflater and the text that it fills, lent to one piece after the other.
#[derive(Debug, Default)]
pub(crate) struct Inflating {
    inflater: Inflater,
    /// How much text the inflater holds, if it could open the stream at once.
    whole_bytes: Option<usize>,
    /// The text at hand, if not.
    text: Vec<u8>,
}

/// Text that is inflated at a time: it stays in the processor's cache from inflating to encoding.
const CHUNK_BYTES: usize = 128 * 1024;

impl Piece {
    /// The payload of a compressed frame.
    pub fn compressed(zlib: Bytes) -> Self {
        Self::of(Form::Compressed {
            zlib,
            inflating: None,
            ended: false,
        })
    }

    /// Whole frames, one behind the other.
    pub fn frames(frames: Vec<u8>) -> Self {
        // They are kept until their events are settled, so not twice as much as there is.
        Self::of(Form::Frames(frames.into_boxed_slice().into()))
    }

    fn of(form: Form) -> Self {
        Self {
            form,
            peer: None,
            at: 0,
            skip: 0,
            skipped: 0,
            passed: 0,
            turn_bytes: 0,
            events: 0,
        }
    }

    /// The same from a sender that matters.
    #[must_use]
    pub fn sent_by(self, peer: Option<Arc<Peer>>) -> Self {
        Self { peer, ..self }
    }

    /// How many bytes of text its last turn passed.
    pub fn turn_bytes(&self) -> usize {
        self.turn_bytes
    }

    /// The bytes that its events are cut from, to find them in again.
    pub fn source(&self) -> Source {
        match &self.form {
            Form::Compressed { zlib, .. } => Source::compressed(zlib.clone()),
            Form::Frames(frames) => Source::frames(frames.clone()),
        }
    }

    /// The text that is there to be cut, from `at` on.
    pub(crate) fn text(&mut self) -> &[u8] {
        let text = match &mut self.form {
            Form::Compressed { inflating, .. } => inflating
                .as_mut()
                .map_or(&[][..], |inflating| inflating.text()),
            Form::Frames(frames) => frames,
        };
        text.get(self.at..).unwrap_or_default()
    }

    /// A part of [`text`](Self::text) to be changed in place. `None` where it stands as it was received, which must stay.
    pub(crate) fn own(&mut self, part: Range<usize>) -> Option<&mut [u8]> {
        match &mut self.form {
            Form::Compressed { inflating, .. } => {
                let text = inflating.as_mut()?.text().get_mut(self.at..)?;
                text.get_mut(part)
            }
            Form::Frames(_) => None,
        }
    }

    /// Passes so many bytes of [`text`](Self::text).
    pub(crate) fn pass(&mut self, bytes: usize) {
        self.at += bytes;
        self.passed += bytes;
        self.turn_bytes += bytes;
    }

    /// Begins to pass over an event that is too large.
    ///
    /// # Errors
    /// All that was passed over is more than `bytes_max`.
    pub(crate) fn skip(&mut self, bytes: u32, bytes_max: u64) -> Result<(), FrameError> {
        self.skip = bytes as usize;
        self.skipped += u64::from(bytes);
        if self.skipped > bytes_max {
            return Err(FrameError::TooMuchSkipped {
                limit_bytes: bytes_max,
            });
        }
        Ok(())
    }

    /// Makes more text, at least `wanted` bytes more if there are as many, and tells whether
    /// there was any. `spare` lends the inflater.
    pub(crate) fn more(
        &mut self,
        wanted: usize,
        spare: &mut Option<Box<Inflating>>,
    ) -> Result<bool, FrameError> {
        let Form::Compressed {
            zlib,
            inflating,
            ended,
        } = &mut self.form
        else {
            return Ok(false);
        };
        if *ended {
            return Ok(false);
        }
        let inflating = match inflating {
            Some(inflating) => inflating,
            None => {
                let lent = inflating.insert(spare.take().unwrap_or_default());
                lent.whole_bytes = lent.inflater.inflate_whole(zlib);
                if let Some(bytes) = lent.whole_bytes {
                    *ended = true;
                    self.at = self.passed;
                    return Ok(bytes > self.at);
                }
                self.at = 0;
                self.skip += std::mem::take(&mut self.passed);
                lent.inflater.reset();
                lent.text.clear();
                lent
            }
        };
        let Inflating { inflater, text, .. } = &mut **inflating;
        text.drain(..self.at);
        self.at = 0;
        let before = text.len();
        let full = before + wanted.max(CHUNK_BYTES.saturating_sub(before));
        *ended = inflater.inflate(zlib, text, full)? == Inflated::Done;
        Ok(text.len() > before)
    }

    /// Whether there is no more text than what is at hand.
    pub(crate) fn has_ended(&self) -> bool {
        match &self.form {
            Form::Compressed { ended, .. } => *ended,
            Form::Frames(_) => true,
        }
    }

    /// Makes ready to wait for another turn. Text and inflater are megabytes that no budget counts: unless the piece may `keep`
    /// them, they are given back, and what was passed is inflated once more.
    pub(crate) fn pause(&mut self, keep: bool, spare: &mut Option<Box<Inflating>>) {
        let Form::Compressed {
            inflating, ended, ..
        } = &mut self.form
        else {
            return;
        };
        if !keep {
            if let Some(mut lent) = inflating.take() {
                lent.text.clear();
                lent.forget_large();
                *spare = Some(lent);
                *ended = false;
            }
        } else if let Some(kept) = inflating.as_mut().filter(|kept| kept.whole_bytes.is_none()) {
            kept.text.drain(..self.at);
            self.at = 0;
            kept.forget_large();
        }
    }

    /// Gives the inflater back when the piece is done.
    pub(crate) fn give_back(&mut self, spare: &mut Option<Box<Inflating>>) {
        if let Form::Compressed { inflating, .. } = &mut self.form
            && let Some(mut lent) = inflating.take()
        {
            lent.text.clear();
            lent.forget_large();
            *spare = Some(lent);
        }
    }
}

impl Inflating {
    /// One huge event must not be remembered for ever.
    fn forget_large(&mut self) {
        if self.text.capacity() > 8 * CHUNK_BYTES {
            self.text.shrink_to(CHUNK_BYTES);
        }
    }

    fn text(&mut self) -> &mut [u8] {
        match self.whole_bytes {
            Some(bytes) => self.inflater.whole(bytes),
            None => &mut self.text,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    /// All text, taken by pauses after every `turn_bytes`.
    fn taken(zlib: &Bytes, turn_bytes: usize, keep: bool) -> Vec<u8> {
        let (mut piece, mut spare) = (Piece::compressed(zlib.clone()), None);
        let mut all = Vec::new();
        while piece.more(1, &mut spare).unwrap() {
            while !piece.text().is_empty() {
                let skipped = piece.skip.min(piece.text().len());
                piece.skip -= skipped;
                piece.pass(skipped);
                let part = turn_bytes.min(piece.text().len());
                all.extend_from_slice(&piece.text()[..part]);
                piece.pass(part);
                if part > 0 {
                    piece.pause(keep, &mut spare);
                }
                if let Form::Compressed { inflating, .. } = &piece.form
                    && part > 0
                {
                    assert_eq!(inflating.is_some(), keep);
                }
            }
        }
        all
    }

    #[test]
    fn a_piece_that_paused_goes_on_where_it_was() {
        // What is inflated at once, and what is not.
        for numbers in [400_000_u32, 1_200_000] {
            let plain: Vec<u8> = (0..numbers).flat_map(u32::to_be_bytes).collect();
            let level = flate2::Compression::new(3);
            let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), level);
            encoder.write_all(&plain).unwrap();
            let zlib = Bytes::from(encoder.finish().unwrap());
            for (turn_bytes, keep) in [100_000, 700_000, usize::MAX]
                .into_iter()
                .flat_map(|bytes| [(bytes, false), (bytes, true)])
            {
                assert!(
                    taken(&zlib, turn_bytes, keep) == plain,
                    "{turn_bytes} {keep}"
                );
            }
        }
    }
}
