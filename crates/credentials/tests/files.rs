//! Keys, certificates and lists in files: what is read, and what is said of the rest.

#![expect(
    clippy::unwrap_used,
    reason = "a failed expectation is the point of a test"
)]

use std::convert::Infallible;
use std::fs;
use std::path::{Path, PathBuf};

use rustls::crypto::ring::default_provider;
use sawmill_credentials::{
    CredentialError, KeyPair, Secret, SecretSource, certificates, is_readable, revocation_lists,
};
use tempfile::TempDir;

/// A file of the fixtures.
fn fixture(name: &str) -> PathBuf {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures")).join(name)
}

fn text_of(name: &str) -> String {
    fs::read_to_string(fixture(name)).unwrap()
}

/// Files of a test.
struct Files(TempDir);

impl Files {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn write(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.0.path().join(name);
        fs::write(&path, content).unwrap();
        path
    }
}

/// Loads a pair whose settings begin with `tls.`.
fn load(
    certificate: &str,
    key: PathBuf,
    passphrase: impl Into<Option<SecretSource>>,
) -> Result<(), CredentialError> {
    let pair = KeyPair {
        certificate: fixture(certificate),
        key,
        passphrase: passphrase.into(),
    };
    pair.load("tls.", &default_provider(), is_readable)
        .map(drop)
}

fn text(passphrase: &str) -> SecretSource {
    SecretSource::Text(Secret::from(passphrase.to_owned()))
}

fn assert_says(error: &CredentialError, setting: &str, problem: &str, advice: &str) {
    assert_eq!(error.setting, setting, "{error}");
    assert!(error.problem.contains(problem), "{error}, not {problem}");
    assert!(error.advice.contains(advice), "{error}, not {advice}");
    assert!(!error.to_string().contains("sesame"), "{error}");
}

#[test]
fn keys_are_read_in_every_form() {
    let files = Files::new();
    for (certificate, key) in [
        ("rsa.crt", "rsa-pkcs8.key"),
        ("rsa.crt", "rsa-pkcs1.key"),
        ("ec.crt", "ec-sec1.key"),
        ("rsa.crt", "rsa-aes.key"),
        ("rsa.crt", "rsa-3des.key"),
        ("rsa.crt", "rsa-scrypt.key"),
    ] {
        let pem = text_of(key);
        for form in [
            pem.clone(),
            pem.replace('\n', "\r\n"),
            format!("Bag Attributes\n  x: y\n{pem}Bag Attributes\n"),
            format!("{}{pem}", text_of(certificate)),
        ] {
            // A passphrase that is not needed does no harm.
            let read = load(certificate, files.write("key", form), text("sesame"));
            assert_eq!(read, Ok(()), "{key}");
        }
    }
}

#[test]
fn a_passphrase_in_a_file_is_read_each_time() {
    let files = Files::new();
    let passphrase = files.write("passphrase", "wrong\n");
    let source = SecretSource::File(passphrase);
    let read = || load("rsa.crt", fixture("rsa-aes.key"), source.clone());
    let setting = "tls.key_passphrase_file";
    let problem = "this is not the passphrase of ";
    assert_says(&read().unwrap_err(), setting, problem, "openssl pkey");
    files.write("passphrase", "sesame\n");
    assert_eq!(read(), Ok(()));
    files.write("passphrase", "");
    let problem = "passphrase is empty";
    assert_says(
        &read().unwrap_err(),
        setting,
        problem,
        "write the passphrase",
    );
}

#[test]
fn a_wrong_passphrase_and_an_encryption_that_is_not_read_are_told_apart() {
    for key in ["rsa-aes.key", "rsa-3des.key", "rsa-scrypt.key"] {
        let error = load("rsa.crt", fixture(key), text("wrong")).unwrap_err();
        let problem = "this is not the passphrase of ";
        assert_says(&error, "tls.key_passphrase", problem, "openssl pkey");
    }
    for key in [
        "rsa-traditional.key",
        "rsa-md5-des.key",
        "rsa-sha1-3des.key",
        "rsa-camellia.key",
    ] {
        for passphrase in [Some(text("sesame")), Some(text("wrong")), None] {
            let error = load("rsa.crt", fixture(key), passphrase).unwrap_err();
            let problem = format!("{key} is encrypted in a way that is not read here: ");
            assert_says(&error, "tls.key", &problem, "openssl pkcs8 -topk8");
        }
    }
}

