//! The TLS of now: read again when files change, without a connection noticing.

use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use rustls::ServerConfig;
use sawmill_credentials::CredentialError;
use tokio::signal::unix::Signal;
use tokio::time::{MissedTickBehavior, interval};
use tracing::{error, info, warn};

use super::certificate::Names;
use super::ends::Ends;
use super::load::{Loaded, TlsSettings};

/// What to do about certificates that are in no order.
const IN_ORDER: &str = "put the own certificate first, and after each the one that signed it";

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
    /// What the files were when they were last read; none if they could not be used, and are to be tried again.
    print: Option<u64>,
    /// Why the files that are there now are not used, if they are not.
    refused: Option<CredentialError>,
}

/// Why files are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Asked {
    /// They have changed, or could not be used.
    ByTime,
    /// Somebody wants it, and wants to know what became of it.
    ByHand,
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
                print: Some(print),
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
        self.warn_of_gaps();
        let mut ticks = interval(self.reload_interval);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                _ = ticks.tick() => self.read_if_changed(),
                _ = hangup.recv() => self.take(self.settings.print(), self.settings.load(), Asked::ByHand),
            }
        }
    }

    /// Reads the files again if they have changed, or could not be used: what was wrong may have passed, and may not be of theirs.
    fn read_if_changed(&self) {
        let print = self.settings.print();
        let before = { self.now.read().unwrap_or_else(PoisonError::into_inner) }.print;
        if before != Some(print) {
            self.take(print, self.settings.load(), Asked::ByTime);
        }
    }

    /// Goes by what was read from now on; what cannot be used changes nothing, and is complained of once.
    fn take(&self, print: u64, loaded: Result<Loaded, CredentialError>, asked: Asked) {
        let mut now = self.now.write().unwrap_or_else(PoisonError::into_inner);
        match loaded {
            Ok(loaded) => {
                now.loaded = loaded;
                now.print = Some(print);
                now.refused = None;
                drop(now);
                info!("certificates and keys were read anew; open connections keep theirs");
                self.ends().warn();
                self.warn_of_gaps();
            }
            Err(error) => {
                if asked == Asked::ByHand || now.refused.as_ref() != Some(&error) {
                    error!(
                        "{}: {}; what was read before still holds; {}",
                        error.setting, error.problem, error.advice
                    );
                }
                now.print = None;
                now.refused = Some(error);
            }
        }
    }

    fn warn_of_gaps(&self) {
        let now = self.now.read().unwrap_or_else(PoisonError::into_inner);
        for gap in &now.loaded.gaps {
            warn!("{gap}: {IN_ORDER}");
        }
    }

    /// What somebody should look after: what is wrong, and what to do.
    pub(crate) fn troubles(&self) -> Vec<(String, String)> {
        let renew = |cause| (cause, "put a new one in its place".to_owned());
        let mut all: Vec<_> = self.ends().near().into_iter().map(renew).collect();
        let now = self.now.read().unwrap_or_else(PoisonError::into_inner);
        let order = |gap: &String| (gap.clone(), IN_ORDER.to_owned());
        all.extend(now.loaded.gaps.iter().map(order));
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

#[cfg(test)]
mod tests {
    use sawmill_credentials::KeyPair;

    use super::*;
    use crate::tls::{provider_of, versions_of};

    #[test]
    fn what_could_not_be_used_is_tried_again_though_no_file_has_changed() {
        let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let [certificate, key] = ["cert.pem", "key.pem"].map(|name| folder.path().join(name));
        std::fs::write(&certificate, made.cert.pem()).unwrap();
        std::fs::write(&key, made.signing_key.serialize_pem()).unwrap();
        let settings = TlsSettings {
            table: "tls",
            own: vec![KeyPair {
                certificate,
                key,
                passphrase: None,
            }],
            clients: None,
            versions: versions_of(&[]).unwrap(),
            provider: Arc::new(provider_of(&[]).unwrap()),
        };
        let tls = Tls::new(settings, Duration::from_secs(1), Duration::from_secs(1)).unwrap();

        let passing = CredentialError::new("tls.key", "too many open files", "close some");
        tls.take(tls.settings.print(), Err(passing), Asked::ByTime);
        assert_eq!(tls.troubles().len(), 1);
        tls.read_if_changed();
        assert_eq!(tls.troubles(), []);
    }
}
