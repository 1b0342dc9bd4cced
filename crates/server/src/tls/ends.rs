//! When certificates begin and end to hold, and from when on somebody is told.

use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use rustls_pki_types::{CertificateDer, CertificateRevocationListDer};
use sawmill_credentials::{certificates, is_readable};
use tokio::time::sleep;
use tracing::warn;

use super::certificate::{Names, next_update, validity};

/// From so long before a certificate's end on somebody is told daily.
const NEAR_END: SignedDuration = SignedDuration::from_hours(30 * 24);
/// How often somebody is told.
const DAY: Duration = Duration::from_hours(24);

/// The certificates, and lists of those that were taken back, that somebody must renew some day.
#[derive(Clone, Debug, Default)]
pub(crate) struct Ends(Vec<End>);

/// When a certificate ends to hold, or a list is to be followed by another.
#[derive(Clone, Debug)]
pub(crate) struct End {
    pub(crate) of: EndOf,
    pub(crate) path: PathBuf,
    /// Whose it is; a list is its authority's.
    pub(crate) subject: String,
    /// When it ends to hold, in seconds since 1970.
    pub(crate) at: i64,
}

/// What has an end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum EndOf {
    Certificate {
        /// When it begins to hold, in seconds since 1970.
        begin: i64,
    },
    RevocationList,
}

impl End {
    /// What is to be said of it now, if anything is.
    fn warning(&self, now: Timestamp) -> Option<String> {
        let (path, subject) = (self.path.display(), &self.subject);
        let at = Timestamp::from_second(self.at).ok()?;
        let left = at.duration_since(now);
        match self.of {
            EndOf::RevocationList => left.is_negative().then(|| {
                format!(
                    "{path}: the revocation list of {subject} was to be renewed by {at}; it still counts, and \
                     has nobody who was taken back since"
                )
            }),
            EndOf::Certificate { begin } => {
                let begin = Timestamp::from_second(begin).ok()?;
                if begin > now {
                    Some(format!(
                        "{path}: the certificate of {subject} does not hold before {begin}"
                    ))
                } else if left.is_negative() {
                    Some(format!("{path}: the certificate of {subject} has expired"))
                } else if left < NEAR_END {
                    let days = left.as_hours() / 24;
                    Some(format!(
                        "{path}: the certificate of {subject} expires in {days} days"
                    ))
                } else {
                    None
                }
            }
        }
    }
}

impl Ends {
    /// Those of the certificates in these files; a file that cannot be read is for others to complain of.
    pub(crate) fn of_files<'a>(paths: impl IntoIterator<Item = &'a Path>) -> Self {
        let mut ends = Self::default();
        for path in paths {
            for certificate in certificates("", path, is_readable).unwrap_or_default() {
                ends.add(path, &certificate);
            }
        }
        ends
    }

    /// Adds a certificate of a file.
    pub(super) fn add(&mut self, path: &Path, certificate: &CertificateDer<'_>) {
        let (Ok((begin, at)), Ok(names)) = (validity(certificate), Names::of(certificate)) else {
            return;
        };
        self.0.push(End {
            path: path.to_owned(),
            subject: names.subject,
            of: EndOf::Certificate { begin },
            at,
        });
    }

    /// Adds a revocation list of a file, if it says until when it is to be followed.
    pub(super) fn add_list(&mut self, path: &Path, list: &CertificateRevocationListDer<'_>) {
        self.0.extend(next_update(list).map(|(subject, at)| End {
            path: path.to_owned(),
            subject,
            of: EndOf::RevocationList,
            at,
        }));
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &End> {
        self.0.iter()
    }

    /// In a sentence each, those that are near or past, and those that do not hold yet.
    pub(crate) fn near(&self) -> Vec<String> {
        let now = Timestamp::now();
        { self.0.iter() }
            .filter_map(|end| end.warning(now))
            .collect()
    }

    pub(super) fn warn(&self) {
        for cause in self.near() {
            warn!("{cause}");
        }
    }
}

/// Says now and daily what is near then.
pub(crate) async fn warn_daily(ask: impl Fn() -> Ends) {
    loop {
        ask().warn();
        sleep(DAY).await;
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use tokio::time::timeout;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn somebody_is_told_at_once_and_each_day_from_then_on() {
        let times = Cell::new(0);
        let ask = || {
            times.set(times.get() + 1);
            Ends::default()
        };
        timeout(DAY * 3 + DAY / 2, warn_daily(ask))
            .await
            .unwrap_err();
        assert_eq!(times.get(), 4);
    }
}
