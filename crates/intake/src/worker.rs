//! The work itself: inflate, cut, parse, filter, encode.

use sawmill_elasticsearch_out::BulkBody;
use sawmill_event::{Event, FieldRef, FieldRefError, Tables};
use sawmill_lumberjack::{FrameError, Limits, Sequence};
use sawmill_pipeline::{Chain, Scratch, Verdict};

use crate::cut::{Cut, cut, is_data};
use crate::dead_letter::{DeadLetter, Reason};
use crate::ids::{DocumentIds, IdFields, Ids};
use crate::names::{NameFields, Names};
use crate::peer::{Peer, PeerFields};
use crate::piece::{Inflating, Piece};

/// What a piece and its events may be at most.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Of frames.
    pub frames: Limits,
    /// Of an event's JSON.
    pub event: sawmill_event::Limits,
    /// Where events get their `_id` from.
    pub document_ids: DocumentIds,
}

/// What a turn may take.
#[derive(Clone, Copy, Debug)]
pub struct Room {
    /// Bytes of a body and its dead letters after which the turn ends; its last event may go over it. An event that is
    /// larger by itself is not begun.
    pub body_bytes: usize,
    /// Bytes of text after which it ends, whatever became of them.
    pub text_bytes: usize,
    /// Whether the piece may keep its inflater and text until its next turn. It must have been allowed to from some turn on: what
    /// is inflated again counts as passed.
    pub keep: bool,
}

/// What all workers share: the filter chain and the limits.
pub struct Intake {
    chain: Chain,
    settings: Settings,
    timestamp: FieldRef,
    names: NameFields,
    ids: IdFields,
    peers: PeerFields,
}

/// The buffers of one thread.
pub struct Worker {
    tables: Tables,
    scratch: Scratch,
    /// An event's JSON that is not where it can be worked on: of version 1, or in frames that stay as they came.
    data: Vec<u8>,
    names: Names,
    ids: Ids,
    inflating: Option<Box<Inflating>>,
    /// Length of the largest event that the buffers have seen.
    largest_bytes: usize,
}

impl Worker {
    fn copy(&mut self, json: &[u8]) {
        self.data.clear();
        self.data.extend_from_slice(json);
    }
}

/// A compressed frame may have so many bytes of events that are too large. They take time to inflate and are not stored.
const SKIPPED_BYTES_MAX: u64 = 1 << 30;

/// An event whose size is not said beforehand is known to be large when so much of it is there.
const SMALL_BYTES: usize = 128 << 10;

/// Buffers that grew for an event larger than this are not kept: one huge event must not be
/// remembered for ever.
const REMEMBERED_BYTES_MAX: usize = 1 << 20;

/// What a dead letter takes beside its event, until it is on disk: its reason as text, its line, its places in queues.
pub const LETTER_BYTES: usize = 512;

/// What became of the events of one turn.
#[derive(Debug, Default)]
pub struct Tally {
    /// Events cut, whatever became of them.
    pub events: u32,
    /// Events that the pipeline dropped on purpose.
    pub dropped: u32,
    /// Events that cannot be stored. The rest is in the body.
    pub dead_letters: Vec<DeadLetter>,
    /// The bytes that they take.
    pub dead_bytes: usize,
    /// The last event's sequence.
    pub last: Option<Sequence>,
}

impl Tally {
    fn bury(&mut self, letter: DeadLetter) {
        self.dead_bytes += letter.event.len() + LETTER_BYTES;
        self.dead_letters.push(letter);
    }
}

/// Whether a piece is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// All of it is cut.
    Done,
    /// The piece wants another turn.
    More {
        /// With room for an event of so many bytes, at least.
        event_bytes: usize,
    },
}

/// Why cutting pauses.
enum Pause {
    /// The next frame lacks so many bytes.
    Lacks(usize),
    /// The turn has taken what it may.
    Full,
    /// There is no room for the next event, which has so many bytes.
    Large(usize),
}

