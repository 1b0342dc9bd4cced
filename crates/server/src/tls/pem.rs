//! PEM files: certificates, private keys, revocation lists.

use std::fs;
use std::path::Path;

use pkcs8::{EncryptedPrivateKeyInfoRef, SecretDocument};
use rustls_pki_types::pem::{Error as PemError, PemObject};
use rustls_pki_types::{
    CertificateDer, CertificateRevocationListDer, PrivateKeyDer, PrivatePkcs8KeyDer,
};
use zeroize::Zeroizing;

use super::TlsError;

/// A file and the setting that names it.
#[derive(Clone, Copy, Debug)]
pub(super) struct PemFile<'a> {
    pub(super) setting: &'a str,
    pub(super) path: &'a Path,
}

const BEGIN: &str = "-----BEGIN ";
const ENCRYPTED: &str = "-----BEGIN ENCRYPTED PRIVATE KEY-----";
const ENCRYPTED_END: &str = "-----END ENCRYPTED PRIVATE KEY-----";
/// What OpenSSL wrote before PKCS #8, within RSA and EC keys (RFC 1421 §4.6).
const ENCRYPTED_OF_OLD: &str = "Proc-Type: 4,ENCRYPTED";

impl PemFile<'_> {
    /// The certificates, in their order; at least one.
    pub(super) fn certificates(&self) -> Result<Vec<CertificateDer<'static>>, TlsError> {
        let text = self.read("certificate")?;
        let all = CertificateDer::pem_slice_iter(&text).enumerate();
        let read = |(index, certificate): (usize, Result<_, _>)| {
            certificate.map_err(|error| self.broken(&text, index, &error))
        };
        let all: Vec<_> = all.map(read).collect::<Result<_, _>>()?;
        if all.is_empty() {
            return Err(self.lacks("certificate", "BEGIN CERTIFICATE"));
        }
        Ok(all)
    }

    /// The revocation lists; at least one.
    pub(super) fn revocation_lists(
        &self,
    ) -> Result<Vec<CertificateRevocationListDer<'static>>, TlsError> {
        let text = self.read("revocation list")?;
        let all = CertificateRevocationListDer::pem_slice_iter(&text).enumerate();
        let read = |(index, list): (usize, Result<_, _>)| {
            list.map_err(|error| self.broken(&text, index, &error))
        };
        let all: Vec<_> = all.map(read).collect::<Result<_, _>>()?;
        if all.is_empty() {
            return Err(self.lacks("revocation list", "BEGIN X509 CRL"));
        }
        Ok(all)
    }

    /// The first private key: PKCS #8, PKCS #1 or SEC 1, and PKCS #8 under a passphrase (RFC 5958 §3).
    pub(super) fn key(&self, passphrase: Option<&str>) -> Result<PrivateKeyDer<'static>, TlsError> {
        let text = self.read("private key")?;
        let as_text = String::from_utf8_lossy(&text);
        if let Some(begin) = as_text.find(ENCRYPTED) {
            let rest = &as_text[begin..];
            let end = rest
                .find(ENCRYPTED_END)
                .map(|end| end + ENCRYPTED_END.len());
            return self.decrypted(&rest[..end.unwrap_or(rest.len())], passphrase);
        }
        if as_text.contains(ENCRYPTED_OF_OLD) {
            return Err(self.error(
                format!(
                    "{} is encrypted in a way that is no longer safe",
                    self.path.display()
                ),
                "encrypt it anew: openssl pkcs8 -topk8 -v2 aes-256-cbc -in OLD -out NEW",
            ));
        }
        PrivateKeyDer::from_pem_slice(&text).map_err(|error| match error {
            PemError::NoItemsFound => self.lacks(
                "private key",
                "BEGIN PRIVATE KEY` (or RSA, or EC, or ENCRYPTED)",
            ),
            other => self.broken(&text, 0, &other),
        })
    }

    fn decrypted(
        &self,
        text: &str,
        passphrase: Option<&str>,
    ) -> Result<PrivateKeyDer<'static>, TlsError> {
        let path = self.path.display();
        let Some(passphrase) = passphrase else {
            return Err(self.error(
                format!("{path} is encrypted, and there is no passphrase"),
                "give `key_passphrase_file` or `key_passphrase`",
            ));
        };
        let unsound = |error: &dyn std::fmt::Display| {
            self.error(
                format!("{path} is no sound encrypted key: {error}"),
                "make it anew: openssl pkcs8 -topk8 -v2 aes-256-cbc -in KEY -out NEW",
            )
        };
        let (_, document) = SecretDocument::from_pem(text).map_err(|error| unsound(&error))?;
        let encrypted = EncryptedPrivateKeyInfoRef::try_from(document.as_bytes())
            .map_err(|error| unsound(&error))?;
        let key = encrypted.decrypt(passphrase).map_err(|_| {
            self.error(
                format!("{path} does not open with this passphrase"),
                "give the one that it was encrypted with, in `key_passphrase_file` or `key_passphrase`",
            )
        })?;
        Ok(PrivatePkcs8KeyDer::from(key.as_bytes().to_vec()).into())
    }

    fn read(&self, what: &str) -> Result<Zeroizing<Vec<u8>>, TlsError> {
        fs::read(self.path).map(Zeroizing::new).map_err(|error| {
            self.error(
                format!("{} cannot be read: {error}", self.path.display()),
                format!("name a readable PEM file with a {what} in it"),
            )
        })
    }

    fn lacks(&self, what: &str, begin: &str) -> TlsError {
        self.error(
            format!("{} has no {what} in it", self.path.display()),
            format!("give a PEM file with `{begin}` in it"),
        )
    }

    fn broken(&self, text: &[u8], index: usize, error: &PemError) -> TlsError {
        self.error(
            format!("{} is no sound PEM: {error}", self.object(text, index)),
            "make it anew, or look whether it was copied whole",
        )
    }

    /// What is wrong with the certificate or list at `index` of the file.
    pub(super) fn unsound(&self, index: usize, error: &dyn std::fmt::Display) -> TlsError {
        let text = fs::read(self.path).unwrap_or_default();
        self.error(
            format!("{} is not sound: {error}", self.object(&text, index)),
            "make it anew, or look whether it was copied whole",
        )
    }

    /// In words where the object at `index` is.
    fn object(&self, text: &[u8], index: usize) -> String {
        let text = String::from_utf8_lossy(text);
        let begins = |line: &&str| line.starts_with(BEGIN);
        let line = { text.lines().enumerate() }
            .filter(|(_, line)| begins(line))
            .nth(index)
            .map_or(0, |(line, _)| line + 1);
        let path = self.path.display();
        format!("{path}:{line}, number {} in it,", index + 1)
    }

    pub(super) fn error(&self, problem: impl Into<String>, advice: impl Into<String>) -> TlsError {
        TlsError::new(self.setting, problem, advice)
    }
}
