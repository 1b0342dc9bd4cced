//! What can be wrong with TLS and login towards Elasticsearch, before anything is sent, and that no secret is told.

use crate::support::Place;

const HOSTS: &str = "[output.elasticsearch]\nhosts = 'https://es:9200'\n";

/// A certificate and its key, in PEM.
fn pair() -> (String, String) {
    let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    (made.cert.pem(), made.signing_key.serialize_pem())
}

/// A folder with the files that the settings below name.
fn place(settings: &str) -> Place {
    let (certificate, key) = pair();
    let (_, other) = pair();
    Place::new()
        .with("pipeline.toml", settings)
        .with("cert.pem", certificate)
        .with("key.pem", key)
        .with("other.pem", other)
        .with(
            "locked.pem",
            include_str!("../../../credentials/tests/fixtures/rsa-aes.key"),
        )
        .with("hush", "hush-passphrase\n")
        .with("empty", "\n")
        .with("random", [0x30, 0x82, 0, 1])
}

/// Lines below [`HOSTS`], the line that is to blame, what is wrong with it, and what to do.
const BAD_SETTINGS: [(&str, u8, &str, &str); 15] = [
    (
        "ca_fingerprint = 'AB:CD'",
        3,
        "`output.elasticsearch.ca_fingerprint` is no SHA-256: it has 4 hexadecimal digits, and a SHA-256 has 64",
        "openssl x509 -in http_ca.crt",
    ),
    (
        "ca_fingerprint = 'no'",
        3,
        "`output.elasticsearch.ca_fingerprint` is no SHA-256: it has `n` in it",
        "openssl x509",
    ),
    (
        "ca_file = 'gone'",
        3,
        "gone cannot be read: No such file",
        "a readable PEM file with a certificate",
    ),
    (
        "ca_file = 'key.pem'",
        3,
        "key.pem has no certificate in it",
        "BEGIN CERTIFICATE",
    ),
    (
        "ca_file = 'random'",
        3,
        "random has no certificate in it",
        "keytool",
    ),
    (
        "client_certificate = 'cert.pem'",
        3,
        "`client_certificate` without `client_key`",
        "give `client_key` too",
    ),
    (
        "client_key = 'key.pem'",
        3,
        "`client_key` without `client_certificate`",
        "give `client_certificate` too",
    ),
    (
        "client_key_passphrase_file = 'hush'",
        3,
        "`client_key_passphrase_file` without `client_key`",
        "give `client_key` too",
    ),
    (
        "client_certificate = 'cert.pem'\nclient_key = 'other.pem'",
        4,
        "other.pem is not the key of cert.pem",
        "made together",
    ),
    (
        "client_certificate = 'cert.pem'\nclient_key = 'locked.pem'",
        4,
        "locked.pem is encrypted",
        "give `client_key_passphrase_file`",
    ),
    (
        "client_certificate = 'cert.pem'\nclient_key = 'locked.pem'\nclient_key_passphrase_file = 'hush'",
        5,
        "this is not the passphrase of locked.pem",
        "openssl pkey",
    ),
    (
        "client_certificate = 'cert.pem'\nclient_key = 'key.pem'\nclient_key_passphrase_file = 'gone'",
        5,
        "gone cannot be read: No such file",
        "holds only the passphrase",
    ),
    (
        "client_certificate = 'cert.pem'\nclient_key = 'key.pem'\nclient_key_passphrase_file = 'empty'",
        5,
        "empty is empty",
        "write the passphrase into it",
    ),
    (
        "verification = 'peer'",
        3,
        "`output.elasticsearch.verification` cannot be `peer`",
        "known here: certificate, full, none",
    ),
    (
        "cloud_id = 'pt:ZXU='",
        3,
        "both `hosts` and `cloud_id` are given",
        "take out one of them",
    ),
];

#[test]
fn a_setting_that_will_not_do_is_named_with_its_line_and_what_to_do() {
    for (lines, line, problem, advice) in BAD_SETTINGS {
        let ended = place(&format!("{HOSTS}{lines}\n")).run(&["check"]);
        let (first, second) = ended.stderr.split_once('\n').unwrap();
        let want = format!("sawmill: pipeline.toml:{line}: {problem}");
        assert!(first.starts_with(&want), "{first}, not {want}");
        assert!(second.contains(advice), "{second}, not {advice}");
        assert_eq!((ended.code, ended.stdout.as_str()), (Some(64), ""));
        assert!(
            !ended.stderr.contains("hush-passphrase"),
            "{}",
            ended.stderr
        );
    }
}

