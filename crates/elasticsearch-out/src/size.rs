//! How large a request may be, as far as refusals have shown.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// So long a refusal is remembered. Whoever raised Elasticsearch's limit meanwhile pays one refused request to be noticed.
const MEMORY: Duration = Duration::from_mins(10);
/// No request is made smaller than this beforehand: small ones cost more than they are worth.
const BYTES_MIN: usize = 64 << 10;

/// The size that requests are cut to before they are sent, once one was found too large.
///
/// Elasticsearch says neither its `http.max_content_length` nor its indexing pressure limit to a user who may only write.
#[derive(Debug, Default)]
pub(crate) struct SizeLimit(Mutex<Option<Known>>);

#[derive(Clone, Copy, Debug)]
struct Known {
    bytes_max: usize,
    until: Instant,
}

impl SizeLimit {
    /// What a request may have, not compressed, if anything is known.
    pub(crate) fn bytes_max(&self) -> Option<usize> {
        bytes_max(*self.lock())
    }

    /// Takes note that a request of so many bytes, not compressed, was refused for its size.
    pub(crate) fn too_large(&self, bytes: usize) {
        let half = (bytes / 2).max(BYTES_MIN);
        let mut known = self.lock();
        *known = Some(Known {
            bytes_max: bytes_max(*known).map_or(half, |known| known.min(half)),
            until: Instant::now() + MEMORY,
        });
    }

    fn lock(&self) -> MutexGuard<'_, Option<Known>> {
        // Written at once.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What is known and not too old.
fn bytes_max(known: Option<Known>) -> Option<usize> {
    known
        .filter(|known| known.until > Instant::now())
        .map(|known| known.bytes_max)
}

#[cfg(test)]
mod tests {
    use tokio::time::{advance, pause};

    use super::*;

    #[tokio::test]
    async fn the_smallest_refusal_counts_until_it_is_old() {
        pause();
        let limit = SizeLimit::default();
        assert_eq!(limit.bytes_max(), None);
        for (refused, want) in [
            (8 << 20, 4 << 20),
            (1 << 20, 512 << 10),
            // What was on its way already.
            (6 << 20, 512 << 10),
            (70_000, BYTES_MIN),
        ] {
            limit.too_large(refused);
            assert_eq!(limit.bytes_max(), Some(want), "{refused}");
        }
        advance(MEMORY).await;
        assert_eq!(limit.bytes_max(), None);
    }
}
