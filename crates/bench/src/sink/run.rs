//! From the command line to the totals.

use std::io::{self, Write};
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::runtime;
use tokio::signal::unix::{SignalKind, signal};

use super::args::SinkArgs;
use super::error::SinkError;
use super::serve::serve;
use super::service::Sink;
use super::units::float;
use crate::pin::pin_to;
use crate::values::Cores;

/// Serves until SIGINT or SIGTERM, then prints the totals.
///
/// # Errors
/// If the settings make no sense, the address cannot be had, or the check found something.
pub fn run(args: &SinkArgs) -> Result<(), SinkError> {
    let sink = Arc::new(Sink::new(args)?);
    if let Some(Cores(cores)) = &args.pin {
        pin_to(cores).map_err(Box::new)?;
    }
    let mut runtime = match args.threads {
        // Nothing crosses from thread to thread then.
        1 => runtime::Builder::new_current_thread(),
        _ => runtime::Builder::new_multi_thread(),
    };
    let runtime = runtime
        .worker_threads(args.threads.into())
        .enable_all()
        .build()
        .map_err(SinkError::Runtime)?;
    runtime.block_on(listen(args, &sink))?;
    // What hangs on request is not waited for.
    runtime.shutdown_timeout(Duration::from_millis(100));
    totals(args, &sink)
}

async fn listen(args: &SinkArgs, sink: &Arc<Sink>) -> Result<(), SinkError> {
    let bind = |source| SinkError::Bind {
        address: args.listen.clone(),
        source,
    };
    let listener = TcpListener::bind(&args.listen).await.map_err(bind)?;
    let address = listener.local_addr().map_err(bind)?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(SinkError::Runtime)?;
    let mut terminate = signal(SignalKind::terminate()).map_err(SinkError::Runtime)?;
    let _ = writeln!(io::stderr(), "sink listens on http://{address}");
    let stop = async {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    };
    if args.progress {
        tokio::spawn(progress(Arc::clone(sink)));
    }
    serve(listener, Arc::clone(sink), stop).await;
    Ok(())
}

/// A line a second, until the runtime ends.
async fn progress(sink: Arc<Sink>) {
    let mut before = sink.counts.snapshot();
    let mut ticks = tokio::time::interval(Duration::from_secs(1));
    ticks.tick().await;
    loop {
        ticks.tick().await;
        let now = sink.counts.snapshot();
        // After a reset there is nothing to compare with.
        let seconds = now.seconds - before.seconds;
        if seconds > 0.0 {
            let rate = |now: u64, before: u64| float(now.saturating_sub(before)) / seconds;
            let _ = writeln!(
                io::stderr(),
                "{:>7.1} s  {:>9.0} events/s  {:>7.1} requests/s  {:>7.1} MB/s  {:>11} events in all",
                now.seconds,
                rate(now.events, before.events),
                rate(now.requests, before.requests),
                rate(now.body_bytes, before.body_bytes) / 1e6,
                now.events,
            );
        }
        before = now;
    }
}

fn totals(args: &SinkArgs, sink: &Sink) -> Result<(), SinkError> {
    let check = sink.checker.as_ref().map(|checker| checker.summary());
    let text = if args.json {
        String::from_utf8_lossy(&sink.counts_json()).into_owned()
    } else {
        let mut text = sink.counts.snapshot().text();
        if let Some(check) = &check {
            text.push('\n');
            text.push_str(&check.text());
        }
        text
    };
    writeln!(io::stdout(), "{text}").map_err(SinkError::Write)?;
    match check.and_then(|check| check.failure()) {
        Some(failure) => Err(SinkError::Check(failure)),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reason(args: &[&str]) -> String {
        run(&SinkArgs::parsed(args)).unwrap_err().to_string()
    }

    #[test]
    fn what_keeps_a_sink_from_starting_is_said_with_what_to_do() {
        let folder = tempfile::tempdir().unwrap();
        let other = folder.path().join("other.toml");
        std::fs::write(&other, "[[filter]]\ntype = \"mutate\"\n").unwrap();
        let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let taken = taken.local_addr().unwrap().to_string();
        for (args, want) in [
            (&["--listen", &taken][..], "something listens there already"),
            (
                &["--listen", "192.0.2.1:9200"],
                "no interface of this machine",
            ),
            (&["--listen", "nonsense"], "cannot listen on nonsense"),
            (
                &["--jitter", "1ms"],
                "an answer cannot come before its request",
            ),
            (
                &["--fault", "429=60%", "--fault", "reset=60%"],
                "add up to 120.00 %",
            ),
            (&["--pin", "1023"], "1023"),
            (
                &["--check", "/no/such/pipeline.toml"],
                "cannot read /no/such/pipeline.toml",
            ),
            (&["--check", other.to_str().unwrap()], "mutate"),
        ] {
            let reason = reason(args);
            assert!(reason.contains(want), "{args:?}: {reason}");
        }
    }
}
