//! TLS in: sessions, and clients that expect something else.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::Command;
use std::slice::from_ref;
use std::sync::Arc;
use std::time::Duration;

use rcgen::{CertificateParams, KeyPair};
use rustls::crypto::CryptoProvider;
use rustls::crypto::ring::ALL_CIPHER_SUITES;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{
    ClientConfig, ClientConnection, RootCertStore, StreamOwned, SupportedCipherSuite,
    SupportedProtocolVersion, version,
};
use tempfile::TempDir;

use crate::pki::{Authority, Files};
use crate::support::{Sawmill, event, window};

/// A Sawmill that speaks TLS with a certificate of its own.
struct Secure {
    sawmill: Sawmill,
    certificate: CertificateDer<'static>,
    settings: [String; 2],
    _files: TempDir,
}

impl Secure {
    fn start(settings: &[&str]) -> Self {
        let files = tempfile::tempdir().unwrap();
        let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
        let (certificate, key) = (files.path().join("cert.pem"), files.path().join("key.pem"));
        fs::write(&certificate, made.cert.pem()).unwrap();
        fs::write(&key, made.signing_key.serialize_pem()).unwrap();
        let certificate = format!("input.beats.tls.certificate={}", certificate.display());
        let key = format!("input.beats.tls.key={}", key.display());
        let own = [certificate, key];
        let settings: Vec<&str> = { own.iter().map(String::as_str) }
            .chain(settings.iter().copied())
            .collect();
        Self {
            sawmill: Sawmill::start(&settings),
            certificate: made.cert.der().clone(),
            settings: own,
            _files: files,
        }
    }

