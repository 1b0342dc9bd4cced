//! One connection: windows out, ACKs in, both at the same time.

use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use bytes::Bytes;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::error::BenchError;
use crate::results::{Violation, ViolationKind};

use super::ledger::{Heard, Ledger, Partials};
use super::pacer::Pacer;
use super::stream::Stream;
use super::supply::{Next, Supply};
use super::tally::Tally;

/// What holds for every connection of a run.
#[derive(Clone, Debug)]
pub(super) struct Terms {
    pub(super) target: String,
    pub(super) windows_in_flight: usize,
    /// So long a server may be silent while something is in flight.
    pub(super) ack_timeout: Duration,
    pub(super) on_violation: OnViolation,
    pub(super) partials: Partials,
}

/// What an ACK against the protocol leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnViolation {
    /// It is counted, and the run goes on.
    Count,
    /// The run ends with an error.
    End,
}

/// What the connections of one thread share.
pub(super) struct Shared {
    pub(super) terms: Terms,
    pub(super) pacer: Pacer,
    pub(super) tally: Arc<Mutex<Tally>>,
}

impl Shared {
    fn tally(&self) -> MutexGuard<'_, Tally> {
        self.tally.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One connection and what is under way on it.
pub(super) struct Conversation {
    stream: Stream,
    shared: Rc<Shared>,
    ledger: Ledger,
    supply: Supply,
    outgoing: Option<Outgoing>,
    /// How far the supply has come.
    stage: Stage,
    /// When the server last took bytes or answered.
    progress: Instant,
    /// Since when an ACK is waited for.
    unanswered_since: Instant,
    /// When to look whether it stalls, if that has been asked for.
    stall_alarm: Option<Instant>,
    /// When the next window or a byte that is held back is due, if that has been asked for.
    send_alarm: Option<Instant>,
    /// When even a server that sends keepalives has had its time.
    give_up_at: Option<Instant>,
}

/// A window on its way out.
struct Outgoing {
    bytes: Bytes,
    written: usize,
    events: u32,
    /// How long to hold back the last byte, and from when on.
    hold: Duration,
    held_since: Option<Instant>,
}

enum Stage {
    /// There are windows to send.
    Sending,
    /// There are none, and some are in flight.
    Draining,
    /// All are acknowledged; an ACK too many may still come.
    Listening { until: Instant },
}

/// How long to listen for an ACK too many. A server that sends one sends it at once.
const LISTEN: Duration = Duration::from_millis(50);
/// Several ACKs; more than one is rarely there.
const READ_BYTES: usize = 96;

impl Conversation {
    pub(super) fn new(stream: Stream, connection: u32, shared: Rc<Shared>) -> Self {
        let ledger = Ledger::new(connection, shared.terms.partials);
        Self {
            stream,
            shared,
            ledger,
            supply: Supply::opening(Vec::new(), Duration::ZERO),
            outgoing: None,
            stage: Stage::Sending,
            progress: Instant::now(),
            unanswered_since: Instant::now(),
            stall_alarm: None,
            send_alarm: None,
            give_up_at: None,
        }
    }

    /// Sends all windows of the supply and waits until they are acknowledged.
    ///
    /// A server that has not acknowledged all at `give_up_at` has stalled, whatever else it sends.
    pub(super) async fn hold(
        &mut self,
        supply: Supply,
        give_up_at: Option<Instant>,
    ) -> Result<(), BenchError> {
        self.supply = supply;
        self.stage = Stage::Sending;
        self.give_up_at = give_up_at;
        // Alarms wake the task that asked for them, and this may be another.
        (self.stall_alarm, self.send_alarm) = (None, None);
        poll_fn(|context| self.poll(context)).await
    }

    /// Sends nothing, and returns when the server closes the connection.
    pub(super) async fn sit_idle(&mut self) -> Result<(), BenchError> {
        let closed = poll_fn(|context| match self.poll_hear(context) {
            Ok(()) => Poll::Pending,
            Err(error) => Poll::Ready(error),
        });
        match closed.await {
            BenchError::Closed { .. } | BenchError::Lost { .. } => {
                self.shared.tally().idle_closed += 1;
                Ok(())
            }
            error => Err(error),
        }
    }

