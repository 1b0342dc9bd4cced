//! What a certificate says, and a list of those that were taken back.

use std::fmt::Write as _;
use std::net::IpAddr;
use std::path::Path;

use rustls_pki_types::{CertificateDer, CertificateRevocationListDer};
use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::GeneralName;
use x509_parser::objects::{oid_registry, oid2abbrev};
use x509_parser::prelude::{FromDer, X509Error};
use x509_parser::revocation_list::CertificateRevocationList;
use x509_parser::x509::{X509Name, X509Version};

/// Who a certificate says that it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Names {
    /// The whole subject in the form of RFC 4514, the most special part first: `CN=pt-web1,O=Example,C=PT`.
    pub(crate) subject: String,
    /// The subject's common names.
    pub(crate) common: Vec<String>,
    /// The subject alternative names.
    pub(crate) alternative: Vec<AlternativeName>,
}

/// A subject alternative name, as a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum AlternativeName {
    Address(String),
    Dns(String),
    Mail(String),
    Uri(String),
}

impl AlternativeName {
    /// Other kinds, such as names of directories, are left out.
    fn read(name: &GeneralName<'_>) -> Option<Self> {
        match name {
            GeneralName::DNSName(name) => Some(Self::Dns((*name).to_owned())),
            GeneralName::RFC822Name(name) => Some(Self::Mail((*name).to_owned())),
            GeneralName::URI(name) => Some(Self::Uri((*name).to_owned())),
            GeneralName::IPAddress(bytes) => address(bytes).map(Self::Address),
            _ => None,
        }
    }
}

impl Names {
    /// Reads them from a certificate; fails if it is none.
    pub(crate) fn of(certificate: &CertificateDer<'_>) -> Result<Self, X509Error> {
        let certificate = parse(certificate)?;
        let subject = certificate.subject();
        let alternative = match certificate.subject_alternative_name()? {
            None => Vec::new(),
            Some(found) => { found.value.general_names.iter() }
                .filter_map(AlternativeName::read)
                .collect(),
        };
        Ok(Self {
            subject: rfc4514(subject),
            common: { subject.iter_common_name() }
                .filter_map(|name| name.as_str().ok().map(str::to_owned))
                .collect(),
            alternative,
        })
    }

    /// Whether a client that calls `name` means this certificate; a `*` stands for one label (RFC 6125 §6.4.3).
    pub(super) fn answers_to(&self, name: &str) -> bool {
        self.dns().any(|own| match own.strip_prefix("*.") {
            Some(domain) => name
                .split_once('.')
                .is_some_and(|(_, rest)| rest.eq_ignore_ascii_case(domain)),
            None => own.eq_ignore_ascii_case(name),
        })
    }

    /// Names of the machine.
    fn dns(&self) -> impl Iterator<Item = &str> {
        self.alternative.iter().filter_map(|name| match name {
            AlternativeName::Dns(name) => Some(name.as_str()),
            AlternativeName::Address(_) | AlternativeName::Mail(_) | AlternativeName::Uri(_) => {
                None
            }
        })
    }
}

/// When a certificate begins and ends to hold, in seconds since 1970.
pub(super) fn validity(certificate: &CertificateDer<'_>) -> Result<(i64, i64), X509Error> {
    let certificate = parse(certificate)?;
    let validity = certificate.validity();
    Ok((
        validity.not_before.timestamp(),
        validity.not_after.timestamp(),
    ))
}

/// Whose a revocation list is, and by when another is to follow it, in seconds since 1970, if it says so.
pub(super) fn next_update(list: &CertificateRevocationListDer<'_>) -> Option<(String, i64)> {
    let (_, list) = CertificateRevocationList::from_der(list).ok()?;
    let at = list.next_update()?.timestamp();
    Some((rfc4514(list.issuer()), at))
}

/// Whether a certificate may sign others (RFC 5280 §4.2.1.9). Before version 3 none could say so: those that signed themselves are
/// taken for authorities.
pub(super) fn may_sign(certificate: &CertificateDer<'_>) -> Result<bool, X509Error> {
    let certificate = parse(certificate)?;
    let says_so = { certificate.basic_constraints()? }.is_some_and(|found| found.value.ca);
    let is_root = certificate.issuer().as_raw() == certificate.subject().as_raw();
    Ok(says_so || certificate.version() != X509Version::V3 && is_root)
}

