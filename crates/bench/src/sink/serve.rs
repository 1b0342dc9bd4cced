//! Accepts connections and serves them until told to stop.

use std::error::Error;
use std::future::poll_fn;
use std::io::{self, Write};
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use socket2::SockRef;
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::service::{Severed, Sink};

/// Requests that have come get their answers when it ends, but no longer than this.
const GRACE: Duration = Duration::from_secs(2);
/// When the system has no file left for a connection.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Serves until `stop` is ready, then answers what has come.
pub(crate) async fn serve(listener: TcpListener, sink: Arc<Sink>, stop: impl Future<Output = ()>) {
    let (stopping, stopped) = watch::channel(());
    let mut connections = JoinSet::new();
    let mut stop = std::pin::pin!(stop);
    loop {
        tokio::select! {
            () = &mut stop => break,
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    sink.counts.connection();
                    connections.spawn(connection(stream, Arc::clone(&sink), stopped.clone()));
                }
                Err(error) => {
                    let _ = writeln!(io::stderr(), "sawmill: a connection could not be accepted: {error}");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            },
            Some(_) = connections.join_next() => {}
        }
    }
    drop(listener);
    drop(stopping);
    let all_ended = async { while connections.join_next().await.is_some() {} };
    let _ = tokio::time::timeout(GRACE, all_ended).await;
    // Those that hang on request are ended with the set.
}

/// Serves one connection until the client leaves, a fault ends it, or all ends.
async fn connection(stream: TcpStream, sink: Arc<Sink>, mut stopped: watch::Receiver<()>) {
    // An answer leaves at once; a socket that does not take the option still works.
    let _ = stream.set_nodelay(true);
    let service = service_fn(|request| {
        let sink = Arc::clone(&sink);
        Box::pin(async move { sink.answer(request).await })
    });
    let mut server = http1::Builder::new();
    // Elasticsearch sends no date either.
    server.auto_date_header(false);
    let mut connection = server.serve_connection(TokioIo::new(stream), service);
    let mut ended = {
        let mut serving =
            std::pin::pin!(poll_fn(|context| connection.poll_without_shutdown(context)));
        tokio::select! {
            ended = &mut serving => Some(ended),
            _ = stopped.changed() => None,
        }
    };
    if ended.is_none() {
        Pin::new(&mut connection).graceful_shutdown();
        ended = Some(poll_fn(|context| connection.poll_without_shutdown(context)).await);
    }
    let mut stream = connection.into_parts().io.into_inner();
    let is_reset = matches!(ended, Some(Err(error)) if is_reset(&error));
    if is_reset {
        // Closed with bytes unsent and no time to send them: the system resets the connection.
        let _ = SockRef::from(&stream).set_linger(Some(Duration::ZERO));
    } else {
        let _ = tokio::time::timeout(GRACE, stream.shutdown()).await;
    }
}

fn is_reset(error: &hyper::Error) -> bool {
    let cause = error.source().and_then(|cause| cause.downcast_ref());
    matches!(cause, Some(Severed::Reset))
}