    fn poll(&mut self, context: &mut Context<'_>) -> Poll<Result<(), BenchError>> {
        // ACKs first: one that is there before the last byte has left is early.
        self.poll_hear(context)?;
        self.poll_send(context)?;
        self.check_stall(context)?;
        self.poll_stage(context)
    }

    fn poll_hear(&mut self, context: &mut Context<'_>) -> Result<(), BenchError> {
        loop {
            let mut buffer = [0; READ_BYTES];
            let mut buffer = ReadBuf::new(&mut buffer);
            match Pin::new(&mut self.stream).poll_read(context, &mut buffer) {
                Poll::Pending => return Ok(()),
                Poll::Ready(Err(reason)) => return Err(self.lost(reason)),
                Poll::Ready(Ok(())) if buffer.filled().is_empty() => return Err(self.closed()),
                Poll::Ready(Ok(())) => self.hear(buffer.filled())?,
            }
        }
    }

    fn hear(&mut self, mut input: &[u8]) -> Result<(), BenchError> {
        let now = Instant::now();
        self.progress = now;
        let shared = Rc::clone(&self.shared);
        let mut tally = shared.tally();
        while let Some((heard, violation)) = self.ledger.hear(&mut input) {
            match heard {
                Heard::Settled(flight) => {
                    self.unanswered_since = now;
                    tally.settled(&flight, now);
                }
                Heard::Keepalive => tally.keepalive(now),
                Heard::Nothing | Heard::Partial => {}
            }
            if let Some(violation) = violation {
                tally.violated(&violation);
                self.judge(violation)?;
            }
        }
        Ok(())
    }

    fn judge(&self, violation: Violation) -> Result<(), BenchError> {
        let terms = &self.shared.terms;
        // After garbage nobody knows where the next ACK begins.
        let fatal = violation.kind == ViolationKind::Garbage;
        match terms.on_violation {
            OnViolation::Count if !fatal => Ok(()),
            OnViolation::Count | OnViolation::End => Err(BenchError::Violated {
                target: terms.target.clone(),
                violation,
            }),
        }
    }

    /// Sends as much as the server takes and may have.
    fn poll_send(&mut self, context: &mut Context<'_>) -> Result<(), BenchError> {
        loop {
            let done = match &self.outgoing {
                Some(_) => self.poll_write(context)?,
                None => self.poll_next(context),
            };
            if done.is_pending() {
                return Ok(());
            }
        }
    }

    /// Takes the next window; pending if it may not be sent yet.
    fn poll_next(&mut self, context: &mut Context<'_>) -> Poll<()> {
        let may_send = matches!(self.stage, Stage::Sending)
            && self.ledger.in_flight() < self.shared.terms.windows_in_flight;
        if !may_send {
            return Poll::Pending;
        }
        let now = Instant::now();
        match self.supply.next(now) {
            Next::At(at) => self.wake_to_send(at, context),
            Next::Finished => {
                self.shared.tally().windows_unsent += self.supply.unsent();
                self.stage = Stage::Draining;
                Poll::Pending
            }
            Next::Window { window, due, hold } => {
                if self.ledger.in_flight() == 0 {
                    (self.progress, self.unanswered_since) = (now, now);
                }
                self.ledger.begin(
                    window.events,
                    window.json_bytes,
                    window.bytes.len() as u64,
                    due.unwrap_or(now),
                );
                self.outgoing = Some(Outgoing {
                    bytes: window.bytes,
                    written: 0,
                    events: window.events,
                    hold,
                    held_since: None,
                });
                Poll::Ready(())
            }
        }
    }

