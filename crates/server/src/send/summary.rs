use std::fmt;
use std::time::Duration;

use indicatif::ProgressBar;

use super::link::Window;

/// What was sent and acknowledged.
#[derive(Debug, Default)]
pub(crate) struct Summary {
    events: u64,
    windows: u64,
    took: Duration,
    /// Events that were sent more than once, counted each time.
    resent: u64,
}

impl Summary {
    /// Counts an acknowledged window.
    pub(super) fn count(&mut self, window: &Window, progress: &ProgressBar) {
        self.events += u64::from(window.size.get());
        self.windows += 1;
        progress.inc(window.source_bytes);
    }

    /// Events acknowledged.
    pub(crate) fn events(&self) -> u64 {
        self.events
    }

    pub(super) fn finish(self, took: Duration, resent: u64) -> Self {
        Self {
            took,
            resent,
            ..self
        }
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            events,
            windows,
            took,
            resent,
        } = self;
        let seconds = took.as_secs_f64();
        // Shown rounded: nobody counts 2^53 events.
        #[expect(clippy::cast_precision_loss)]
        let rate = if *events == 0 {
            0.0
        } else {
            *events as f64 / seconds
        };
        write!(
            f,
            "{events} events, {windows} windows, {seconds:.2} s, {rate:.0} events/s, {resent} events resent"
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_summary_is_one_line() {
        let summary = Summary {
            events: 3000,
            windows: 2,
            ..Summary::default()
        };
        assert_eq!(
            summary
                .finish(Duration::from_millis(1500), 2048)
                .to_string(),
            "3000 events, 2 windows, 1.50 s, 2000 events/s, 2048 events resent"
        );
        assert_eq!(
            Summary::default().to_string(),
            "0 events, 0 windows, 0.00 s, 0 events/s, 0 events resent"
        );
    }
}
