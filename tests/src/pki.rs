use std::fs;
use std::path::Path;
use std::time::{Duration, SystemTime};

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DistinguishedName, DnType, IsCa, KeyPair,
    KeyUsagePurpose,
};

/// An authority that signs certificates, as files in PEM.
pub struct Authority(CertifiedIssuer<'static, KeyPair>);

impl Authority {
    /// One that signed itself.
    pub fn new(name: &str) -> Self {
        let issuer = CertifiedIssuer::self_signed(authority(name), key());
        Self(issuer.expect("an authority can be made"))
    }

    /// One that this one signed.
    #[must_use]
    pub fn below(&self, name: &str) -> Self {
        let issuer = CertifiedIssuer::signed_by(authority(name), key(), &self.0);
        Self(issuer.expect("an authority can be made"))
    }

    /// Its own certificate.
    pub fn pem(&self) -> String {
        self.0.pem()
    }

    /// Writes `NAME.pem` and `NAME.key` into the folder: a certificate for these hosts, `between` behind it.
    pub fn issue(&self, folder: &Path, name: &str, hosts: &[&str], between: &str) {
        self.issue_until(folder, name, hosts, between, Duration::from_hours(1000));
    }

    /// The same with an end so far away; with none it has expired already.
    pub fn issue_until(
        &self,
        folder: &Path,
        name: &str,
        hosts: &[&str],
        between: &str,
        end: Duration,
    ) {
        let mut params = params(name, hosts);
        params.not_after = (SystemTime::now() + end).into();
        let key = key();
        let made = params.signed_by(&key, &self.0).expect("it can be signed");
        write(folder, name, &(made.pem() + between), &key);
    }
}

/// Writes `NAME.pem` and `NAME.key` into the folder: what `openssl req -x509` makes, an authority of itself.
pub fn issue_own(folder: &Path, name: &str) {
    let key = key();
    let made = authority(name).self_signed(&key).expect("it can be signed");
    write(folder, name, &made.pem(), &key);
}

fn authority(name: &str) -> CertificateParams {
    let mut params = params(name, &[]);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![
        KeyUsagePurpose::KeyCertSign,
        KeyUsagePurpose::DigitalSignature,
    ];
    params
}

fn params(name: &str, hosts: &[&str]) -> CertificateParams {
    let hosts: Vec<String> = hosts.iter().map(|&host| host.to_owned()).collect();
    let mut params = CertificateParams::new(hosts).expect("hosts are names or addresses");
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, name);
    params.not_before = (SystemTime::now() - Duration::from_hours(48)).into();
    params
}

fn key() -> KeyPair {
    KeyPair::generate().expect("a key can be made")
}

fn write(folder: &Path, name: &str, certificates: &str, key: &KeyPair) {
    for (end, text) in [("pem", certificates), ("key", &key.serialize_pem())] {
        // Whole or not at all: it may be read at any time.
        let new = folder.join(format!("{name}.{end}.new"));
        fs::write(&new, text).expect("a file can be written");
        fs::rename(&new, folder.join(format!("{name}.{end}"))).expect("a file can be renamed");
    }
}
