//! The monitoring interface: HTTP on Logstash's port 9600, with what there is to tell of health and metrics.

use std::convert::Infallible;
use std::net::{SocketAddr, TcpListener as StdListener};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use serde_json::{Value, json};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::time::{sleep, timeout};
use tracing::{info, warn};

use crate::config::{Api, HostPort};
use crate::health::Health;
use crate::host_name::host_name;
use crate::listener::bind;
use crate::metrics::Metrics;
use crate::start_error::StartError;
use crate::tls::{Tls, shake_hands};

/// Whoever watches asks now and then.
const CONNECTIONS_MAX: usize = 64;
/// How long a connection may take, from its first byte to its last answer's.
const CONNECTION_TIMEOUT: Duration = Duration::from_secs(30);
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Binds what the settings say. The usual address, which nobody asked for, may be taken.
pub(crate) fn bind_api(api: &Api) -> Result<Vec<StdListener>, StartError> {
    match api {
        Api::Off => Ok(Vec::new()),
        Api::At(listen) => bind("api.listen", listen),
        Api::Usual => Ok(bind("api.listen", &usual()).unwrap_or_else(|error| {
            let error = error.to_string();
            let reason = error.lines().next().unwrap_or_default();
            warn!("no monitoring interface: {reason}; choose another address with api.listen");
            Vec::new()
        })),
    }
}

/// Logstash's.
fn usual() -> HostPort {
    HostPort {
        host: "127.0.0.1".to_owned(),
        port: 9600,
    }
}

/// What there is to tell.
#[derive(Clone)]
pub(crate) struct Told {
    pub(crate) health: Health,
    pub(crate) metrics: Arc<Metrics>,
}

/// Answers for as long as the program runs.
pub(crate) async fn serve_api(listener: TcpListener, tls: Option<Arc<Tls>>, told: Told) {
    let address = listener.local_addr().ok();
    if let Some(address) = address {
        let scheme = if tls.is_some() { "https" } else { "http" };
        info!("health is told on {scheme}://{address}/_health_report, metrics on /metrics");
    }
    let places = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            sleep(ACCEPT_PAUSE).await;
            continue;
        };
        let Ok(place) = Arc::clone(&places).try_acquire_owned() else {
            continue;
        };
        let (told, tls) = (told.clone(), tls.clone());
        tokio::spawn(async move {
            // What a stranger does to his connection is his own affair.
            let telling = tell(stream, tls.as_deref(), address, &told);
            let _ = timeout(CONNECTION_TIMEOUT, telling).await;
            drop(place);
        });
    }
}

async fn tell(mut stream: TcpStream, tls: Option<&Tls>, address: Option<SocketAddr>, told: &Told) {
    match tls {
        None => converse(stream, address, told).await,
        Some(tls) => {
            if let Ok(stream) = shake_hands(&mut stream, tls).await {
                converse(stream, address, told).await;
            }
        }
    }
}

async fn converse(
    stream: impl AsyncRead + AsyncWrite + Unpin,
    address: Option<SocketAddr>,
    told: &Told,
) {
    let service = service_fn(|request: Request<Incoming>| {
        let answer = told.answer(request.method(), request.uri().path(), address);
        async move { Ok::<_, Infallible>(answer) }
    });
    let _ = http1::Builder::new()
        .timer(TokioTimer::new())
        // Whoever asks again connects again, and is not cut off by the time that a connection may take.
        .keep_alive(false)
        .serve_connection(TokioIo::new(stream), service)
        .await;
}

impl Told {
    fn answer(
        &self,
        method: &Method,
        path: &str,
        address: Option<SocketAddr>,
    ) -> Response<Full<Bytes>> {
        if !matches!(*method, Method::GET | Method::HEAD) {
            let error = format!("{method} is not known here: ask with GET");
            return in_json(StatusCode::METHOD_NOT_ALLOWED, &json!({ "error": error }));
        }
        match path.trim_end_matches('/') {
            "" => in_json(StatusCode::OK, &self.root(address)),
            "/_health_report" => in_json(StatusCode::OK, &json!(self.health.report())),
            "/metrics" => respond(StatusCode::OK, METRICS_TYPE, self.metrics.text()),
            _ => {
                let error =
                    format!("nothing is known of {path}: ask for /, /_health_report or /metrics");
                in_json(StatusCode::NOT_FOUND, &json!({ "error": error }))
            }
        }
    }

    /// The members that Logstash has there, too.
    fn root(&self, address: Option<SocketAddr>) -> Value {
        json!({
            "host": host_name(),
            "version": env!("CARGO_PKG_VERSION"),
            "http_address": address,
            "status": self.health.report().status,
        })
    }
}

/// Prometheus's text format (its exposition formats, version 0.0.4).
const METRICS_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

fn in_json(status: StatusCode, value: &Value) -> Response<Full<Bytes>> {
    respond(status, "application/json", format!("{value}\n"))
}

fn respond(status: StatusCode, kind: &'static str, body: String) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::from(body));
    *response.status_mut() = status;
    let kind = HeaderValue::from_static(kind);
    response.headers_mut().insert(CONTENT_TYPE, kind);
    response
}
