//! The hosts of a cluster: each in its turn, and those that failed left alone for a while.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// How long a host is left alone after its first failure; it doubles with each that follows.
const REST_MIN: Duration = Duration::from_secs(1);
/// The longest such time, so that a host that is back is noticed soon.
const REST_MAX: Duration = Duration::from_secs(30);

/// One place where the cluster answers.
#[derive(Debug)]
pub(crate) struct Host<T> {
    /// Its URL, as log lines name it.
    pub(crate) name: String,
    /// What carries requests to it.
    pub(crate) transport: T,
    rest: Mutex<Option<Rest>>,
}

#[derive(Clone, Copy, Debug)]
struct Rest {
    /// Failures in a row.
    failures: u32,
    /// When the last of them was.
    failed: Instant,
    until: Instant,
}

impl Rest {
    fn length(failures: u32) -> Duration {
        let doublings = (failures - 1).min(16);
        REST_MIN.saturating_mul(1 << doublings).min(REST_MAX)
    }
}

impl<T> Host<T> {
    pub(crate) fn new(name: String, transport: T) -> Self {
        Self {
            name,
            transport,
            rest: Mutex::default(),
        }
    }

    /// Until when it is left alone, if it is.
    fn resting_until(&self, now: Instant) -> Option<Instant> {
        self.rest()
            .map(|rest| rest.until)
            .filter(|until| *until > now)
    }

    /// Whether the next request may go there. When its time is over one request finds out, and all others wait for as
    /// long again.
    fn takes_one(&self, now: Instant) -> bool {
        match &mut *self.rest() {
            None => true,
            Some(rest) if rest.until > now => false,
            Some(rest) => {
                rest.until = now + Rest::length(rest.failures);
                true
            }
        }
    }

    fn rest(&self) -> MutexGuard<'_, Option<Rest>> {
        // Written at once.
        self.rest.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// All of them.
#[derive(Debug)]
pub(crate) struct Hosts<T> {
    all: Vec<Host<T>>,
    /// Counts requests, to spread them.
    next: AtomicUsize,
}

impl<T> Hosts<T> {
    /// At least one.
    pub(crate) fn new(all: Vec<Host<T>>) -> Self {
        Self {
            all,
            next: AtomicUsize::new(0),
        }
    }

    /// In the order of the settings.
    pub(crate) fn all(&self) -> &[Host<T>] {
        &self.all
    }

    /// The next one that is not left alone; if all are, the one whose time is over first.
    pub(crate) fn next(&self) -> &Host<T> {
        let now = Instant::now();
        let first = self.next.fetch_add(1, Ordering::Relaxed) % self.all.len();
        let (before, from) = self.all.split_at(first);
        let in_turn = || from.iter().chain(before);
        let well = in_turn().find(|host| host.takes_one(now));
        let soonest = || in_turn().min_by_key(|host| host.resting_until(now));
        well.or_else(soonest).unwrap_or(&self.all[first])
    }

    /// Whether there is one that is not left alone.
    pub(crate) fn any_is_well(&self) -> bool {
        let now = Instant::now();
        self.all
            .iter()
            .any(|host| host.resting_until(now).is_none())
    }

    /// Takes note that a host did not answer a request that was `begun` then. What fails together fails once.
    pub(crate) fn failed(&self, host: &Host<T>, begun: Instant, reason: &str) {
        let mut rest = host.rest();
        if rest.is_some_and(|rest| begun < rest.failed) {
            return;
        }
        let failures = rest.map_or(1, |rest| rest.failures.saturating_add(1));
        let now = Instant::now();
        *rest = Some(Rest {
            failures,
            failed: now,
            until: now + Rest::length(failures),
        });
        // With one host only, whoever waits for it says so.
        if failures == 1 && self.all.len() > 1 {
            tracing::warn!(
                "{} is left alone for a while, the other hosts are not: {reason}",
                host.name
            );
        }
    }

    /// Takes note that a host answered.
    pub(crate) fn answered(&self, host: &Host<T>) {
        if host.rest().take().is_some() && self.all.len() > 1 {
            tracing::info!("{} answers again", host.name);
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::{advance, pause};

    use super::*;

    fn hosts(names: [&str; 3]) -> Hosts<()> {
        Hosts::new(names.map(|name| Host::new(name.to_owned(), ())).into())
    }

    fn fail(hosts: &Hosts<()>, index: usize) {
        hosts.failed(&hosts.all()[index], Instant::now(), "refused");
    }

    fn turns(hosts: &Hosts<()>, count: usize) -> String {
        (0..count).map(|_| hosts.next().name.as_str()).collect()
    }

    #[tokio::test]
    async fn requests_go_round_and_pass_over_a_host_that_failed() {
        pause();
        let hosts = hosts(["a", "b", "c"]);
        assert_eq!(turns(&hosts, 6), "abcabc");
        fail(&hosts, 1);
        assert!(!turns(&hosts, 9).contains('b'));
        advance(REST_MIN).await;
        let again = turns(&hosts, 9);
        assert_eq!(
            again.matches('b').count(),
            1,
            "one request finds out: {again}"
        );
        hosts.answered(&hosts.all()[1]);
        assert_eq!(turns(&hosts, 9).matches('b').count(), 3);
    }

    #[tokio::test]
    async fn requests_that_fail_together_count_once() {
        pause();
        let hosts = hosts(["a", "b", "c"]);
        let begun = Instant::now();
        advance(Duration::from_millis(10)).await;
        for _ in 0..6 {
            hosts.failed(&hosts.all()[0], begun, "reset");
        }
        advance(REST_MIN).await;
        assert!(turns(&hosts, 3).contains('a'));
    }

    #[tokio::test]
    async fn a_host_that_fails_again_is_left_alone_for_longer_until_it_answers() {
        pause();
        let hosts = hosts(["a", "b", "c"]);
        let host = &hosts.all()[0];
        for seconds in [1, 2, 4, 8, 16, 30, 30] {
            fail(&hosts, 0);
            let almost = Duration::from_millis(seconds * 1000 - 1);
            advance(almost).await;
            assert!(!turns(&hosts, 3).contains('a'), "{seconds}");
            advance(Duration::from_millis(1)).await;
            assert!(turns(&hosts, 3).contains('a'), "{seconds}");
        }
        hosts.answered(host);
        fail(&hosts, 0);
        advance(REST_MIN).await;
        assert!(turns(&hosts, 3).contains('a'));
    }

    #[tokio::test]
    async fn when_all_failed_the_one_whose_time_is_over_first_is_tried() {
        pause();
        let hosts = hosts(["a", "b", "c"]);
        for index in [2, 0, 1] {
            assert!(hosts.any_is_well());
            fail(&hosts, index);
            advance(Duration::from_millis(10)).await;
        }
        assert!(!hosts.any_is_well());
        assert_eq!(turns(&hosts, 3), "ccc");
    }
}
