//! PEM files, and the objects in them.

use std::error::Error;
use std::fmt::Display;
use std::fs;
use std::ops::Range;
use std::path::Path;

use rustls::{Error as RustlsError, RootCertStore};
use rustls_pki_types::pem::{Error as PemError, PemObject};
use rustls_pki_types::{CertificateDer, CertificateRevocationListDer, PrivateKeyDer};
use zeroize::Zeroizing;

use crate::{CredentialError, Secret};

const BEGIN: &[u8] = b"-----BEGIN ";
pub(crate) const MAKE_ANEW: &str = "make it anew, or look whether it was copied whole";

/// Why an object that can be read will not do, and what to do about it. Any error becomes one: what it is of was not copied whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unfit {
    /// What is wrong with it, after its place.
    pub problem: String,
    /// What to do.
    pub advice: String,
}

impl<E: Error> From<E> for Unfit {
    fn from(error: E) -> Self {
        Self {
            problem: format!("is not sound: {error}"),
            advice: MAKE_ANEW.to_owned(),
        }
    }
}

/// The certificates of a file that `setting` names, in their order; at least one, and each passes the check.
///
/// # Errors
/// If the file cannot be read, has none, or has one that is not whole or does not pass.
pub fn certificates<E: Into<Unfit>>(
    setting: &str,
    path: &Path,
    check: impl FnMut(&CertificateDer<'static>) -> Result<(), E>,
) -> Result<Vec<CertificateDer<'static>>, CredentialError> {
    PemFile::read(setting, path, "certificate")?.all("`BEGIN CERTIFICATE`", check)
}

/// Whether a certificate can be read, so that who has it can be believed.
///
/// # Errors
/// What is wrong with it.
pub fn is_readable(certificate: &CertificateDer<'static>) -> Result<(), RustlsError> {
    RootCertStore::empty().add(certificate.clone())
}

/// The revocation lists of a file that `setting` names; at least one, and each passes the check.
///
/// # Errors
/// If the file cannot be read, has none, or has one that is not whole or does not pass.
pub fn revocation_lists<E: Into<Unfit>>(
    setting: &str,
    path: &Path,
    check: impl FnMut(&CertificateRevocationListDer<'static>) -> Result<(), E>,
) -> Result<Vec<CertificateRevocationListDer<'static>>, CredentialError> {
    PemFile::read(setting, path, "revocation list")?.all("`BEGIN X509 CRL`", check)
}

/// A file as it was read, which may be a key.
pub(crate) struct PemFile<'a> {
    setting: &'a str,
    pub(crate) path: &'a Path,
    /// What should be in it.
    what: &'static str,
    bytes: Zeroizing<Vec<u8>>,
}

/// One object of a file, from its first line to the next object.
pub(crate) struct Object<'a> {
    /// The file, its line there, and its number.
    pub(crate) place: String,
    pub(crate) text: &'a [u8],
}

impl<'a> PemFile<'a> {
    pub(crate) fn read(
        setting: &'a str,
        path: &'a Path,
        what: &'static str,
    ) -> Result<Self, CredentialError> {
        let bytes = fs::read(path).map(Zeroizing::new).map_err(|error| {
            let problem = format!("{} cannot be read: {error}", path.display());
            let advice = format!("name a readable PEM file with a {what} in it");
            CredentialError::new(setting, problem, advice)
        })?;
        Ok(Self {
            setting,
            path,
            what,
            bytes,
        })
    }

    fn objects(&self) -> impl Iterator<Item = Object<'_>> {
        let mut found: Vec<(usize, Range<usize>)> = Vec::new();
        let mut at = 0;
        for (line, text) in (1..).zip(self.bytes.split_inclusive(|byte| *byte == b'\n')) {
            if text.starts_with(BEGIN) {
                found.push((line, at..at));
            }
            at += text.len();
            if let Some((_, range)) = found.last_mut() {
                range.end = at;
            }
        }
        (1..).zip(found).map(|(number, (line, range))| Object {
            place: format!("{}:{line}, number {number} in it,", self.path.display()),
            text: &self.bytes[range],
        })
    }

    /// All objects of a kind.
    fn all<T: PemObject, E: Into<Unfit>>(
        &self,
        begin: &str,
        mut check: impl FnMut(&T) -> Result<(), E>,
    ) -> Result<Vec<T>, CredentialError> {
        let mut all = Vec::new();
        for Object { place, text } in self.objects() {
            for object in T::pem_slice_iter(text) {
                let object = object.map_err(|error| self.no_pem(&place, &error))?;
                check(&object).map_err(|error| {
                    let Unfit { problem, advice } = error.into();
                    self.error(format!("{place} {problem}"), advice)
                })?;
                all.push(object);
            }
        }
        if all.is_empty() {
            return Err(self.lacks(begin));
        }
        Ok(all)
    }

    /// The first private key: PKCS #8, PKCS #1 or SEC 1, or PKCS #8 under a passphrase (RFC 5958 §3).
    pub(crate) fn key(
        &self,
        passphrase: Option<&Secret>,
        passphrase_setting: &str,
    ) -> Result<PrivateKeyDer<'static>, CredentialError> {
        for object in self.objects() {
            if object.is_encrypted_key() {
                return self.decrypt(&object, passphrase, passphrase_setting);
            }
            match PrivateKeyDer::from_pem_slice(object.text) {
                Err(PemError::NoItemsFound) => {}
                read => return read.map_err(|error| self.no_pem(&object.place, &error)),
            }
        }
        Err(self.lacks("`BEGIN PRIVATE KEY` (or RSA, or EC, or ENCRYPTED)"))
    }

    fn lacks(&self, begin: &str) -> CredentialError {
        let (path, what) = (self.path.display(), self.what);
        self.error(
            format!("{path} has no {what} in it"),
            format!("give a PEM file with {begin} in it{}", hint(&self.bytes)),
        )
    }

    pub(crate) fn no_pem(&self, place: &str, error: &dyn Display) -> CredentialError {
        self.error(format!("{place} is no sound PEM: {error}"), MAKE_ANEW)
    }

    pub(crate) fn error(
        &self,
        problem: impl Into<String>,
        advice: impl Into<String>,
    ) -> CredentialError {
        CredentialError::new(self.setting, problem, advice)
    }
}

/// Stores of keys are no PEM, and Logstash took them.
fn hint(bytes: &[u8]) -> &'static str {
    // A DER sequence of more than 255 bytes, or the head of a Java key store.
    if bytes.starts_with(&[0x30, 0x82]) || bytes.starts_with(&[0xfe, 0xed, 0xfe, 0xed]) {
        "; this is DER, PKCS#12 or a Java key store, of which `openssl x509 -inform der`, `openssl pkcs12` or \
         `keytool -exportcert -rfc` makes PEM"
    } else {
        ""
    }
}
