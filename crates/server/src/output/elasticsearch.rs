//! Bodies to Elasticsearch: joined into requests, settled event by event.

use std::sync::Arc;

use sawmill_elasticsearch_out::{Client, Request, Sender, Settled, Severity, Url};
use tokio::sync::Semaphore;
use tokio::sync::mpsc::UnboundedReceiver;
use tracing::{error, info, warn};

use crate::config::ElasticsearchOutput;
use crate::dead_letters::{DeadLetters, Letter};
use crate::delivery::{Delivery, Ticket};
use crate::memory::Memory;
use crate::start_error::StartError;

/// Connects nowhere yet: Elasticsearch may come up later.
pub(super) fn start(
    output: ElasticsearchOutput,
    streams: Vec<String>,
    dead_letters: DeadLetters,
    memory: Memory,
    deliveries: UnboundedReceiver<Delivery>,
) -> Result<(), StartError> {
    let client = Client::new(&output.settings)?;
    let hosts: Vec<&str> = output.settings.hosts.iter().map(Url::as_str).collect();
    info!("events go to Elasticsearch at {}", hosts.join(", "));
    let sender = Arc::new(Sender::new(client, output.backoff));
    tokio::spawn(report_probe(Arc::clone(&sender), streams));
    tokio::spawn(send_all(output, sender, dead_letters, memory, deliveries));
    Ok(())
}

/// Says once at start what can be said about whether writing will work.
async fn report_probe(sender: Arc<Sender>, streams: Vec<String>) {
    for finding in sender.client().probe(&streams).await {
        match finding.severity {
            Severity::Info => info!("{}", finding.sentence),
            Severity::Warning => warn!("{}", finding.sentence),
            Severity::Error => error!("{}", finding.sentence),
        }
    }
}

/// Bodies are joined until they have this many bytes. Joining copies them, and beyond this a
/// request of its own is cheaper.
const JOINED_BYTES_MAX: usize = 1 << 20;

/// Starts a request whenever one may be started and there is something to send. An event that
/// comes alone goes alone and at once; under load bodies wait for a turn, and grow together.
async fn send_all(
    output: ElasticsearchOutput,
    sender: Arc<Sender>,
    dead_letters: DeadLetters,
    memory: Memory,
    mut deliveries: UnboundedReceiver<Delivery>,
) {
    let turns = Arc::new(Semaphore::new(output.requests_max));
    loop {
        let Ok(turn) = Arc::clone(&turns).acquire_owned().await else {
            return;
        };
        let Some(first) = deliveries.recv().await else {
            return;
        };
        let mut bytes = first.body.len_bytes();
        let mut parts = vec![(first.body, first.ticket)];
        while bytes < output.bulk_bytes_max.min(JOINED_BYTES_MAX)
            && let Ok(next) = deliveries.try_recv()
        {
            bytes += next.body.len_bytes();
            parts.push((next.body, next.ticket));
        }
        let (sender, dead_letters, memory) =
            (Arc::clone(&sender), dead_letters.clone(), memory.clone());
        tokio::spawn(async move {
            let mut request = Request::new(parts);
            sender
                .deliver(&mut request, |settled| settle(&settled, &dead_letters))
                .await;
            drop(turn);
            for (body, ticket) in request.into_parts() {
                // Its share of the budget goes first: the body needs one to be kept.
                drop(ticket);
                memory.give_back(body);
            }
        });
    }
}

fn settle(settled: &Settled<'_, Arc<Ticket>>, dead_letters: &DeadLetters) {
    for refusal in &settled.refused {
        let item = &settled.body.items()[refusal.item];
        dead_letters.put(Letter {
            ticket: Arc::clone(settled.ticket),
            reason: format!("{}: {}", refusal.kind, refusal.reason),
            status: Some(refusal.status),
            stream: Some(settled.body.stream_name(item).to_owned()),
            event: settled.body.document(item).to_vec(),
        });
    }
    settled
        .ticket
        .settle((settled.stored + settled.duplicates) as u32);
}