impl Intake {
    /// Builds what workers share.
    pub fn new(chain: Chain, settings: Settings) -> Result<Self, FieldRefError> {
        Ok(Self {
            chain,
            ids: IdFields::new(settings.document_ids)?,
            settings,
            timestamp: FieldRef::parse("@timestamp")?,
            names: NameFields::new()?,
            peers: PeerFields::new()?,
        })
    }

    /// Buffers for one thread.
    pub fn worker(&self) -> Worker {
        Worker {
            tables: Tables::default(),
            scratch: self.chain.scratch(),
            data: Vec::new(),
            names: Names::default(),
            ids: Ids::default(),
            inflating: None,
            largest_bytes: 0,
        }
    }

    /// Works on `piece` until it is done or has taken all `room`. What is in `body` counts as taken.
    ///
    /// # Errors
    /// A broken frame or zlib stream. What the turn wrote to `body` must not be sent then.
    pub fn work(
        &self,
        worker: &mut Worker,
        piece: &mut Piece,
        body: &mut BulkBody,
        room: Room,
    ) -> Result<(Progress, Tally), FrameError> {
        if worker.largest_bytes > REMEMBERED_BYTES_MAX {
            *worker = self.worker();
        }
        let mut tally = Tally::default();
        piece.turn_bytes = 0;
        loop {
            let event_bytes = match self.cut_all(worker, piece, body, room, &mut tally)? {
                Pause::Full => 0,
                Pause::Large(bytes) => bytes,
                Pause::Lacks(wanted) => {
                    if piece.more(wanted, &mut worker.inflating)? {
                        continue;
                    }
                    if !piece.text().is_empty() || piece.skip > 0 {
                        return Err(FrameError::FrameCutOff {
                            missing_bytes: wanted,
                        });
                    }
                    piece.give_back(&mut worker.inflating);
                    return Ok((Progress::Done, tally));
                }
            };
            piece.pause(room.keep, &mut worker.inflating);
            return Ok((Progress::More { event_bytes }, tally));
        }
    }

    /// Works on all whole frames at hand.
    fn cut_all(
        &self,
        worker: &mut Worker,
        piece: &mut Piece,
        body: &mut BulkBody,
        room: Room,
        tally: &mut Tally,
    ) -> Result<Pause, FrameError> {
        let peer = piece.peer.clone();
        let peer = peer.as_deref();
        loop {
            let skipped = piece.skip.min(piece.text().len());
            piece.skip -= skipped;
            piece.pass(skipped);
            let taken = body.len_bytes() + tally.dead_bytes;
            if taken >= room.body_bytes || piece.turn_bytes >= room.text_bytes {
                return Ok(Pause::Full);
            }
            if piece.skip > 0 {
                return Ok(Pause::Lacks(1));
            }
            let ordinal = piece.events;
            let cut = cut(piece.text(), &self.settings.frames, &mut worker.data)?;
            let event_bytes = self.event_bytes(&cut, piece);
            if event_bytes > room.body_bytes {
                return Ok(Pause::Large(event_bytes));
            }
            if taken > 0 && taken + event_bytes > room.body_bytes {
                return Ok(Pause::Full);
            }
            let (sequence, used) = match cut {
                Cut::Need(bytes) => return Ok(Pause::Lacks(bytes)),
                Cut::Json {
                    sequence,
                    payload,
                    used,
                } => {
                    match piece.own(payload.clone()) {
                        Some(json) => self.take(worker, json, peer, ordinal, body, tally),
                        None => {
                            worker.copy(piece.text().get(payload).unwrap_or_default());
                            self.take_data(worker, peer, ordinal, body, tally);
                        }
                    }
                    (sequence, used)
                }
                Cut::Data { sequence, used } => {
                    self.take_data(worker, peer, ordinal, body, tally);
                    (sequence, used)
                }
                Cut::Oversized {
                    sequence,
                    payload_bytes,
                    used,
                } => {
                    piece.skip(payload_bytes, SKIPPED_BYTES_MAX)?;
                    tally.bury(self.too_large(payload_bytes, ordinal));
                    (sequence, used)
                }
            };
            piece.pass(used);
            piece.events += 1;
            tally.events += 1;
            tally.last = Some(sequence);
        }
    }