#[test]
fn a_key_that_will_not_do_is_named_with_what_to_do() {
    let files = Files::new();
    let certificate = text_of("rsa.crt");
    let locked = text_of("rsa-aes.key");
    let no_passphrase = "is encrypted, and there is no passphrase";
    let second = certificate.lines().count() + 1;
    let place = format!("a.key:{second}, number 2 in it, is no sound PEM: ");
    let odd = "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n";
    for (content, problem, advice) in [
        (&locked[..], no_passphrase, "give `tls.key_passphrase_file`"),
        (&locked[..150], "a.key:1, number 1 in it,", "copied whole"),
        (&[&certificate, &odd[..40]].concat(), &place, "copied whole"),
        (&certificate, "has no private key", "BEGIN PRIVATE KEY"),
        (
            &text_of("ec-sec1.key"),
            "is not the key of ",
            "made together",
        ),
        (odd, "is not a key that can be used", "EC"),
    ] {
        let error = load("rsa.crt", files.write("a.key", content), None).unwrap_err();
        assert_says(&error, "tls.key", problem, advice);
    }
    let error = load("rsa.crt", "gone.key".into(), None).unwrap_err();
    let problem = "gone.key cannot be read: No such file";
    assert_says(&error, "tls.key", problem, "a private key in it");
}

#[test]
fn a_certificate_that_will_not_do_is_named_by_its_line_and_number() {
    let files = Files::new();
    let good = text_of("rsa.crt");
    let line = good.lines().count() + 1;
    let key = text_of("ec-sec1.key");
    let joined = |texts: &[&str]| texts.concat().into_bytes();
    let odd = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    let cut = &good[..200];
    let not_sound = format!("a.crt:{line}, number 2 in it, is not sound: ");
    let no_pem = format!("a.crt:{line}, number 2 in it, is no sound PEM: ");
    let after_key = "a.crt:6, number 2 in it, is not sound: ";
    let none = "a.crt has no certificate in it";
    for (content, problem, advice) in [
        (&b"x"[..], none, "`BEGIN CERTIFICATE`"),
        (&[0x30, 0x82, 0, 0], none, "this is DER, PKCS#12"),
        (&[0xfe, 0xed, 0xfe, 0xed], none, "keytool"),
        (&joined(&[&good, odd]), &not_sound, "make it anew"),
        (&joined(&[&good, cut]), &no_pem, "copied whole"),
        (&joined(&[cut, &good]), "a.crt:1, number 1 in it,", "whole"),
        (&joined(&[&key, odd]), after_key, "make it anew"),
    ] {
        let path = files.write("a.crt", content);
        let error = certificates("ca_file", &path, is_readable).unwrap_err();
        assert_says(&error, "ca_file", problem, advice);
    }
    let both = files.write("a.crt", [&good[..], &key, &good].concat());
    let read = certificates("ca_file", &both, is_readable).unwrap();
    assert_eq!(read.len(), 2);
}

#[test]
fn revocation_lists_are_read_and_nothing_else_is_taken_for_one() {
    let files = Files::new();
    let list = "-----BEGIN X509 CRL-----\nAAAA\n-----END X509 CRL-----\n";
    let path = files.write("a.crl", list.repeat(2));
    let passes = |_: &_| Ok::<_, Infallible>(());
    assert_eq!(revocation_lists("lists", &path, passes).unwrap().len(), 2);
    let error = revocation_lists("lists", &fixture("rsa.crt"), passes).unwrap_err();
    let problem = "rsa.crt has no revocation list in it";
    assert_says(&error, "lists", problem, "`BEGIN X509 CRL`");
}
