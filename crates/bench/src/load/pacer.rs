//! Wakes connections at the time they ask for.
//!
//! The runtime's own timers are a millisecond wide, which is a tenth of what a window may take. A timer of the system
//! is some 50 µs off.

use std::cell::RefCell;
use std::cmp::{Ordering, Reverse};
use std::collections::BinaryHeap;
use std::io;
use std::os::fd::OwnedFd;
use std::task::Waker;
use std::time::{Duration, Instant};

use rustix::time::{
    Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, timerfd_create,
    timerfd_settime,
};
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

/// The alarm clock of one thread.
pub(super) struct Pacer {
    timer: AsyncFd<OwnedFd>,
    alarms: RefCell<BinaryHeap<Reverse<Alarm>>>,
}

struct Alarm {
    at: Instant,
    waker: Waker,
}

impl Pacer {
    /// A clock; must be made within the thread's runtime.
    pub(super) fn new() -> io::Result<Self> {
        let flags = TimerfdFlags::NONBLOCK | TimerfdFlags::CLOEXEC;
        let timer = timerfd_create(TimerfdClockId::Monotonic, flags)?;
        #[expect(
            deprecated,
            reason = "what replaces it is unsafe, for descriptors that change; an `OwnedFd` does not"
        )]
        let timer = AsyncFd::with_interest(timer, Interest::READABLE)?;
        Ok(Self {
            timer,
            alarms: RefCell::default(),
        })
    }

    /// Wakes the task at this time, or a little later. It may be woken for other reasons before.
    pub(super) fn wake_at(&self, at: Instant, waker: &Waker) {
        let mut alarms = self.alarms.borrow_mut();
        let earliest = alarms.peek().is_none_or(|Reverse(alarm)| at < alarm.at);
        alarms.push(Reverse(Alarm {
            at,
            waker: waker.clone(),
        }));
        if earliest {
            self.set(at);
        }
    }

    /// Rings until it is dropped.
    pub(super) async fn run(&self) -> io::Result<()> {
        loop {
            let mut ready = self.timer.readable().await?;
            let mut expirations = [0; 8];
            // If there is nothing to read, the readiness is an old one.
            if rustix::io::read(self.timer.get_ref(), &mut expirations).is_err() {
                ready.clear_ready();
                continue;
            }
            ready.clear_ready();
            self.ring();
        }
    }

    fn ring(&self) {
        let now = Instant::now();
        let mut alarms = self.alarms.borrow_mut();
        while let Some(Reverse(next)) = alarms.peek() {
            if next.at > now {
                self.set(next.at);
                return;
            }
            if let Some(Reverse(alarm)) = alarms.pop() {
                alarm.waker.wake();
            }
        }
    }

    fn set(&self, at: Instant) {
        // Zero would stop the timer.
        let wait = at
            .saturating_duration_since(Instant::now())
            .max(Duration::from_nanos(1));
        let value = Timespec {
            tv_sec: i64::try_from(wait.as_secs()).unwrap_or(i64::MAX),
            tv_nsec: wait.subsec_nanos().into(),
        };
        let once = Itimerspec {
            it_interval: Timespec::default(),
            it_value: value,
        };
        // It cannot fail for a timer of ours and a time that is valid.
        let set = timerfd_settime(self.timer.get_ref(), TimerfdTimerFlags::empty(), &once);
        debug_assert!(set.is_ok(), "{set:?}");
    }
}

impl Ord for Alarm {
    fn cmp(&self, other: &Self) -> Ordering {
        self.at.cmp(&other.at)
    }
}

impl PartialOrd for Alarm {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Alarm {
    fn eq(&self, other: &Self) -> bool {
        self.at == other.at
    }
}

impl Eq for Alarm {}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;
    use std::future::poll_fn;
    use std::rc::Rc;
    use std::task::Poll;

    use tokio::task::LocalSet;

    use super::*;

    async fn sleep_until(pacer: &Pacer, at: Instant) {
        poll_fn(|context| {
            if Instant::now() >= at {
                return Poll::Ready(());
            }
            pacer.wake_at(at, context.waker());
            Poll::Pending
        })
        .await;
    }

    #[test]
    fn tasks_are_woken_in_order_of_their_times() {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        let woken = Rc::new(RefCell::new(Vec::new()));
        LocalSet::new().block_on(&runtime, async {
            let pacer = Rc::new(Pacer::new().unwrap());
            let clock = tokio::task::spawn_local({
                let pacer = Rc::clone(&pacer);
                async move { pacer.run().await }
            });
            let start = Instant::now();
            let sleepers: Vec<_> = [9, 3, 0, 6]
                .map(|ms| {
                    let (pacer, woken) = (Rc::clone(&pacer), Rc::clone(&woken));
                    tokio::task::spawn_local(async move {
                        sleep_until(&pacer, start + Duration::from_millis(ms)).await;
                        woken.borrow_mut().push(ms);
                    })
                })
                .into_iter()
                .collect();
            for sleeper in sleepers {
                sleeper.await.unwrap();
            }
            clock.abort();
        });
        assert_eq!(*woken.borrow(), [0, 3, 6, 9]);
    }
}
