//! Sends one request to one host.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use elasticsearch::Error;
use elasticsearch::cert::{Certificate, CertificateValidation};
use elasticsearch::http::headers::{ACCEPT, HeaderMap, HeaderValue};
use elasticsearch::http::request::Body;
use elasticsearch::http::response::Response;
use elasticsearch::http::transport::{
    BuildError, SingleNodeConnectionPool, Transport as Library, TransportBuilder,
};
use elasticsearch::http::{Method, Url};
use rustls::ClientConfig;
use rustls_pki_types::CertificateDer;

use crate::tls::LoadedTls;

/// What carries requests to a host.
#[derive(Debug)]
pub(crate) enum Transport {
    /// The `elasticsearch` package, wherever it can be told what is wanted.
    Library(Library),
    /// The HTTP client that the package itself uses, with TLS settings that it cannot be told.
    Own(Own),
}

impl Transport {
    /// Connects to nothing yet.
    pub(crate) fn new(host: &Url, tls: &LoadedTls) -> Result<Self, BuildError> {
        match tls {
            LoadedTls::Own(config) if host.scheme() == "https" => {
                Ok(Self::Own(Own::new(host, config)?))
            }
            LoadedTls::Own(_) => library(host, &[]).map(Self::Library),
            LoadedTls::Library(authorities) => library(host, authorities).map(Self::Library),
        }
    }

    pub(crate) async fn send(
        &self,
        method: Method,
        path: &str,
        headers: HeaderMap,
        body: Option<Bytes>,
        timeout: Duration,
    ) -> Result<Response, Error> {
        match self {
            Self::Library(library) => {
                let body = body.map(Raw);
                library
                    .send(method, path, headers, None::<&()>, body, Some(timeout))
                    .await
            }
            Self::Own(own) => own.send(method, path, headers, body, timeout).await,
        }
    }
}

fn library(host: &Url, authorities: &[CertificateDer<'_>]) -> Result<Library, BuildError> {
    let mut builder = TransportBuilder::new(SingleNodeConnectionPool::new(host.clone()));
    let mut certificates: Option<Certificate> = None;
    for authority in authorities {
        let next = Certificate::from_der(authority)
            .map_err(|error| BuildError::Io(std::io::Error::other(error)))?;
        match &mut certificates {
            None => certificates = Some(next),
            Some(all) => all.append(next),
        }
    }
    if let Some(all) = certificates {
        builder = builder.cert_validation(CertificateValidation::Full(all));
    }
    builder.build()
}

/// A host that is spoken to without the package's transport.
#[derive(Debug)]
pub(crate) struct Own {
    client: reqwest::Client,
    /// Ends in a slash, as paths are joined to it.
    base: Url,
}

impl Own {
    fn new(host: &Url, config: &ClientConfig) -> Result<Self, reqwest::Error> {
        let mut base = host.clone();
        if !base.path().ends_with('/') {
            base.set_path(&format!("{}/", base.path()));
        }
        let client = reqwest::Client::builder()
            .use_preconfigured_tls(config.clone())
            .build()?;
        Ok(Self { client, base })
    }

    async fn send(
        &self,
        method: Method,
        path: &str,
        mut headers: HeaderMap,
        body: Option<Bytes>,
        timeout: Duration,
    ) -> Result<Response, Error> {
        headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
        let http = match method {
            Method::Get => reqwest::Method::GET,
            Method::Put => reqwest::Method::PUT,
            Method::Post => reqwest::Method::POST,
            Method::Delete => reqwest::Method::DELETE,
            Method::Head => reqwest::Method::HEAD,
        };
        let mut request = self
            .client
            .request(http, self.base.join(path)?)
            .headers(headers)
            .timeout(timeout);
        if let Some(body) = body {
            request = request.body(body);
        }
        Ok(Response::new(request.send().await?, method))
    }
}

/// Bytes that are a body already.
struct Raw(Bytes);

impl Body for Raw {
    fn bytes(&self) -> Option<Bytes> {
        Some(self.0.clone())
    }

    fn write(&self, bytes: &mut BytesMut) -> Result<(), Error> {
        bytes.extend_from_slice(&self.0);
        Ok(())
    }
}
