//! Keys under a passphrase.

use std::fmt::Display;

use pkcs8::der::{ErrorKind, Tag};
use pkcs8::pkcs5::Error as Pkcs5Error;
use pkcs8::{EncryptedPrivateKeyInfoRef, Error, SecretDocument};
use rustls_pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};

use crate::pem::{Object, PemFile};
use crate::{CredentialError, Secret};

const BEGIN: &[u8] = b"-----BEGIN ENCRYPTED PRIVATE KEY-----";
const END: &str = "-----END ENCRYPTED PRIVATE KEY-----";
/// What OpenSSL wrote into RSA and EC keys before PKCS #8 (RFC 1421 §4.6): one round of MD5 makes the key.
const OF_OLD: &[u8] = b"Proc-Type: 4,ENCRYPTED";
const NOT_PBES2: &str = "another scheme than PBES2";

impl Object<'_> {
    pub(crate) fn is_encrypted_key(&self) -> bool {
        self.text.starts_with(BEGIN) || self.is_of_old()
    }

    fn is_of_old(&self) -> bool {
        self.text.windows(OF_OLD.len()).any(|part| part == OF_OLD)
    }
}

impl PemFile<'_> {
    /// The key in such an object. PBES2 (RFC 8018 §6.2) is read: AES or triple DES, with PBKDF2 or scrypt.
    pub(crate) fn decrypt(
        &self,
        object: &Object<'_>,
        passphrase: Option<&Secret>,
        passphrase_setting: &str,
    ) -> Result<PrivateKeyDer<'static>, CredentialError> {
        if object.is_of_old() {
            return Err(self.unsupported(&"RFC 1421's, with MD5"));
        }
        let text = String::from_utf8_lossy(object.text);
        let end = text.find(END).map_or(text.len(), |end| end + END.len());
        let (_, document) = SecretDocument::from_pem(&text[..end])
            .map_err(|error| self.no_pem(&object.place, &error))?;
        let encrypted =
            EncryptedPrivateKeyInfoRef::try_from(document.as_bytes()).map_err(|error| {
                match unknown_to_pkcs5(&error) {
                    Some(unknown) => self.unsupported(&unknown),
                    None => self.no_pem(&object.place, &error),
                }
            })?;
        if encrypted.encryption_algorithm.pbes2().is_none() {
            return Err(self.unsupported(&NOT_PBES2));
        }
        let path = self.path.display();
        let passphrase = passphrase.ok_or_else(|| {
            self.error(
                format!("{path} is encrypted, and there is no passphrase"),
                format!("give `{passphrase_setting}`, or decrypt it with `openssl pkey`"),
            )
        })?;
        match encrypted.decrypt(passphrase.expose()) {
            Ok(key) => Ok(PrivatePkcs8KeyDer::from(key.as_bytes().to_vec()).into()),
            // What a wrong passphrase makes of it has no padding, or is no key.
            Err(Error::EncryptedPrivateKey(Pkcs5Error::DecryptFailed) | Error::Asn1(_)) => {
                Err(CredentialError::new(
                    passphrase_setting,
                    format!("this is not the passphrase of {path}"),
                    "give the one that it was encrypted with; blanks and line ends around it do not count; try \
                     `openssl pkey -in KEY -noout`",
                ))
            }
            Err(error) => Err(self.unsupported(&error)),
        }
    }

    fn unsupported(&self, how: &dyn Display) -> CredentialError {
        let path = self.path.display();
        self.error(
            format!("{path} is encrypted in a way that is not read here: {how}"),
            "encrypt it anew: openssl pkcs8 -topk8 -v2 aes-256-cbc -in OLD -out NEW; OpenSSL 3 reads some old ways only \
             with `-provider legacy -provider default`",
        )
    }
}

/// What is not known of how a key is encrypted, if that is why it is not read.
fn unknown_to_pkcs5(error: &Error) -> Option<String> {
    let Error::Asn1(error) = error else {
        return None;
    };
    match error.kind() {
        ErrorKind::OidUnknown { oid } => Some(format!("the algorithm {oid}")),
        // So it is said of a scheme that is not of PKCS #5, such as those of PKCS #12.
        ErrorKind::Value {
            tag: Tag::ObjectIdentifier,
        } => Some(NOT_PBES2.to_owned()),
        _ => None,
    }
}
