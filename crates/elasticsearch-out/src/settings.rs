//! What a client needs to know, and what can be wrong with it.

use std::time::Duration;

use elasticsearch::http::Url;
use sawmill_credentials::CredentialError;
use thiserror::Error;

use crate::client::Host;
use crate::login::Credentials;
use crate::tls::{LoadedTls, Tls};
use crate::transport::Transport;

/// How to reach Elasticsearch.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Where Elasticsearch answers, for example `https://es1:9200`; a path is kept. Requests are spread over all.
    pub hosts: Vec<Url>,
    /// Who writes.
    pub credentials: Credentials,
    /// How TLS is spoken to those with `https`.
    pub tls: Tls,
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
            tls: Tls::default(),
            request_timeout: Duration::from_mins(1),
            compression: Compression::None,
            require_data_stream: true,
        }
    }

    /// Reads the files that TLS needs, once.
    pub(crate) fn connector(&self) -> Result<Connector, SettingsError> {
        Ok(Connector {
            plain_refused: self.tls.given().first().copied(),
            tls: self.tls.load()?,
        })
    }
}

/// Makes ready to connect.
#[derive(Debug)]
pub(crate) struct Connector {
    tls: LoadedTls,
    /// The setting for whose sake no host may be without TLS.
    plain_refused: Option<&'static str>,
}

impl Connector {
    /// At least one host.
    pub(crate) fn connect(&self, hosts: &[Url]) -> Result<Vec<Host>, SettingsError> {
        if hosts.is_empty() {
            return Err(SettingsError::NoHosts);
        }
        let connect = |host: &Url| {
            self.check(host)?;
            let transport = Transport::new(host, &self.tls).map_err(|error| {
                let problem = format!("TLS cannot be set up: {error}");
                CredentialError::new("hosts", problem, "check the files with certificates")
            })?;
            Ok(Host::new(name_of(host), transport))
        };
        hosts.iter().map(connect).collect()
    }

    fn check(&self, host: &Url) -> Result<(), SettingsError> {
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
        match self.plain_refused {
            Some(setting) if host.scheme() == "http" => Err(SettingsError::Plain {
                host: name_of(host),
                setting,
            }),
            _ => Ok(()),
        }
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

/// What is wrong with the settings.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum SettingsError {
    /// It cannot stand in a header.
    #[error(
        "the API key holds a character that it cannot have: give `id:key`, or the `encoded` form"
    )]
    ApiKey,
    /// A URL ends up in log files; a password must not.
    #[error("host {host}: user and password belong in their own settings, not in the URL")]
    LoginInHost {
        /// The host's name.
        host: String,
    },
    /// Nowhere to write to.
    #[error("no hosts are given")]
    NoHosts,
    /// Somebody wanted TLS, and this host would be without.
    #[error("host {host} is spoken to without TLS, so `{setting}` would not count there")]
    Plain {
        /// The host as given.
        host: String,
        /// The setting of TLS.
        setting: &'static str,
    },
    /// Neither http nor https.
    #[error("host {host}: give it as http://NAME:PORT or https://NAME:PORT")]
    Scheme {
        /// The host as given.
        host: String,
    },
    /// A setting of TLS that cannot be used; its name is that in `[output.elasticsearch]`.
    #[error(transparent)]
    Tls(#[from] CredentialError),
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tls::Verification;

    fn settings(host: &str) -> Settings {
        Settings::new(vec![host.parse().unwrap()])
    }

    fn connect(settings: &Settings) -> Result<Vec<Host>, SettingsError> {
        settings.connector()?.connect(&settings.hosts)
    }

    #[test]
    fn bad_settings_are_named_before_anything_is_sent() {
        let unchecked = Tls {
            verification: Verification::None,
            ..Tls::default()
        };
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
                    tls: unchecked,
                    ..settings("http://es:9200")
                },
                "host http://es:9200 is spoken to without TLS, so `verification` would not count there",
            ),
        ] {
            let error = connect(&settings).unwrap_err();
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
        assert_eq!(connect(&settings).unwrap()[0].name, "https://proxy/es");
        assert!(!format!("{settings:?}").contains("secret"));
    }
}
