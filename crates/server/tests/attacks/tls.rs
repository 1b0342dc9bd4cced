//! Handshakes that are too many, too slow, or ask for what is weak.

use std::io::{Read, Write};
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::Duration;

use rcgen::{CertificateParams, KeyPair};

use crate::pki::Files;
use crate::scene::Scene;
use crate::support::{Sawmill, closed, wait_for};

#[test]
fn handshakes_that_never_end() {
    let limits = [
        "input.beats.tls.handshake_timeout=2s",
        "input.beats.handshakes_max=1000",
    ];
    let scene = Scene::open_tls("handshakes", &limits);
    scene.attack_with(
        "three times 2,000 handshakes from two addresses that stop after three bytes, where there are 1,000 places",
        48,
        |scene| {
            // What each leaves behind would add up to more than the limit.
            for _ in 0..3 {
                let mut clients = scene.sawmill.crowd(2000);
                for client in &mut clients {
                    let _ = client.stream.write_all(b"\x16\x03\x01");
                }
                wait_for("handshakes refused", || {
                    (closed(&mut clients) >= 1000).then_some(())
                });
                // Another address still gets in, though all places are taken.
                scene.assert_serves();
                wait_for("handshakes timed out", || {
                    (closed(&mut clients) == 2000).then_some(())
                });
            }
        },
    );
}

#[test]
fn handshakes_that_come_byte_by_byte() {
    let limits = [
        "input.beats.tls.handshake_timeout=8s",
        "input.beats.handshakes_max=5100",
    ];
    let scene = Scene::open_tls("handshakes_slow", &limits);
    scene.attack_with(
        "5,000 handshakes from five addresses, where there are places for them, a byte every 100 ms, until their time is over",
        112,
        |scene| {
            let mut clients = scene.sawmill.crowd(5000);
            // A greeting of 512 bytes, of which these are the first.
            for byte in b"\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03" {
                for client in &mut clients {
                    let _ = client.stream.write_all(&[*byte]);
                }
                sleep(Duration::from_millis(100));
            }
            wait_for("all of them accepted", || {
                (scene.sawmill.files() > 5000).then_some(())
            });
            scene.assert_serves();
            wait_for("handshakes timed out", || {
                (closed(&mut clients) == 5000).then_some(())
            });
        },
    );
}

/// The suites of TLS 1.2 that may be agreed on: with forward secrecy and authenticated encryption. Those of TLS 1.3 all have both.
const STRONG_WITH_ECDSA: [u16; 3] = [0xC02B, 0xC02C, 0xCCA9];
const STRONG_WITH_RSA: [u16; 3] = [0xC02F, 0xC030, 0xCCA8];

/// What stands among the suites and is none: wishes for secure renegotiation (RFC 5746) and against a downgrade (RFC 7507).
const WISHES: [u16; 2] = [0x00FF, 0x5600];

/// Reasons to send a client away (RFC 5246, 7.2).
const HANDSHAKE_FAILURE: u8 = 40;
const PROTOCOL_VERSION: u8 = 70;

#[test]
fn of_all_suites_none_that_is_weak_is_agreed_on_with_either_kind_of_key() {
    for (stage, strong) in [
        (
            TlsStage::with(&KeyPair::generate().unwrap()),
            STRONG_WITH_ECDSA,
        ),
        (
            TlsStage::with(&KeyPair::from_pem(RSA).unwrap()),
            STRONG_WITH_RSA,
        ),
    ] {
        let not_strong =
            (0..=u16::MAX).filter(|suite| !strong.contains(suite) && !WISHES.contains(suite));
        let not_strong: Vec<_> = not_strong.collect();
        // As many as fit into one record.
        for weak in not_strong.chunks(4096) {
            let refused = stage.answer(&hello([3, 3], weak));
            assert_eq!(refused, Answer::Alert(HANDSHAKE_FAILURE), "{weak:04X?}");
            // It was for the suites: with a strong one behind them, the same is welcome.
            let welcome = stage.answer(&hello([3, 3], &[weak, &strong[..1]].concat()));
            assert_eq!(welcome, Answer::Agreed(strong[0]));
        }
        for suite in strong {
            assert_eq!(
                stage.answer(&hello([3, 3], &[suite])),
                Answer::Agreed(suite)
            );
        }
    }
}

#[test]
fn versions_before_1_2_are_refused_whatever_suites_they_come_with() {
    let suites: Vec<_> = (0..4096).chain(STRONG_WITH_ECDSA).collect();
    let stage = TlsStage::with(&KeyPair::generate().unwrap());
    for version in [[3, 0], [3, 1], [3, 2]] {
        let refused = stage.answer(&hello(version, &suites));
        assert_eq!(refused, Answer::Alert(PROTOCOL_VERSION), "{version:?}");
    }
    assert!(matches!(
        stage.answer(&hello([3, 3], &suites)),
        Answer::Agreed(_)
    ));
}

