//! The monitoring interface: HTTP, as Logstash has it on port 9600, as far as there is something to tell.

use std::convert::Infallible;
use std::fs;
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
use crate::listener::bind;
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

/// Answers for as long as the program runs.
pub(crate) async fn serve_api(listener: TcpListener, tls: Option<Arc<Tls>>, health: Health) {
    let address = listener.local_addr().ok();
    if let Some(address) = address {
        let scheme = if tls.is_some() { "https" } else { "http" };
        info!("health is told on {scheme}://{address}/_health_report");
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
        let (health, tls) = (health.clone(), tls.clone());
        tokio::spawn(async move {
            // What a stranger does to his connection is his own affair.
            let told = tell(stream, tls.as_deref(), address, &health);
            let _ = timeout(CONNECTION_TIMEOUT, told).await;
            drop(place);
        });
    }
}

async fn tell(
    mut stream: TcpStream,
    tls: Option<&Tls>,
    address: Option<SocketAddr>,
    health: &Health,
) {
    match tls {
        None => converse(stream, address, health).await,
        Some(tls) => {
            if let Ok(stream) = shake_hands(&mut stream, tls).await {
                converse(stream, address, health).await;
            }
        }
    }
}

async fn converse(
    stream: impl AsyncRead + AsyncWrite + Unpin,
    address: Option<SocketAddr>,
    health: &Health,
) {
    let service = service_fn(|request: Request<Incoming>| {
        let answer = answer(request.method(), request.uri().path(), address, health);
        async move { Ok::<_, Infallible>(answer) }
    });
    let _ = http1::Builder::new()
        .timer(TokioTimer::new())
        .serve_connection(TokioIo::new(stream), service)
        .await;
}

fn answer(
    method: &Method,
    path: &str,
    address: Option<SocketAddr>,
    health: &Health,
) -> Response<Full<Bytes>> {
    let (status, value) = match (method, path.trim_end_matches('/')) {
        (&Method::GET | &Method::HEAD, "") => (StatusCode::OK, root(address, health)),
        (&Method::GET | &Method::HEAD, "/_health_report") => {
            (StatusCode::OK, json!(health.report()))
        }
        (&Method::GET | &Method::HEAD, _) => {
            let error = format!("nothing is known of {path}: ask for / or /_health_report");
            (StatusCode::NOT_FOUND, json!({ "error": error }))
        }
        _ => {
            let error = format!("{method} is not known here: ask with GET");
            (StatusCode::METHOD_NOT_ALLOWED, json!({ "error": error }))
        }
    };
    let mut response = Response::new(Full::from(format!("{value}\n")));
    *response.status_mut() = status;
    let json = HeaderValue::from_static("application/json");
    response.headers_mut().insert(CONTENT_TYPE, json);
    response
}

/// The members that Logstash has there, too.
fn root(address: Option<SocketAddr>, health: &Health) -> Value {
    let host = fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    json!({
        "host": host.trim(),
        "version": env!("CARGO_PKG_VERSION"),
        "http_address": address,
        "status": health.report().status,
    })
}
