//! Finds the highest rate that a server holds.

use std::sync::Arc;
use std::time::Duration;

use crate::error::BenchError;
use crate::load::{Ended, run};
use crate::plan::Plan;
use crate::progress::Progress;
use crate::results::{RampStep, Run, Verdict};
use crate::windows::Pool;

/// What to find.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ramp {
    /// The bound on the 99th percentile of the latency.
    pub p99_max: Duration,
    /// A rate that is known to be held, or 0.
    pub from: u64,
}

/// The search ends when what is held and what is not lie this close, as a part of the latter.
const CLOSE: u64 = 25;
/// Over this part of the windows unsent, a server has not held a rate, whatever the latency of the others.
const UNSENT: u64 = 100;

/// Runs step after step: one without a rate, whose rate is the upper end, and then always between the highest rate that
/// was held and the lowest that was not. All steps are given, even if the last ended with an error.
pub fn ramp(plan: &Plan, ramp: Ramp, pool: &Arc<Pool>) -> (Vec<Run>, Option<BenchError>) {
    let mut runs = Vec::new();
    let mut search = Search {
        held: ramp.from,
        not_held: None,
    };
    loop {
        let rate = match search.next(u64::from(plan.packing.window_events)) {
            Try::Closed => None,
            Try::Rate(rate) => Some(rate),
            Try::Found => return (runs, None),
        };
        let plan = Arc::new(Plan {
            rate,
            ..plan.clone()
        });
        let step = runs.len() as u32 + 1;
        let Ended { mut run, error } =
            run(&plan, pool, &format!("step {step}"), &Progress::new(&plan));
        let verdict = verdict(&run, ramp.p99_max);
        run.ramp = Some(RampStep {
            step,
            p99_max_us: u64::try_from(ramp.p99_max.as_micros()).unwrap_or(u64::MAX),
            verdict,
        });
        search.learn(rate, verdict, &run);
        runs.push(run);
        if error.is_some() {
            return (runs, error);
        }
    }
}

fn verdict(run: &Run, p99_max: Duration) -> Verdict {
    if !run.errors.is_empty() {
        Verdict::Failed
    } else if run.asked.rate.is_none() {
        Verdict::Probe
    } else if run.windows_unsent * UNSENT > run.totals.windows + run.windows_unsent {
        Verdict::Behind
    } else if Duration::from_micros(run.latency.p99_us) > p99_max {
        Verdict::TooSlow
    } else {
        Verdict::Held
    }
}

/// What to try next.
#[derive(Debug, PartialEq, Eq)]
enum Try {
    Closed,
    Rate(u64),
    Found,
}

struct Search {
    held: u64,
    not_held: Option<u64>,
}

impl Search {
    fn next(&self, window_events: u64) -> Try {
        let Some(not_held) = self.not_held else {
            return Try::Closed;
        };
        let between = u64::midpoint(self.held, not_held);
        let close = not_held.saturating_sub(self.held) <= (not_held / CLOSE).max(1);
        // Below a window a second there is nothing to count.
        if close || between < window_events {
            Try::Found
        } else {
            Try::Rate(between)
        }
    }

    #[expect(clippy::cast_sign_loss, reason = "a rate is not negative")]
    fn learn(&mut self, rate: Option<u64>, verdict: Verdict, run: &Run) {
        match (rate, verdict) {
            (Some(rate), Verdict::Held) => self.held = rate,
            (Some(rate), Verdict::TooSlow | Verdict::Behind | Verdict::Failed) => {
                self.not_held = Some(rate);
            }
            (Some(_), Verdict::Probe) | (None, _) => {
                self.not_held = Some((run.events_per_second as u64).max(self.held));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::results::tests::run;

    #[test]
    fn the_search_closes_in_on_the_highest_rate() {
        let mut search = Search {
            held: 0,
            not_held: None,
        };
        assert_eq!(search.next(100), Try::Closed);
        search.learn(
            None,
            Verdict::Probe,
            &Run {
                events_per_second: 100_000.0,
                ..run()
            },
        );
        let mut tried = Vec::new();
        while let Try::Rate(rate) = search.next(100) {
            tried.push(rate);
            let verdict = if rate <= 70_000 {
                Verdict::Held
            } else {
                Verdict::TooSlow
            };
            search.learn(Some(rate), verdict, &run());
        }
        assert_eq!(tried, [50_000, 75_000, 62_500, 68_750, 71_875, 70_312]);
        assert_eq!(search.held, 68_750);
    }

    #[test]
    fn the_search_ends_though_nothing_is_held() {
        let mut search = Search {
            held: 0,
            not_held: Some(10_000),
        };
        let mut steps = 0;
        while let Try::Rate(rate) = search.next(2_048) {
            search.learn(Some(rate), Verdict::Behind, &run());
            steps += 1;
        }
        assert_eq!((steps, search.held), (2, 0));
    }

    #[test]
    fn a_rate_is_held_within_the_bound_and_without_arrears() {
        let step = |p99_us, windows_unsent| {
            let mut run = run();
            run.errors.clear();
            (run.latency.p99_us, run.totals.windows, run.windows_unsent) =
                (p99_us, 1_000, windows_unsent);
            verdict(&run, Duration::from_millis(30))
        };
        assert_eq!(step(30_000, 10), Verdict::Held);
        assert_eq!(step(30_001, 0), Verdict::TooSlow);
        assert_eq!(step(1, 11), Verdict::Behind);
    }
}
