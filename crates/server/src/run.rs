//! `sawmill run`: everything put together, started, and brought to its end.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::thread::available_parallelism;
use std::time::Duration;

use ipnet::IpNet;
use sawmill_bench::open_files::allow_connections;
use sawmill_intake::{DocumentIds, Intake, Settings};
use sawmill_pipeline::config::{FilterConfig, Literal};
use tokio::net::TcpListener;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::{info, warn};

use crate::admission::Admission;
use crate::api::{Told, bind_api, serve_api};
use crate::certificates::{keep_current, output_ends};
use crate::config::{BeatsInput, Config, Output as OutputConfig};
use crate::connection::Door;
use crate::crew::Crew;
use crate::dead_letters::DeadLetters;
use crate::health::Health;
use crate::listener::{accept_all, bind};
use crate::log_budget::LogBudget;
use crate::memory::Memory;
use crate::metrics::Metrics;
use crate::output::{self, Deliveries, Output};
use crate::start_error::StartError;
use crate::works::Works;

/// Smallest share of the budget that a body is given when nothing else says so.
const LOCAL_BODY_BYTES_MAX: usize = 4 << 20;

/// Runs until a signal ends it.
pub(crate) fn run(config: Config) -> Result<(), StartError> {
    allow_files(config.input.admission.connections_max);
    warn_of_trust(&config.input.proxy_networks);
    let listeners = bind("input.beats.listen", &config.input.listen)?;
    let api = bind_api(&config.api)?;
    let cores = available_parallelism().map_or(1, std::num::NonZero::get);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(cores)
        // One for each worker of the crew. Threads beyond these would each keep an arena of memory.
        .max_blocking_threads(cores)
        .enable_all()
        .build()?;
    let ended = runtime.block_on(async {
        let listeners = listeners
            .into_iter()
            .map(TcpListener::from_std)
            .collect::<Result<_, io::Error>>()?;
        let told = Told {
            health: Health::default(),
            metrics: Metrics::new(),
        };
        for listener in api {
            let listener = TcpListener::from_std(listener)?;
            tokio::spawn(serve_api(listener, config.api_tls.clone(), told.clone()));
        }
        let certificates = [
            ("certificates", config.input.tls.clone()),
            ("api_certificates", config.api_tls.clone()),
        ];
        keep_current(certificates, output_ends(&config.output), &told)?;
        serve(config, listeners, cores, &told).await
    });
    // Work for connections that are gone is not waited for: its sender will send it again.
    runtime.shutdown_timeout(Duration::from_millis(100));
    ended
}

/// Raises the limit of open files, each connection being one, as far as the system lets it.
fn allow_files(connections_max: usize) {
    if let Err(error) = allow_connections(connections_max as u64) {
        let error = error.to_string();
        let reason = error.lines().next().unwrap_or_default();
        warn!(
            "{reason}: raise the limit (LimitNOFILE= of a unit, ulimits of a container), or lower input.beats.connections_max"
        );
    }
}

/// Who can connect is a load balancer where all of IPv4 or IPv6 is named, and has the address that it says it has.
fn warn_of_trust(proxy_networks: &[IpNet]) {
    for network in proxy_networks.iter().filter(|one| one.prefix_len() == 0) {
        warn!(
            "input.beats.proxy_networks has {network}: anybody may say that another's address is his; name the load balancers' own networks"
        );
    }
}

async fn serve(
    config: Config,
    listeners: Vec<TcpListener>,
    cores: usize,
    told: &Told,
) -> Result<(), StartError> {
    let (mut terminate, mut interrupt) = (
        signal(SignalKind::terminate())?,
        signal(SignalKind::interrupt())?,
    );
    let is_local = matches!(config.output, OutputConfig::Local(_));
    let shutdown_timeout = config.shutdown.timeout;
    let (input, works) = build(config, cores, told)?;

    let memory = works.memory.clone();
    tokio::spawn(async move { memory.spares().tidy().await });
    let shutdown = CancellationToken::new();
    let connections = TaskTracker::new();
    let door = Arc::new(Door {
        admission: Admission::new(input.admission.clone(), works.memory.clone()),
        settings: input,
        log: LogBudget::new("connections"),
        metrics: Arc::clone(&told.metrics),
        works,
        shutdown: shutdown.clone(),
    });
    told.metrics.watch_admission(&door.admission);
    let mut addresses = Vec::new();
    for listener in listeners {
        addresses.push(listener.local_addr()?);
        let accepting = accept_all(listener, Arc::clone(&door), connections.clone());
        connections.spawn(accepting);
    }
    greet(&addresses, door.settings.tls.is_some(), is_local);

    either(&mut terminate, &mut interrupt).await;
    info!("shutting down: pending windows are settled and acknowledged (again to stop at once)");
    shutdown.cancel();
    connections.close();
    tokio::select! {
        () = drain(&connections, shutdown_timeout) => {}
        () = either(&mut terminate, &mut interrupt) => warn!("stopped at once"),
    }
    Ok(())
}