#[test]
fn nothing_is_negotiated_again_within_tls() {
    let stage = TlsStage::with(&KeyPair::generate().unwrap());
    assert!(stage.openssl(&["-tls1_3"], "").contains("New, TLSv1.3, "));
    let said = stage.openssl(&["-tls1_2"], "");
    assert!(
        said.contains("New, TLSv1.2, Cipher is ECDHE-ECDSA-AES256-GCM-SHA384"),
        "{said}"
    );
    assert!(said.contains("Secure Renegotiation IS supported"), "{said}");
    // Whoever asks for another handshake within the first gets none: as many certificates are looked at as without.
    let usual = said.matches("verify return").count();
    assert!(usual > 0, "{said}");
    let asked = stage.openssl(&["-tls1_2"], "R\n");
    assert!(asked.contains("RENEGOTIATING"), "{asked}");
    assert_eq!(asked.matches("verify return").count(), usual, "{asked}");
}

const RSA: &str = include_str!("../../../credentials/tests/fixtures/rsa-pkcs8.key");

/// A server with a key of some kind.
struct TlsStage {
    sawmill: Sawmill,
    _files: Files,
}

impl TlsStage {
    fn with(key: &KeyPair) -> Self {
        let files = Files::new();
        let params = CertificateParams::new(["localhost".to_owned()]).unwrap();
        let certificate = files.write("cert.pem", &params.self_signed(key).unwrap().pem());
        let key = files.write("key.pem", &key.serialize_pem());
        let settings = [("certificate", certificate), ("key", key)]
            .map(|(setting, path)| format!("input.beats.tls.{setting}={path}"));
        Self {
            sawmill: Sawmill::start(&settings.each_ref().map(String::as_str)),
            _files: files,
        }
    }

    /// What the server answers to a hello.
    fn answer(&self, hello: &[u8]) -> Answer {
        let mut client = self.sawmill.connect();
        client.send(hello);
        let mut head = [0; 5];
        client.stream.read_exact(&mut head).unwrap();
        let mut record = vec![0; usize::from(u16::from_be_bytes([head[3], head[4]]))];
        client.stream.read_exact(&mut record).unwrap();
        match head[0] {
            21 => Answer::Alert(record[1]),
            22 => {
                assert_eq!(record[0], 2, "the server's hello");
                // Its head, version, random bytes and session stand before it.
                let at = 39 + usize::from(record[38]);
                assert_eq!(record[at + 2], 0, "compression");
                Answer::Agreed(u16::from_be_bytes([record[at], record[at + 1]]))
            }
            kind => panic!("a record of kind {kind}"),
        }
    }

    /// What openssl's client says in a session in which this is typed.
    fn openssl(&self, options: &[&str], typed: &str) -> String {
        let mut client = Command::new("timeout")
            // Whose wish is not heard waits for ever.
            .args(["4", "openssl", "s_client", "-connect"])
            .arg(self.sawmill.address.to_string())
            .args(options)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        sleep(Duration::from_secs(1));
        let mut keyboard = client.stdin.take().unwrap();
        keyboard.write_all(typed.as_bytes()).unwrap();
        sleep(Duration::from_secs(1));
        drop(keyboard);
        let ended = client.wait_with_output().unwrap();
        let said = [ended.stdout, ended.stderr].concat();
        String::from_utf8_lossy(&said).into_owned()
    }
}

/// What a server says to a hello.
#[derive(Debug, PartialEq, Eq)]
enum Answer {
    Agreed(u16),
    Alert(u8),
}

/// A client's hello up to TLS 1.2 (RFC 5246, 7.4.1.2) in one record, which would rather compress.
fn hello(version: [u8; 2], suites: &[u16]) -> Vec<u8> {
    let (groups, schemes) = (
        // X25519, P-256 and, for suites without curves, a group of 2048 bits.
        [0x001D, 0x0017, 0x0100],
        // ECDSA, RSA-PSS and RSA, with hashes old and new.
        [0x0403, 0x0804, 0x0401, 0x0203, 0x0201],
    );
    let extensions = [
        extension(10, &with_length(&numbers(&groups))),
        // Points that are not compressed.
        extension(11, &[1, 0]),
        extension(13, &with_length(&numbers(&schemes))),
    ];
    let body = [
        &version[..],
        &[7; 32],
        // No session.
        &[0],
        &with_length(&numbers(suites)),
        // DEFLATE or none.
        &[2, 1, 0],
        &with_length(&extensions.concat()),
    ]
    .concat();
    // A hello, its length of three bytes, and the same as a record.
    let message = [&[1, 0], &with_length(&body)[..]].concat();
    [&[22, 3, 1], &with_length(&message)[..]].concat()
}

fn extension(kind: u16, content: &[u8]) -> Vec<u8> {
    [&kind.to_be_bytes()[..], &with_length(content)].concat()
}

fn numbers(numbers: &[u16]) -> Vec<u8> {
    numbers
        .iter()
        .flat_map(|number| number.to_be_bytes())
        .collect()
}

/// These bytes behind their number.
fn with_length(bytes: &[u8]) -> Vec<u8> {
    let length = u16::try_from(bytes.len()).unwrap();
    [&length.to_be_bytes()[..], bytes].concat()
}
