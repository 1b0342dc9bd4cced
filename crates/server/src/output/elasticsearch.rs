//! Bodies to Elasticsearch: joined into requests, settled event by event.

use std::mem;
use std::sync::Arc;
use std::time::Duration;

use sawmill_elasticsearch_out::{
    BulkBody, Carrier, Client, Credentials, Pace, Refusal, Request, Sender, Settled, Severity, Url,
    Verification,
};
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::time::{Instant, sleep, sleep_until};
use tracing::{error, info, warn};

use super::Deliveries;
use crate::config::ElasticsearchOutput;
use crate::dead_letters::{DeadLetters, Letter, Text};
use crate::delivery::{Delivery, Ticket};
use crate::health::Health;
use crate::memory::Memory;
use crate::metrics::EventEnd;
use crate::start_error::StartError;

/// Connects nowhere yet: Elasticsearch may come up later.
pub(super) fn start(
    output: &ElasticsearchOutput,
    streams: Vec<String>,
    dead_letters: &DeadLetters,
    health: &Health,
    memory: &Memory,
    deliveries: Deliveries,
) -> Result<(), StartError> {
    let client = Arc::new(Client::new(&output.settings)?);
    let hosts: Vec<&str> = output.settings.hosts.iter().map(Url::as_str).collect();
    info!("events go to Elasticsearch at {}", hosts.join(", "));
    if matches!(output.settings.credentials, Credentials::None) {
        warn!(
            "no password is given, so Elasticsearch is asked without a login: if its security is on, set \
             LOGSTASH_WRITER_PASSWORD, or output.elasticsearch.password_file or api_key"
        );
    }
    if output.settings.tls.verification == Verification::None {
        warn!(
            "output.elasticsearch.verification is none: nobody looks whether it is Elasticsearch that answers, so whoever \
             stands between gets the login and every event, and can let them vanish; give ca_file or ca_fingerprint and \
             take it out"
        );
    }
    tokio::spawn(report_probe(Arc::clone(&client), streams));
    if let Some(interval) = output.sniffing_interval {
        tokio::spawn(keep_sniffing(Arc::clone(&client), interval));
    }
    let Deliveries { events, letters } = deliveries;
    for (part, queue) in [("output", events), ("dead_letters_stream", letters)] {
        // Each has turns of its own: what letters wait for is nothing that good events must wait for.
        let client = Arc::clone(&client);
        let sender = Arc::new(Sender::new(client, output.backoff, output.requests_max));
        let watched = Arc::clone(&sender);
        health.watch(part, move || {
            watched.troubles().into_iter().map(Into::into).collect()
        });
        tokio::spawn(send_all(
            output.bulk_bytes_max,
            sender,
            dead_letters.clone(),
            memory.clone(),
            queue,
        ));
    }
    Ok(())
}

/// Says once at start what can be said about whether writing will work.
async fn report_probe(client: Arc<Client>, streams: Vec<String>) {
    for finding in client.probe(&streams).await {
        match finding.severity {
            Severity::Info => info!("{}", finding.sentence),
            Severity::Warning => warn!("{}", finding.sentence),
            Severity::Error => error!("{}", finding.sentence),
        }
    }
}

/// Takes the nodes that the cluster names as hosts, now and every so often. What keeps it from that is said once, anew when it
/// is something else, and once more when it is over.
async fn keep_sniffing(client: Arc<Client>, interval: Duration) {
    let mut said = String::new();
    loop {
        match client.sniff().await {
            Ok(change) => {
                if !mem::take(&mut said).is_empty() {
                    info!("the cluster's nodes are known again");
                }
                if !change.is_empty() {
                    info!("events go to the nodes that the cluster names: {change}");
                }
            }
            Err(error) => {
                let sentence = format!("{error}: {}", error.advice());
                if sentence != said {
                    warn!("the hosts stay as they are, without sniffing: {sentence}");
                    said = sentence;
                }
            }
        }
        sleep(interval).await;
    }
}

/// Bodies are joined until they have this many bytes. Joining copies them, and beyond this a
/// request of its own is cheaper.
const JOINED_BYTES_MAX: usize = 1 << 20;

