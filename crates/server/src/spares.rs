//! Bodies that are done with, kept to be used again: fresh memory for megabytes costs as much as a
//! third of all other work on the events that it is for.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use sawmill_elasticsearch_out::BulkBody;
use tokio::time::{MissedTickBehavior, interval};

use crate::memory::Reserved;

/// The bodies, each with the share of the budget that it takes.
#[derive(Default)]
pub(crate) struct Spares {
    kept: Mutex<Kept>,
}

#[derive(Default)]
struct Kept {
    /// The last one used is the first to be used again: it may still be in the processor's cache.
    bodies: Vec<(BulkBody, Reserved)>,
    /// The fewest that there were since they were last tidied: so many nobody needs.
    idle: usize,
}

/// Less than this is allocated anew in no time.
const KEPT_BYTES_MIN: usize = 64 << 10;

/// A body that nobody needed for so long is let go.
const TIDY: Duration = Duration::from_secs(5);

impl Spares {
    pub(crate) fn take(&self) -> Option<(BulkBody, Reserved)> {
        let mut kept = self.kept();
        let taken = kept.bodies.pop();
        kept.idle = kept.idle.min(kept.bodies.len());
        taken
    }

    pub(crate) fn keep(&self, body: BulkBody, room: Reserved) {
        let bytes = body.memory_bytes();
        let mut kept = self.kept();
        // One made to fit what was in it would have to grow again, and more of them come than are taken.
        let is_dwarf =
            { kept.bodies.last() }.is_some_and(|(last, _)| last.memory_bytes() / 2 > bytes);
        if bytes >= KEPT_BYTES_MIN && !is_dwarf {
            kept.bodies.push((body, room));
        }
    }

    /// Lets go of all of them, since the room is needed.
    pub(crate) fn clear(&self) {
        *self.kept() = Kept::default();
    }

    /// Lets go, for ever, of what is not needed.
    pub(crate) async fn tidy(&self) {
        let mut ticks = interval(TIDY);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            self.tidy_once();
        }
    }

    fn tidy_once(&self) {
        let mut kept = self.kept();
        let idle = kept.idle.min(kept.bodies.len());
        let let_go: Vec<_> = kept.bodies.drain(..idle).collect();
        kept.idle = kept.bodies.len();
        drop(kept);
        drop(let_go);
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        // Nothing in here can panic half way.
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::memory::Memory;

    const MIB: usize = 1 << 20;

    fn body() -> BulkBody {
        BulkBody::with_capacity(MIB, 0)
    }

    #[tokio::test]
    async fn a_body_is_used_again_unless_its_room_is_needed() {
        // Room for two bodies of 2 MiB, and each spare one takes 1.
        let memory = Memory::new(8 * MIB, 2 * MIB);
        memory.give_back(body());
        memory.give_back(body());
        let (first, _room) = memory.body(0).await;
        assert!(first.memory_bytes() >= MIB);
        let (second, room) = memory.body(0).await;
        assert!(second.memory_bytes() >= MIB, "its own room counts");
        drop(room);
        memory.give_back(body());
        memory.give_back(body());
        let (_third, room) = memory.body(0).await;
        assert_eq!(room.bytes(), 2 * MIB, "the other spare one made way");
    }

    #[tokio::test]
    async fn a_body_that_there_is_no_room_for_is_not_kept() {
        let memory = Memory::new(8 * MIB, 2 * MIB);
        let _all = (memory.body(0).await, memory.body(0).await);
        memory.give_back(body());
        assert!(memory.spares().take().is_none());
    }

    #[tokio::test]
    async fn a_body_much_smaller_than_the_others_is_not_kept() {
        let memory = Memory::new(64 * MIB, 2 * MIB);
        memory.give_back(body());
        memory.give_back(BulkBody::with_capacity(MIB / 3, 0));
        assert_eq!(memory.spares().kept().bodies.len(), 1);
    }

    #[tokio::test]
    async fn what_nobody_needed_for_a_while_is_let_go() {
        let memory = Memory::new(64 * MIB, 2 * MIB);
        let spares = memory.spares();
        (0..3).for_each(|_| memory.give_back(body()));
        spares.tidy_once();
        assert_eq!(spares.kept().bodies.len(), 3, "they came only just now");
        let (used, room) = memory.body(0).await;
        drop(room);
        memory.give_back(used);
        spares.tidy_once();
        assert_eq!(spares.kept().bodies.len(), 1, "two were not needed");
    }
}
