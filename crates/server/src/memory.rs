//! The memory budget: one number over all connections.
//!
//! Half of it is for the bodies made of windows; the other half is for windows that wait as they came, but for a little
//! that dead letters have on their way to a data stream, if there is one for them. The shares keep the way clear: what waits
//! can never take the room that is needed to get it done.

use std::sync::Arc;

use sawmill_elasticsearch_out::BulkBody;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::spares::Spares;

/// Dead letters have one part in so many of the half that is not for bodies.
const LETTERS_PART: usize = 16;

/// Dead letters that cannot be kept at present may have one part in so many of the half for bodies.
const STUCK_LETTERS_PART: usize = 4;

/// One address may have one part in so many of the room for windows, for those that are not whole.
const ADDRESS_PART: usize = 8;

/// Hands out the budget.
#[derive(Clone)]
pub(crate) struct Memory {
    waiting: Share,
    bodies: Share,
    letters: Share,
    one_large_frame: Arc<Semaphore>,
    one_large_event: Arc<Semaphore>,
    body_bytes_max: usize,
    spares: Arc<Spares>,
}

#[derive(Clone, Debug)]
struct Share {
    /// A permit is a byte.
    bytes: Arc<Semaphore>,
    all: u32,
}

/// Bytes of the budget; given back when dropped.
#[derive(Debug)]
pub(crate) struct Reserved {
    permit: OwnedSemaphorePermit,
}

impl Memory {
    /// Divides `budget_bytes`; a body is to have at most `body_bytes_max`.
    pub(crate) fn new(budget_bytes: usize, body_bytes_max: usize) -> Self {
        Self::divided(budget_bytes, body_bytes_max, 0)
    }

    /// The same, with room for dead letters on their way to a data stream.
    pub(crate) fn with_letters(budget_bytes: usize, body_bytes_max: usize) -> Self {
        Self::divided(
            budget_bytes,
            body_bytes_max,
            budget_bytes / 2 / LETTERS_PART,
        )
    }

    fn divided(budget_bytes: usize, body_bytes_max: usize, letters: usize) -> Self {
        let half = budget_bytes / 2;
        // At least two bodies fit at a time, so that one can be made while another is sent.
        let body_bytes_max = body_bytes_max.min(budget_bytes / 4);
        Self {
            waiting: Share::new(half - letters),
            bodies: Share::new(half),
            letters: Share::new(letters),
            one_large_frame: Arc::new(Semaphore::new(1)),
            one_large_event: Arc::new(Semaphore::new(1)),
            body_bytes_max,
            spares: Arc::default(),
        }
    }

    /// How many bytes of the budget are in use for windows as they came, for bodies, and for dead letters.
    pub(crate) fn in_use(&self) -> [(&'static str, usize); 3] {
        [
            ("windows", self.waiting.in_use()),
            ("bodies", self.bodies.in_use()),
            ("dead_letters", self.letters.in_use()),
        ]
    }

    /// What a body may grow to before it is sent, in bytes.
    pub(crate) fn body_bytes_max(&self) -> usize {
        self.body_bytes_max
    }

    /// The most that one reservation for a window can be.
    pub(crate) fn waiting_bytes_max(&self) -> usize {
        self.waiting.all as usize
    }

    /// Room for `bytes` of a window, if there is some at once.
    pub(crate) fn try_waiting(&self, bytes: usize) -> Option<Reserved> {
        self.waiting.try_reserve(bytes)
    }

    /// Room for `bytes` of a window. Nothing is read while this waits.
    pub(crate) async fn waiting(&self, bytes: usize) -> Reserved {
        self.waiting.reserve(bytes).await
    }

    /// What one address may have of the room for windows while those are not whole. To announce a large frame or to hold back
    /// the end of a window costs next to nothing, and must not keep out those who send.
    pub(crate) fn announced(&self) -> Announced {
        Announced(Share::new(self.waiting_bytes_max() / ADDRESS_PART))
    }

    /// The turn of a frame that is larger than what one address may have: there is one at a time.
    pub(crate) async fn one_large_frame(&self) -> OwnedSemaphorePermit {
        next(&self.one_large_frame).await
    }

    /// The turn of an event of so many bytes, if that is larger than a body: there is one at a time, so that nobody waits for
    /// more than one of them.
    pub(crate) async fn one_large_event(&self, event_bytes: usize) -> Option<OwnedSemaphorePermit> {
        if event_bytes <= self.body_bytes_max {
            return None;
        }
        Some(next(&self.one_large_event).await)
    }

    /// An empty body, and room for what is to be written into it, if there is some at once.
    pub(crate) fn body_now(&self) -> Option<(BulkBody, Reserved)> {
        if let Some((body, mut room)) = self.spares.take() {
            let lacking = self.body_bytes_max.saturating_sub(room.bytes());
            if let Some(more) = self.bodies.try_reserve(lacking) {
                room.merge(more);
                return Some((body, room));
            }
        }
        let room = self.bodies.try_reserve(self.body_bytes_max)?;
        Some((BulkBody::new(), room))
    }

    /// An empty body, and room for what is to be written into it: an event of so many bytes at least.
    pub(crate) async fn body(&self, event_bytes: usize) -> (BulkBody, Reserved) {
        let is_large = event_bytes > self.body_bytes_max;
        if !is_large && let Some(body) = self.body_now() {
            return body;
        }
        self.spares.clear();
        // Some of it may be stuck for long with what cannot be stored; one that is larger than half goes over it.
        let large = event_bytes.min(self.bodies.all as usize / 2);
        let room = self.bodies.reserve(large.max(self.body_bytes_max)).await;
        let body = if is_large {
            // With what filters add to it.
            BulkBody::with_capacity(event_bytes + event_bytes / 8, 1)
        } else {
            BulkBody::new()
        };
        (body, room)
    }

    /// How many bytes of the room for bodies dead letters may have that cannot be kept at present: the rest is for events that can
    /// be stored.
    pub(crate) fn stuck_letters_max(&self) -> usize {
        self.bodies.all as usize / STUCK_LETTERS_PART
    }

    /// Room for a dead letter on its way to a data stream.
    pub(crate) async fn letter(&self, bytes: usize) -> Reserved {
        self.letters.reserve(bytes).await
    }

    /// Takes a body that is done with, to be used again if there is room to keep it.
    pub(crate) fn give_back(&self, mut body: BulkBody) {
        if body.memory_bytes() > 2 * self.body_bytes_max {
            return;
        }
        body.clear();
        if let Some(room) = self.bodies.try_reserve(body.memory_bytes()) {
            self.spares.keep(body, room);
        }
    }

    /// The bodies that are kept to be used again.
    pub(crate) fn spares(&self) -> &Spares {
        &self.spares
    }
}

async fn next(turns: &Arc<Semaphore>) -> OwnedSemaphorePermit {
    match Arc::clone(turns).acquire_owned().await {
        Ok(turn) => turn,
        Err(_) => unreachable!("turns are never closed"),
    }
}

/// One address's room for windows that are not whole.
#[derive(Clone, Debug)]
pub(crate) struct Announced(Share);

impl Announced {
    /// As much of it, if there is some at once.
    pub(crate) fn try_reserve(&self, bytes: usize) -> Option<Reserved> {
        self.0.try_reserve(bytes)
    }

