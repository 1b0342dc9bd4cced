//! A server behind TLS.

use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::sync::Arc;
use std::thread;

use rcgen::{CertificateParams, CertifiedKey, KeyPair, generate_simple_self_signed};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig, ServerConnection, StreamOwned};
use rustls_pki_types::PrivateKeyDer;
use rustls_pki_types::pem::PemObject;
use sawmill_bench::error::BenchError;
use sawmill_bench::results::Transport;
use sawmill_lumberjack::{Frame, Limits, Sequence, Step, Version, decode, encode_ack};

use crate::support::{bench, try_bench};

/// Whom the server lets in.
enum Clients {
    All,
    /// Those with this certificate.
    Known(rcgen::Certificate),
}

/// A server named `localhost`; its certificate is in `DIR/ca.pem`.
fn server(dir: &Path, clients: Clients) -> String {
    let CertifiedKey { cert, signing_key } =
        generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    std::fs::write(dir.join("ca.pem"), cert.pem()).unwrap();
    let key = PrivateKeyDer::from_pem_slice(signing_key.serialize_pem().as_bytes()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .unwrap();
    let builder = match clients {
        Clients::All => builder.with_no_client_auth(),
        Clients::Known(certificate) => {
            let mut roots = RootCertStore::empty();
            roots.add(certificate.der().clone()).unwrap();
            let verifier =
                WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider).build();
            builder.with_client_cert_verifier(verifier.unwrap())
        }
    };
    let config = Arc::new(
        builder
            .with_single_cert(vec![cert.der().clone()], key)
            .unwrap(),
    );
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let session = ServerConnection::new(Arc::clone(&config)).unwrap();
            let stream = StreamOwned::new(session, stream.unwrap());
            thread::spawn(move || serve(stream));
        }
    });
    format!("localhost:{port}")
}

/// Acknowledges every window until the client leaves.
fn serve(mut stream: StreamOwned<ServerConnection, TcpStream>) -> io::Result<()> {
    let (mut received, mut announced) = (Vec::new(), 0);
    loop {
        let mut buffer = [0; 16_384];
        let count = stream.read(&mut buffer)?;
        received.extend_from_slice(&buffer[..count]);
        while let Step::Frame(_, frame, used) = decode(&received, &Limits::default()).unwrap() {
            match frame {
                Frame::Window(size) => announced = size.get(),
                Frame::Compressed(_) => {
                    stream.write_all(&encode_ack(Version::V2, Sequence::new(announced)))?;
                    stream.flush()?;
                }
                other => panic!("{other:?}"),
            }
            received.drain(..used);
        }
        if count == 0 {
            return Ok(());
        }
    }
}

#[test]
fn load_goes_over_tls() {
    let dir = tempfile::tempdir().unwrap();
    let address = server(dir.path(), Clients::All);
    let ca = dir.path().join("ca.pem");
    let arguments = format!("--tls --ca {} --events 1000 --connections 3", ca.display());
    let (run, error) = bench(&address, &arguments);
    assert!(error.is_none(), "{error:?}");
    assert_eq!(
        (run.totals.events, run.asked.transport),
        (1_000, Transport::Tls)
    );
}

#[test]
fn a_certificate_of_another_is_refused_unless_anybody_may_be_the_server() {
    let (dir, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let address = server(dir.path(), Clients::All);
    server(other.path(), Clients::All);
    let ca = |dir: &Path| format!("--tls --events 10 --ca {}", dir.join("ca.pem").display());
    for arguments in [
        ca(other.path()),
        format!("{} --server-name other.example.org", ca(dir.path())),
    ] {
        let (_, error) = bench(&address, &arguments);
        assert!(
            matches!(error, Some(BenchError::TlsHandshake { connection: 1, .. })),
            "{error:?}"
        );
    }
    let (run, error) = bench(&address, "--tls --insecure --events 10");
    assert!(error.is_none(), "{error:?}");
    assert_eq!(run.totals.events, 10);
}

#[test]
fn a_server_may_ask_who_we_are() {
    let dir = tempfile::tempdir().unwrap();
    let key = KeyPair::generate().unwrap();
    let certificate = CertificateParams::new(["load".to_owned()])
        .unwrap()
        .self_signed(&key)
        .unwrap();
    let path = |name: &str| dir.path().join(name).display().to_string();
    std::fs::write(path("load.pem"), certificate.pem()).unwrap();
    std::fs::write(path("load.key"), key.serialize_pem()).unwrap();
    let address = server(dir.path(), Clients::Known(certificate));
    let stranger = format!("--tls --events 10 --ca {}", path("ca.pem"));
    let known = format!(
        "{stranger} --cert {} --key {}",
        path("load.pem"),
        path("load.key")
    );
    let (run, error) = bench(&address, &known);
    assert!(error.is_none(), "{error:?}");
    assert_eq!(run.totals.events, 10);
    assert!(bench(&address, &stranger).1.is_some());
}

#[test]
fn tls_files_that_are_none_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("ca.pem");
    std::fs::write(&path, "no certificate").unwrap();
    for (file, want) in [
        (path.as_path(), "there is no certificate in it"),
        (Path::new("/nowhere/ca.pem"), "/nowhere/ca.pem: "),
    ] {
        let error =
            try_bench("127.0.0.1:1", &format!("--tls --ca {}", file.display())).unwrap_err();
        assert!(error.to_string().contains(want), "{error}");
    }
}

#[test]
fn tls_at_a_plain_port_is_said() {
    let (_, error) = bench(
        &crate::support::staged(|peer| peer.say(b"2A\0\0\0\0")),
        "--tls --insecure",
    );
    assert!(
        matches!(error, Some(BenchError::TlsHandshake { .. })),
        "{error:?}"
    );
}
