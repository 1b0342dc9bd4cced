//! `[input.beats.tls]` and `[api.tls]`, checked: the files are read before a port is bound.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::{SupportedProtocolVersion, crypto::CryptoProvider};
use sawmill_credentials::{CredentialError, KeyPair, Secret, SecretSource};

use super::checked::Check;
use super::error::ConfigError;
use super::file::{AllowTable, ApiTlsTable, ClientAuthentication, KeyPairTable, TlsTable};
use crate::tls::{
    AlternativePattern, Authentication, ClientSettings, Rule, SubjectPattern, Tls, TlsSettings,
    provider_of, versions_of,
};

const TABLE: &str = "input.beats.tls";
const API_TABLE: &str = "api.tls";

impl Check<'_> {
    /// TLS, if there is a certificate.
    pub(super) fn tls(&self, table: &TlsTable) -> Result<Option<Tls>, ConfigError> {
        let handshake_timeout =
            self.some_time(&key("handshake_timeout"), table.handshake_timeout)?;
        let reload_interval = self.some_time(&key("reload_interval"), table.reload_interval)?;
        let versions = self.versions(&table.versions.0)?;
        let provider = self.provider(&table.cipher_suites.0)?;
        let clients = self.clients(table)?;
        let own = self.pair(
            TABLE,
            [table.certificate.as_ref(), table.key.as_ref()],
            &table.key_passphrase,
            table.key_passphrase_file.as_ref(),
        )?;
        let Some(own) = own else {
            if clients.is_some() {
                return Err(self.half(TABLE, "client_authorities", "certificate"));
            }
            if !table.other_certificates.is_empty() {
                return Err(self.half(TABLE, "other_certificates", "certificate"));
            }
            return Ok(None);
        };
        let mut own = vec![own];
        own.extend(table.other_certificates.iter().map(other));
        let settings = TlsSettings {
            table: TABLE,
            own,
            clients,
            versions,
            provider,
        };
        Tls::new(settings, handshake_timeout, reload_interval)
            .map(Some)
            .map_err(|error| self.refused_file("", error))
    }

    /// TLS of the monitoring interface, if there is a certificate.
    pub(super) fn api_tls(&self, table: &ApiTlsTable) -> Result<Option<Tls>, ConfigError> {
        let own = self.pair(
            API_TABLE,
            [table.certificate.as_ref(), table.key.as_ref()],
            &Secret::default(),
            table.key_passphrase_file.as_ref(),
        )?;
        let Some(own) = own else {
            return Ok(None);
        };
        let settings = TlsSettings {
            table: API_TABLE,
            own: vec![own],
            clients: None,
            versions: self.versions(&[])?,
            provider: self.provider(&[])?,
        };
        let usual = TlsTable::default();
        Tls::new(settings, usual.handshake_timeout.0, usual.reload_interval.0)
            .map(Some)
            .map_err(|error| self.refused_file("", error))
    }

    /// A table's certificate and key, if it has them.
    fn pair(
        &self,
        table: &str,
        files: [Option<&PathBuf>; 2],
        passphrase: &Secret,
        passphrase_file: Option<&PathBuf>,
    ) -> Result<Option<KeyPair>, ConfigError> {
        let passphrase = self.source(table, "key_passphrase", passphrase, passphrase_file)?;
        match files.map(given).into() {
            (None, None) => match passphrase {
                None => Ok(None),
                Some(SecretSource::File(_)) => Err(self.half(table, "key_passphrase_file", "key")),
                Some(SecretSource::Text(_)) => Err(self.half(table, "key_passphrase", "key")),
            },
            (Some(_), None) => Err(self.half(table, "certificate", "key")),
            (None, Some(_)) => Err(self.half(table, "key", "certificate")),
            (Some(certificate), Some(private)) => Ok(Some(KeyPair {
                certificate: certificate.to_owned(),
                key: private.to_owned(),
                passphrase,
            })),
        }
    }

    /// Whose certificates are taken, if any are asked for.
    fn clients(&self, table: &TlsTable) -> Result<Option<ClientSettings>, ConfigError> {
        let authentication = match table.authentication() {
            ClientAuthentication::None => return self.no_clients(table).map(|()| None),
            ClientAuthentication::Optional => Authentication::Optional,
            ClientAuthentication::Required => Authentication::Required,
        };
        if table.client_authorities.0.is_empty() && table.client_certificates.0.is_empty() {
            return Err(self.layers.error(
                &key("client_authentication"),
                "clients' certificates are asked for, and nobody is named who signs them",
                "give `client_authorities`, PEM files of the authorities, or `client_certificates`, of the clients' own",
            ));
        }
        if table.client_authorities.0.is_empty() && !table.revocation_lists.0.is_empty() {
            return Err(self.layers.error(
                &key("revocation_lists"),
                format!("`{TABLE}.revocation_lists` without `client_authorities`: nobody's list counts"),
                "give `client_authorities` too; to take a client's own certificate back, take it out of `client_certificates`",
            ));
        }
        if authentication == Authentication::Optional && !table.allow.is_empty() {
            return Err(self.layers.error(
                &key("allow"),
                "`allow` with `client_authentication = \"optional\"`: who shows no certificate could send anything",
                "set `client_authentication` to `required`, or take `allow` out",
            ));
        }
        Ok(Some(ClientSettings {
            authentication,
            authorities: table.client_authorities.0.clone(),
            named: table.client_certificates.0.clone(),
            revocation_lists: table.revocation_lists.0.clone(),
            allow: { table.allow.iter() }
                .map(|rule| self.rule(rule))
                .collect::<Result<_, _>>()?,
        }))
    }

    /// What only means something where certificates are asked for must not be given where they are not.
    fn no_clients(&self, table: &TlsTable) -> Result<(), ConfigError> {
        let useless = [
            ("client_authorities", !table.client_authorities.0.is_empty()),
            (
                "client_certificates",
                !table.client_certificates.0.is_empty(),
            ),
            ("revocation_lists", !table.revocation_lists.0.is_empty()),
            ("allow", !table.allow.is_empty()),
        ];
        let Some((name, _)) = useless.into_iter().find(|(_, is_given)| *is_given) else {
            return Ok(());
        };
        Err(self.layers.error(
            &key(name),
            format!("`{TABLE}.{name}` is given, and clients are not asked for certificates"),
            "give `client_authorities`, and `client_authentication` as `required` or `optional`",
        ))
    }

    fn rule(&self, table: &AllowTable) -> Result<Rule, ConfigError> {
        let error = |problem: String| {
            let advice = "give `subject`, `alternative_name` or both, with * for whatever";
            self.layers.error(&key("allow"), problem, advice)
        };
        if table.subject.is_none() && table.alternative_name.is_none() {
            return Err(error(format!(
                "a rule of `{TABLE}.allow` does not say whom it is about"
            )));
        }
        let unfit = |reason| error(format!("a pattern of `{TABLE}.allow`: {reason}"));
        let subject = table.subject.as_deref().map(SubjectPattern::new);
        let alternative_name = table
            .alternative_name
            .as_deref()
            .map(AlternativePattern::new);
        Ok(Rule {
            subject: subject.transpose().map_err(unfit)?,
            alternative_name: alternative_name.transpose().map_err(unfit)?,
            groups: table.groups.clone().map(Into::into),
        })
    }

    fn versions(
        &self,
        names: &[String],
    ) -> Result<Vec<&'static SupportedProtocolVersion>, ConfigError> {
        versions_of(names)
            .map_err(|(problem, advice)| self.layers.error(&key("versions"), problem, advice))
    }

    fn provider(&self, suites: &[String]) -> Result<Arc<CryptoProvider>, ConfigError> {
        let provider = provider_of(suites).map_err(|(problem, advice)| {
            self.layers.error(&key("cipher_suites"), problem, advice)
        })?;
        Ok(Arc::new(provider))
    }

    fn half(&self, table: &str, given: &str, missing: &str) -> ConfigError {
        let given = format!("{table}.{given}");
        let problem = format!("`{given}` without `{missing}`");
        self.layers
            .error(&given, problem, format!("give `{missing}` too"))
    }

    /// An error about a setting that is called so after `prefix`.
    pub(super) fn refused_file(&self, prefix: &str, error: CredentialError) -> ConfigError {
        let setting = format!("{prefix}{}", error.setting);
        self.layers.error(&setting, error.problem, error.advice)
    }
}

fn other(table: &KeyPairTable) -> KeyPair {
    let passphrase = given(table.key_passphrase_file.as_ref());
    KeyPair {
        certificate: table.certificate.clone(),
        key: table.key.clone(),
        passphrase: passphrase.map(|path| SecretSource::File(path.to_owned())),
    }
}

/// The path, unless it is empty, as that of a variable may be.
pub(super) fn given(path: Option<&PathBuf>) -> Option<&Path> {
    path.map(PathBuf::as_path)
        .filter(|path| !path.as_os_str().is_empty())
}

fn key(name: &str) -> String {
    format!("{TABLE}.{name}")
}
