//! TLS towards clients: whose certificates these are, whom they let in, and the handshake.
//!
//! `pem` reads files, `certificate` reads what is in them, `load` makes of all of them what rustls needs, `clients` says whose
//! certificate is taken, `current` does it again when files change, `handshake` is what a connection begins with.

mod certificate;
mod clients;
mod current;
mod handshake;
mod load;
mod pem;
mod suites;

use thiserror::Error;

pub(crate) use self::certificate::Names;
pub(crate) use self::clients::{Authentication, ClientSettings, Pattern, Rule};
pub(crate) use self::current::Tls;
pub(crate) use self::handshake::{NoHandshake, outcome, shake_hands};
pub(crate) use self::load::{KeyPair, TlsSettings};
pub(crate) use self::suites::{cipher_name, provider_of, version_name, versions_of};

/// What is wrong with a file of TLS.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("{problem}: {advice}")]
pub(crate) struct TlsError {
    /// The setting that names the file.
    pub(crate) setting: String,
    /// What is wrong, and where in the file.
    pub(crate) problem: String,
    /// What to do.
    pub(crate) advice: String,
}

impl TlsError {
    fn new(
        setting: impl Into<String>,
        problem: impl Into<String>,
        advice: impl Into<String>,
    ) -> Self {
        Self {
            setting: setting.into(),
            problem: problem.into(),
            advice: advice.into(),
        }
    }
}
