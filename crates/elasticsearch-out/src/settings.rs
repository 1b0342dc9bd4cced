//! What a client needs to know, and what can be wrong with it.

use std::path::PathBuf;
use std::time::Duration;

use elasticsearch::cert::{Certificate, CertificateValidation};
use elasticsearch::http::Url;
use elasticsearch::http::transport::{SingleNodeConnectionPool, TransportBuilder};
use thiserror::Error;

use crate::client::Host;
use crate::login::Credentials;

/// How to reach Elasticsearch.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Where Elasticsearch answers, for example `https://es1:9200`; a path is kept. Requests are spread over all.
    pub hosts: Vec<Url>,
    /// Who writes.
    pub credentials: Credentials,
    /// PEM file with the authorities that signed the hosts' certificates, beside the well-known ones.
    pub ca_file: Option<PathBuf>,
    /// How long one request may take, its answer included.
    pub request_timeout: Duration,
    /// Whether bodies are sent gzipped.
    pub compression: Compression,
    /// Whether writing to something other than a data stream is an error, as it should be: without a matching
    /// template Elasticsearch would make a plain index instead. Not asked of versions before 8.13, nor of
    /// `OpenSearch`, which do not know the question.
    pub require_data_stream: bool,
}

impl Settings {
    /// Defaults for these hosts: no login, 60 s a request, no compression.
    pub fn new(hosts: Vec<Url>) -> Self {
        Self {
            hosts,
            credentials: Credentials::None,
            ca_file: None,
            request_timeout: Duration::from_mins(1),
            compression: Compression::None,
            require_data_stream: true,
        }
    }

    /// Makes ready to connect to each host.
    pub(crate) fn connect(&self) -> Result<Vec<Host>, SettingsError> {
        if self.hosts.is_empty() {
            return Err(SettingsError::NoHosts);
        }
        self.connect_to(&self.hosts)
    }

    /// Makes ready to connect to each of these, as to the hosts.
    pub(crate) fn connect_to(&self, hosts: &[Url]) -> Result<Vec<Host>, SettingsError> {
        let authorities = self.authorities()?;
        let connect = |host: &Url| {
            check_host(host)?;
            let mut builder = TransportBuilder::new(SingleNodeConnectionPool::new(host.clone()));
            if let Some(pem) = &authorities {
                builder = builder.cert_validation(CertificateValidation::Full(self.parse(pem)?));
            }
            let transport = builder.build().map_err(|source| SettingsError::Tls {
                reason: source.to_string(),
            })?;
            Ok(Host::new(name_of(host), transport))
        };
        hosts.iter().map(connect).collect()
    }

    fn authorities(&self) -> Result<Option<Vec<u8>>, SettingsError> {
        let Some(path) = &self.ca_file else {
            return Ok(None);
        };
        let pem = std::fs::read(path).map_err(|source| SettingsError::CaFile {
            path: path.clone(),
            reason: source.to_string(),
        })?;
        Ok(Some(pem))
    }

    fn parse(&self, pem: &[u8]) -> Result<Certificate, SettingsError> {
        Certificate::from_pem(pem).map_err(|source| SettingsError::CaFile {
            path: self.ca_file.clone().unwrap_or_default(),
            reason: source.to_string(),
        })
    }
}

/// Whether bodies are sent gzipped. Level 1 takes as long as all the rest of an event's way and saves five sixths
/// of the bytes: good for a slow or paid line, a waste on a fast one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Compression {
    /// With this level, 1 to 9.
    Gzip {
        /// 1 is fastest.
        level: u8,
    },
    /// As they are.
    None,
}

/// A host's name in log lines.
pub(crate) fn name_of(host: &Url) -> String {
    host.as_str().trim_end_matches('/').to_owned()
}

fn check_host(host: &Url) -> Result<(), SettingsError> {
    if !matches!(host.scheme(), "http" | "https") || !host.has_host() {
        return Err(SettingsError::Scheme {
            host: host.to_string(),
        });
    }
    if !host.username().is_empty() || host.password().is_some() {
        return Err(SettingsError::LoginInHost {
            host: host.host_str().unwrap_or_default().to_owned(),
        });
    }
    Ok(())
}

/// What is wrong with the settings.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum SettingsError {
    /// It cannot stand in a header.
    #[error(
        "the API key holds a character that it cannot have: give `id:key`, or the `encoded` form"
    )]
    ApiKey,
    /// Not there, not readable, or no certificates in it.
    #[error("CA file {}: {reason}", path.display())]
    CaFile {
        /// The file.
        path: PathBuf,
        /// What went wrong.
        reason: String,
    },
    /// A URL ends up in log files; a password must not.
    #[error("host {host}: user and password belong in their own settings, not in the URL")]
    LoginInHost {
        /// The host's name.
        host: String,
    },
    /// Nowhere to write to.
    #[error("no hosts are given")]
    NoHosts,
    /// Neither http nor https.
    #[error("host {host}: give it as http://NAME:PORT or https://NAME:PORT")]
    Scheme {
        /// The host as given.
        host: String,
    },
    /// The certificates were not accepted.
    #[error("TLS cannot be set up: {reason}")]
    Tls {
        /// The TLS library's words.
        reason: String,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(host: &str) -> Settings {
        Settings::new(vec![host.parse().unwrap()])
    }

    #[test]
    fn bad_settings_are_named_before_anything_is_sent() {
        let file = |name: &str| Some(PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(name));
        for (settings, want) in [
            (Settings::new(Vec::new()), "no hosts are given"),
            (
                settings("ftp://es"),
                "host ftp://es/: give it as http://NAME:PORT",
            ),
            (
                settings("es:9200"),
                "host es:9200: give it as http://NAME:PORT",
            ),
            (
                settings("http://user:secret@es"),
                "host es: user and password belong",
            ),
            (
                Settings {
                    ca_file: file("no-such-file"),
                    ..settings("https://es")
                },
                "no-such-file: No such file",
            ),
            (
                Settings {
                    ca_file: file("Cargo.toml"),
                    ..settings("https://es")
                },
                "could not find PEM certificate",
            ),
        ] {
            let error = settings.connect().unwrap_err();
            assert!(error.to_string().contains(want), "{error}");
            assert!(!error.to_string().contains("secret"), "{error}");
        }
    }

    #[test]
    fn a_path_before_the_api_is_kept_and_a_secret_is_not_shown() {
        let mut settings = settings("https://proxy/es/");
        settings.credentials = Credentials::Basic {
            user: "w".into(),
            password: "secret".to_owned().into(),
        };
        assert_eq!(settings.connect().unwrap()[0].name, "https://proxy/es");
        assert!(!format!("{settings:?}").contains("secret"));
    }
}
