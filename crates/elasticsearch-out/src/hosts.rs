//! The hosts of a cluster: each in its turn, and those that failed left alone for a while.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard};
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

/// All of them, never none.
#[derive(Debug)]
pub(crate) struct Hosts<T> {
    all: RwLock<Arc<[Arc<Host<T>>]>>,
    /// Counts requests, to spread them.
    next: AtomicUsize,
}

impl<T> Hosts<T> {
    /// At least one.
    pub(crate) fn new(all: Vec<Host<T>>) -> Self {
        Self {
            all: RwLock::new(all.into_iter().map(Arc::new).collect()),
            next: AtomicUsize::new(0),
        }
    }

    /// Those of now.
    pub(crate) fn all(&self) -> Arc<[Arc<Host<T>>]> {
        Arc::clone(&self.read())
    }

    /// Those of now, those that are left alone last.
    pub(crate) fn well_first(&self) -> Vec<Arc<Host<T>>> {
        let now = Instant::now();
        let mut all = self.all().to_vec();
        all.sort_by_key(|host| host.resting_until(now));
        all
    }

    /// Takes the `wanted` in place of those of now; the keys are their names. A host that is there already stays as it is,
    /// left alone or not; the others are made by `connect`. Without any `wanted`, or if `connect` fails, nothing changes.
    pub(crate) fn replace<W: Clone, E>(
        &self,
        wanted: &BTreeMap<String, W>,
        connect: impl FnOnce(&[W]) -> Result<Vec<Host<T>>, E>,
    ) -> Result<HostsChange, E> {
        let before = self.all();
        let (mut all, gone): (Vec<_>, Vec<_>) = before
            .iter()
            .cloned()
            .partition(|host| wanted.contains_key(&host.name));
        let is_new = |name: &String| all.iter().all(|host| host.name != *name);
        let new = wanted.iter().filter(|(name, _)| is_new(name));
        let (added, new): (Vec<String>, Vec<W>) =
            new.map(|(name, host)| (name.clone(), host.clone())).unzip();
        if wanted.is_empty() || (added.is_empty() && gone.is_empty()) {
            return Ok(HostsChange::default());
        }
        if !new.is_empty() {
            all.extend(connect(&new)?.into_iter().map(Arc::new));
        }
        *self.all.write().unwrap_or_else(PoisonError::into_inner) = all.into();
        let gone = gone.iter().map(|host| host.name.clone()).collect();
        Ok(HostsChange { added, gone })
    }

    /// The next one that is not left alone; if all are, the one whose time is over first.
    pub(crate) fn next(&self) -> Arc<Host<T>> {
        let now = Instant::now();
        let all = self.read();
        let first = self.next.fetch_add(1, Ordering::Relaxed) % all.len();
        let (before, from) = all.split_at(first);
        let in_turn = || from.iter().chain(before);
        let well = in_turn().find(|host| host.takes_one(now));
        let soonest = || in_turn().min_by_key(|host| host.resting_until(now));
        Arc::clone(well.or_else(soonest).unwrap_or(&all[first]))
    }

    /// Whether there is one that is not left alone.
    pub(crate) fn any_is_well(&self) -> bool {
        let now = Instant::now();
        self.read()
            .iter()
            .any(|host| host.resting_until(now).is_none())
    }

    /// Takes note that a host did not answer a request that was `begun` then. What fails together fails once.
    pub(crate) fn failed(&self, host: &Host<T>, begun: Instant, reason: &str) {
        // Before the host's own lock, never under it: `next` takes them in this order.
        let has_others = self.read().len() > 1;
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
        if failures == 1 && has_others {
            tracing::warn!(
                "{} is left alone for a while, the other hosts are not: {reason}",
                host.name
            );
        }
    }

    /// Takes note that a host answered.
    pub(crate) fn answered(&self, host: &Host<T>) {
        let was_left_alone = host.rest().take().is_some();
        if was_left_alone && self.read().len() > 1 {
            tracing::info!("{} answers again", host.name);
        }
    }

    fn read(&self) -> RwLockReadGuard<'_, Arc<[Arc<Host<T>>]>> {
        // Written at once.
        self.all.read().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What became of the hosts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HostsChange {
    /// Those that are new, by their URLs.
    pub added: Vec<String>,
    /// Those that get no more requests.
    pub gone: Vec<String>,
}

impl HostsChange {
    /// Whether all is as it was.
    pub fn is_empty(&self) -> bool {
        self.added.is_empty() && self.gone.is_empty()
    }
}

impl fmt::Display for HostsChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parts = [("added", &self.added), ("gone", &self.gone)];
        let parts = parts.iter().filter(|(_, hosts)| !hosts.is_empty());
        let texts: Vec<String> = parts
            .map(|(what, hosts)| format!("{what} {}", hosts.join(", ")))
            .collect();
        f.write_str(&texts.join("; "))
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
        (0..count).map(|_| hosts.next().name.clone()).collect()
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
        let host = Arc::clone(&hosts.all()[0]);
        for seconds in [1, 2, 4, 8, 16, 30, 30] {
            fail(&hosts, 0);
            let almost = Duration::from_millis(seconds * 1000 - 1);
            advance(almost).await;
            assert!(!turns(&hosts, 3).contains('a'), "{seconds}");
            advance(Duration::from_millis(1)).await;
            assert!(turns(&hosts, 3).contains('a'), "{seconds}");
        }
        hosts.answered(&host);
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

    fn replace(hosts: &Hosts<()>, names: &[&str]) -> Result<HostsChange, String> {
        let wanted = names.iter().map(|name| ((*name).to_owned(), *name));
        hosts.replace(&wanted.collect(), |new| {
            let connect = |name: &&str| match *name {
                "bad" => Err("bad".to_owned()),
                name => Ok(Host::new(name.to_owned(), ())),
            };
            new.iter().map(connect).collect()
        })
    }

    #[tokio::test]
    async fn a_host_that_stays_is_left_alone_as_before_and_a_new_one_is_not() {
        pause();
        let hosts = hosts(["a", "b", "c"]);
        fail(&hosts, 1);
        fail(&hosts, 2);
        let change = replace(&hosts, &["b", "d"]).unwrap();
        assert_eq!(change.to_string(), "added d; gone a, c");
        assert_eq!(turns(&hosts, 4), "dddd");
        assert_eq!(hosts.well_first()[0].name, "d");
        advance(REST_MIN).await;
        assert!(turns(&hosts, 2).contains('b'));
        replace(&hosts, &["c"]).unwrap();
        assert!(hosts.any_is_well());
        assert_eq!(turns(&hosts, 2), "cc");
    }

    #[test]
    fn hosts_never_become_none_and_stay_when_a_new_one_cannot_be() {
        let hosts = hosts(["a", "b", "c"]);
        for (names, want) in [
            (&[][..], Ok(HostsChange::default())),
            (&["a", "b", "c"], Ok(HostsChange::default())),
            (&["a", "bad"], Err("bad".to_owned())),
        ] {
            let before = hosts.all();
            assert_eq!(replace(&hosts, names), want);
            assert!(Arc::ptr_eq(&before, &hosts.all()));
        }
    }

    #[tokio::test]
    async fn a_host_that_is_gone_may_still_fail_and_answer() {
        pause();
        let hosts = hosts(["a", "b", "c"]);
        let gone = hosts.next();
        replace(&hosts, &["b"]).unwrap();
        hosts.failed(&gone, Instant::now(), "reset");
        hosts.answered(&gone);
        assert_eq!(turns(&hosts, 2), "bb");
    }
}