    /// A client that trusts these certificates.
    fn connect(
        &self,
        trusted: &[CertificateDer<'static>],
        version: &'static SupportedProtocolVersion,
    ) -> StreamOwned<ClientConnection, TcpStream> {
        let provider = rustls::crypto::ring::default_provider();
        connect(&self.sawmill, trusted, provider, &[version])
    }
}

fn connect(
    sawmill: &Sawmill,
    trusted: &[CertificateDer<'static>],
    provider: CryptoProvider,
    versions: &[&'static SupportedProtocolVersion],
) -> StreamOwned<ClientConnection, TcpStream> {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(trusted.iter().cloned());
    let config = ClientConfig::builder_with_provider(Arc::new(provider))
        .with_protocol_versions(versions)
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let name = ServerName::try_from("localhost").unwrap();
    let session = ClientConnection::new(Arc::new(config), name).unwrap();
    StreamOwned::new(session, sawmill.connect().stream)
}

/// Sends a window of one event and waits for its ACK.
fn send(client: &mut (impl Read + Write)) -> std::io::Result<()> {
    client.write_all(&window(&[event("one").as_bytes()]))?;
    let mut ack = [0; 6];
    client.read_exact(&mut ack)?;
    assert_eq!(&ack, b"2A\0\0\0\x01");
    Ok(())
}

#[test]
fn windows_are_acknowledged_over_both_versions_of_tls() {
    let secure = Secure::start(&[]);
    for version in [&version::TLS12, &version::TLS13] {
        let mut client = secure.connect(from_ref(&secure.certificate), version);
        let large = "x".repeat(100_000);
        for events in [vec![event("one"), event("two")], vec![event(&large)]] {
            let events: Vec<&[u8]> = events.iter().map(String::as_bytes).collect();
            client.write_all(&window(&events)).unwrap();
            let mut ack = [0; 6];
            client.read_exact(&mut ack).unwrap();
            assert_eq!(ack, [b'2', b'A', 0, 0, 0, events.len() as u8]);
        }
    }
    assert_eq!(secure.sawmill.stored("logs-django-pt").len(), 6);
    assert!(
        !secure.sawmill.log().contains("WARN"),
        "{}",
        secure.sawmill.log()
    );
}

/// A key under a passphrase, as openssl makes it, and the same without.
const RSA_LOCKED: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../credentials/tests/fixtures/rsa-aes.key"
);
const RSA: &str = include_str!("../../../credentials/tests/fixtures/rsa-pkcs8.key");

#[test]
fn each_suite_is_spoken_with_its_kind_of_key_and_only_where_it_is_named() {
    let files = Files::new();
    let localhost = || CertificateParams::new(["localhost".to_owned()]).unwrap();
    let rsa = localhost().self_signed(&KeyPair::from_pem(RSA).unwrap());
    let ec_key = KeyPair::generate().unwrap();
    let ec = localhost().self_signed(&ec_key);
    let (rsa, ec) = (rsa.unwrap(), ec.unwrap());
    let ec_key = files.write("ec.key", &ec_key.serialize_pem());
    for suite in ALL_CIPHER_SUITES {
        let name = format!("{:?}", suite.suite()).replacen("TLS13_", "TLS_", 1);
        let (made, key) = if name.contains("ECDSA") {
            (&ec, ec_key.as_str())
        } else {
            (&rsa, RSA_LOCKED)
        };
        let certificate = files.write("cert.pem", &made.pem());
        let settings = [
            ("certificate", certificate.as_str()),
            ("key", key),
            ("key_passphrase", "sesame"),
            ("cipher_suites", &name),
        ]
        .map(|(setting, value)| format!("input.beats.tls.{setting}={value}"));
        let sawmill = Sawmill::start(&settings.each_ref().map(String::as_str));
        let client = |suites: Vec<SupportedCipherSuite>| {
            let mut versions: Vec<_> = suites.iter().map(SupportedCipherSuite::version).collect();
            versions.dedup();
            let provider = CryptoProvider {
                cipher_suites: suites,
                ..rustls::crypto::ring::default_provider()
            };
            connect(&sawmill, from_ref(made.der()), provider, &versions)
        };
        let mut willing = client(vec![*suite]);
        send(&mut willing).unwrap();
        let agreed = willing.conn.negotiated_cipher_suite();
        assert_eq!(agreed.as_ref(), Some(suite));
        let others = ALL_CIPHER_SUITES.iter().copied();
        let mut other = client(others.filter(|other| other != suite).collect());
        assert!(send(&mut other).is_err(), "{name}");
    }
}

#[test]
fn who_knows_the_root_only_is_shown_those_between_it_and_the_server() {
    let files = Files::new();
    let root = Authority::new("root");
    let between = root.below("between");
    let server = between.issue("server", &["localhost"]);
    let settings = files.settings("input.beats.tls", &server);
    let settings = settings.each_ref().map(String::as_str);
    let connect_to = |sawmill| {
        let provider = rustls::crypto::ring::default_provider();
        connect(sawmill, &[root.der()], provider, &[&version::TLS13])
    };
    let alone = Sawmill::start(&settings);
    assert!(send(&mut connect_to(&alone)).is_err());
    files.write("cert.pem", &[server.pem.clone(), between.pem()].concat());
    let whole = Sawmill::start(&settings);
    send(&mut connect_to(&whole)).unwrap();
}

#[test]
fn a_health_check_with_the_same_settings_speaks_tls_too() {
    let secure = Secure::start(&[]);
    let listen = format!("input.beats.listen={}", secure.sawmill.address);
    let mut command = Command::new(env!("CARGO_BIN_EXE_sawmill"));
    command.arg("healthcheck");
    for setting in secure.settings.iter().chain([&listen]) {
        command.args(["--set", setting]);
    }
    let ended = command.output().unwrap();
    assert!(ended.status.success(), "{ended:?}");
}

#[test]
fn a_new_passphrase_is_taken_without_a_restart() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../credentials/tests/fixtures");
    let fixture = |name| fs::read_to_string(format!("{folder}/{name}")).unwrap();
    let files = Files::new();
    let certificate = files.write("cert.pem", &fixture("rsa.crt"));
    let key = files.write("key.pem", &fixture("rsa-aes.key"));
    let passphrase = files.write("passphrase", "sesame\n");
    let settings = format!(
        "[input.beats.tls]\ncertificate = {certificate:?}\nkey = {key:?}\n\
         key_passphrase_file = {passphrase:?}\nreload_interval = '50ms'\n"
    );
    let sawmill = Sawmill::start_with(&files.write("pipeline.toml", &settings), &[]);

    files.write("key.pem", &fixture("rsa-aes-renewed.key"));
    sawmill.wait_for_log("what was read before still holds");
    files.write("passphrase", "simsalabim\n");
    sawmill.wait_for_log("read anew");
    assert!(!sawmill.log().contains("simsalabim"));
}

#[test]
fn what_to_do_next_is_what_works_with_tls() {
    let secure = Secure::start(&[]);
    let line = secure.sawmill.wait_for_log("next: in filebeat.yml");
    assert!(line.contains("ssl.certificate_authorities"), "{line}");
    // It speaks no TLS.
    assert!(!secure.sawmill.log().contains("sawmill send"));
}

#[test]
fn a_client_without_tls_is_told_apart() {
    let secure = Secure::start(&[]);
    let mut client = secure.sawmill.connect();
    let peer = client.stream.local_addr().unwrap().to_string();
    client.send(&window(&[event("secret").as_bytes()]));
    let line = secure.sawmill.wait_for_log(&peer);
    assert!(
        line.contains("WARN") && line.contains("turn TLS on in the client (ssl.enabled: true)"),
        "{line}"
    );
}

#[test]
fn a_client_that_does_not_trust_the_certificate_is_told_apart() {
    let secure = Secure::start(&[]);
    let mut client = secure.connect(&[], &version::TLS13);
    let peer = client.sock.local_addr().unwrap().to_string();
    let refused = client
        .write_all(b"2W\0\0\0\0")
        .and_then(|()| client.flush());
    assert!(refused.is_err());
    let line = secure.sawmill.wait_for_log(&peer);
    assert!(line.contains("ssl.certificate_authorities"), "{line}");
}

#[test]
fn a_client_with_tls_on_a_port_without_it_is_told_apart() {
    let sawmill = Sawmill::start(&[]);
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(RootCertStore::empty())
        .with_no_client_auth();
    let name = ServerName::try_from("localhost").unwrap();
    let session = ClientConnection::new(Arc::new(config), name).unwrap();
    let mut client = StreamOwned::new(session, sawmill.connect().stream);
    let peer = client.sock.local_addr().unwrap().to_string();
    assert!(client.write_all(b"2W\0\0\0\0").is_err());
    let line = sawmill.wait_for_log(&peer);
    assert!(
        line.contains("looks like TLS on a port without it"),
        "{line}"
    );
}

#[test]
fn whoever_says_nothing_is_sent_away_after_the_handshakes_time() {
    let secure = Secure::start(&["input.beats.tls.handshake_timeout=100ms"]);
    let mut client = secure.sawmill.connect();
    assert_eq!(client.until_closed(), b"");
    let line = secure.sawmill.wait_for_log("handshake_timeout");
    assert!(line.contains("WARN") && line.contains("100ms"), "{line}");
    // Whoever asks only whether the port is open is not worth a line.
    let probe = secure.sawmill.connect();
    let peer = probe.stream.local_addr().unwrap().to_string();
    drop(probe);
    std::thread::sleep(Duration::from_millis(200));
    assert!(!secure.sawmill.log().contains(&peer));
}
