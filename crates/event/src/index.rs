//! Finds the members of an event's own object by their keys.

use std::num::NonZeroU64;

use crate::tables::Node;

/// A key's fingerprint: unequal prints are unequal keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Print(NonZeroU64);

impl Print {
    /// The fingerprint of the key that stands at the head of `text` and has `length` bytes.
    #[inline]
    pub(crate) fn of_head(text: &[u8], length: usize) -> Self {
        let word = |text: &[u8]| text.first_chunk().map(|chunk| u64::from_le_bytes(*chunk));
        let head = word(text).unwrap_or_else(|| {
            let bytes = text.iter().take(8).rev();
            bytes.fold(0, |word, byte| word << 8 | u64::from(*byte))
        });
        let key_only = u64::MAX.unbounded_shr(64_u32.saturating_sub(8 * length as u32));
        let tail = text.get(length.saturating_sub(8)..).and_then(word);
        let tail = tail.filter(|_| length > 8).unwrap_or_default();
        let mixed = (head & key_only) ^ tail.rotate_left(29) ^ (length as u64) << 56;
        Self(NonZeroU64::MIN | mixed << 1)
    }

    /// The fingerprint of a whole key.
    #[inline]
    pub(crate) fn of(key: &str) -> Self {
        Self::of_head(key.as_bytes(), key.len())
    }
}

/// A hash table of members, with open addressing. It is emptied, not freed, from event to event.
#[derive(Debug, Default)]
pub(crate) struct Index {
    /// A power of two, at least twice as many as there are members.
    slots: Vec<Option<Slot>>,
    taken: usize,
}

/// A member's node. One more than its number, so that an empty slot takes no more room.
type Slot = std::num::NonZeroU32;

impl Index {
    /// Empties the table and makes room for so many members.
    pub(crate) fn reset(&mut self, members: usize) {
        self.taken = 0;
        self.slots.clear();
        self.slots
            .resize((2 * members).next_power_of_two().max(SLOTS_MIN), None);
    }

    /// The member with this fingerprint that `is_it`, if there is one.
    #[inline]
    pub(crate) fn find(&self, print: Print, is_it: impl Fn(u32) -> bool) -> Option<u32> {
        node_of(self.slots[self.probe(print, is_it)])
    }

    /// Enters a member. Returns the one that `is_it` and whose place it takes, if there is one.
    #[inline]
    pub(crate) fn enter(
        &mut self,
        print: Print,
        node: u32,
        is_it: impl Fn(u32) -> bool,
    ) -> Option<u32> {
        let at = self.probe(print, is_it);
        let earlier = std::mem::replace(&mut self.slots[at], Slot::new(node + 1));
        self.taken += usize::from(earlier.is_none());
        node_of(earlier)
    }

    /// Doubles the table if one more member would be too many for it.
    pub(crate) fn grow(&mut self, nodes: &[Node]) {
        if 2 * (self.taken + 1) <= self.slots.len() {
            return;
        }
        let slots = std::mem::take(&mut self.slots);
        self.reset(slots.len());
        for node in slots.into_iter().filter_map(node_of) {
            if let Some(print) = nodes[node as usize].print {
                self.enter(print, node, |_| false);
            }
        }
    }

    /// The slot of the member that `is_it`, or the empty one where it would be.
    #[inline]
    fn probe(&self, Print(print): Print, is_it: impl Fn(u32) -> bool) -> usize {
        // Fibonacci hashing: the upper bits of the product depend on all bits of the print.
        const MULTIPLIER: u64 = 0x9e37_79b9_7f4a_7c15;
        let mask = self.slots.len() - 1;
        let mut at = (print.get().wrapping_mul(MULTIPLIER) >> 32) as usize & mask;
        while node_of(self.slots[at]).is_some_and(|node| !is_it(node)) {
            at = (at + 1) & mask;
        }
        at
    }
}

/// More than twice as many as a Filebeat event has members when it leaves the pipeline.
const SLOTS_MIN: usize = 128;

#[inline]
fn node_of(slot: Option<Slot>) -> Option<u32> {
    slot.map(|slot| slot.get() - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_print_depends_on_the_key_and_on_nothing_behind_it() {
        for key in [
            "",
            "a",
            "tags",
            "message",
            "@version",
            "log_level",
            "a_longer_name_than_a_word",
        ] {
            let print = Print::of(key);
            for behind in ["\"", "\":1}", "\":\"and more text than a word holds\""] {
                let text = format!("{key}{behind}");
                assert_eq!(Print::of_head(text.as_bytes(), key.len()), print, "{text}");
            }
        }
    }

    #[test]
    fn keys_of_one_log_have_prints_of_their_own() {
        let keys = [
            "log_level",
            "log_ms",
            "log_message",
            "log_timestamp",
            "logger_name",
            "log",
            "group",
            "tags",
            "@timestamp",
            "@metadata",
            "@version",
            "abcdefgh",
            "abcdefgi",
            "bbcdefgh",
        ];
        for (at, key) in keys.iter().enumerate() {
            for other in &keys[..at] {
                assert_ne!(Print::of(key), Print::of(other), "{key} {other}");
            }
        }
    }
}
