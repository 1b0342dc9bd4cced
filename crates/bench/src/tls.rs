//! TLS as a client speaks it.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use rustls::{
    ClientConfig, DigitallySignedStruct, Error as TlsError, RootCertStore, SignatureScheme,
};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};

use crate::error::BenchError;

/// Whom to trust as the server.
#[derive(Clone, Debug)]
pub enum Trust {
    /// Whoever has a certificate of an authority in this PEM file.
    Authority(PathBuf),
    /// Anybody.
    Anybody,
}

/// Who we are to the server.
#[derive(Clone, Debug)]
pub struct Identity {
    /// PEM file with our certificate and those between it and the authority.
    pub certificate: PathBuf,
    /// PEM file with its key.
    pub key: PathBuf,
}

/// Sets up TLS.
///
/// # Errors
/// If a file cannot be read, or has not what it should have.
pub fn client_config(
    trust: &Trust,
    identity: Option<&Identity>,
) -> Result<Arc<ClientConfig>, BenchError> {
    let provider = Arc::new(ring::default_provider());
    let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .expect("the provider has all versions");
    let builder = match trust {
        Trust::Authority(path) => builder.with_root_certificates(roots(path)?),
        Trust::Anybody => builder
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(AnyCertificate(provider))),
    };
    let config = match identity {
        None => builder.with_no_client_auth(),
        Some(Identity { certificate, key }) => {
            let chain = certificates(certificate)?;
            let secret = PrivateKeyDer::from_pem_file(key).map_err(wrong(key))?;
            builder
                .with_client_auth_cert(chain, secret)
                .map_err(wrong(certificate))?
        }
    };
    Ok(Arc::new(config))
}

/// The name that must stand in the server's certificate.
///
/// # Errors
/// If it is neither a host name nor an address.
pub fn server_name(name: &str) -> Result<ServerName<'static>, BenchError> {
    ServerName::try_from(name.to_owned()).map_err(|_| BenchError::Usage {
        what: format!("`{name}` is no name that a certificate could have"),
        hint: "give --server-name a host name or an address",
    })
}

fn roots(path: &Path) -> Result<RootCertStore, BenchError> {
    let mut roots = RootCertStore::empty();
    for certificate in certificates(path)? {
        roots.add(certificate).map_err(wrong(path))?;
    }
    Ok(roots)
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, BenchError> {
    let all: Vec<_> = CertificateDer::pem_file_iter(path)
        .and_then(Iterator::collect)
        .map_err(wrong(path))?;
    if all.is_empty() {
        return Err(wrong(path)("there is no certificate in it"));
    }
    Ok(all)
}

fn wrong<E: ToString>(path: &Path) -> impl Fn(E) -> BenchError + '_ {
    move |reason| BenchError::TlsFile {
        path: path.to_owned(),
        reason: reason.to_string(),
    }
}

/// Takes every certificate, but still wants the server to have its key.
#[derive(Debug)]
struct AnyCertificate(Arc<CryptoProvider>);

impl ServerCertVerifier for AnyCertificate {
    fn verify_server_cert(
        &self,
        _end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, TlsError> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, TlsError> {
        verify_tls12_signature(
            message,
            cert,
            signed,
            &self.0.signature_verification_algorithms,
        )
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, TlsError> {
        verify_tls13_signature(
            message,
            cert,
            signed,
            &self.0.signature_verification_algorithms,
        )
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
