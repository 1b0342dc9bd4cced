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
    failures: u32,
    until: Instant,
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

    fn rest(&self) -> MutexGuard<'_, Option<Rest>> {
        // Two numbers, written at once.
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
        let mut soonest = &self.all[first];
        let mut soonest_until = None;
        for host in from.iter().chain(before) {
            let Some(until) = host.resting_until(now) else {
                return host;
            };
            if soonest_until.is_none_or(|soonest| until < soonest) {
                (soonest, soonest_until) = (host, Some(until));
            }
        }
        soonest
    }

    /// Whether there is one that is not left alone.
    pub(crate) fn any_is_well(&self) -> bool {
        let now = Instant::now();
        self.all
            .iter()
            .any(|host| host.resting_until(now).is_none())
    }

    /// Takes note that a host did not answer.
    pub(crate) fn failed(&self, host: &Host<T>, reason: &str) {
        let mut rest = host.rest();
        let failures = rest.map_or(1, |rest| rest.failures.saturating_add(1));
        let length = REST_MIN
            .saturating_mul(1 << (failures - 1).min(16))
            .min(REST_MAX);
        *rest = Some(Rest {
            failures,
            until: Instant::now() + length,
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

    fn turns(hosts: &Hosts<()>, count: usize) -> String {
        (0..count).map(|_| hosts.next().name.as_str()).collect()
    }

    #[tokio::test]
    async fn requests_go_round_and_pass_over_a_host_that_failed() {
        pause();
        let hosts = hosts(["a", "b", "c"]);
        assert_eq!(turns(&hosts, 6), "abcabc");
        hosts.failed(&hosts.all()[1], "refused");
        assert!(!turns(&hosts, 9).contains('b'));
        advance(REST_MIN).await;
        assert!(turns(&hosts, 3).contains('b'), "it is tried again");
    }

    #[tokio::test]
    async fn a_host_that_fails_again_is_left_alone_for_longer_until_it_answers() {
        pause();
        let hosts = hosts(["a", "b", "c"]);
        let host = &hosts.all()[0];
        for seconds in [1, 2, 4, 8, 16, 30, 30] {
            hosts.failed(host, "refused");
            let almost = Duration::from_millis(seconds * 1000 - 1);
            advance(almost).await;
            assert!(!turns(&hosts, 3).contains('a'), "{seconds}");
            advance(Duration::from_millis(1)).await;
            assert!(turns(&hosts, 3).contains('a'), "{seconds}");
        }
        hosts.answered(host);
        hosts.failed(host, "refused");
        advance(REST_MIN).await;
        assert!(turns(&hosts, 3).contains('a'));
    }

    #[tokio::test]
    async fn when_all_failed_the_one_whose_time_is_over_first_is_tried() {
        pause();
        let hosts = hosts(["a", "b", "c"]);
        for index in [2, 0, 1] {
            assert!(hosts.any_is_well());
            hosts.failed(&hosts.all()[index], "refused");
            advance(Duration::from_millis(10)).await;
        }
        assert!(!hosts.any_is_well());
        assert_eq!(turns(&hosts, 3), "ccc");
    }
}
