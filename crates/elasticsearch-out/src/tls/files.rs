//! The PEM files of TLS, and what can be wrong with them.

use std::fs;
use std::io;
use std::path::Path;

use pkcs8::{EncryptedPrivateKeyInfoRef, SecretDocument};
use rustls::{Error as RustlsError, RootCertStore};
use rustls_pki_types::pem::{Error as PemError, PemObject};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use zeroize::Zeroizing;

use super::ClientCertificate;
use crate::settings::SettingsError;

/// How an encrypted PKCS#8 key begins and ends.
const ENCRYPTED: [&str; 2] = [
    "-----BEGIN ENCRYPTED PRIVATE KEY-----",
    "-----END ENCRYPTED PRIVATE KEY-----",
];
/// What OpenSSL wrote into encrypted keys before it took PKCS#8: a checksum of the passphrase, and one round of MD5.
const ENCRYPTED_THE_OLD_WAY: &str = "Proc-Type: 4,ENCRYPTED";

/// The certificates of `ca_file`; each can be believed.
pub(super) fn authorities(path: &Path) -> Result<Vec<CertificateDer<'static>>, SettingsError> {
    let all = certificates("ca_file", path)?;
    for (number, certificate) in (1..).zip(&all) {
        RootCertStore::empty()
            .add(certificate.clone())
            .map_err(|error| SettingsError::Tls {
                setting: "ca_file",
                problem: format!(
                    "certificate {number} of {} is not sound: {error}",
                    path.display()
                ),
                advice: "make it anew, or look whether it was copied whole".to_owned(),
            })?;
    }
    Ok(all)
}

/// The certificates of a PEM file, at least one.
pub(super) fn certificates(
    setting: &'static str,
    path: &Path,
) -> Result<Vec<CertificateDer<'static>>, SettingsError> {
    let shown = path.display();
    let bytes =
        fs::read(path).map_err(|error| unreadable(setting, path, &error, "certificates in PEM"))?;
    let mut all = Vec::new();
    for certificate in CertificateDer::pem_slice_iter(&bytes) {
        let number = all.len() + 1;
        all.push(certificate.map_err(|error| SettingsError::Tls {
            setting,
            problem: format!("{shown} is no sound PEM file from certificate {number} on: {error}"),
            advice: "make it anew, or look whether it was copied whole".to_owned(),
        })?);
    }
    if all.is_empty() {
        return Err(SettingsError::Tls {
            setting,
            problem: format!("{shown} has no certificate in it"),
            advice: format!(
                "give a PEM file with `BEGIN CERTIFICATE` in it{}",
                hint(&bytes)
            ),
        });
    }
    Ok(all)
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

/// The private key, decrypted if need be.
pub(super) fn key(client: &ClientCertificate) -> Result<PrivateKeyDer<'static>, SettingsError> {
    let path = &client.key;
    let bytes = fs::read(path)
        .map(Zeroizing::new)
        .map_err(|error| unreadable("client_key", path, &error, "a private key in PEM"))?;
    let text = String::from_utf8_lossy(&bytes);
    if let Some(begin) = text.find(ENCRYPTED[0]) {
        let rest = &text[begin..];
        let end = rest.find(ENCRYPTED[1]).map(|end| end + ENCRYPTED[1].len());
        return decrypt(client, &rest[..end.unwrap_or(rest.len())]);
    }
    if text.contains(ENCRYPTED_THE_OLD_WAY) {
        return Err(of_key(
            client,
            "is encrypted in a way that is not read here",
            format!(
                "write it anew with `openssl pkcs8 -topk8 -in {}`",
                path.display()
            ),
        ));
    }
    PrivateKeyDer::from_pem_slice(&bytes).map_err(|error| match error {
        PemError::NoItemsFound => of_key(
            client,
            "has no private key in it",
            format!(
                "give a PEM file with `BEGIN PRIVATE KEY`, or ENCRYPTED, RSA or EC, in it{}",
                hint(&bytes)
            ),
        ),
        error => of_key(
            client,
            &format!("is no sound PEM file: {error}"),
            "make it anew, or look whether it was copied whole".to_owned(),
        ),
    })
}

fn decrypt(client: &ClientCertificate, pem: &str) -> Result<PrivateKeyDer<'static>, SettingsError> {
    let Some(passphrase) = &client.passphrase else {
        return Err(of_key(
            client,
            "is encrypted",
            "give `client_key_passphrase_file`, or decrypt it with `openssl pkey`".to_owned(),
        ));
    };
    let unsound = |error: &dyn std::fmt::Display| {
        of_key(
            client,
            &format!("is no sound PEM file: {error}"),
            "make it anew, or look whether it was copied whole".to_owned(),
        )
    };
    let (_, document) = SecretDocument::from_pem(pem).map_err(|error| unsound(&error))?;
    let info = EncryptedPrivateKeyInfoRef::try_from(document.as_bytes())
        .map_err(|error| unsound(&error))?;
    let decrypted = info
        .decrypt(passphrase.expose())
        .map_err(|error| match error {
            // What a wrong passphrase makes of it has no padding, or is no key.
            pkcs8::Error::EncryptedPrivateKey(pkcs8::pkcs5::Error::DecryptFailed)
            | pkcs8::Error::Asn1(_) => SettingsError::Tls {
                setting: "client_key_passphrase_file",
                problem: format!("this is not the passphrase of {}", client.key.display()),
                advice:
                    "blanks and line ends around it do not count; try `openssl pkey -in KEY -noout`"
                        .to_owned(),
            },
            error => of_key(
                client,
                &format!("is encrypted in a way that is not read here: {error}"),
                "write it anew with `openssl pkcs8 -topk8 -v2 aes256`".to_owned(),
            ),
        })?;
    Ok(PrivatePkcs8KeyDer::from(decrypted.as_bytes().to_vec()).into())
}

/// What only certificate and key together, or their contents, have wrong with them.
pub(super) fn unfit(client: &ClientCertificate, error: &RustlsError) -> SettingsError {
    let certificate = client.certificate.display();
    match error {
        RustlsError::InconsistentKeys(_) => of_key(
            client,
            &format!("is not the key of {certificate}"),
            "name the two that were made together; Sawmill's own certificate stands first in its file"
                .to_owned(),
        ),
        RustlsError::InvalidCertificate(_) => SettingsError::Tls {
            setting: "client_certificate",
            problem: format!("certificate 1 of {certificate} is not sound: {error}"),
            advice: "make it anew, or look whether it was copied whole".to_owned(),
        },
        other => of_key(
            client,
            &format!("is not a key that can be used: {other}"),
            "give an RSA key of 2048 bits or more, or an EC or Ed25519 key".to_owned(),
        ),
    }
}

fn of_key(client: &ClientCertificate, problem: &str, advice: String) -> SettingsError {
    SettingsError::Tls {
        setting: "client_key",
        problem: format!("{} {problem}", client.key.display()),
        advice,
    }
}

fn unreadable(
    setting: &'static str,
    path: &Path,
    error: &io::Error,
    wanted: &str,
) -> SettingsError {
    SettingsError::Tls {
        setting,
        problem: format!("{} cannot be read: {error}", path.display()),
        advice: format!("name a readable file with {wanted}"),
    }
}
