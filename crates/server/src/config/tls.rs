//! `[input.beats.tls]`, checked: the files are read before a port is bound.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use rustls::crypto::ring;
use rustls::{Error as RustlsError, ServerConfig};
use rustls_pki_types::pem::{Error as PemError, PemObject};
use rustls_pki_types::{CertificateDer, PrivateKeyDer};

use super::checked::Check;
use super::error::ConfigError;
use super::file::TlsTable;

/// How TLS is spoken to clients.
#[derive(Clone)]
pub(crate) struct Tls {
    /// Certificate, key, versions.
    pub(crate) server: Arc<ServerConfig>,
    /// How long a client may take until both sides agree.
    pub(crate) handshake_timeout: Duration,
}

impl Check<'_> {
    /// TLS, if there is a certificate.
    pub(super) fn tls(&self, table: &TlsTable) -> Result<Option<Tls>, ConfigError> {
        let handshake_timeout =
            self.some_time(&key("handshake_timeout"), table.handshake_timeout)?;
        let (certificate, private) =
            match (given(table.certificate.as_ref()), given(table.key.as_ref())) {
                (None, None) => return Ok(None),
                (Some(certificate), Some(private)) => (certificate, private),
                (Some(_), None) => return Err(self.half("certificate", "key")),
                (None, Some(_)) => return Err(self.half("key", "certificate")),
            };
        let chain = self.chain(certificate)?;
        let private_key = PrivateKeyDer::from_pem_file(private)
            .map_err(|error| self.unreadable("key", private, &error, "private key"))?;
        let unfit = |error: RustlsError| self.unfit(certificate, private, &error);
        let server = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(unfit)?
            .with_no_client_auth()
            .with_single_cert(chain, private_key)
            .map_err(unfit)?;
        Ok(Some(Tls {
            server: Arc::new(server),
            handshake_timeout,
        }))
    }

    fn chain(&self, path: &Path) -> Result<Vec<CertificateDer<'static>>, ConfigError> {
        let chain: Result<Vec<_>, _> =
            CertificateDer::pem_file_iter(path).and_then(Iterator::collect);
        let chain = chain.and_then(|chain| {
            if chain.is_empty() {
                return Err(PemError::NoItemsFound);
            }
            Ok(chain)
        });
        chain.map_err(|error| self.unreadable("certificate", path, &error, "certificate"))
    }

    fn half(&self, given: &str, missing: &str) -> ConfigError {
        let problem = format!("`input.beats.tls.{given}` without `{missing}`");
        self.layers
            .error(&key(given), problem, format!("give `{missing}` too"))
    }

    fn unreadable(&self, name: &str, path: &Path, error: &PemError, what: &str) -> ConfigError {
        let path = path.display();
        let (problem, advice) = match error {
            PemError::Io(error) => (
                format!("{path} cannot be read: {error}"),
                format!("name a readable PEM file with a {what} in it"),
            ),
            PemError::NoItemsFound => (
                format!("{path} has no {what} in it"),
                match name {
                    "key" => "give a PEM file with `BEGIN PRIVATE KEY` (or RSA, or EC) in it; one with a password \
                              is decrypted by `openssl pkey`"
                        .to_owned(),
                    _ => "give a PEM file with `BEGIN CERTIFICATE` in it: the server's own first, then those that signed it"
                        .to_owned(),
                },
            ),
            other => (
                format!("{path} is no sound PEM file: {other}"),
                "make it anew, or look whether it was copied whole".to_owned(),
            ),
        };
        self.layers.error(&key(name), problem, advice)
    }

    /// What only the two files together, or their contents, have wrong with them.
    fn unfit(&self, certificate: &Path, private: &Path, error: &RustlsError) -> ConfigError {
        let (certificate, private) = (certificate.display(), private.display());
        match error {
            RustlsError::InconsistentKeys(_) => self.layers.error(
                &key("key"),
                format!("{private} is not the key of {certificate}"),
                "name the two that were made together; the server's own certificate stands first in its file",
            ),
            RustlsError::InvalidCertificate(_) => self.layers.error(
                &key("certificate"),
                format!("{certificate} does not hold a sound certificate: {error}"),
                "make it anew, or look whether it was copied whole",
            ),
            other => self.layers.error(
                &key("key"),
                format!("{private} is not a key that can be used: {other}"),
                "give an RSA key of 2048 bits or more, or an EC or Ed25519 key",
            ),
        }
    }
}

/// The path, unless it is empty, as that of a variable may be.
pub(super) fn given(path: Option<&PathBuf>) -> Option<&Path> {
    path.map(PathBuf::as_path)
        .filter(|path| !path.as_os_str().is_empty())
}

fn key(name: &str) -> String {
    format!("input.beats.tls.{name}")
}
