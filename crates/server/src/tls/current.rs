//! The TLS of now: read again when files change, without a connection noticing.

use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use rustls::ServerConfig;
use sawmill_credentials::CredentialError;
use tokio::signal::unix::Signal;
use tokio::time::{Instant, MissedTickBehavior, interval};
use tracing::{error, info};

use super::certificate::Names;
use super::ends::{DAY, Ends};
use super::load::{Loaded, TlsSettings};

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
                self.ends().warn();
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
                self.ends().warn();
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

    /// What somebody should look after: what is wrong, and what to do.
    pub(crate) fn troubles(&self) -> Vec<(String, String)> {
        let renew = |cause| (cause, "put a new one in its place".to_owned());
        let mut all: Vec<_> = self.ends().near().into_iter().map(renew).collect();
        let now = self.now.read().unwrap_or_else(PoisonError::into_inner);
        all.extend(now.refused.as_ref().map(|error| {
            let problem = format!("{}; what was read before still holds", error.problem);
            (problem, error.advice.clone())
        }));
        all
    }

    /// When the certificates of now end to hold.
    pub(crate) fn ends(&self) -> Ends {
        let now = self.now.read().unwrap_or_else(PoisonError::into_inner);
        now.loaded.ends.clone()
    }
}
