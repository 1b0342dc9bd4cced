//! Keys and certificates in files.

use std::path::PathBuf;

use sawmill_elasticsearch_out::{Client, ClientCertificate, Settings, SettingsError, Tls};

use crate::support::{Authority, Files};

/// Made by `openssl ecparam -name prime256v1 -genkey` and `openssl req -x509`; the passphrase of all is `hush`.
mod made {
    pub(super) const CERTIFICATE: &str = include_str!("made/client.crt");
    /// `openssl pkcs8 -topk8`, as it encrypts by itself: PBKDF2 and AES-256.
    pub(super) const AES: &str = include_str!("made/aes256.key");
    /// `-v2 des3`
    pub(super) const DES3: &str = include_str!("made/des3.key");
    /// `-scrypt`
    pub(super) const SCRYPT: &str = include_str!("made/scrypt.key");
    /// `-v2prf hmacWithSHA1`
    pub(super) const SHA1: &str = include_str!("made/sha1.key");
    /// `openssl ec -aes256`
    pub(super) const OLD: &str = include_str!("made/old.key");
    /// `-v1 PBE-MD5-DES`
    pub(super) const PBE: &str = include_str!("made/pbe.key");
}

fn client(certificate: PathBuf, key: PathBuf, passphrase: Option<&str>) -> Settings {
    Settings {
        tls: Tls {
            client: Some(ClientCertificate {
                certificate,
                key,
                passphrase: passphrase.map(|text| text.to_owned().into()),
            }),
            ..Tls::default()
        },
        ..Settings::new(vec!["https://es:9200".parse().unwrap()])
    }
}

#[test]
fn encrypted_keys_are_read_with_their_passphrase() {
    let files = Files::new();
    for pem in [made::AES, made::DES3, made::SCRYPT, made::SHA1] {
        for text in [
            pem.to_owned(),
            format!("Bag Attributes\n  x: y\n{pem}"),
            pem.replace('\n', "\r\n"),
        ] {
            let certificate = files.write("c.crt", made::CERTIFICATE);
            let settings = client(certificate, files.write("c.key", text), Some("hush"));
            let made = Client::new(&settings);
            assert!(made.is_ok(), "{:?}\n{pem}", made.unwrap_err());
            assert!(!format!("{settings:?}{made:?}").contains("hush"));
        }
    }
}

fn refused(settings: &Settings) -> (&'static str, String, String) {
    match Client::new(settings).unwrap_err() {
        SettingsError::Tls {
            setting,
            problem,
            advice,
        } => (setting, problem, advice),
        other => panic!("{other}"),
    }
}

fn expect(settings: &Settings, setting: &str, problem: &str, advice: &str) {
    let (named, said, to_do) = refused(settings);
    assert_eq!(named, setting, "{said}");
    assert!(said.contains(problem), "{said}, not {problem}");
    assert!(to_do.contains(advice), "{to_do}, not {advice}");
    assert!(!said.contains("hush"), "{said}");
}

#[test]
fn a_key_that_will_not_do_is_named_with_what_to_do() {
    let files = Files::new();
    let certificate = files.write("client.crt", made::CERTIFICATE);
    let other = Authority::new("ours").sign("sawmill").key.serialize_pem();
    let odd = "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n";
    let old = "is encrypted in a way that is not read";
    for (text, passphrase, problem, advice) in [
        (
            made::AES,
            None,
            "client.key is encrypted",
            "client_key_passphrase_file",
        ),
        (made::OLD, Some("hush"), old, "openssl pkcs8 -topk8"),
        (made::PBE, Some("hush"), old, "openssl pkcs8 -topk8"),
        (
            &made::AES[..150],
            Some("hush"),
            "is no sound PEM file",
            "copied whole",
        ),
        (
            &other,
            None,
            "client.key is not the key of ",
            "made together",
        ),
        (
            made::CERTIFICATE,
            None,
            "has no private key in it",
            "BEGIN PRIVATE KEY",
        ),
        (odd, None, "is not a key that can be used", "EC"),
    ] {
        let key = files.write("client.key", text);
        let settings = client(certificate.clone(), key, passphrase);
        expect(&settings, "client_key", problem, advice);
    }
    for text in [made::AES, made::DES3, made::SCRYPT, made::SHA1] {
        let key = files.write("client.key", text);
        let settings = client(certificate.clone(), key, Some("hash"));
        let problem = "this is not the passphrase of ";
        expect(
            &settings,
            "client_key_passphrase_file",
            problem,
            "openssl pkey",
        );
    }
    let settings = client(certificate, "gone.key".into(), None);
    expect(
        &settings,
        "client_key",
        "gone.key cannot be read: No such file",
        "a private key",
    );
}

#[test]
fn a_certificate_that_will_not_do_is_named_with_what_to_do() {
    let files = Files::new();
    let key = files.write("client.key", made::AES);
    for (bytes, problem, advice) in [
        (
            &b"x"[..],
            "odd.crt has no certificate in it",
            "BEGIN CERTIFICATE",
        ),
        (
            &[0x30, 0x82, 0, 0],
            "has no certificate in it",
            "this is DER, PKCS#12",
        ),
    ] {
        let settings = client(files.write("odd.crt", bytes), key.clone(), None);
        expect(&settings, "client_certificate", problem, advice);
    }
    let settings = client("gone.crt".into(), key, None);
    let problem = "gone.crt cannot be read: No such file";
    expect(&settings, "client_certificate", problem, "certificates");

    let good = Authority::new("ours").pem;
    let odd = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    let two = format!("{good}{odd}");
    let cut = format!("{good}{}", &good[..200]);
    for (text, problem, advice) in [
        ("", "ca.crt has no certificate in it", "BEGIN CERTIFICATE"),
        (&two, "certificate 2 of ", "copied whole"),
        (
            &cut,
            "no sound PEM file from certificate 2 on",
            "copied whole",
        ),
    ] {
        let settings = Settings {
            tls: Tls {
                ca_file: Some(files.write("ca.crt", text)),
                ..Tls::default()
            },
            ..Settings::new(vec!["https://es:9200".parse().unwrap()])
        };
        expect(&settings, "ca_file", problem, advice);
    }
}
