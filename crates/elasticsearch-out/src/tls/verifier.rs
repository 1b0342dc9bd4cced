//! Whether a host's certificate is believed.

use std::fmt;
use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{verify_server_cert_signed_by_trust_anchor, verify_server_name};
use rustls::crypto::{WebPkiSupportedAlgorithms, verify_tls12_signature, verify_tls13_signature};
use rustls::server::ParsedCertificate;
use rustls::{
    CertificateError, DigitallySignedStruct, Error, OtherError, RootCertStore, SignatureScheme,
};
use rustls_pki_types::{CertificateDer, ServerName, UnixTime};
use thiserror::Error;

use super::{Fingerprint, Verification};

/// Checks what [`Verification`] asks for, with the authorities that are believed from the start and one that the host
/// itself may bring, if it has the right fingerprint.
pub(super) struct Verifier {
    pub(super) roots: Arc<RootCertStore>,
    pub(super) fingerprint: Option<Fingerprint>,
    pub(super) verification: Verification,
    pub(super) algorithms: WebPkiSupportedAlgorithms,
}

/// The host's chain has no certificate with the fingerprint, and nobody else who is believed signed it.
#[derive(Debug, Error)]
#[error("no certificate has the fingerprint")]
pub(super) struct NoSuchFingerprint;

impl Verifier {
    /// All who are believed, for a host that shows this chain.
    fn roots_for(&self, host: &CertificateDer<'_>, chain: &[CertificateDer<'_>]) -> Anchors {
        let Some(fingerprint) = self.fingerprint else {
            return Anchors::Known(Arc::clone(&self.roots));
        };
        let all = [host].into_iter().chain(chain);
        let Some(found) = all
            .into_iter()
            .find(|certificate| fingerprint.is_of(certificate))
        else {
            return Anchors::WithoutFingerprint(Arc::clone(&self.roots));
        };
        let mut roots = RootCertStore::clone(&self.roots);
        // One that cannot be an authority signs nothing, and the check that follows says so.
        let _ = roots.add(found.clone().into_owned());
        Anchors::Known(Arc::new(roots))
    }

    fn check_chain(
        &self,
        host: &ParsedCertificate<'_>,
        end_entity: &CertificateDer<'_>,
        chain: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<(), Error> {
        let anchors = self.roots_for(end_entity, chain);
        let roots = anchors.roots();
        let checked =
            verify_server_cert_signed_by_trust_anchor(host, roots, chain, now, self.algorithms.all);
        match (checked, &anchors) {
            (
                Err(Error::InvalidCertificate(
                    CertificateError::UnknownIssuer | CertificateError::BadSignature,
                )),
                Anchors::WithoutFingerprint(_),
            ) => Err(CertificateError::Other(OtherError(Arc::new(NoSuchFingerprint))).into()),
            (checked, _) => checked,
        }
    }
}

/// Who is believed.
enum Anchors {
    /// These.
    Known(Arc<RootCertStore>),
    /// These, since the one with the fingerprint did not show itself.
    WithoutFingerprint(Arc<RootCertStore>),
}

impl Anchors {
    fn roots(&self) -> &RootCertStore {
        match self {
            Self::Known(roots) | Self::WithoutFingerprint(roots) => roots,
        }
    }
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        if self.verification != Verification::None {
            let host = ParsedCertificate::try_from(end_entity)?;
            self.check_chain(&host, end_entity, intermediates, now)?;
            if self.verification == Verification::Full {
                verify_server_name(&host, server_name)?;
            }
        }
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, cert, dss, &self.algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, cert, dss, &self.algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}

impl fmt::Debug for Verifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Verifier({:?})", self.verification)
    }
}
