//! Carries bytes to Elasticsearch and back; knows nothing of items.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bytes::Bytes;
use elasticsearch::Error as TransportError;
use elasticsearch::http::headers::{
    AUTHORIZATION, CONTENT_ENCODING, CONTENT_TYPE, HeaderMap, HeaderValue, RETRY_AFTER, USER_AGENT,
};
use elasticsearch::http::response::Response;
use elasticsearch::http::{Method, Url};
use tokio::time::Instant;

use crate::answer::{Answer, SendError};
use crate::gzip::Gzip;
use crate::hosts::{self, Hosts};
use crate::settings::{Compression, Connector, Settings, SettingsError};
use crate::tls::{self, Tls};
use crate::transport::Transport;

/// Only what we read: 26 bytes an item instead of 197.
const BULK: &str = "_bulk?filter_path=errors,items.*.status,items.*.error";
const REQUIRE_DATA_STREAM: &str = "require_data_stream";

/// One place where the cluster answers.
pub(crate) type Host = hosts::Host<Transport>;

/// A client of one cluster.
#[derive(Debug)]
pub struct Client {
    /// Where requests go.
    pub(crate) hosts: Hosts<Transport>,
    /// Where the settings say that they go.
    configured: Arc<[Arc<Host>]>,
    connector: Connector,
    tls: Tls,
    request_timeout: Duration,
    /// Marked so that `{:?}` does not show it.
    login: Option<HeaderValue>,
    gzip: Option<Arc<Gzip>>,
    /// Switched off for good by a version that does not know the parameter.
    require_data_stream: AtomicBool,
}

impl Client {
    /// Checks the settings; connects to nothing yet.
    pub fn new(settings: &Settings) -> Result<Self, SettingsError> {
        let connector = settings.connector()?;
        let hosts = Hosts::new(connector.connect(&settings.hosts)?);
        let mut tls = settings.tls.clone();
        if let Some(client) = &mut tls.client {
            // The key is decrypted.
            client.passphrase = None;
        }
        Ok(Self {
            configured: hosts.all(),
            hosts,
            login: settings.credentials.header()?,
            connector,
            tls,
            request_timeout: settings.request_timeout,
            gzip: match settings.compression {
                Compression::None => None,
                Compression::Gzip { level } => Some(Gzip::new(level)),
            },
            require_data_stream: AtomicBool::new(settings.require_data_stream),
        })
    }

    /// Sends a bulk body and returns its answer, whatever that is. Hosts have turns. Where a connection fails the next is
    /// asked at once, if there is one that is not known to be down; each once at most, since what no host takes needs its
    /// caller's pause.
    pub async fn bulk(&self, body: Bytes) -> Result<Answer, SendError> {
        let mut headers = headers("application/x-ndjson");
        let body = match &self.gzip {
            None => body,
            Some(gzip) => {
                headers.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
                gzip.compress(body).await.map_err(|error| SendError::Lost {
                    host: "gzip".to_owned(),
                    reason: format!("the body could not be compressed: {error}"),
                })?
            }
        };
        let mut tries = 0;
        loop {
            tries += 1;
            let begun = Instant::now();
            let host = self.hosts.next();
            let sent = self.bulk_to(&host, headers.clone(), body.clone()).await;
            match &sent {
                Ok(answer) if matches!(answer.status, 502..=504) => {
                    let reason = format!("status {}", answer.status);
                    self.hosts.failed(&host, begun, &reason);
                }
                Ok(_) => self.hosts.answered(&host),
                Err(error) => self.hosts.failed(&host, begun, &error.to_string()),
            }
            match sent {
                Err(SendError::Lost { .. })
                    if tries < self.hosts.all().len() && self.hosts.any_is_well() => {}
                sent => return sent,
            }
        }
    }

