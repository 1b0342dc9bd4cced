//! Which window a connection sends next, and when.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use crate::windows::{Pool, Window};

/// What to do when a connection could send.
#[derive(Debug)]
pub(super) enum Next {
    /// Send this.
    Window {
        window: Window,
        /// When it was due, if there is a schedule.
        due: Option<Instant>,
        /// How long to wait before its last byte.
        hold: Duration,
    },
    /// Nothing before this time.
    At(Instant),
    /// Nothing more.
    Finished,
}

/// The windows of one connection.
#[derive(Debug)]
pub(super) enum Supply {
    /// A few given ones, as fast as may be.
    Opening {
        windows: std::vec::IntoIter<Window>,
        /// How long the first one's last byte is held back.
        hold: Duration,
    },
    /// What all connections share.
    Load {
        pool: Arc<Pool>,
        /// Windows that connections have taken.
        taken: Arc<AtomicU64>,
        /// When to begin.
        start: Instant,
        until: Option<Instant>,
        schedule: Option<Schedule>,
    },
}

/// When a connection's windows are due: fixed before the first is sent, and not moved by a server that is slow.
#[derive(Clone, Copy, Debug)]
pub(super) struct Schedule {
    /// The connection's place, from 0, and how many there are: they take turns, evenly over time.
    place: u64,
    connections: u64,
    /// Windows that were sent on this connection.
    sent: u64,
    window_events: u64,
    /// Events a second, of all connections.
    rate: u64,
}

impl Supply {
    pub(super) fn opening(windows: Vec<Window>, hold: Duration) -> Self {
        let windows = windows.into_iter();
        Self::Opening { windows, hold }
    }

    /// What to do at this time.
    pub(super) fn next(&mut self, now: Instant) -> Next {
        match self {
            Self::Opening { windows, hold } => match windows.next() {
                Some(window) => Next::Window {
                    window,
                    due: None,
                    hold: std::mem::take(hold),
                },
                None => Next::Finished,
            },
            Self::Load {
                pool,
                taken,
                start,
                until,
                schedule,
            } => {
                if now < *start {
                    return Next::At(*start);
                }
                let due = schedule.as_ref().map(|schedule| *start + schedule.due());
                let over = |time: Instant| until.is_some_and(|until| time >= until);
                if over(now) || due.is_some_and(over) {
                    return Next::Finished;
                }
                if let Some(due) = due.filter(|due| *due > now) {
                    return Next::At(due);
                }
                // Which connection takes which does not matter, only that each is taken once.
                match pool.window(taken.fetch_add(1, Ordering::Relaxed)) {
                    None => Next::Finished,
                    Some(window) => {
                        if let Some(schedule) = schedule {
                            schedule.sent += 1;
                        }
                        Next::Window {
                            window: window.clone(),
                            due,
                            hold: Duration::ZERO,
                        }
                    }
                }
            }
        }
    }

    /// Windows that were due before the end and were not sent.
    pub(super) fn unsent(&self) -> u64 {
        match self {
            Self::Load {
                start,
                until: Some(until),
                schedule: Some(schedule),
                ..
            } => schedule
                .due_before(until.saturating_duration_since(*start))
                .saturating_sub(schedule.sent),
            Self::Load { .. } | Self::Opening { .. } => 0,
        }
    }
}

impl Schedule {
    pub(super) const fn new(place: u64, connections: u64, window_events: u64, rate: u64) -> Self {
        Self {
            place,
            connections,
            sent: 0,
            window_events,
            rate,
        }
    }

    /// How long after the beginning the next window is due.
    fn due(&self) -> Duration {
        // The how-manieth window of all connections it is.
        let ordinal = u128::from(self.sent) * u128::from(self.connections) + u128::from(self.place);
        let ns = ordinal * u128::from(self.window_events) * 1_000_000_000 / u128::from(self.rate);
        // Half an eternity, should it be beyond the clock.
        Duration::from_nanos(u64::try_from(ns).unwrap_or(u64::MAX / 2))
    }

