//! What can be wrong with the files of `[input.beats.tls]`, before anything is bound.

use std::time::{Duration, SystemTime};

use rcgen::{
    BasicConstraints, CertificateParams, CertificateRevocationListParams, CertifiedIssuer, IsCa,
    KeyIdMethod, KeyPair, SerialNumber,
};

use crate::support::{Ended, Place};

/// A certificate and its key, in PEM.
fn pair() -> (String, String) {
    let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    (made.cert.pem(), made.signing_key.serialize_pem())
}

#[test]
fn a_file_that_will_not_do_is_named_with_what_to_do() {
    let (certificate, key) = pair();
    let (_, other) = pair();
    let cut = certificate[..certificate.len() / 2].to_owned();
    let settings = |certificate: &str, key: &str| {
        [
            format!("input.beats.tls.certificate={certificate}"),
            format!("input.beats.tls.key={key}"),
        ]
    };
    for (settings, problem, advice) in [
        (
            settings("cert.pem", ""),
            "--set input.beats.tls.certificate: `input.beats.tls.certificate` without `key`",
            "give `key` too",
        ),
        (
            settings("", "key.pem"),
            "--set input.beats.tls.key: `input.beats.tls.key` without `certificate`",
            "give `certificate` too",
        ),
        (
            [
                "input.beats.tls.certificate=".to_owned(),
                "input.beats.tls.key_passphrase_file=gone.txt".to_owned(),
            ],
            "--set input.beats.tls.key_passphrase_file: `input.beats.tls.key_passphrase_file` without `key`",
            "give `key` too",
        ),
        (
            settings("gone.pem", "key.pem"),
            "--set input.beats.tls.certificate: gone.pem cannot be read: No such file or directory (os error 2)",
            "name a readable PEM file with a certificate in it",
        ),
        (
            settings("cert.pem", "gone.pem"),
            "--set input.beats.tls.key: gone.pem cannot be read: No such file or directory (os error 2)",
            "name a readable PEM file with a private key in it",
        ),
        (
            settings("key.pem", "key.pem"),
            "--set input.beats.tls.certificate: key.pem has no certificate in it",
            "BEGIN CERTIFICATE",
        ),
        (
            settings("cut.pem", "key.pem"),
            "--set input.beats.tls.certificate: cut.pem:1, number 1 in it, is no sound PEM: ",
            "copied whole",
        ),
        (
            settings("cert.pem", "cert.pem"),
            "--set input.beats.tls.key: cert.pem has no private key in it",
            "BEGIN PRIVATE KEY",
        ),
        (
            settings("cert.pem", "other.pem"),
            "--set input.beats.tls.key: other.pem is not the key of cert.pem",
            "made together",
        ),
        (
            settings("odd.pem", "key.pem"),
            "--set input.beats.tls.certificate: odd.pem:1, number 1 in it, is not sound: ",
            "make it anew",
        ),
    ] {
        let place = Place::new()
            .with("pipeline.toml", "")
            .with("cert.pem", &certificate)
            .with("key.pem", &key)
            .with("other.pem", &other)
            .with("cut.pem", &cut)
            .with(
                "odd.pem",
                "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
            );
        let flags = settings.iter().flat_map(|setting| ["--set", setting]);
        let ended = place.run(&["run"].into_iter().chain(flags).collect::<Vec<_>>());
        assert_eq!(ended.code, Some(64), "{}", ended.stderr);
        let (first, second) = ended.stderr.split_once('\n').unwrap();
        assert!(first.starts_with(&format!("sawmill: {problem}")), "{first}");
        assert!(second.contains(advice), "{second}");
    }
}

const FIXTURES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../credentials/tests/fixtures");

/// Checks settings of TLS, beside a certificate and a key among the fixtures.
fn check(certificate: &str, key: &str, settings: &str) -> Ended {
    let text = format!(
        "[input.beats.tls]\ncertificate = '{FIXTURES}/{certificate}'\nkey = '{FIXTURES}/{key}'\n{settings}\n"
    );
    Place::new()
        .with("pipeline.toml", text)
        .with("ca.pem", authority().0)
        .with("sesame", "sesame\n")
        .with("wrong", "wrong")
        .run(&["check"])
}

#[test]
fn a_passphrase_is_given_in_a_file_or_as_it_is() {
    let other = format!(
        "[[input.beats.tls.other_certificates]]\ncertificate = '{FIXTURES}/rsa.crt'\n\
         key = '{FIXTURES}/rsa-scrypt.key'\nkey_passphrase_file = 'sesame'"
    );
    for settings in [
        "key_passphrase_file = 'sesame'",
        "key_passphrase = 'sesame'",
        &format!("key_passphrase = 'sesame'\n{other}"),
    ] {
        let ended = check("rsa.crt", "rsa-aes.key", settings);
        assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""));
        assert!(!ended.stdout.contains("sesame'"), "{}", ended.stdout);
    }
}