    /// How many bytes the event at the head of the text has, as far as can be told.
    fn event_bytes(&self, cut: &Cut, piece: &mut Piece) -> usize {
        let has_ended = piece.has_ended();
        let text = piece.text();
        match cut {
            Cut::Json { used, .. } | Cut::Data { used, .. } => *used,
            // Nothing more comes, and it will be refused for that.
            Cut::Need(_) if has_ended => 0,
            Cut::Need(_) if is_data(text) && text.len() > SMALL_BYTES => {
                self.settings.frames.event_bytes_max as usize
            }
            Cut::Need(bytes) => text.len() + bytes,
            Cut::Oversized { .. } => 0,
        }
    }

    fn too_large(&self, bytes: u32, ordinal: u32) -> DeadLetter {
        DeadLetter {
            event: Vec::new(),
            ordinal,
            reason: Reason::TooLarge {
                bytes,
                limit_bytes: self.settings.frames.event_bytes_max,
            },
        }
    }

    /// One event whose JSON stands in the worker's own buffer.
    fn take_data(
        &self,
        worker: &mut Worker,
        peer: Option<&Peer>,
        ordinal: u32,
        body: &mut BulkBody,
        tally: &mut Tally,
    ) {
        let mut json = std::mem::take(&mut worker.data);
        self.take(worker, &mut json, peer, ordinal, body, tally);
        worker.data = json;
    }

    /// One event, from its JSON to its place in the body.
    #[inline]
    fn take(
        &self,
        worker: &mut Worker,
        json: &mut [u8],
        peer: Option<&Peer>,
        ordinal: u32,
        body: &mut BulkBody,
        tally: &mut Tally,
    ) {
        worker.largest_bytes = worker.largest_bytes.max(json.len());
        let mut event = match Event::parse(json, &mut worker.tables, &self.settings.event) {
            Ok(event) => event,
            Err(error) => {
                let event = json.to_vec();
                return tally.bury(DeadLetter {
                    event,
                    ordinal,
                    reason: error.into(),
                });
            }
        };
        worker.ids.receive(&event, &self.ids);
        if let Some(Err(reason)) = peer.map(|peer| self.peers.apply(peer, &mut event)) {
            let event = event.text().as_bytes().to_vec();
            return tally.bury(DeadLetter {
                event,
                ordinal,
                reason,
            });
        }
        if event.get(&self.timestamp).is_none() {
            let now = format!("{:.3}", jiff::Timestamp::now());
            // A top-level field can always be set.
            let _ = event.set_string(&self.timestamp, &now);
        }
        match self.chain.apply(&mut event, &mut worker.scratch) {
            Verdict::Drop => tally.dropped += 1,
            Verdict::Keep => {
                let Worker { names, ids, .. } = worker;
                if let Err(reason) = self.encode(&event, ordinal, names, ids, body) {
                    let event = event.text().as_bytes().to_vec();
                    tally.bury(DeadLetter {
                        event,
                        ordinal,
                        reason,
                    });
                }
            }
        }
    }

    /// Writes the event's action and document.
    #[inline]
    fn encode(
        &self,
        event: &Event<'_>,
        ordinal: u32,
        names: &mut Names,
        ids: &mut Ids,
        body: &mut BulkBody,
    ) -> Result<(), Reason> {
        let mut draft = body.begin(&names.of(event, &self.names), ids.of(event, &self.ids)?)?;
        event.encode(draft.text());
        draft.number(ordinal);
        draft.finish();
        Ok(())
    }
}
