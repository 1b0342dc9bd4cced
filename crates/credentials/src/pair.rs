//! A certificate and the key that goes with it.

use std::path::{Path, PathBuf};

use rustls::Error as RustlsError;
use rustls::crypto::CryptoProvider;
use rustls::sign::CertifiedKey;
use rustls_pki_types::CertificateDer;

use crate::pem::{MAKE_ANEW, PemFile, Unfit};
use crate::{CredentialError, SecretSource};

/// A certificate and its private key, in PEM files.
#[derive(Clone, Debug)]
pub struct KeyPair {
    /// The own certificate first, then those that signed it.
    pub certificate: PathBuf,
    /// PKCS #8, PKCS #1 or SEC 1.
    pub key: PathBuf,
    /// What the key is encrypted with, if it is.
    pub passphrase: Option<SecretSource>,
}

impl KeyPair {
    /// Reads all files as they are now; each certificate must pass the check.
    ///
    /// `settings` is what the names of the settings begin with, for errors: `client_` if they are `client_certificate`,
    /// `client_key`, and `client_key_passphrase_file` or `client_key_passphrase`.
    ///
    /// # Errors
    /// If a file cannot be read or used, or they do not go together.
    pub fn load<E: Into<Unfit>>(
        &self,
        settings: &str,
        provider: &CryptoProvider,
        check: impl FnMut(&CertificateDer<'static>) -> Result<(), E>,
    ) -> Result<CertifiedKey, CredentialError> {
        let chain_setting = format!("{settings}certificate");
        let chain = crate::certificates(&chain_setting, &self.certificate, check)?;

        let passphrase_setting = match &self.passphrase {
            Some(SecretSource::Text(_)) => format!("{settings}key_passphrase"),
            Some(SecretSource::File(_)) | None => format!("{settings}key_passphrase_file"),
        };
        let passphrase = { self.passphrase.as_ref() }
            .map(|source| source.read(&passphrase_setting, "passphrase"))
            .transpose()?;
        let key_setting = format!("{settings}key");
        let file = PemFile::read(&key_setting, &self.key, "private key")?;
        let key = file.key(passphrase.as_ref(), &passphrase_setting)?;

        CertifiedKey::from_der(chain, key, provider)
            .map_err(|error| self.unfit(&chain_setting, &file, &error))
    }

    /// The files that there are: another key may come with another passphrase.
    pub fn paths(&self) -> impl Iterator<Item = &Path> {
        let passphrase = match &self.passphrase {
            Some(SecretSource::File(path)) => Some(path),
            Some(SecretSource::Text(_)) | None => None,
        };
        { [&self.certificate, &self.key].into_iter() }
            .chain(passphrase)
            .map(PathBuf::as_path)
    }

    /// What only the two files together, or their contents, have wrong with them.
    fn unfit(
        &self,
        chain_setting: &str,
        key: &PemFile<'_>,
        error: &RustlsError,
    ) -> CredentialError {
        let (chain, path) = (self.certificate.display(), self.key.display());
        match error {
            RustlsError::InconsistentKeys(_) => key.error(
                format!("{path} is not the key of {chain}"),
                "name the two that were made together; the own certificate stands first in its file",
            ),
            RustlsError::InvalidCertificate(_) => CredentialError::new(
                chain_setting,
                format!("the first certificate in {chain} is not sound: {error}"),
                MAKE_ANEW,
            ),
            other => key.error(
                format!("{path} is not a key that can be used: {other}"),
                "give an RSA key of 2048 bits or more, or an EC or Ed25519 key",
            ),
        }
    }
}