/// Checks these settings beside the RSA certificate and a key, which must fail so.
fn assert_refused(key: &str, settings: &str, problem: &str, advice: &str) {
    let ended = check("rsa.crt", key, settings);
    assert_eq!(ended.code, Some(64), "{settings}: {}", ended.stderr);
    let (first, second) = ended.stderr.split_once('\n').unwrap();
    assert!(first.starts_with("sawmill: pipeline.toml:"), "{first}");
    assert!(first.contains(problem), "{problem}: {first}");
    assert!(second.contains(advice), "{advice}: {second}");
}

#[test]
fn a_key_that_will_not_do_is_named_by_its_line_with_what_to_do() {
    for (key, settings, problem, advice) in [
        (
            "rsa-aes.key",
            String::new(),
            "is encrypted, and there is no passphrase",
            "key_passphrase_file",
        ),
        (
            "rsa-aes.key",
            "key_passphrase_file = 'wrong'".to_owned(),
            "pipeline.toml:4: this is not the passphrase of",
            "the one that it was encrypted with",
        ),
        (
            "rsa-aes.key",
            format!(
                "key_passphrase = 'sesame'\n[[input.beats.tls.other_certificates]]\ncertificate = '{FIXTURES}/ec.crt'\n\
                 key = '{FIXTURES}/rsa-aes.key'\nkey_passphrase_file = 'wrong'"
            ),
            "pipeline.toml:8: this is not the passphrase of",
            "the one that it was encrypted with",
        ),
        (
            "rsa-md5-des.key",
            "key_passphrase_file = 'sesame'".to_owned(),
            "is encrypted in a way that is not read here",
            "openssl pkcs8 -topk8",
        ),
    ] {
        assert_refused(key, &settings, problem, advice);
    }
}

#[test]
fn what_is_wrong_with_settings_of_tls_is_named_with_what_to_do() {
    let with_authority = |settings: &str| format!("client_authorities = 'ca.pem'\n{settings}");
    for (settings, problem, advice) in [
        (
            "client_authentication = 'required'".to_owned(),
            "nobody is named who signs them",
            "give `client_authorities`",
        ),
        (
            "client_authentication = 'optional'".to_owned(),
            "nobody is named who signs them",
            "give `client_authorities`",
        ),
        (
            with_authority("client_authentication = 'none'"),
            "clients are not asked for certificates",
            "client_authentication",
        ),
        (
            "allow = [{ subject = 'pt-*' }]".to_owned(),
            "`input.beats.tls.allow` is given",
            "give `client_authorities`",
        ),
        (
            with_authority("client_authentication = 'optional'\nallow = [{ subject = 'pt-*' }]"),
            "who shows no certificate could send anything",
            "`required`",
        ),
        (
            with_authority("allow = [{ groups = ['pt'] }]"),
            "does not say whom it is about",
            "give `subject`",
        ),
        (
            format!(
                "client_certificates = '{FIXTURES}/ec.crt'\nrevocation_lists = '{FIXTURES}/ec.crt'"
            ),
            "pipeline.toml:5: `input.beats.tls.revocation_lists` without `client_authorities`",
            "take it out of `client_certificates`",
        ),
        (
            with_authority(&format!("revocation_lists = '{FIXTURES}/ec.crt'")),
            "has no revocation list in it",
            "BEGIN X509 CRL",
        ),
        (
            format!("client_authorities = ['ca.pem', '{FIXTURES}/rsa-pkcs8.key']"),
            "rsa-pkcs8.key has no certificate in it",
            "BEGIN CERTIFICATE",
        ),
    ] {
        assert_refused("rsa-pkcs8.key", &settings, problem, advice);
    }
}

#[test]
fn versions_and_suites_that_will_not_do_are_named_with_what_to_do() {
    for (settings, problem, advice) in [
        (
            "versions = ['TLSv1.1', 'TLSv1.2']",
            "TLSv1.1 is broken",
            "give TLSv1.2 and TLSv1.3 in its place",
        ),
        (
            "cipher_suites = 'TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256'",
            "`TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256` is not IANA's name of a cipher suite that is spoken here",
            "give TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256 in its place",
        ),
        (
            "cipher_suites = 'ECDHE-ECDSA-AES128-GCM-SHA256'",
            "`ECDHE-ECDSA-AES128-GCM-SHA256` is not IANA's name",
            "give TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256 in its place",
        ),
        (
            "cipher_suites = ['TLS_AES_256_GCM_SHA384', 'TLS_MADE_UP']",
            "`TLS_MADE_UP` is not IANA's name of a cipher suite that is spoken here",
            "there are TLS_AES_256_GCM_SHA384, ",
        ),
        (
            "versions = 'TLSv1.2'\ncipher_suites = 'TLS_AES_128_GCM_SHA256'",
            "versions and cipher suites do not go together",
            "name suites for each version",
        ),
    ] {
        assert_refused("rsa-pkcs8.key", settings, problem, advice);
    }
}