    /// How many windows of this connection are due within a time.
    fn due_before(&self, time: Duration) -> u64 {
        let ns = time.as_nanos();
        let ordinals = (ns * u128::from(self.rate))
            .div_ceil(u128::from(self.window_events) * 1_000_000_000)
            .saturating_sub(u128::from(self.place));
        u64::try_from(ordinals.div_ceil(u128::from(self.connections))).unwrap_or(u64::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::events::{Generator, Shape, Source};
    use crate::windows::Packing;

    fn pool(events: Option<u64>) -> Arc<Pool> {
        let source = Source::Generated(Generator::new(1, Shape::default()));
        let packing = Packing {
            window_events: 5,
            compression: 0,
            distinct_events: 10,
            events,
        };
        Arc::new(Pool::pack(&source, packing).unwrap())
    }

    fn load(
        events: Option<u64>,
        start: Instant,
        until: Option<Instant>,
        schedule: Option<Schedule>,
    ) -> Supply {
        Supply::Load {
            pool: pool(events),
            taken: Arc::default(),
            start,
            until,
            schedule,
        }
    }

    #[test]
    fn connections_take_turns_evenly() {
        // 10 connections, 5 events a window, 1,000 events/s: one of them every 5 ms.
        let due = |place, sent| {
            let mut schedule = Schedule::new(place, 10, 5, 1_000);
            schedule.sent = sent;
            schedule.due().as_millis()
        };
        assert_eq!(
            [due(0, 0), due(1, 0), due(9, 0), due(0, 1), due(3, 2)],
            [0, 5, 45, 50, 115]
        );
    }

    #[test]
    fn what_is_due_is_due_though_it_could_not_be_sent() {
        let start = Instant::now();
        let second = Duration::from_secs(1);
        let mut supply = load(
            None,
            start,
            Some(start + second),
            Some(Schedule::new(0, 1, 5, 50)),
        );
        // The server held us up for 450 ms: the window that was due at the beginning still is.
        let late = start + Duration::from_millis(450);
        assert!(matches!(supply.next(late), Next::Window { due: Some(due), .. } if due == start));
        for _ in 0..4 {
            assert!(matches!(supply.next(late), Next::Window { .. }));
        }
        assert!(matches!(supply.next(late), Next::At(at) if at == start + second / 2));
        assert_eq!(supply.unsent(), 5);
        assert!(matches!(supply.next(start + second), Next::Finished));
    }

    #[test]
    fn unsent_windows_are_those_due_before_the_end() {
        for place in 0..3 {
            for ms in [0, 1, 9, 10, 11, 29, 30, 31, 100, 1_000] {
                let end = Duration::from_millis(ms);
                // A window every 10 ms, by 3 connections in turn.
                let mut schedule = Schedule::new(place, 3, 5, 500);
                let mut want = 0;
                while schedule.due() < end {
                    schedule.sent += 1;
                    want += 1;
                }
                assert_eq!(schedule.due_before(end), want, "place {place}, {ms} ms");
            }
        }
    }

    #[test]
    fn nothing_is_sent_before_the_beginning() {
        let now = Instant::now();
        let start = now + Duration::from_millis(5);
        assert!(matches!(load(None, start, None, None).next(now), Next::At(at) if at == start));
    }

    #[test]
    fn a_number_of_events_ends_by_itself() {
        let mut supply = load(Some(12), Instant::now(), None, None);
        let mut sizes = Vec::new();
        while let Next::Window { window, .. } = supply.next(Instant::now()) {
            sizes.push(window.events);
        }
        assert_eq!(sizes, [5, 5, 2]);
    }

    #[test]
    fn only_the_first_window_that_opens_is_held() {
        let pool = pool(None);
        let hold = Duration::from_millis(7);
        let mut supply = Supply::opening(pool.opening.to_vec(), hold);
        let mut holds = Vec::new();
        while let Next::Window { hold, .. } = supply.next(Instant::now()) {
            holds.push(hold);
        }
        assert_eq!(holds, [hold, Duration::ZERO]);
    }
}
