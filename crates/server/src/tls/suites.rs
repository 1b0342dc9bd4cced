//! Versions and cipher suites by the names that Logstash and IANA have for them. OpenSSL's are answered with IANA's.

use rustls::crypto::{CryptoProvider, ring};
use rustls::{ProtocolVersion, SupportedCipherSuite, SupportedProtocolVersion, version};

/// The versions with these names, and all if there are no names; or the problem, and what to do.
pub(crate) fn versions_of(
    names: &[String],
) -> Result<Vec<&'static SupportedProtocolVersion>, (String, &'static str)> {
    if names.is_empty() {
        return Ok(vec![&version::TLS13, &version::TLS12]);
    }
    let one = |name: &String| match name.as_str() {
        "TLSv1.3" => Ok(&version::TLS13),
        "TLSv1.2" => Ok(&version::TLS12),
        "SSLv2" | "SSLv3" | "TLSv1" | "TLSv1.0" | "TLSv1.1" => Err((
            format!("{name} is broken (RFC 8996) and not spoken here"),
            "give TLSv1.2 and TLSv1.3 in its place; every Filebeat since 7 speaks both",
        )),
        _ => Err((
            format!("`{name}` is no version of TLS"),
            "give TLSv1.2, TLSv1.3, or both",
        )),
    };
    names.iter().map(one).collect()
}

/// What computes for TLS, with the suites that have these names, and with all if there are no names; or the problem, and what
/// to do.
pub(crate) fn provider_of(names: &[String]) -> Result<CryptoProvider, (String, String)> {
    let mut provider = ring::default_provider();
    if names.is_empty() {
        return Ok(provider);
    }
    let known = &provider.cipher_suites;
    let one = |name: &String| {
        let same = |suite: &&SupportedCipherSuite| name_of(suite) == *name;
        known.iter().find(same).copied().ok_or_else(|| {
            let all: Vec<_> = known.iter().map(name_of).collect();
            (
                format!("`{name}` is not IANA's name of a cipher suite that is spoken here"),
                format!(
                    "give {} in its place; there are {}",
                    replacement(name),
                    all.join(", ")
                ),
            )
        })
    };
    let suites = names.iter().map(one).collect::<Result<_, _>>()?;
    provider.cipher_suites = suites;
    Ok(provider)
}

/// IANA's name; rustls puts the version into those of TLS 1.3.
fn name_of(suite: &SupportedCipherSuite) -> String {
    format!("{:?}", suite.suite()).replacen("TLS13_", "TLS_", 1)
}

/// How Logstash calls the version of a session; empty before there is one.
pub(crate) fn version_name(version: Option<ProtocolVersion>) -> String {
    match version {
        Some(ProtocolVersion::TLSv1_2) => "TLSv1.2".to_owned(),
        Some(ProtocolVersion::TLSv1_3) => "TLSv1.3".to_owned(),
        Some(other) => format!("{other:?}"),
        None => String::new(),
    }
}

/// IANA's name of the suite of a session; empty before there is one.
pub(crate) fn cipher_name(suite: Option<SupportedCipherSuite>) -> String {
    suite.as_ref().map(name_of).unwrap_or_default()
}

/// The suite that does for the same kind of key what an old one did, or that OpenSSL calls so.
fn replacement(name: &str) -> &'static str {
    let has = |part: &str| name.contains(part);
    match (
        has("ECDSA"),
        has("CHACHA20"),
        has("AES_256") || has("AES256"),
    ) {
        (true, true, _) => "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256",
        (true, false, true) => "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384",
        (true, false, false) => "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256",
        (false, true, _) => "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256",
        (false, false, true) => "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",
        (false, false, false) => "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(text: &str) -> Vec<String> {
        text.split(' ').map(str::to_owned).collect()
    }

    #[test]
    fn logstashs_names_are_known() {
        let suites = names("TLS_AES_256_GCM_SHA384 TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256");
        assert_eq!(provider_of(&suites).unwrap().cipher_suites.len(), 2);
        assert_eq!(versions_of(&names("TLSv1.2 TLSv1.3")).unwrap().len(), 2);
    }

    #[test]
    fn what_is_not_spoken_is_named_with_its_replacement() {
        for (name, want) in [
            (
                "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA384",
                "give TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384 in its place",
            ),
            (
                "TLS_RSA_WITH_AES_128_CBC_SHA",
                "give TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256 in its place",
            ),
            (
                "ECDHE-RSA-AES128-GCM-SHA256",
                "give TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256 in its place",
            ),
            (
                "ECDHE-ECDSA-AES256-GCM-SHA384",
                "give TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384 in its place",
            ),
            (
                "ECDHE-RSA-CHACHA20-POLY1305",
                "give TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256 in its place",
            ),
        ] {
            let (problem, advice) = provider_of(&names(name)).unwrap_err();
            assert!(
                problem.contains(name) && advice.starts_with(want),
                "{advice}"
            );
        }
        for name in ["TLSv1.1", "SSLv3", "1.2"] {
            let (problem, advice) = versions_of(&names(name)).unwrap_err();
            assert!(
                problem.contains(name) && advice.contains("TLSv1.2"),
                "{problem}"
            );
        }
    }
}
