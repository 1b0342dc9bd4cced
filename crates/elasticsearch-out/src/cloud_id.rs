//! A deployment in Elastic Cloud, by the one text that its console shows.
//!
//! Its form is `LABEL:BASE64` of `HOST[:PORT]$ELASTICSEARCH[:PORT]$KIBANA[:PORT]`, as Logstash's `cloud_setting_id.rb`
//! and Filebeat's `libbeat/cloudid` read it: `https://ELASTICSEARCH.HOST:PORT`, with port 443 unless one is given.

use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use elasticsearch::http::Url;
use thiserror::Error;

/// What stands in place of a part that a deployment does not have.
const UNDEFINED: &str = "undefined";

const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// Where the Elasticsearch of a deployment answers.
///
/// ```
/// use sawmill_elasticsearch_out::cloud_host;
///
/// let id = "pt:ZXUuZXhhbXBsZS5jb20kYWJjMTIzJGRlZjQ1Ng==";
/// assert_eq!(cloud_host(id).unwrap().as_str(), "https://abc123.eu.example.com/");
/// ```
pub fn cloud_host(id: &str) -> Result<Url, CloudIdError> {
    // A label may have colons of its own; base64 has none.
    let encoded = id
        .trim()
        .rsplit_once(':')
        .map_or(id.trim(), |(_, rest)| rest);
    if encoded.is_empty() {
        return Err(CloudIdError::Empty);
    }
    let decoded = BASE64.decode(encoded).map_err(CloudIdError::Base64)?;
    let decoded = String::from_utf8(decoded).map_err(|_| CloudIdError::Text)?;
    let mut parts = decoded.split('$');
    let mut part = |name| match parts.next().map(str::trim) {
        None | Some("" | UNDEFINED) => Err(CloudIdError::Missing { part: name }),
        Some(part) => Ok(part),
    };
    let (host, usual) = with_port(part("host")?)?;
    let (name, own) = with_port(part("Elasticsearch id")?)?;
    let url = format!("https://{name}.{host}:{}", own.or(usual).unwrap_or(443));
    let is_name = |text: &str| {
        let fits = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_');
        text.bytes().all(fits)
    };
    if !is_name(name) || !is_name(host) {
        return Err(CloudIdError::Address { url });
    }
    Url::parse(&url).map_err(|_| CloudIdError::Address { url })
}

fn with_port(text: &str) -> Result<(&str, Option<u16>), CloudIdError> {
    let Some((name, port)) = text.split_once(':') else {
        return Ok((text, None));
    };
    match port.parse() {
        Ok(number) if number > 0 => Ok((name, Some(number))),
        _ => Err(CloudIdError::Port {
            port: port.to_owned(),
        }),
    }
}

/// Which part of a cloud id is wrong.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum CloudIdError {
    /// The parts do not make an address.
    #[error("its parts make the address `{url}`, which is none")]
    Address {
        /// What they make.
        url: String,
    },
    /// After the label.
    #[error("what stands after the label's colon is no base64: {0}")]
    Base64(base64::DecodeError),
    /// Nothing, or nothing after the label.
    #[error("nothing stands after the label's colon")]
    Empty,
    /// A part that there must be.
    #[error("there is no {part} in what its base64 holds")]
    Missing {
        /// Which.
        part: &'static str,
    },
    /// After a part's colon.
    #[error("its base64 holds `{port}` where a port should be")]
    Port {
        /// What stands there.
        port: String,
    },
    /// Base64 of something else.
    #[error("its base64 holds no text")]
    Text,
}

#[cfg(test)]
mod tests {
    use base64::prelude::BASE64_STANDARD;

    use super::*;

    fn id(decoded: &str) -> String {
        format!("label:{}", BASE64_STANDARD.encode(decoded))
    }

    #[test]
    fn a_cloud_id_names_a_host() {
        for (decoded, want) in [
            ("eu.cloud.example$abc$def", "https://abc.eu.cloud.example/"),
            (
                "eu.cloud.example:443$abc$def",
                "https://abc.eu.cloud.example/",
            ),
            (
                "eu.cloud.example:9243$abc$def",
                "https://abc.eu.cloud.example:9243/",
            ),
            (
                "eu.cloud.example$abc:9244$def:9245",
                "https://abc.eu.cloud.example:9244/",
            ),
            (
                "eu.cloud.example:9243$abc:9244$def",
                "https://abc.eu.cloud.example:9244/",
            ),
            ("eu.cloud.example$abc$", "https://abc.eu.cloud.example/"),
            ("eu.cloud.example$abc", "https://abc.eu.cloud.example/"),
            (
                "eu.cloud.example$abc$undefined",
                "https://abc.eu.cloud.example/",
            ),
        ] {
            assert_eq!(cloud_host(&id(decoded)).unwrap().as_str(), want);
        }
        let bare = BASE64_STANDARD.encode("h.example$abc$def");
        for id in [
            bare.clone(),
            format!("a:b:{bare}"),
            format!(" label:{bare}\n"),
            format!("label:{}", bare.trim_end_matches('=')),
        ] {
            assert_eq!(cloud_host(&id).unwrap().as_str(), "https://abc.h.example/");
        }
    }

    #[test]
    fn what_is_wrong_with_one_is_said_by_its_part() {
        for (text, want) in [
            (String::new(), "nothing stands after"),
            ("label:".to_owned(), "nothing stands after"),
            ("label:?".to_owned(), "is no base64"),
            ("label:/w==".to_owned(), "holds no text"),
            (id("$abc$def"), "no host in"),
            (id("undefined$abc$def"), "no host in"),
            (id("h.example"), "no Elasticsearch id in"),
            (id("h.example$$def"), "no Elasticsearch id in"),
            (id("h.example$undefined$def"), "no Elasticsearch id in"),
            (id("h.example:x$abc"), "holds `x` where a port should be"),
            (id("h.example$abc:65536"), "holds `65536` where"),
            (id("h.example$abc:0"), "holds `0` where"),
            (
                id("h.example/x@y$abc"),
                "`https://abc.h.example/x@y:443`, which is none",
            ),
            (id("h.exa mple$abc"), "which is none"),
        ] {
            let error = cloud_host(&text).unwrap_err().to_string();
            assert!(error.contains(want), "{error} for {text}");
        }
    }
}
