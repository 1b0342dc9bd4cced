//! The TLS of now: read again when files change, without a connection noticing.

use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use rustls::ServerConfig;
use sawmill_credentials::CredentialError;
use tokio::signal::unix::Signal;
use tokio::time::{Instant, MissedTickBehavior, interval};
use tracing::{error, info, warn};

use super::certificate::Names;
use super::load::{End, Loaded, TlsSettings};

/// From so long before a certificate's end on somebody is told daily.
const NEAR_END: SignedDuration = SignedDuration::from_hours(30 * 24);
const DAY: Duration = Duration::from_hours(24);

/// How TLS is spoken to clients.
pub(crate) struct Tls {
    settings: TlsSettings,
    /// How long a client may take until both sides agree.
    pub(crate) handshake_timeout: Duration,
    /// How often the files are looked at.
    reload_interval: Duration,
    now: RwLock<Now>,
}

struct Now {
    loaded: Loaded,
    /// What the files were when they were last read.
    print: u64,
    /// Why the files that are there now are not used, if they are not.
    refused: Option<CredentialError>,
}

impl Tls {
    /// Reads the files for the first time.
    pub(crate) fn new(
        settings: TlsSettings,
        handshake_timeout: Duration,
        reload_interval: Duration,
    ) -> Result<Self, CredentialError> {
        let print = settings.print();
        let loaded = settings.load()?;
        Ok(Self {
            settings,
            handshake_timeout,
            reload_interval,
            now: RwLock::new(Now {
                loaded,
                print,
                refused: None,
            }),
        })
    }

    /// What the next handshake goes by.
    pub(crate) fn server(&self) -> Arc<ServerConfig> {
        let now = self.now.read().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(&now.loaded.server)
    }

    /// The groups that a client with these names may send; `None` for all.
    pub(crate) fn groups_of(&self, names: &Names) -> Option<Arc<[String]>> {
        let allow = &self.settings.clients.as_ref()?.allow;
        let mut all = Vec::new();
        for rule in allow.iter().filter(|rule| rule.speaks_of(names)) {
            all.extend_from_slice(rule.groups.as_ref()?);
        }
        (!allow.is_empty()).then(|| all.into())
    }

    /// Reads the files again whenever they have changed, and at each `hangup`.
    pub(crate) async fn keep_current(self: Arc<Self>, mut hangup: Signal) {
        let mut ticks = interval(self.reload_interval);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut warned: Option<Instant> = None;
        loop {
            if warned.is_none_or(|since| since.elapsed() >= DAY) {
                self.warn_of_ends();
                warned = Some(Instant::now());
            }
            tokio::select! {
                _ = ticks.tick() => self.read_if(|before, now| before != now),
                _ = hangup.recv() => self.read_if(|_, _| true),
            }
        }
    }

    /// Reads the files again if what they were and what they are now says so. What cannot be used changes nothing.
    fn read_if(&self, wanted: impl FnOnce(u64, u64) -> bool) {
        let print = self.settings.print();
        let before = self
            .now
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .print;
        if !wanted(before, print) {
            return;
        }
        let loaded = self.settings.load();
        let mut now = self.now.write().unwrap_or_else(PoisonError::into_inner);
        now.print = print;
        match loaded {
            Ok(loaded) => {
                now.loaded = loaded;
                now.refused = None;
                drop(now);
                info!("certificates and keys were read anew; open connections keep theirs");
                self.warn_of_ends();
            }
            Err(error) => {
                error!(
                    "{}: {}; what was read before still holds; {}",
                    error.setting, error.problem, error.advice
                );
                now.refused = Some(error);
            }
        }
    }

    fn warn_of_ends(&self) {
        for (cause, _) in self.near_ends() {
            warn!("{cause}");
        }
    }

    /// What somebody should look after: what is wrong, and what to do.
    pub(crate) fn troubles(&self) -> Vec<(String, String)> {
        let mut all = self.near_ends();
        let now = self.now.read().unwrap_or_else(PoisonError::into_inner);
        all.extend(now.refused.as_ref().map(|error| {
            let problem = format!("{}; what was read before still holds", error.problem);
            (problem, error.advice.clone())
        }));
        all
    }

    /// The files with certificates, whose each is, and the second since 1970 at which it ends to hold.
    pub(crate) fn ends(&self) -> Vec<(String, String, i64)> {
        let now = self.now.read().unwrap_or_else(PoisonError::into_inner);
        let end = |end: &End| (end.path.display().to_string(), end.subject.clone(), end.at);
        now.loaded.ends.iter().map(end).collect()
    }

    fn near_ends(&self) -> Vec<(String, String)> {
        let today = Timestamp::now();
        let now = self.now.read().unwrap_or_else(PoisonError::into_inner);
        let near = |end: &End| {
            let left = Timestamp::from_second(end.at).ok()?.duration_since(today);
            let (path, subject, days) = (end.path.display(), &end.subject, left.as_hours() / 24);
            let cause = if left.is_negative() {
                format!("{path}: the certificate of {subject} has expired")
            } else if left < NEAR_END {
                format!("{path}: the certificate of {subject} expires in {days} days")
            } else {
                return None;
            };
            Some((cause, "put a new one in its place".to_owned()))
        };
        now.loaded.ends.iter().filter_map(near).collect()
    }
}
