//! From files to what rustls needs.

use std::collections::hash_map::DefaultHasher;
use std::fmt;
use std::fs;
use std::hash::{Hash, Hasher};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::crypto::{CryptoProvider, ring};
use rustls::server::{
    ClientHello, NoServerSessionStorage, ResolvesServerCert, WebPkiClientVerifier,
};
use rustls::sign::CertifiedKey;
use rustls::{Error as RustlsError, ServerConfig, SupportedProtocolVersion};
use sawmill_credentials::{CredentialError, KeyPair};
use x509_parser::prelude::X509Error;
use zeroize::Zeroizing;

use super::certificate::{Names, gaps as chain_gaps};
use super::clients::ClientSettings;
use super::ends::Ends;

/// How TLS is spoken to clients; the files are read again whenever they change.
#[derive(Clone)]
pub(crate) struct TlsSettings {
    /// The settings' own name, such as `input.beats.tls`.
    pub(crate) table: &'static str,
    /// The first is for clients that name nobody else; the table names it itself, and the rest in `other_certificates`.
    pub(crate) own: Vec<KeyPair>,
    /// Whose certificates are taken, if they are asked for.
    pub(crate) clients: Option<ClientSettings>,
    /// What is spoken.
    pub(crate) versions: Vec<&'static SupportedProtocolVersion>,
    /// What computes, with the suites that are spoken.
    pub(crate) provider: Arc<CryptoProvider>,
}

/// What the files come to.
pub(super) struct Loaded {
    pub(super) server: Arc<ServerConfig>,
    pub(super) ends: Ends,
    /// What is wrong with the order of certificates, in a sentence each.
    pub(super) gaps: Vec<String>,
}

impl TlsSettings {
    /// Reads all files.
    pub(super) fn load(&self) -> Result<Loaded, CredentialError> {
        let mut ends = Ends::default();
        let (mut own, mut gaps) = (Vec::new(), Vec::new());
        for (index, pair) in self.own.iter().enumerate() {
            let (certified, names) = self.own(index, pair)?;
            ends.add(&pair.certificate, &certified.cert[0]);
            gaps.extend(chain_gaps(&pair.certificate, &certified.cert));
            own.push((certified, names));
        }
        let verifier = match &self.clients {
            None => WebPkiClientVerifier::no_client_auth(),
            Some(clients) => {
                let certificates = clients.load(self.table)?;
                for (path, certificate) in certificates.iter().flatten() {
                    ends.add(path, certificate);
                }
                clients.verifier(self.table, &certificates, &self.provider, &mut ends)?
            }
        };
        let unfit = |error: RustlsError| {
            CredentialError::new(
                format!("{}.cipher_suites", self.table),
                format!("versions and cipher suites do not go together: {error}"),
                "name suites for each version, or leave `cipher_suites` out",
            )
        };
        let mut server = ServerConfig::builder_with_provider(Arc::clone(&self.provider))
            .with_protocol_versions(&self.versions)
            .map_err(unfit)?
            .with_client_cert_verifier(verifier)
            .with_cert_resolver(Arc::new(ByName { own }));
        match &self.clients {
            None => server.ticketer = ring::Ticketer::new().map_err(unfit)?,
            // Nobody asks again whether a certificate still holds when its session is taken up again.
            Some(_) => {
                server.send_tls13_tickets = 0;
                server.session_storage = Arc::new(NoServerSessionStorage {});
            }
        }
        Ok(Loaded {
            server: Arc::new(server),
            ends,
            gaps,
        })
    }

    fn own(
        &self,
        index: usize,
        pair: &KeyPair,
    ) -> Result<(Arc<CertifiedKey>, Names), CredentialError> {
        let settings = match index.checked_sub(1) {
            None => format!("{}.", self.table),
            Some(other) => format!("{}.other_certificates.{other}.", self.table),
        };
        let mut names = None;
        let certified = pair.load(&settings, &self.provider, |certificate| {
            let found = Names::of(certificate)?;
            names.get_or_insert(found);
            Ok::<_, X509Error>(())
        })?;
        Ok((Arc::new(certified), names.unwrap_or_default()))
    }

    /// What stands in the files now, as a number: another one when anything in them changes.
    pub(super) fn print(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        for path in self.paths() {
            // A file that cannot be read is an answer, too.
            fs::read(path)
                .ok()
                .map(Zeroizing::new)
                .as_deref()
                .hash(&mut hasher);
        }
        hasher.finish()
    }

    fn paths(&self) -> impl Iterator<Item = &Path> {
        let own = self.own.iter().flat_map(KeyPair::paths);
        let clients = { self.clients.iter() }
            .flat_map(|clients| {
                [
                    &clients.authorities,
                    &clients.named,
                    &clients.revocation_lists,
                ]
            })
            .flatten();
        own.chain(clients.map(PathBuf::as_path))
    }
}

/// Chooses the certificate that has the name a client calls, and the first if none has.
struct ByName {
    own: Vec<(Arc<CertifiedKey>, Names)>,
}

impl ResolvesServerCert for ByName {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let called = |(_, names): &&(_, Names)| {
            hello
                .server_name()
                .is_some_and(|name| names.answers_to(name))
        };
        let chosen = self.own.iter().find(called).or(self.own.first());
        chosen.map(|(certified, _)| Arc::clone(certified))
    }
}

impl fmt::Debug for ByName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list()
            .entries(self.own.iter().map(|(_, names)| names))
            .finish()
    }
}
