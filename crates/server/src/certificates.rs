//! Certificates while the program runs: read again when their files change, and watched for their ends.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use tokio::signal::unix::{SignalKind, signal};
use tracing::info;

use crate::api::Told;
use crate::config::Output;
use crate::health::Diagnosis;
use crate::metrics::AskEnds;
use crate::tls::{Ends, Tls, warn_daily};

/// Has files of TLS read again when they change, or SIGHUP comes, which ends a program that does not take it. Each part of the
/// health report has its certificates.
pub(crate) fn keep_current(
    certificates: [(&'static str, Option<Arc<Tls>>); 2],
    of_output: Ends,
    Told { health, metrics }: &Told,
) -> io::Result<()> {
    let mut hangup = signal(SignalKind::hangup())?;
    tokio::spawn(async move {
        while hangup.recv().await.is_some() {
            info!(
                "SIGHUP: files of certificates are looked at, if there are any; a new pipeline needs a restart"
            );
        }
    });
    let mut all: Vec<(_, AskEnds)> = Vec::new();
    for (part, tls) in certificates {
        let Some(tls) = tls else {
            continue;
        };
        let seen = Arc::clone(&tls);
        all.push((part, Box::new(move || seen.ends())));
        let seen = Arc::clone(&tls);
        health.watch(part, move || {
            let trouble = |(cause, action)| Diagnosis::warning(cause, action);
            seen.troubles().into_iter().map(trouble).collect()
        });
        let seen = Arc::clone(&tls);
        tokio::spawn(warn_daily(move || seen.ends()));
        tokio::spawn(tls.keep_current(signal(SignalKind::hangup())?));
    }
    if !of_output.is_empty() {
        let seen = of_output.clone();
        health.watch("output_certificates", move || {
            let renew = |cause| {
                let action = "put a new one in its place, and start Sawmill anew";
                Diagnosis::warning(cause, action.to_owned())
            };
            seen.near().into_iter().map(renew).collect()
        });
        let seen = of_output.clone();
        tokio::spawn(warn_daily(move || seen.clone()));
        all.push(("output_certificates", Box::new(move || of_output.clone())));
    }
    metrics.watch_certificates(all);
    Ok(())
}

/// When the certificates end to hold that are used towards Elasticsearch; they are read at the start only.
pub(crate) fn output_ends(output: &Output) -> Ends {
    let Output::Elasticsearch(output) = output else {
        return Ends::default();
    };
    let tls = &output.settings.tls;
    let own = tls.client.as_ref().map(|pair| &pair.certificate);
    Ends::of_files(tls.ca_file.iter().chain(own).map(PathBuf::as_path))
}