#[test]
fn a_host_without_tls_is_named_if_there_is_a_setting_of_tls() {
    for (line, setting) in [
        ("ca_file = 'cert.pem'", "ca_file"),
        ("verification = 'none'", "verification"),
        (
            "client_certificate = 'cert.pem'\nclient_key = 'key.pem'",
            "client_certificate",
        ),
    ] {
        let hosts = "hosts = ['https://a:9200', 'http://b:9200']";
        let ended = place(&format!("[output.elasticsearch]\n{hosts}\n{line}\n")).run(&["check"]);
        assert_eq!(
            ended.stderr,
            format!(
                "sawmill: pipeline.toml:3: host http://b:9200 is spoken to without TLS, so `{setting}` would not count \
                 there\ngive the host as https://, or take the setting out\n"
            )
        );
    }
}

#[test]
fn a_cloud_id_is_a_host_or_its_wrong_part_is_named() {
    // eu.example.com$abc123$def456, eu.example.com, and eu.example.com$abc:x
    for (id, code, want) in [
        ("pt:ZXUuZXhhbXBsZS5jb20kYWJjMTIzJGRlZjQ1Ng==", 0, ""),
        (
            "pt:ZXUuZXhhbXBsZS5jb20=",
            64,
            "`output.elasticsearch.cloud_id` is none: there is no Elasticsearch id in what its base64 holds",
        ),
        (
            "pt:ZXUuZXhhbXBsZS5jb20kYWJjOng=",
            64,
            "`output.elasticsearch.cloud_id` is none: its base64 holds `x` where a port should be",
        ),
        (
            "pt:%",
            64,
            "is none: what stands after the label's colon is no base64",
        ),
        ("pt:", 64, "is none: nothing stands after the label's colon"),
    ] {
        let ended = place(&format!("output.elasticsearch.cloud_id = '{id}'\n")).run(&["check"]);
        assert_eq!(ended.code, Some(code), "{}", ended.stderr);
        assert!(ended.stderr.contains(want), "{}", ended.stderr);
        if code == 0 {
            assert!(
                ended.stdout.contains("events go to output.elasticsearch"),
                "{}",
                ended.stdout
            );
        }
    }
}

#[test]
fn settings_that_fit_pass_and_no_secret_is_shown() {
    let settings = format!(
        "{HOSTS}ca_file = 'cert.pem'\nca_fingerprint = '{}'\nclient_certificate = 'cert.pem'\n\
         client_key = 'key.pem'\nclient_key_passphrase_file = 'hush'\nverification = 'certificate'\n\
         api_key = 'id:hush-key'\n",
        "AB:".repeat(31) + "AB"
    );
    for arguments in [&["check"][..], &["check", "--json"]] {
        let ended = place(&settings).run(arguments);
        assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""));
        assert!(!ended.stdout.contains("hush-"), "{}", ended.stdout);
    }
}

#[test]
fn what_logstash_calls_it_is_answered_with_what_it_is_here() {
    for (table, name, want) in [
        (
            "output.elasticsearch",
            "cacert",
            "Logstash's `cacert` is `ca_file` here",
        ),
        (
            "output.elasticsearch",
            "ssl_certificate_verification",
            "Logstash's `ssl_certificate_verification` is `verification` here: full for true, none for false",
        ),
        (
            "output.elasticsearch",
            "keystore",
            "Logstash's `keystore` is `client_certificate` here: and `client_key`, both PEM, which \
             `openssl pkcs12 -in FILE` makes of it",
        ),
        (
            "input.beats",
            "port",
            "Logstash's `port` is `input.beats.listen` here: HOST:PORT",
        ),
        (
            "input.beats",
            "ssl_enabled",
            "leave out Logstash's `ssl_enabled`: TLS is on when input.beats.tls.certificate is given",
        ),
    ] {
        let ended = place(&format!("[{table}]\n{name} = 'x'\n")).run(&["check"]);
        assert_eq!(
            ended.stderr,
            format!("sawmill: pipeline.toml:2: unknown key `{name}` in [{table}]\n{want}\n")
        );
        let flag = format!("{table}.{name}=x");
        let ended = place("").run(&["check", "--set", &flag]);
        assert!(
            ended.stderr.ends_with(&format!("\n{want}\n")),
            "{}",
            ended.stderr
        );
    }
}
