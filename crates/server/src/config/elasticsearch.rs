//! `[output.elasticsearch]`, checked.

use std::path::{Path, PathBuf};

use sawmill_credentials::{KeyPair, Secret};
use sawmill_elasticsearch_out::{
    Backoff, Client, Compression, Credentials, Fingerprint, Settings, SettingsError, Tls, Url,
    Verification, cloud_host,
};
use sawmill_intake::DocumentIds;

use super::ElasticsearchOutput;
use super::checked::Check;
use super::error::ConfigError;
use super::file::{DocumentIdFrom, ElasticsearchTable, VerificationMode};
use super::tls::given;

/// What `gzip` may be: 0 is none.
const GZIP_MAX: u8 = 9;

const TABLE: &str = "output.elasticsearch";

impl Check<'_> {
    /// The output, if it has hosts; all else is checked either way.
    pub(super) fn elasticsearch(
        &self,
        table: &ElasticsearchTable,
    ) -> Result<Option<ElasticsearchOutput>, ConfigError> {
        self.at_least(&key("requests_max"), table.requests_max, 1)?;
        self.at_least(&key("retry_max"), table.retry_max, table.retry_initial)?;
        let checked = ElasticsearchOutput {
            settings: Settings {
                hosts: self.hosts_or_cloud(table)?,
                credentials: self.credentials(table)?,
                tls: self.tls_to_hosts(table)?,
                request_timeout: self.some_time(&key("request_timeout"), table.request_timeout)?,
                compression: self.compression(table.gzip)?,
                require_data_stream: table.require_data_stream,
            },
            backoff: Backoff {
                initial: self.some_time(&key("retry_initial"), table.retry_initial)?,
                cap: self.some_time(&key("retry_max"), table.retry_max)?,
            },
            bulk_bytes_max: self.size(&key("bulk_bytes_max"), table.bulk_bytes_max)?,
            requests_max: table.requests_max,
            document_ids: match table.document_id {
                DocumentIdFrom::Auto => DocumentIds::Auto,
                DocumentIdFrom::Origin => DocumentIds::Origin,
            },
            sniffing_interval: table
                .sniffing_interval
                .map(|interval| self.some_time(&key("sniffing_interval"), interval))
                .transpose()?,
        };
        if checked.settings.hosts.is_empty() {
            return Ok(None);
        }
        // Only a client knows what is wrong with its certificates; this one is made to be asked.
        Client::new(&checked.settings).map_err(|error| self.refused(error))?;
        Ok(Some(checked))
    }

    fn hosts_or_cloud(&self, table: &ElasticsearchTable) -> Result<Vec<Url>, ConfigError> {
        if table.cloud_id.is_empty() {
            return self.hosts(&table.hosts.0);
        }
        if !table.hosts.0.is_empty() {
            return Err(self.layers.error(
                &key("cloud_id"),
                "both `hosts` and `cloud_id` are given",
                "take out one of them: a cloud id says where the hosts are",
            ));
        }
        let host = cloud_host(&table.cloud_id).map_err(|error| {
            self.layers.error(
                &key("cloud_id"),
                format!("`output.elasticsearch.cloud_id` is none: {error}"),
                "copy it whole from the deployment's page in the Elastic Cloud console: LABEL:BASE64",
            )
        })?;
        Ok(vec![host])
    }

    fn tls_to_hosts(&self, table: &ElasticsearchTable) -> Result<Tls, ConfigError> {
        Ok(Tls {
            ca_file: path(table.ca_file.as_ref()),
            ca_fingerprint: self.fingerprint(&table.ca_fingerprint)?,
            client: self.client_certificate(table)?,
            verification: match table.verification {
                VerificationMode::Certificate => Verification::Certificate,
                VerificationMode::Full => Verification::Full,
                VerificationMode::None => Verification::None,
            },
        })
    }

    fn fingerprint(&self, text: &str) -> Result<Option<Fingerprint>, ConfigError> {
        if text.is_empty() {
            return Ok(None);
        }
        text.parse().map(Some).map_err(|error| {
            self.layers.error(
                &key("ca_fingerprint"),
                format!("`output.elasticsearch.ca_fingerprint` is no SHA-256: {error}"),
                "give what `openssl x509 -in http_ca.crt -noout -sha256 -fingerprint` prints after the `=`",
            )
        })
    }

    fn client_certificate(
        &self,
        table: &ElasticsearchTable,
    ) -> Result<Option<KeyPair>, ConfigError> {
        let passphrase = self.source(
            TABLE,
            "client_key_passphrase",
            &Secret::default(),
            table.client_key_passphrase_file.as_ref(),
        )?;
        let half = |is: &str, without: &str| {
            let problem = format!("`{is}` without `{without}`");
            Err(self
                .layers
                .error(&key(is), problem, format!("give `{without}` too")))
        };
        match (
            path(table.client_certificate.as_ref()),
            path(table.client_key.as_ref()),
        ) {
            (Some(certificate), Some(private)) => Ok(Some(KeyPair {
                certificate,
                key: private,
                passphrase,
            })),
            (Some(_), None) => half("client_certificate", "client_key"),
            (None, Some(_)) => half("client_key", "client_certificate"),
            (None, None) if passphrase.is_some() => {
                half("client_key_passphrase_file", "client_key")
            }
            (None, None) => Ok(None),
        }
    }

    fn hosts(&self, hosts: &[String]) -> Result<Vec<Url>, ConfigError> {
        let parse = |(index, host): (usize, &String)| {
            Url::parse(host).map_err(|error| {
                // What may be a password is not repeated.
                let shown = if host.contains('@') {
                    String::new()
                } else {
                    format!(" ({host})")
                };
                let problem = format!(
                    "host {} of `output.elasticsearch.hosts`{shown}: {error}",
                    index + 1
                );
                self.layers.error(
                    &key("hosts"),
                    problem,
                    "give it as http://NAME:PORT or https://NAME:PORT",
                )
            })
        };
        hosts.iter().enumerate().map(parse).collect()
    }

    fn compression(&self, level: u8) -> Result<Compression, ConfigError> {
        match level {
            0 => Ok(Compression::None),
            1..=GZIP_MAX => Ok(Compression::Gzip { level }),
            _ => {
                let problem = format!("`output.elasticsearch.gzip` is {level}");
                Err(self.layers.error(
                    &key("gzip"),
                    problem,
                    "give a level from 1 to 9, or 0 for none",
                ))
            }
        }
    }

    fn credentials(&self, table: &ElasticsearchTable) -> Result<Credentials, ConfigError> {
        let password = self.secret(
            TABLE,
            "password",
            &table.password,
            table.password_file.as_ref(),
        )?;
        let api_key = self.secret(
            TABLE,
            "api_key",
            &table.api_key,
            table.api_key_file.as_ref(),
        )?;
        match (password, api_key) {
            (Some(_), Some(_)) => Err(self.layers.error(
                &key("api_key"),
                "both a password and an API key are given",
                "take out one of them",
            )),
            (Some(_), None) if table.user.is_empty() => Err(self.layers.error(
                &key("password"),
                "a password without a user",
                "give `user` too",
            )),
            (Some(password), None) => Ok(Credentials::Basic {
                user: table.user.clone(),
                password,
            }),
            (None, Some(api_key)) => Ok(Credentials::ApiKey(api_key)),
            (None, None) => Ok(Credentials::None),
        }
    }

    fn refused(&self, error: SettingsError) -> ConfigError {
        if let SettingsError::Tls(error) = error {
            return self.refused_file(&key(""), error);
        }
        let (name, advice) = match &error {
            SettingsError::ApiKey => (
                "api_key",
                "Elasticsearch shows both forms when it makes a key",
            ),
            SettingsError::Plain { setting, .. } => (
                *setting,
                "give the host as https://, or take the setting out",
            ),
            SettingsError::LoginInHost { .. } => {
                ("hosts", "use `user` and `password`, or `password_file`")
            }
            SettingsError::NoHosts | SettingsError::Scheme { .. } => {
                ("hosts", "for example https://es1:9200")
            }
            _ => ("hosts", "see `sawmill check --help`"),
        };
        self.layers.error(&key(name), error.to_string(), advice)
    }
}

/// The path, unless it is empty.
fn path(path: Option<&PathBuf>) -> Option<PathBuf> {
    given(path).map(Path::to_owned)
}

fn key(name: &str) -> String {
    format!("{TABLE}.{name}")
}
