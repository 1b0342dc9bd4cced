//! What can be wrong with the files of `[input.beats.tls]`, before anything is bound.

use crate::support::Place;

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
            settings("gone.pem", "key.pem"),
            "--set input.beats.tls.certificate: gone.pem cannot be read: No such file or directory (os error 2)",
            "name a readable PEM file with a certificate in it",
        ),
        (
            settings("key.pem", "key.pem"),
            "--set input.beats.tls.certificate: key.pem has no certificate in it",
            "BEGIN CERTIFICATE",
        ),
        (
            settings("cut.pem", "key.pem"),
            "--set input.beats.tls.certificate: cut.pem is no sound PEM file: ",
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
            "--set input.beats.tls.certificate: odd.pem does not hold a sound certificate: ",
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

#[test]
fn what_this_version_does_not_know_of_tls_is_refused_by_name() {
    let ended = Place::new()
        .with(
            "pipeline.toml",
            "[input.beats.tls]\nclient_authentication = 'required'\n",
        )
        .run(&["check"]);
    assert_eq!(ended.code, Some(64));
    assert!(
        ended
            .stderr
            .contains("unknown key `client_authentication` in [input.beats.tls]"),
        "{}",
        ended.stderr
    );
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
