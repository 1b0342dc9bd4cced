//! A key's fingerprint, by which keys are compared and found.

/// The first and the last eight bytes of a key and its length. Unequal prints are unequal keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Print {
    head: u64,
    tail: u64,
    length: u32,
}

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
        // Of a key that is shorter than a word the tail is the head: that is no less true, and needs no decision.
        let tail = text.get(length.max(8) - 8..).and_then(word).unwrap_or(head);
        Self {
            head: head & key_only,
            tail: tail & key_only,
            length: length as u32,
        }
    }

    /// The fingerprint of a whole key.
    #[inline]
    pub(crate) fn of(key: &str) -> Self {
        Self::of_head(key.as_bytes(), key.len())
    }

    /// Whether equal prints are equal keys.
    #[inline]
    pub(crate) fn is_whole(self) -> bool {
        self.length <= 16
    }

    /// Its lower half is fit to find a place in a table.
    #[inline]
    pub(crate) fn hash(self) -> u64 {
        // Fibonacci hashing: the upper bits of the product depend on all bits of the print.
        const MULTIPLIER: u64 = 0x9e37_79b9_7f4a_7c15;
        let mixed = self.head ^ self.tail.rotate_left(29) ^ u64::from(self.length);
        mixed.wrapping_mul(MULTIPLIER) >> 32
    }
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
            "a_longer_name_than_two_words_hold",
        ] {
            let print = Print::of(key);
            for behind in ["\"", "\":1}", "\":\"and more text than a word holds\""] {
                let text = format!("{key}{behind}");
                assert_eq!(Print::of_head(text.as_bytes(), key.len()), print, "{text}");
            }
        }
    }

    #[test]
    fn a_print_is_all_of_a_key_of_two_words() {
        let key = "abcdefghijklmnop";
        for at in 0..key.len() {
            for length in at + 1..=key.len() {
                let mut other = key[..length].to_owned();
                other.replace_range(at..=at, "X");
                assert_ne!(Print::of(&other), Print::of(&key[..length]), "{other}");
                assert!(Print::of(&other).is_whole());
            }
        }
        assert!(!Print::of("abcdefghijklmnopq").is_whole());
    }
}
