//! Whose certificates are taken, and what those may send.

use std::path::PathBuf;
use std::sync::Arc;

use rustls::client::danger::HandshakeSignatureValid;
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::server::WebPkiClientVerifier;
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::{
    CertificateError, DigitallySignedStruct, DistinguishedName, Error, OtherError, RootCertStore,
    SignatureScheme,
};
use rustls_pki_types::{CertificateDer, CertificateRevocationListDer, UnixTime};
use sawmill_credentials::{CredentialError, Unfit, certificates, is_readable, revocation_lists};
use thiserror::Error;

use super::certificate::{Names, may_sign, validity};
use super::ends::Ends;
use super::patterns::{AlternativePattern, SubjectPattern};

/// Whether clients must show a certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Authentication {
    /// They may.
    Optional,
    /// They must.
    Required,
}

/// Whose certificates are taken.
#[derive(Clone, Debug)]
pub(crate) struct ClientSettings {
    /// Whether one must be shown.
    pub(crate) authentication: Authentication,
    /// Files with the authorities that sign clients' certificates.
    pub(crate) authorities: Vec<PathBuf>,
    /// Files with clients' own certificates, whoever signed them.
    pub(crate) named: Vec<PathBuf>,
    /// Files with lists of certificates that hold no longer.
    pub(crate) revocation_lists: Vec<PathBuf>,
    /// Who may connect, and what they may send; with none, whoever has a certificate that is taken.
    pub(crate) allow: Arc<[Rule]>,
}

/// Certificates that may connect, and what they may send. All that it names must be so.
#[derive(Clone, Debug)]
pub(crate) struct Rule {
    /// What the subject must be like.
    pub(crate) subject: Option<SubjectPattern>,
    /// What one of the subject alternative names must be like.
    pub(crate) alternative_name: Option<AlternativePattern>,
    /// The values that `[group]` may have in what they send; without it, any.
    pub(crate) groups: Option<Arc<[String]>>,
}

impl Rule {
    /// Whether it speaks of this certificate.
    pub(crate) fn speaks_of(&self, names: &Names) -> bool {
        let subject = { self.subject.as_ref() }.is_none_or(|pattern| pattern.fits(names));
        let alternative =
            { self.alternative_name.as_ref() }.is_none_or(|pattern| pattern.fits(names));
        subject && alternative
    }
}

/// A sound certificate that no rule speaks of.
#[derive(Debug, Error)]
#[error("{subject} is not among those that may connect (input.beats.tls.allow)")]
struct NotAllowed {
    subject: String,
}

/// Takes what an authority has signed, and what is named itself: Logstash takes a client's own certificate that is an
/// authority's too, and webpki does not (its `CaUsedAsEndEntity`). What is named is no authority: it must not sign for others.
#[derive(Debug)]
struct Verifier {
    /// By authorities, if there are any.
    webpki: Option<Arc<dyn ClientCertVerifier>>,
    named: Vec<CertificateDer<'static>>,
    /// Whose certificates a client may choose from.
    hints: Vec<DistinguishedName>,
    authentication: Authentication,
    allow: Arc<[Rule]>,
    provider: Arc<CryptoProvider>,
}

