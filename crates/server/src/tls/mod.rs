//! TLS towards clients: whose certificates these are, whom they let in, and the handshake.
//!
//! `certificate` reads what a certificate says, `load` makes of all files what rustls needs, `clients` says whose certificate is
//! taken, and `patterns` by which names, `current` does it again when files change, `handshake` is what a connection begins with.

mod certificate;
mod clients;
mod current;
mod ends;
mod handshake;
mod load;
mod patterns;
mod suites;

pub(crate) use self::certificate::Names;
pub(crate) use self::clients::{Authentication, ClientSettings, Rule};
pub(crate) use self::current::Tls;
pub(crate) use self::ends::{EndOf, Ends, warn_daily};
pub(crate) use self::handshake::{HandshakeEnd, NoHandshake, shake_hands};
pub(crate) use self::load::TlsSettings;
pub(crate) use self::patterns::{AlternativePattern, SubjectPattern};
pub(crate) use self::suites::{cipher_name, provider_of, version_name, versions_of};