/// So long small bodies wait for others while a request is on its way, or when there are many of
/// them. One request costs as much as some twenty events.
const LINGER: Duration = Duration::from_millis(5);

/// A request of so many bodies shows that there are many small ones.
const CROWD: usize = 8;

/// Bodies that are sent as one.
struct Batch {
    parts: Vec<(BulkBody, Arc<Ticket>)>,
    bytes: usize,
    bytes_max: usize,
}

/// Starts a request whenever one may be started and there is something to send. An event that
/// comes alone goes alone and at once; under load bodies wait for a turn, and grow together.
pub(crate) async fn send_all<C: Carrier>(
    bulk_bytes_max: usize,
    sender: Arc<Sender<C>>,
    dead_letters: DeadLetters,
    memory: Memory,
    mut deliveries: UnboundedReceiver<Delivery>,
) {
    let mut crowded_until = Instant::now();
    while let Some(first) = deliveries.recv().await {
        if Instant::now() < crowded_until {
            // They gather by themselves, and nobody needs to be woken for each.
            sleep_until(crowded_until).await;
        }
        let mut batch = Batch::new(bulk_bytes_max.min(JOINED_BYTES_MAX));
        batch.push(first);
        batch.gather(&mut deliveries, sender.pace()).await;
        let turn = sender.pace().turn().await;
        batch.take_ready(&mut deliveries);
        if batch.parts.len() >= CROWD {
            crowded_until = Instant::now() + LINGER;
        }
        let (sender, dead_letters, memory) =
            (Arc::clone(&sender), dead_letters.clone(), memory.clone());
        tokio::spawn(async move {
            let mut request = Request::new(batch.parts);
            sender
                .deliver(
                    turn,
                    &mut request,
                    |ticket| ticket.is_wanted(),
                    |settled| settle(&settled, &dead_letters),
                )
                .await;
            for (body, ticket) in request.into_parts() {
                // Its share of the budget goes first: the body needs one to be kept.
                ticket.end_body();
                drop(ticket);
                memory.give_back(body);
            }
        });
    }
}

impl Batch {
    fn new(bytes_max: usize) -> Self {
        Self {
            parts: Vec::new(),
            bytes: 0,
            bytes_max,
        }
    }

    fn push(&mut self, delivery: Delivery) {
        self.bytes += delivery.body.len_bytes();
        self.parts.push((delivery.body, delivery.ticket));
    }

    fn take_ready(&mut self, deliveries: &mut UnboundedReceiver<Delivery>) {
        while self.bytes < self.bytes_max
            && let Ok(next) = deliveries.try_recv()
        {
            self.push(next);
        }
    }

    /// Waits for more until it is large enough, nothing else is on its way, or it waited long enough.
    async fn gather(&mut self, deliveries: &mut UnboundedReceiver<Delivery>, pace: &Pace) {
        let linger = sleep(LINGER);
        tokio::pin!(linger);
        loop {
            self.take_ready(deliveries);
            if self.bytes >= self.bytes_max || pace.is_idle() {
                return;
            }
            tokio::select! {
                biased;
                next = deliveries.recv() => match next {
                    Some(next) => self.push(next),
                    None => return,
                },
                () = pace.idle() => {}
                () = &mut linger => return,
            }
        }
    }
}

fn settle(settled: &Settled<'_, Arc<Ticket>>, dead_letters: &DeadLetters) {
    let letter = |refusal: &Refusal| {
        let item = &settled.body.items()[refusal.item];
        let document = settled.body.document(item);
        settled
            .ticket
            .add_letter(document.len() + sawmill_intake::LETTER_BYTES);
        Letter {
            ticket: Arc::clone(settled.ticket),
            reason: format!("{}: {}", refusal.kind, refusal.reason),
            status: Some(refusal.status),
            stream: Some(settled.body.stream_name(item).to_owned()),
            ordinal: item.ordinal,
            text: Text::Sent(document.to_vec()),
        }
    };
    // Together, since their events are found again in one passage then.
    dead_letters.put(settled.refused.iter().map(letter).collect());
    let ticket = &settled.ticket;
    ticket.settle(settled.stored as u32, EventEnd::Stored);
    ticket.settle(settled.duplicates as u32, EventEnd::Duplicate);
}