    async fn bulk_to(
        &self,
        host: &Host,
        headers: HeaderMap,
        body: Bytes,
    ) -> Result<Answer, SendError> {
        if self.require_data_stream.load(Ordering::Relaxed) {
            let path = format!("{BULK}&{REQUIRE_DATA_STREAM}=true");
            let (headers, body) = (headers.clone(), Some(body.clone()));
            let answer = self.send(host, Method::Post, &path, headers, body).await?;
            if !is_unknown_parameter(&answer) {
                return Ok(answer);
            }
            self.forgo_data_stream_check(host);
        }
        self.send(host, Method::Post, BULK, headers, Some(body))
            .await
    }

    /// Asks a host something else, with a JSON body or none.
    pub(crate) async fn ask(
        &self,
        host: &Host,
        method: Method,
        path: &str,
        body: Option<Bytes>,
    ) -> Result<Answer, SendError> {
        self.send(host, method, path, headers("application/json"), body)
            .await
    }

    /// The hosts of the settings, in their order.
    pub(crate) fn configured(&self) -> &[Arc<Host>] {
        &self.configured
    }

    /// Makes ready to connect to each of these, too.
    pub(crate) fn connect_to(&self, hosts: &[Url]) -> Result<Vec<Host>, SettingsError> {
        self.connector.connect(hosts)
    }

    fn forgo_data_stream_check(&self, host: &Host) {
        if self.require_data_stream.swap(false, Ordering::Relaxed) {
            tracing::warn!(
                "{} does not know {REQUIRE_DATA_STREAM} (Elasticsearch since 8.13 does): without a matching \
                 index template it will make a plain index: see that a template with a data_stream section matches",
                host.name
            );
        }
    }

    async fn send(
        &self,
        host: &Host,
        method: Method,
        path: &str,
        mut headers: HeaderMap,
        body: Option<Bytes>,
    ) -> Result<Answer, SendError> {
        if let Some(login) = &self.login {
            headers.insert(AUTHORIZATION, login.clone());
        }
        let lost = |error: TransportError| self.lost(host, &error);
        let sending = host
            .transport
            .send(method, path, headers, body, self.request_timeout);
        let response = sending.await.map_err(lost)?;
        let status = response.status_code().as_u16();
        let retry_after = retry_after(&response);
        let bytes = response.bytes().await.map_err(lost)?;
        Ok(Answer {
            status,
            retry_after,
            bytes,
        })
    }

    fn lost(&self, host: &Host, error: &TransportError) -> SendError {
        if error.is_timeout() {
            return SendError::TimedOut {
                host: host.name.clone(),
                after: self.request_timeout,
            };
        }
        SendError::Lost {
            host: host.name.clone(),
            reason: tls::reason(error, &host.name, &self.tls),
        }
    }
}

fn headers(content_type: &'static str) -> HeaderMap {
    let mut headers = HeaderMap::with_capacity(4);
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    headers.insert(
        USER_AGENT,
        HeaderValue::from_static(concat!("sawmill/", env!("CARGO_PKG_VERSION"))),
    );
    headers
}

fn is_unknown_parameter(answer: &Answer) -> bool {
    answer.status == 400 && {
        let error = answer.error();
        let reason = error.reason();
        reason.contains("unrecognized parameter") && reason.contains(REQUIRE_DATA_STREAM)
    }
}

/// Seconds; the other form, a date, no Elasticsearch sends.
fn retry_after(response: &Response) -> Option<Duration> {
    let value = response.headers().get(RETRY_AFTER)?.to_str().ok()?;
    value.trim().parse().ok().map(Duration::from_secs)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::login::Credentials;

    #[test]
    fn a_client_shows_no_secret() {
        for credentials in [
            Credentials::ApiKey("id:hush".to_owned().into()),
            Credentials::ApiKey("aHVzaA==".to_owned().into()),
            Credentials::Basic {
                user: "u".to_owned(),
                password: "hush".to_owned().into(),
            },
        ] {
            let hosts = vec!["https://es".parse().unwrap()];
            let client = Client::new(&Settings {
                credentials,
                ..Settings::new(hosts)
            });
            let shown = format!("{:?}", client.unwrap());
            for secret in ["hush", "aHVzaA", "aWQ6aHVzaA", "dTpodXNo"] {
                assert!(!shown.contains(secret), "{shown}");
            }
        }
    }
}
