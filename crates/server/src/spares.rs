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
    shelf: Mutex<Shelf>,
}

#[derive(Default)]
struct Shelf {
    /// The last one used is the first to be used again: it may still be in the processor's cache.
    bodies: Vec<(BulkBody, Reserved)>,
    /// The fewest that there were since the shelf was last tidied: so many nobody needs.
    idle: usize,
}

/// Less than this is allocated anew in no time.
const KEPT_BYTES_MIN: usize = 64 << 10;

/// A body that nobody needed for so long is let go.
const TIDY: Duration = Duration::from_secs(5);

impl Spares {
    pub(crate) fn take(&self) -> Option<(BulkBody, Reserved)> {
        let mut shelf = self.shelf();
        let taken = shelf.bodies.pop();
        shelf.idle = shelf.idle.min(shelf.bodies.len());
        taken
    }

    pub(crate) fn keep(&self, body: BulkBody, room: Reserved) {
        let bytes = body.memory_bytes();
        let mut shelf = self.shelf();
        // One made to fit what was in it would have to grow again, and more of them come than are taken.
        let is_dwarf =
            { shelf.bodies.last() }.is_some_and(|(last, _)| last.memory_bytes() / 2 > bytes);
        if bytes >= KEPT_BYTES_MIN && !is_dwarf {
            shelf.bodies.push((body, room));
        }
    }

    /// Lets go of all of them, since the room is needed.
    pub(crate) fn clear(&self) {
        *self.shelf() = Shelf::default();
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
        let mut shelf = self.shelf();
        let idle = shelf.idle.min(shelf.bodies.len());
        let let_go: Vec<_> = shelf.bodies.drain(..idle).collect();
        shelf.idle = shelf.bodies.len();
        drop(shelf);
        drop(let_go);
    }

    fn shelf(&self) -> MutexGuard<'_, Shelf> {
        // Nothing in here can panic half way.
        self.shelf.lock().unwrap_or_else(PoisonError::into_inner)
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
        let (first, _room) = memory.body().await;
        assert!(first.memory_bytes() >= MIB);
        let (second, room) = memory.body().await;
        assert!(second.memory_bytes() >= MIB, "its own room counts");
        drop(room);
        memory.give_back(body());
        memory.give_back(body());
        let (_third, room) = memory.body().await;
        assert_eq!(room.bytes(), 2 * MIB, "the other spare one made way");
    }

    #[tokio::test]
    async fn a_body_that_there_is_no_room_for_is_not_kept() {
        let memory = Memory::new(8 * MIB, 2 * MIB);
        let _all = (memory.body().await, memory.body().await);
        memory.give_back(body());
        assert!(memory.spares().take().is_none());
    }

    #[tokio::test]
    async fn a_body_much_smaller_than_the_others_is_not_kept() {
        let memory = Memory::new(64 * MIB, 2 * MIB);
        memory.give_back(body());
        memory.give_back(BulkBody::with_capacity(MIB / 3, 0));
        assert_eq!(memory.spares().shelf().bodies.len(), 1);
    }

    #[tokio::test]
    async fn what_nobody_needed_for_a_while_is_let_go() {
        let memory = Memory::new(64 * MIB, 2 * MIB);
        let spares = memory.spares();
        (0..3).for_each(|_| memory.give_back(body()));
        spares.tidy_once();
        assert_eq!(spares.shelf().bodies.len(), 3, "they came only just now");
        let (used, room) = memory.body().await;
        drop(room);
        memory.give_back(used);
        spares.tidy_once();
        assert_eq!(spares.shelf().bodies.len(), 1, "two were not needed");
    }
}