    /// Waits for as much of it.
    pub(crate) async fn reserve(&self, bytes: usize) -> Reserved {
        self.0.reserve(bytes).await
    }

    /// The most that one reservation can be.
    pub(crate) fn bytes_max(&self) -> usize {
        self.0.all as usize
    }
}

impl Share {
    fn new(bytes: usize) -> Self {
        let all = u32::try_from(bytes).unwrap_or(u32::MAX).max(1);
        Self {
            bytes: Arc::new(Semaphore::new(all as usize)),
            all,
        }
    }

    fn in_use(&self) -> usize {
        self.all as usize - self.bytes.available_permits()
    }

    /// What is larger than the whole share takes all of it: it goes through alone.
    fn permits(&self, bytes: usize) -> u32 {
        u32::try_from(bytes).unwrap_or(u32::MAX).min(self.all)
    }

    fn try_reserve(&self, bytes: usize) -> Option<Reserved> {
        let permit = Arc::clone(&self.bytes)
            .try_acquire_many_owned(self.permits(bytes))
            .ok()?;
        Some(Reserved { permit })
    }

    async fn reserve(&self, bytes: usize) -> Reserved {
        match Arc::clone(&self.bytes)
            .acquire_many_owned(self.permits(bytes))
            .await
        {
            Ok(permit) => Reserved { permit },
            Err(_) => unreachable!("the budget is never closed"),
        }
    }
}

impl Reserved {
    /// How many bytes are reserved.
    pub(crate) fn bytes(&self) -> usize {
        self.permit.num_permits()
    }

    /// Gives back all but `bytes`.
    pub(crate) fn shrink_to(&mut self, bytes: usize) {
        let surplus = self.permit.num_permits().saturating_sub(bytes);
        drop(self.permit.split(surplus));
    }

    /// Adds `other` to this.
    pub(crate) fn merge(&mut self, other: Self) {
        self.permit.merge(other.permit);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_waits_cannot_take_the_room_for_bodies() {
        let memory = Memory::new(1000, 100);
        let mut all = memory.waiting(10_000).await;
        assert_eq!(
            all.bytes(),
            500,
            "what is larger than the share takes all of it"
        );
        assert!(memory.try_waiting(1).is_none());
        assert_eq!(memory.body(0).await.1.bytes(), 100);
        assert_eq!(memory.body(200).await.1.bytes(), 200);
        assert_eq!(memory.body(400).await.1.bytes(), 250, "half of the share");
        all.shrink_to(200);
        assert_eq!(memory.try_waiting(300).map(|more| more.bytes()), Some(300));
    }
}
