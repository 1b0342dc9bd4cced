//! Log lines that strangers cause: so many, and no more.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;
use tracing::warn;

/// What is counted together.
const PERIOD: Duration = Duration::from_secs(10);
/// Lines of one period: a fleet that has one thing wrong is still seen, and a flood fills no disk.
const LINES_MAX: u32 = 100;

/// Counts log lines, and says which must not be written.
#[derive(Debug)]
pub(crate) struct LogBudget {
    /// What the lines are about.
    about: &'static str,
    period: Mutex<Period>,
}

#[derive(Debug)]
struct Period {
    begun: Instant,
    lines: u32,
}

impl LogBudget {
    /// Nothing is written yet.
    pub(crate) fn new(about: &'static str) -> Self {
        Self {
            about,
            period: Mutex::new(Period {
                begun: Instant::now(),
                lines: 0,
            }),
        }
    }

    /// Whether another line may be written. Before the first one of a new period it says how many the last one left out.
    pub(crate) fn allows(&self) -> bool {
        let (allows, left_out) = self.count(Instant::now());
        if left_out > 0 {
            warn!("{left_out} more lines about {} were left out", self.about);
        }
        allows
    }

    /// Whether this line may be written, and how many of the last period could not.
    fn count(&self, now: Instant) -> (bool, u32) {
        let mut period = self.period.lock().unwrap_or_else(PoisonError::into_inner);
        let mut left_out = 0;
        if now.duration_since(period.begun) >= PERIOD {
            left_out = period.lines.saturating_sub(LINES_MAX);
            *period = Period {
                begun: now,
                lines: 0,
            };
        }
        period.lines = period.lines.saturating_add(1);
        (period.lines <= LINES_MAX, left_out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn what_is_too_much_is_counted() {
        let budget = LogBudget::new("connections");
        let now = Instant::now();
        let allowed = (0..300).filter(|_| budget.count(now).0).count();
        assert_eq!(allowed, LINES_MAX as usize);
        assert_eq!(budget.count(now + PERIOD), (true, 200));
        assert_eq!(budget.count(now + 2 * PERIOD), (true, 0));
    }
}