/// Checks a file of `setting` whose second object is bad, and which must fail so.
fn assert_second_refused(setting: &str, good: &str, bad: &str, problem: &str, advice: &str) {
    let (certificate, key) = pair();
    let mut text = format!(
        "[input.beats.tls]\ncertificate = 'cert.pem'\nkey = 'key.pem'\n{setting} = 'both.pem'\n"
    );
    if setting != "client_authorities" {
        text += "client_authorities = 'ca.pem'\n";
    }
    let ended = Place::new()
        .with("pipeline.toml", text)
        .with("cert.pem", certificate)
        .with("key.pem", key)
        .with("ca.pem", authority().0)
        .with("both.pem", [good, bad].concat())
        .run(&["check"]);
    let (first, second) = ended.stderr.split_once('\n').unwrap();
    let line = good.lines().count() + 1;
    let want = format!("both.pem:{line}, number 2 in it, {problem}");
    assert!(first.contains(&want), "{want}: {first}");
    assert!(second.contains(advice), "{advice}: {second}");
}

/// An authority and a list of what it has taken back, in PEM.
fn authority() -> (String, String) {
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
    let now = SystemTime::now().into();
    let list = CertificateRevocationListParams {
        this_update: now,
        next_update: now + Duration::from_hours(24),
        crl_number: SerialNumber::from(1),
        issuing_distribution_point: None,
        revoked_certs: Vec::new(),
        key_identifier_method: KeyIdMethod::Sha256,
    };
    let list = list.signed_by(&issuer).unwrap();
    (issuer.pem(), list.pem().unwrap())
}

#[test]
fn a_clients_own_certificate_is_no_authority() {
    let (good, _) = authority();
    for is_ca in [IsCa::NoCa, IsCa::ExplicitNoCa] {
        let mut params = CertificateParams::default();
        params.is_ca = is_ca;
        let leaf = params.self_signed(&KeyPair::generate().unwrap()).unwrap();
        assert_second_refused(
            "client_authorities",
            &good,
            &leaf.pem(),
            "is no authority",
            "`client_certificates`",
        );
    }
}

#[test]
fn a_broken_revocation_list_is_named_by_its_line_and_number() {
    let (_, good) = authority();
    let bad = "-----BEGIN X509 CRL-----\nMIIB\n-----END X509 CRL-----\n";
    assert_second_refused(
        "revocation_lists",
        &good,
        bad,
        "is not sound: ",
        "copied whole",
    );
}

#[test]
fn a_broken_certificate_is_named_by_its_line_and_number() {
    let (good, _) = authority();
    let bad = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n";
    assert_second_refused(
        "client_authorities",
        &good,
        bad,
        "is not sound: ",
        "copied whole",
    );
}

#[test]
fn what_is_no_network_or_no_number_of_connections_is_named() {
    for (setting, problem) in [
        (
            "allow_networks = '10.0.0.0/33'",
            "`10.0.0.0/33` in `input.beats.allow_networks` is no network",
        ),
        (
            "deny_networks = ['localhost']",
            "`localhost` in `input.beats.deny_networks` is no network",
        ),
        (
            "proxy_networks = '10.0.0'",
            "`10.0.0` in `input.beats.proxy_networks` is no network",
        ),
        (
            "connections_per_address_max = 0",
            "`input.beats.connections_per_address_max` is 0",
        ),
        ("handshakes_max = 0", "`input.beats.handshakes_max` is 0"),
        (
            "accepts_per_second_max = 0",
            "`input.beats.accepts_per_second_max` is 0",
        ),
    ] {
        let ended = Place::new()
            .with("pipeline.toml", format!("[input.beats]\n{setting}\n"))
            .run(&["check"]);
        assert_eq!(ended.code, Some(64), "{setting}");
        let want = format!("sawmill: pipeline.toml:2: {problem}");
        assert!(ended.stderr.starts_with(&want), "{want}: {}", ended.stderr);
    }
}

#[test]
fn a_pair_that_fits_passes() {
    let (certificate, key) = pair();
    let ended = Place::new()
        .with("cert.pem", certificate)
        .with("key.pem", key)
        .with(
            "pipeline.toml",
            "[input.beats.tls]\ncertificate = 'cert.pem'\nkey = 'key.pem'\n",
        )
        .run(&["check"]);
    assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""));
    assert!(
        ended.stdout.contains("input.beats.tls.certificate"),
        "{}",
        ended.stdout
    );
}
