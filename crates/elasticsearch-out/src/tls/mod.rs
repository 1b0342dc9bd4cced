//! TLS towards Elasticsearch: whom to believe, and how to show who we are.

mod files;
mod fingerprint;
mod verifier;
mod words;

use std::path::PathBuf;
use std::sync::Arc;

use rustls::client::WantsClientCert;
use rustls::crypto::ring;
use rustls::{ClientConfig, ConfigBuilder, Error as RustlsError, RootCertStore};
use rustls_pki_types::CertificateDer;

use crate::secret::Secret;
use crate::settings::SettingsError;

pub use fingerprint::{Fingerprint, FingerprintError};
pub(crate) use words::reason;

/// How TLS is spoken to hosts with `https`.
#[derive(Clone, Debug, Default)]
pub struct Tls {
    /// PEM file with the authorities that signed the hosts' certificates, beside the well-known ones.
    pub ca_file: Option<PathBuf>,
    /// An authority that is believed, beside those, if the host shows its certificate.
    pub ca_fingerprint: Option<Fingerprint>,
    /// What Sawmill shows of itself if a host asks for it.
    pub client: Option<ClientCertificate>,
    /// What of a host's certificate is checked.
    pub verification: Verification,
}

/// The certificate that Sawmill shows, and its key.
#[derive(Clone, Debug)]
pub struct ClientCertificate {
    /// PEM file: Sawmill's own first, then those that signed it.
    pub certificate: PathBuf,
    /// PEM file with the private key.
    pub key: PathBuf,
    /// What the key is encrypted with, if it is.
    pub passphrase: Option<Secret>,
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
    pub(crate) fn load(&self) -> Result<LoadedTls, SettingsError> {
        let authorities = match &self.ca_file {
            None => Vec::new(),
            Some(path) => files::authorities(path)?,
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
    ) -> Result<ClientConfig, SettingsError> {
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
        let builder = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| SettingsError::Tls {
                setting: "hosts",
                problem: format!("TLS cannot be set up: {error}"),
                advice: "this is a bug: please report it".to_owned(),
            })?
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(verifier));
        let mut config = self.with_client(builder)?;
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(config)
    }

    fn with_client(
        &self,
        builder: ConfigBuilder<ClientConfig, WantsClientCert>,
    ) -> Result<ClientConfig, SettingsError> {
        let Some(client) = &self.client else {
            return Ok(builder.with_no_client_auth());
        };
        let chain = files::certificates("client_certificate", &client.certificate)?;
        let key = files::key(client)?;
        let unfit = |error: RustlsError| files::unfit(client, &error);
        builder.with_client_auth_cert(chain, key).map_err(unfit)
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