/// What is wrong with the order of certificates in a file, each of which should have signed the one before: a client may not find
/// the way from the first to its authority.
pub(super) fn gaps(path: &Path, chain: &[CertificateDer<'_>]) -> Vec<String> {
    let gap = |(number, pair): (usize, &[CertificateDer<'_>])| {
        let [below, above] = pair else { return None };
        let (below, above) = (parse(below).ok()?, parse(above).ok()?);
        if below.issuer().as_raw() == above.subject().as_raw() {
            return None;
        }
        let [above, below, issuer] =
            [above.subject(), below.subject(), below.issuer()].map(rfc4514);
        Some(format!(
            "{}: certificate {number} in it, of {above}, did not sign the one before it, of {below}, which {issuer} did",
            path.display()
        ))
    };
    (2..).zip(chain.windows(2)).filter_map(gap).collect()
}

fn parse<'a>(certificate: &'a CertificateDer<'_>) -> Result<X509Certificate<'a>, X509Error> {
    match X509Certificate::from_der(certificate) {
        Ok((_, certificate)) => Ok(certificate),
        Err(x509_parser::nom::Err::Error(error) | x509_parser::nom::Err::Failure(error)) => {
            Err(error)
        }
        Err(x509_parser::nom::Err::Incomplete(_)) => Err(X509Error::InvalidCertificate),
    }
}

fn address(bytes: &[u8]) -> Option<String> {
    let address: IpAddr = match bytes.len() {
        4 => <[u8; 4]>::try_from(bytes).ok()?.into(),
        16 => <[u8; 16]>::try_from(bytes).ok()?.into(),
        _ => return None,
    };
    Some(address.to_string())
}

/// A name as RFC 4514 writes it. What stands in it is up to whoever made the certificate, so control characters are escaped
/// too: it ends up in log lines.
fn rfc4514(name: &X509Name<'_>) -> String {
    let mut out = String::new();
    let parts: Vec<_> = name.iter_rdn().collect();
    for part in parts.iter().rev() {
        for (index, attribute) in part.iter().enumerate() {
            if !out.is_empty() {
                out.push(if index == 0 { ',' } else { '+' });
            }
            let oid = attribute.attr_type();
            match oid2abbrev(oid, oid_registry()) {
                Ok(short) => out.push_str(short),
                Err(_) => out.push_str(&oid.to_id_string()),
            }
            out.push('=');
            escape(attribute.as_str().unwrap_or_default(), &mut out);
        }
    }
    out
}

/// RFC 4514 §2.4.
fn escape(value: &str, out: &mut String) {
    for (at, c) in value.char_indices() {
        match c {
            '"' | '+' | ',' | ';' | '<' | '>' | '\\' => out.extend(['\\', c]),
            '#' | ' ' if at == 0 => out.extend(['\\', c]),
            ' ' if at + 1 == value.len() => out.extend(['\\', c]),
            c if c.is_control() => {
                let mut utf8 = [0; 4];
                for byte in c.encode_utf8(&mut utf8).bytes() {
                    let _ = write!(out, "\\{byte:02X}");
                }
            }
            c => out.push(c),
        }
    }
}

#[cfg(test)]
mod tests {
    use rcgen::{CertificateParams, DnType, KeyPair, SanType};

    use super::*;

    fn names(change: impl FnOnce(&mut CertificateParams)) -> Names {
        let mut params = CertificateParams::default();
        params.distinguished_name = rcgen::DistinguishedName::new();
        change(&mut params);
        let made = params.self_signed(&KeyPair::generate().unwrap()).unwrap();
        Names::of(made.der()).unwrap()
    }

    #[test]
    fn a_subject_is_written_the_most_special_part_first() {
        let made = names(|params| {
            let name = &mut params.distinguished_name;
            name.push(DnType::CountryName, "PT");
            name.push(DnType::OrganizationName, "Logs, Lda.");
            name.push(DnType::CommonName, "pt-web1\n");
        });
        assert_eq!(made.subject, r"CN=pt-web1\0A,O=Logs\, Lda.,C=PT");
        assert_eq!(made.common, ["pt-web1\n"]);
        assert_eq!(names(|_| {}).subject, "");
    }

    #[test]
    fn alternative_names_are_told_apart() {
        let made = names(|params| {
            params.subject_alt_names = vec![
                SanType::DnsName("*.logs.example".try_into().unwrap()),
                SanType::IpAddress([10, 0, 0, 1].into()),
                SanType::Rfc822Name("ops@logs.example".try_into().unwrap()),
                SanType::URI("spiffe://logs/web1".try_into().unwrap()),
            ];
        });
        let want = [
            AlternativeName::Dns("*.logs.example".to_owned()),
            AlternativeName::Address("10.0.0.1".to_owned()),
            AlternativeName::Mail("ops@logs.example".to_owned()),
            AlternativeName::Uri("spiffe://logs/web1".to_owned()),
        ];
        assert_eq!(made.alternative, want);
        for (name, answers) in [
            ("a.logs.example", true),
            ("A.LOGS.example", true),
            ("logs.example", false),
            ("a.b.logs.example", false),
            ("10.0.0.1", false),
        ] {
            assert_eq!(made.answers_to(name), answers, "{name}");
        }
    }

    #[test]
    fn what_is_no_certificate_has_no_names() {
        assert!(Names::of(&CertificateDer::from(vec![0x30, 3, 1, 2])).is_err());
        assert!(Names::of(&CertificateDer::from(Vec::new())).is_err());
    }
}
