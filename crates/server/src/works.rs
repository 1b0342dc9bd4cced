//! Pieces of windows, worked on: to bodies, to the output, to dead letters.

use std::sync::Arc;

use sawmill_intake::{DeadLetter, Piece, Progress, Reason};
use sawmill_lumberjack::Sequence;
use tokio_util::sync::CancellationToken;

use crate::connection::PeerName;
use crate::crew::{Crew, TURN_BYTES_HERE, Turn};
use crate::dead_letters::{DeadLetters, Letter, Text};
use crate::delivery::{Delivery, Received, Ticket};
use crate::memory::{Memory, Reserved};
use crate::metrics::{EventCounts, EventEnd};
use crate::output::Output;
use crate::window::{Failure, Window};

/// What all connections share.
#[derive(Clone)]
pub(crate) struct Works {
    pub(crate) memory: Memory,
    pub(crate) crew: Arc<Crew>,
    pub(crate) output: Output,
    pub(crate) dead_letters: DeadLetters,
    pub(crate) counts: Arc<EventCounts>,
}

/// A piece of a window on its way to be worked on.
pub(crate) struct Job {
    pub(crate) window: Arc<Window>,
    pub(crate) peer: Arc<PeerName>,
    pub(crate) piece: Piece,
    /// The memory that the piece takes while it waits.
    pub(crate) memory: Option<Reserved>,
    /// Set when the connection is gone: what has not been begun need not be, since its sender
    /// will send it again.
    pub(crate) gone: CancellationToken,
}

/// What a body takes beside its text and table: its ticket, its place in queues and in a request.
const DELIVERY_BYTES: usize = 512;

/// A piece of at most so many bytes is mostly worked through in a fraction of a millisecond.
const SMALL_BYTES: usize = 16 << 10;

impl Received {
    fn is_small(&self) -> bool {
        self.bytes() <= SMALL_BYTES
    }
}

impl Works {
    /// Starts work on a piece and returns soon. A small one is worked on at once if it can be:
    /// handing it to another thread would take longer than the work.
    pub(crate) fn begin(&self, job: Job) {
        let Job {
            window,
            peer,
            mut piece,
            memory,
            gone,
        } = job;
        let number = window.begin_piece();
        let received = Arc::new(Received {
            window,
            peer,
            source: Some(piece.source()),
            memory,
            counts: Arc::clone(&self.counts),
        });
        let mut begun = None;
        if received.is_small()
            && let Some(place) = self.crew.place_now()
            && let Some((body, room)) = self.memory.body_now()
        {
            let body_bytes = self.memory.body_bytes_max();
            let turn = self
                .crew
                .work_here(place, &mut piece, body, body_bytes, None);
            match self.pass_on(&received, number, turn, room) {
                Progress::Done => {
                    received.window.end_piece();
                    return;
                }
                Progress::More { event_bytes } => begun = Some(event_bytes),
            }
        }
        let works = self.clone();
        tokio::spawn(async move { works.work(received, piece, number, begun, gone).await });
    }

    /// Settles an event that was too large to be read.
    pub(crate) fn refuse_oversized(
        &self,
        window: &Arc<Window>,
        peer: &Arc<PeerName>,
        sequence: Sequence,
        reason: Reason,
    ) {
        let number = window.begin_piece();
        self.counts.receive(1);
        window.cut(number, 1, Some(sequence));
        window.end_piece();
        let received = Received {
            window: Arc::clone(window),
            peer: Arc::clone(peer),
            source: None,
            memory: None,
            counts: Arc::clone(&self.counts),
        };
        let ticket = Ticket::new(Arc::new(received), 1, None, 0);
        self.bury(
            &ticket,
            vec![DeadLetter {
                event: Vec::new(),
                ordinal: 0,
                reason,
            }],
        );
    }

    /// Works on a piece turn by turn; one that is `begun` had its first, and its next event has so many bytes.
    async fn work(
        self,
        received: Arc<Received>,
        mut piece: Piece,
        number: u32,
        mut begun: Option<usize>,
        gone: CancellationToken,
    ) {
        let mut long = None;
        loop {
            let event_bytes = begun.unwrap_or(0);
            // The room last: while others work it would be kept from bodies that are ready.
            let ready = async {
                if begun.is_some() && long.is_none() {
                    long = Some(self.crew.long().await);
                }
                let alone = self.memory.one_large_event(event_bytes).await;
                let place = self.crew.place().await;
                (alone, place, self.memory.body(event_bytes).await)
            };
            let (_alone, place, (body, room)) = tokio::select! {
                biased;
                () = gone.cancelled() => break,
                ready = ready => ready,
            };
            let body_bytes = self.memory.body_bytes_max().max(event_bytes);
            let (crew, kept) = (&self.crew, long.as_ref());
            // What inflates to a lot is nothing for a connection's thread.
            let text_bytes = event_bytes.max(piece.turn_bytes());
            let turn = if received.is_small() && text_bytes < TURN_BYTES_HERE {
                crew.work_here(place, &mut piece, body, body_bytes, kept)
            } else {
                let work = crew.work(place, piece, body, body_bytes, kept);
                let Ok((rest, turn)) = work.await else {
                    received.window.fail(Failure::Worker);
                    break;
                };
                piece = rest;
                turn
            };
            match self.pass_on(&received, number, turn, room) {
                Progress::Done => break,
                Progress::More { event_bytes } => begun = Some(event_bytes),
            }
        }
        received.window.end_piece();
    }

    /// Settles what need not be stored and hands on the rest.
    fn pass_on(
        &self,
        received: &Arc<Received>,
        number: u32,
        Turn { mut body, outcome }: Turn,
        mut room: Reserved,
    ) -> Progress {
        let window = &received.window;
        let (progress, tally) = match outcome {
            Ok(good) => good,
            Err(error) => {
                window.fail(Failure::Protocol(error));
                drop(room);
                self.memory.give_back(body);
                return Progress::Done;
            }
        };
        self.counts.receive(tally.events);
        window.cut(number, tally.events, tally.last);
        self.counts.settle(tally.dropped, EventEnd::Dropped);
        window.settle(tally.dropped);
        let open = tally.events - tally.dropped;
        if open > 0 {
            let large = body.fit();
            if body.memory_bytes() > room.bytes() {
                // A buffer that grew may be twice as large as what is in it.
                body.shrink();
            }
            room.shrink_to(body.memory_bytes() + tally.dead_bytes + DELIVERY_BYTES);
            if let Some(large) = large {
                self.memory.give_back(large);
            }
            let ticket = Ticket::new(Arc::clone(received), open, Some(room), tally.dead_bytes);
            self.bury(&ticket, tally.dead_letters);
            if body.is_empty() {
                ticket.end_body();
                self.memory.give_back(body);
            } else {
                self.output.put(Delivery { body, ticket });
            }
        } else {
            drop(room);
            self.memory.give_back(body);
        }
        progress
    }

    fn bury(&self, ticket: &Arc<Ticket>, letters: Vec<DeadLetter>) {
        let letter = |letter: DeadLetter| Letter {
            ticket: Arc::clone(ticket),
            reason: letter.reason.to_string(),
            status: None,
            stream: None,
            ordinal: letter.ordinal,
            text: Text::Received(letter.event),
        };
        self.dead_letters
            .put(letters.into_iter().map(letter).collect());
    }
}
