//! How long to wait before the next try.

use std::time::Duration;

/// The longest wait an answer's `Retry-After` can ask for; beyond that it is taken for a mistake.
const RETRY_AFTER_MAX: Duration = Duration::from_mins(5);

/// Waits whose upper ends double from try to try; how long one is below that is chance ("full jitter"), which keeps
/// requests that failed together from coming back together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Backoff {
    /// The first wait's upper end.
    pub initial: Duration,
    /// The longest wait's upper end.
    pub cap: Duration,
}

impl Default for Backoff {
    /// From 1 s to 60 s, as Filebeat's own output waits.
    fn default() -> Self {
        Self {
            initial: Duration::from_secs(1),
            cap: Duration::from_mins(1),
        }
    }
}

impl Backoff {
    /// The wait before the try after `attempt` fruitless ones, given a random number from 0 up to 1; never less
    /// than Elasticsearch asked for.
    pub fn delay(&self, attempt: u32, retry_after: Option<Duration>, random: f64) -> Duration {
        let doublings = attempt.saturating_sub(1).min(31);
        let whole = self.initial.saturating_mul(1 << doublings).min(self.cap);
        let jittered = whole.mul_f64(random.clamp(0.0, 1.0));
        jittered.max(retry_after.unwrap_or_default().min(RETRY_AFTER_MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_upper_ends_double_up_to_the_cap_and_the_rest_is_chance() {
        let backoff = Backoff::default();
        for (attempt, longest_ms) in [
            (0, 1_000),
            (1, 1_000),
            (2, 2_000),
            (6, 32_000),
            (7, 60_000),
            (u32::MAX, 60_000),
        ] {
            for (random, part) in [(0.0, 0), (0.25, longest_ms / 4), (1.0, longest_ms)] {
                let wait = backoff.delay(attempt, None, random);
                assert_eq!(wait, Duration::from_millis(part), "{attempt} {random}");
            }
        }
    }

    #[test]
    fn elasticsearchs_wish_is_honoured_within_reason() {
        let backoff = Backoff::default();
        for (asked_s, want_s) in [(0, 1), (1, 1), (30, 30), (86_400, 300)] {
            let wait = backoff.delay(1, Some(Duration::from_secs(asked_s)), 1.0);
            assert_eq!(wait, Duration::from_secs(want_s));
        }
    }
}
