//! TLS towards Elasticsearch: whom to believe, and how to show who we are.

mod fingerprint;
mod verifier;
mod words;

use std::path::PathBuf;
use std::sync::Arc;

use rustls::crypto::ring;
use rustls::sign::SingleCertAndKey;
use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::CertificateDer;
use sawmill_credentials::{CredentialError, KeyPair, certificates, is_readable};

pub use fingerprint::{Fingerprint, FingerprintError};
pub(crate) use words::reason;

/// How TLS is spoken to hosts with `https`.
#[derive(Clone, Debug, Default)]
pub struct Tls {
    /// PEM file with the authorities that signed the hosts' certificates, beside the well-known ones.
    pub ca_file: Option<PathBuf>,
    /// An authority that is believed, beside those, if the host shows its certificate.
    pub ca_fingerprint: Option<Fingerprint>,
    /// What Sawmill shows of itself if a host asks for it. Its settings' names begin with `client_`.
    pub client: Option<KeyPair>,
    /// What of a host's certificate is checked.
    pub verification: Verification,
}

/// What of a host's certificate is checked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Verification {
    /// That an authority signed it that is believed, that it is of now, and that it is for the host's name.
    #[default]
    Full,
    /// The same but for the name.
    Certificate,
    /// Nothing: whoever answers is believed.
    None,
}

impl Tls {
    /// The settings that differ from the defaults, by their names in `[output.elasticsearch]`.
    pub(crate) fn given(&self) -> Vec<&'static str> {
        let given = [
            ("ca_file", self.ca_file.is_some()),
            ("ca_fingerprint", self.ca_fingerprint.is_some()),
            ("client_certificate", self.client.is_some()),
            ("verification", self.verification != Verification::Full),
        ];
        let given = given.into_iter().filter(|(_, is_given)| *is_given);
        given.map(|(name, _)| name).collect()
    }

    /// Reads the files and makes of them what connections are opened with.
    pub(crate) fn load(&self) -> Result<LoadedTls, CredentialError> {
        let authorities = match &self.ca_file {
            None => Vec::new(),
            Some(path) => certificates("ca_file", path, is_readable)?,
        };
        if !self.is_beyond_the_library() {
            return Ok(LoadedTls::Library(authorities));
        }
        Ok(LoadedTls::Own(Box::new(self.config(&authorities)?)))
    }

    /// Whether the `elasticsearch` package cannot be told. It hides the builder of its HTTP client, so it takes
    /// authorities and nothing that looks at a certificate itself.
    fn is_beyond_the_library(&self) -> bool {
        self.ca_fingerprint.is_some()
            || self.client.is_some()
            || self.verification != Verification::Full
    }

    fn config(
        &self,
        authorities: &[CertificateDer<'static>],
    ) -> Result<ClientConfig, CredentialError> {
        let mut roots = RootCertStore {
            roots: webpki_roots::TLS_SERVER_ROOTS.to_vec(),
        };
        for authority in authorities {
            // Each was tried when it was read.
            let _ = roots.add(authority.clone());
        }
        let provider = Arc::new(ring::default_provider());
        let verifier = verifier::Verifier {
            roots: Arc::new(roots),
            fingerprint: self.ca_fingerprint,
            verification: self.verification,
            algorithms: provider.signature_verification_algorithms,
        };
        let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()
            .map_err(|error| {
                let problem = format!("TLS cannot be set up: {error}");
                CredentialError::new("hosts", problem, "this is a bug: please report it")
            })?
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(verifier));
        let mut config = match &self.client {
            None => builder.with_no_client_auth(),
            Some(client) => {
                let certified = client.load("client_", &provider, is_readable)?;
                let shown = SingleCertAndKey::from(certified);
                builder.with_client_cert_resolver(Arc::new(shown))
            }
        };
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(config)
    }
}

/// TLS settings whose files were read.
#[derive(Clone, Debug)]
pub(crate) enum LoadedTls {
    /// Authorities beside the well-known ones: the `elasticsearch` package sees to the rest.
    Library(Vec<CertificateDer<'static>>),
    /// All that is to be said of TLS, for an HTTP client of our own.
    Own(Box<ClientConfig>),
}