/// A certificate and the file that it is in.
pub(super) type InFile = (PathBuf, CertificateDer<'static>);

impl ClientSettings {
    /// Reads the certificates of authorities, and of clients; `table` is the settings' own name, here and below.
    pub(super) fn load(&self, table: &str) -> Result<[Vec<InFile>; 2], CredentialError> {
        let authorities = format!("{table}.client_authorities");
        let named = format!("{table}.client_certificates");
        Ok([
            read(&authorities, &self.authorities, signs)?,
            read(&named, &self.named, |one| Ok(is_readable(one)?))?,
        ])
    }

    /// What judges certificates by these authorities and clients, and by the lists, whose ends it adds.
    pub(super) fn verifier(
        &self,
        table: &str,
        [authorities, named]: &[Vec<InFile>; 2],
        provider: &Arc<CryptoProvider>,
        ends: &mut Ends,
    ) -> Result<Arc<dyn ClientCertVerifier>, CredentialError> {
        let certificates =
            |of: &[InFile]| of.iter().map(|(_, one)| one.clone()).collect::<Vec<_>>();
        let (mut roots, mut own) = (RootCertStore::empty(), RootCertStore::empty());
        roots.add_parsable_certificates(certificates(authorities));
        own.add_parsable_certificates(certificates(named));
        Ok(Arc::new(Verifier {
            hints: [roots.subjects(), own.subjects()].concat(),
            webpki: if roots.is_empty() {
                None
            } else {
                Some(self.webpki(table, roots, provider, ends)?)
            },
            named: certificates(named),
            authentication: self.authentication,
            allow: Arc::clone(&self.allow),
            provider: Arc::clone(provider),
        }))
    }

    fn webpki(
        &self,
        table: &str,
        roots: RootCertStore,
        provider: &Arc<CryptoProvider>,
        ends: &mut Ends,
    ) -> Result<Arc<dyn ClientCertVerifier>, CredentialError> {
        let setting = format!("{table}.revocation_lists");
        let roots = Arc::new(roots);
        let builder = || {
            WebPkiClientVerifier::builder_with_provider(Arc::clone(&roots), Arc::clone(provider))
        };
        // Each is tried alone: what reads them all does not say which it cannot read.
        let is_readable = |list: &CertificateRevocationListDer<'static>| {
            let alone = builder().with_crls([list.clone()]);
            alone.build().map(drop)
        };
        let mut lists = Vec::new();
        for path in &self.revocation_lists {
            let found = revocation_lists(&setting, path, is_readable)?;
            for list in &found {
                ends.add_list(path, list);
            }
            lists.extend(found);
        }
        // An authority that signs others is seldom taken back, and seldom keeps a list.
        let builder = builder()
            .with_crls(lists)
            .only_check_end_entity_revocation();
        builder.build().map_err(|error| {
            CredentialError::new(
                setting,
                format!("the clients' certificates cannot be judged: {error}"),
                "look whether the lists were copied whole",
            )
        })
    }
}

/// What webpki cannot read must not pass the check: here its place is known.
fn read(
    setting: &str,
    paths: &[PathBuf],
    check: fn(&CertificateDer<'static>) -> Result<(), Unfit>,
) -> Result<Vec<InFile>, CredentialError> {
    let mut all = Vec::new();
    for path in paths {
        let found = certificates(setting, path, check)?;
        all.extend(found.into_iter().map(|one| (path.clone(), one)));
    }
    Ok(all)
}

/// Webpki lets whoever is an anchor sign any name, a client's own certificate too.
fn signs(certificate: &CertificateDer<'static>) -> Result<(), Unfit> {
    is_readable(certificate)?;
    if may_sign(certificate)? {
        return Ok(());
    }
    Err(Unfit {
        problem: "is no authority: it must not sign others, and could here".to_owned(),
        advice:
            "if it is a client's own, name it in `client_certificates`; name who signed it here"
                .to_owned(),
    })
}

impl ClientCertVerifier for Verifier {
    fn client_auth_mandatory(&self) -> bool {
        self.authentication == Authentication::Required
    }

    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &self.hints
    }

    fn verify_client_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        if self.named.iter().any(|named| named == end_entity) {
            holds_now(end_entity, now)?;
        } else {
            let webpki = self
                .webpki
                .as_ref()
                .ok_or(CertificateError::UnknownIssuer)?;
            webpki.verify_client_cert(end_entity, intermediates, now)?;
        }
        if self.allow.is_empty() {
            return Ok(ClientCertVerified::assertion());
        }
        let names = Names::of(end_entity).map_err(|_| CertificateError::BadEncoding)?;
        if self.allow.iter().any(|rule| rule.speaks_of(&names)) {
            return Ok(ClientCertVerified::assertion());
        }
        let subject = names.subject;
        let reason = OtherError(Arc::new(NotAllowed { subject }));
        Err(CertificateError::Other(reason).into())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls12_signature(message, certificate, signature, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signature, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        let algorithms = &self.provider.signature_verification_algorithms;
        algorithms.supported_schemes()
    }
}

fn holds_now(certificate: &CertificateDer<'_>, now: UnixTime) -> Result<(), CertificateError> {
    let (begin, end) = validity(certificate).map_err(|_| CertificateError::BadEncoding)?;
    let now = i64::try_from(now.as_secs()).unwrap_or(i64::MAX);
    if now < begin {
        Err(CertificateError::NotValidYet)
    } else if now > end {
        Err(CertificateError::Expired)
    } else {
        Ok(())
    }
}
