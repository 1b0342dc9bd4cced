//! A server made of rustls, with certificates made for each test.

use std::cell::Cell;
use std::fs;
use std::path::PathBuf;
use std::sync::Arc;

use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
};
use ring::digest::{SHA256, digest};
use rustls::crypto::ring as provider;
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig};
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use sawmill_elasticsearch_out::{Client, Credentials, SendError, Settings, Tls, Verification};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

const STORED: &str = r#"{"errors":false,"items":[{"create":{"status":201}}]}"#;

/// Who signs certificates.
pub(crate) struct Authority {
    pub(crate) der: CertificateDer<'static>,
    pub(crate) pem: String,
    pub(crate) issuer: Issuer<'static, KeyPair>,
}

/// A certificate and its key.
pub(crate) struct Signed {
    pub(crate) der: CertificateDer<'static>,
    pub(crate) pem: String,
    pub(crate) key: KeyPair,
}

impl Authority {
    pub(crate) fn new(name: &str) -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let certificate = params.self_signed(&key).unwrap();
        Self {
            der: certificate.der().clone(),
            pem: certificate.pem(),
            issuer: Issuer::new(params, key),
        }
    }

    pub(crate) fn sign(&self, name: &str) -> Signed {
        self.sign_with(name, |_| {})
    }

    pub(crate) fn sign_with(&self, name: &str, change: impl Fn(&mut CertificateParams)) -> Signed {
        let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        params.extended_key_usages = vec![
            ExtendedKeyUsagePurpose::ServerAuth,
            ExtendedKeyUsagePurpose::ClientAuth,
        ];
        change(&mut params);
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        Signed {
            der: certificate.der().clone(),
            pem: certificate.pem(),
            key,
        }
    }

    pub(crate) fn fingerprint(&self) -> String {
        let digest = digest(&SHA256, &self.der);
        let pairs: Vec<String> = digest
            .as_ref()
            .iter()
            .map(|byte| format!("{byte:02X}"))
            .collect();
        pairs.join(":")
    }
}

/// Whether the server wants to see a client's certificate.
pub(crate) enum Clients<'a> {
    Anybody,
    SignedBy(&'a Authority),
}

pub(crate) fn server(
    chain: &[&CertificateDer<'static>],
    host: &Signed,
    clients: &Clients<'_>,
) -> TlsAcceptor {
    let chain = chain.iter().map(|&der| der.clone()).collect();
    let provider = Arc::new(provider::default_provider());
    let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .unwrap();
    let builder = match clients {
        Clients::Anybody => builder.with_no_client_auth(),
        Clients::SignedBy(authority) => {
            let mut roots = RootCertStore::empty();
            roots.add(authority.der.clone()).unwrap();
            let verifier = WebPkiClientVerifier::builder_with_provider(roots.into(), provider);
            builder.with_client_cert_verifier(verifier.build().unwrap())
        }
    };
    let key = PrivateKeyDer::try_from(host.key.serialize_der()).unwrap();
    let config = builder.with_single_cert(chain, key).unwrap();
    TlsAcceptor::from(Arc::new(config))
}

/// Answers every request with [`STORED`]; returns the port.
pub(crate) async fn serve(acceptor: TlsAcceptor) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        loop {
            let (peer, _) = listener.accept().await.unwrap();
            tokio::spawn(answer(acceptor.clone(), peer));
        }
    });
    port
}

async fn answer(acceptor: TlsAcceptor, peer: TcpStream) {
    let Ok(mut stream) = acceptor.accept(peer).await else {
        return;
    };
    let mut bytes = [0; 4096];
    if stream.read(&mut bytes).await.is_ok_and(|read| read > 0) {
        let length = STORED.len();
        let head =
            format!("HTTP/1.1 200 OK\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n");
        let _ = stream.write_all(format!("{head}{STORED}").as_bytes()).await;
        let _ = stream.shutdown().await;
    }
}

pub(crate) async fn send(url: &str, tls: Tls) -> Result<u16, SendError> {
    let settings = Settings {
        tls,
        credentials: Credentials::ApiKey("id:hush".to_owned().into()),
        ..Settings::new(vec![url.parse().unwrap()])
    };
    let client = Client::new(&settings).unwrap();
    let answer = client.bulk("{\"create\":{}}\n{}\n".into()).await?;
    Ok(answer.status)
}

pub(crate) async fn refused(url: &str, tls: Tls) -> String {
    match send(url, tls).await.unwrap_err() {
        SendError::Lost { reason, .. } => reason,
        other => panic!("{other}"),
    }
}

/// A folder for the files of a test.
pub(crate) struct Files {
    folder: TempDir,
    written: Cell<usize>,
}

impl Files {
    pub(crate) fn new() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
            written: Cell::default(),
        }
    }

    /// Files of the same name are kept apart.
    pub(crate) fn write(&self, name: &str, text: impl AsRef<[u8]>) -> PathBuf {
        self.written.set(self.written.get() + 1);
        let folder = self.folder.path().join(self.written.get().to_string());
        fs::create_dir(&folder).unwrap();
        let path = folder.join(name);
        fs::write(&path, text).unwrap();
        path
    }
}

pub(crate) fn by_fingerprint(fingerprint: &str, verification: Verification) -> Tls {
    Tls {
        ca_fingerprint: Some(fingerprint.parse().unwrap()),
        verification,
        ..Tls::default()
    }
}

pub(crate) fn verified(verification: Verification) -> Tls {
    Tls {
        verification,
        ..Tls::default()
    }
}