/// Puts together what connections hand their windows to, from the outputs' ends up, and starts the outputs.
fn build(config: Config, cores: usize, told: &Told) -> Result<(BeatsInput, Works), StartError> {
    let Told { health, metrics } = told;
    metrics.watch_health(health);
    let input = config.input;
    let bulk_bytes_max = match &config.output {
        OutputConfig::Elasticsearch(output) => output.bulk_bytes_max,
        OutputConfig::Local(_) => LOCAL_BODY_BYTES_MAX,
    };
    let budget_bytes = config.memory.budget_bytes;
    let memory = match config.dead_letters.data_stream {
        None => Memory::new(budget_bytes, bulk_bytes_max),
        Some(_) => Memory::with_letters(budget_bytes, bulk_bytes_max),
    };
    metrics.watch_memory(&memory, budget_bytes);
    let intake = Settings {
        frames: input.limits.clone(),
        event: input.event,
        document_ids: match &config.output {
            OutputConfig::Elasticsearch(output) => output.document_ids,
            OutputConfig::Local(_) => DocumentIds::Auto,
        },
    };
    let (output, events) = Output::new();
    let (for_letters, letters) = Output::new();
    let mut streams = stream_patterns(&config.filters);
    let mut dead_letters =
        DeadLetters::open(&config.dead_letters.files, &input.limits, &memory, health)
            .map_err(StartError::dead_letters)?;
    if let Some(stream) = config.dead_letters.data_stream {
        streams.push(stream.as_str().to_owned());
        dead_letters = dead_letters.through(stream, &input.limits, &memory, for_letters);
    }
    output::start(
        config.output,
        streams,
        &dead_letters,
        health,
        memory.clone(),
        Deliveries { events, letters },
    )?;
    let works = Works {
        crew: Arc::new(Crew::new(Intake::new(config.chain, intake)?, cores)),
        output,
        memory,
        dead_letters,
        counts: Arc::clone(&metrics.events),
    };
    Ok((input, works))
}

/// Waits until all `connections` are closed, for `shutdown_timeout` at most.
async fn drain(connections: &TaskTracker, shutdown_timeout: Duration) {
    match timeout(shutdown_timeout, connections.wait()).await {
        Ok(()) => info!("all connections are closed"),
        Err(_) => warn!(
            "{} connections still wait for their events after {shutdown_timeout:?} \
             (shutdown.timeout); their clients will send those again",
            connections.len(),
        ),
    }
}

async fn either(one: &mut Signal, other: &mut Signal) {
    tokio::select! {
        _ = one.recv() => {}
        _ = other.recv() => {}
    }
}

/// Says what runs and what to do next.
fn greet(addresses: &[SocketAddr], is_tls: bool, is_local: bool) {
    for address in addresses {
        info!("listening for Beats on {address}");
    }
    let port = addresses.first().map_or(5044, SocketAddr::port);
    let hosts = format!("output.logstash.hosts: [\"localhost:{port}\"]");
    if is_tls {
        info!(
            "next: in filebeat.yml, set {hosts}, with a name that the certificate has, and who signed it as \
             output.logstash.ssl.certificate_authorities"
        );
    } else {
        info!("next: in filebeat.yml, set {hosts}");
        info!(
            "or try it at once: sawmill send FILE --to localhost:{port} --field group=pt --field service=django"
        );
    }
    if is_local {
        info!("to write to Elasticsearch, start with ELASTICSEARCH_HOSTS=http://localhost:9200");
    }
}

/// The data streams that the pipeline writes to, as patterns: what is not fixed is `*`.
fn stream_patterns(filters: &[FilterConfig]) -> Vec<String> {
    let part = |name: &str, default: &str| {
        let field = format!("[data_stream][{name}]");
        let mut set = filters.iter().filter_map(|filter| match filter {
            FilterConfig::Set(set) => set.fields.get(&field),
            _ => None,
        });
        match set.next_back() {
            Some(Literal::Text(text)) if !text.contains("%{") => text.clone(),
            Some(_) => "*".to_owned(),
            None => default.to_owned(),
        }
    };
    let pattern = format!(
        "{}-{}-{}",
        part("type", "logs"),
        part("dataset", "*"),
        part("namespace", "*")
    );
    vec![pattern]
}