    /// Writes on; ready if something has been done.
    fn poll_write(&mut self, context: &mut Context<'_>) -> Result<Poll<()>, BenchError> {
        let Some(outgoing) = &mut self.outgoing else {
            return Ok(Poll::Pending);
        };
        let length = outgoing.bytes.len();
        let end = if outgoing.hold.is_zero() {
            length
        } else {
            length - 1
        };
        if outgoing.written < end {
            let bytes = &outgoing.bytes[outgoing.written..end];
            return match Pin::new(&mut self.stream).poll_write(context, bytes) {
                Poll::Pending => Ok(Poll::Pending),
                Poll::Ready(Ok(count)) => {
                    outgoing.written += count;
                    self.progress = Instant::now();
                    Ok(Poll::Ready(()))
                }
                Poll::Ready(Err(reason)) => Err(self.lost(reason)),
            };
        }
        // Over TLS the bytes may still be ours.
        match Pin::new(&mut self.stream).poll_flush(context) {
            Poll::Pending => return Ok(Poll::Pending),
            Poll::Ready(Ok(())) => {}
            Poll::Ready(Err(reason)) => return Err(self.lost(reason)),
        }
        let now = Instant::now();
        if end < length {
            let until = *outgoing.held_since.get_or_insert(now) + outgoing.hold;
            if now < until {
                return Ok(self.wake_to_send(until, context));
            }
            outgoing.hold = Duration::ZERO;
            return Ok(Poll::Ready(()));
        }
        let events = outgoing.events;
        self.outgoing = None;
        self.ledger.complete(now);
        self.shared.tally().sent(events);
        Ok(Poll::Ready(()))
    }

    fn wake_to_send(&mut self, at: Instant, context: &Context<'_>) -> Poll<()> {
        if self.send_alarm != Some(at) {
            self.send_alarm = Some(at);
            self.shared.pacer.wake_at(at, context.waker());
        }
        Poll::Pending
    }

    fn poll_stage(&mut self, context: &Context<'_>) -> Poll<Result<(), BenchError>> {
        let now = Instant::now();
        if matches!(self.stage, Stage::Draining) && self.ledger.in_flight() == 0 {
            let until = match self.supply {
                // What comes too much is heard in the load that follows.
                Supply::Opening { .. } => return Poll::Ready(Ok(())),
                Supply::Load { .. } => now + LISTEN,
            };
            self.stage = Stage::Listening { until };
        }
        match self.stage {
            Stage::Sending | Stage::Draining => Poll::Pending,
            Stage::Listening { until } if now < until => self.wake_to_send(until, context).map(Ok),
            Stage::Listening { .. } => Poll::Ready(Ok(())),
        }
    }

    fn check_stall(&mut self, context: &Context<'_>) -> Result<(), BenchError> {
        if self.ledger.in_flight() == 0 {
            return Ok(());
        }
        let now = Instant::now();
        let silent_until = self.progress + self.shared.terms.ack_timeout;
        let deadline = match self.give_up_at {
            Some(give_up_at) => silent_until.min(give_up_at),
            None => silent_until,
        };
        if now >= deadline {
            return Err(self.stalled(now));
        }
        // One alarm at a time: if there was progress, it asks for the next when it rings.
        if self.stall_alarm.is_none_or(|alarm| alarm <= now) {
            self.stall_alarm = Some(deadline);
            self.shared.pacer.wake_at(deadline, context.waker());
        }
        Ok(())
    }

    fn closed(&self) -> BenchError {
        BenchError::Closed {
            target: self.shared.terms.target.clone(),
            connection: self.ledger.connection(),
            settled: self.ledger.settled(),
            unacknowledged: self.ledger.events_in_flight(),
        }
    }

    fn lost(&self, reason: io::Error) -> BenchError {
        if reason.kind() == io::ErrorKind::UnexpectedEof {
            // TLS without a goodbye.
            return self.closed();
        }
        BenchError::Lost {
            target: self.shared.terms.target.clone(),
            connection: self.ledger.connection(),
            settled: self.ledger.settled(),
            unacknowledged: self.ledger.events_in_flight(),
            reason,
        }
    }

    fn stalled(&self, now: Instant) -> BenchError {
        let target = self.shared.terms.target.clone();
        let connection = self.ledger.connection();
        let settled = self.ledger.settled();
        match &self.outgoing {
            // Windows before it may be unacknowledged too, but first of all nobody reads.
            Some(outgoing) if outgoing.held_since.is_none() => BenchError::StalledReading {
                target,
                connection,
                settled,
                waited: now.saturating_duration_since(self.progress),
            },
            Some(_) | None => BenchError::Stalled {
                target,
                connection,
                settled,
                unacknowledged: self.ledger.events_in_flight(),
                waited: now.saturating_duration_since(self.unanswered_since),
            },
        }
    }
}
