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
    /// What a request may have, if anything is known.
    pub(crate) fn bytes_max(&self) -> Option<usize> {
        self.known().map(|known| known.bytes_max)
    }

    /// Takes note that a request of so many bytes was refused for its size.
    pub(crate) fn too_large(&self, bytes: usize) {
        let half = (bytes / 2).max(BYTES_MIN);
        let bytes_max = self.bytes_max().map_or(half, |known| known.min(half));
        let until = Instant::now() + MEMORY;
        *self.lock() = Some(Known { bytes_max, until });
    }

    fn known(&self) -> Option<Known> {
        self.lock().filter(|known| known.until > Instant::now())
    }

    fn lock(&self) -> MutexGuard<'_, Option<Known>> {
        // Written at once.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
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
