//! What to send and how, as it is typed, and checked.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum};

use crate::error::BenchError;
use crate::events::{FileEvents, Generator, Shape, Share, Source};
use crate::load::{OnViolation, Partials, Route, TlsRoute};
use crate::output::Form;
use crate::plan::Plan;
use crate::ramp::Ramp;
use crate::sampler::pid_of_container;
use crate::target::Target;
use crate::tls::{Identity, Trust, client_config, server_name};
use crate::values::{Cores, cores, duration};
use crate::windows::Packing;

/// The help's last lines.
pub const EXAMPLE: &str = "\
Latency counts from a window's first byte to its ACK; with --rate from when the window was due, so that a server that
holds up the sender is charged for it. `ACK wait` counts from the last byte. Every connection opens with two small
windows, the first of which is held back by a byte; they are counted only under `in all`.

Exits 0 if all was acknowledged as the protocol has it, 1 if not, 64 if the command line makes no sense.

Examples:
  sawmill bench --to 127.0.0.1:5044 --pid $(pidof sawmill)
  sawmill bench --connections 4 --rate 50000 --duration 60s --json run.json --html run.html
  sawmill bench --connections 10000 --window 5 --rate 50000
  sawmill bench --ramp --p99-max 30ms --connections 4 --csv ramp.csv
  sawmill bench --tls --ca ca.pem --to logs.example.org:5044";

/// What to send and how.
#[derive(Args, Debug)]
pub struct LoadArgs {
    /// The Beats server
    #[arg(long, value_name = "HOST:PORT", default_value = "127.0.0.1:5044", value_parser = Target::parse)]
    to: Target,
    /// What to call the run in results
    #[arg(long, value_name = "NAME", default_value = "load")]
    name: String,
    #[command(flatten)]
    amount: AmountArgs,
    #[command(flatten)]
    event: EventArgs,
    #[command(flatten)]
    strict: StrictArgs,
    #[command(flatten)]
    tls: TlsArgs,
    #[command(flatten)]
    machine: MachineArgs,
    #[command(flatten)]
    output: OutputArgs,
}

/// How much.
#[derive(Args, Debug)]
#[command(next_help_heading = "Load")]
struct AmountArgs {
    /// Connections that send
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    connections: u32,
    /// More connections that only sit there
    #[arg(long, value_name = "N", default_value_t = 0, value_parser = clap::value_parser!(u32).range(0..=1_000_000))]
    idle: u32,
    /// Windows that may be unacknowledged on each connection
    #[arg(long, value_name = "N", default_value_t = 2, value_parser = clap::value_parser!(u32).range(1..=1_000))]
    in_flight: u32,
    /// Events in a window
    #[arg(long, value_name = "N", default_value_t = 2048, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    window: u32,
    /// Level of compression as Filebeat counts, 1 to 9; 0 is none
    #[arg(long, value_name = "LEVEL", default_value_t = 3, value_parser = clap::value_parser!(u8).range(0..=9))]
    compression: u8,
    /// Events a second in all, on a fixed schedule; without it, as fast as ACKs come
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=1_000_000_000))]
    rate: Option<u64>,
    /// How long to measure
    #[arg(long, value_name = "TIME", default_value = "10s", value_parser = duration)]
    duration: Duration,
    /// How long to send before that
    #[arg(long, value_name = "TIME", default_value = "2s", value_parser = duration)]
    warmup: Duration,
    /// Send so many events instead, and measure from the first to the last
    #[arg(long, value_name = "N", conflicts_with_all = ["duration", "warmup", "ramp"], value_parser = clap::value_parser!(u64).range(1..))]
    events: Option<u64>,
    /// Find the highest rate at which the latency's p99 stays within --p99-max
    #[arg(long, conflicts_with = "rate")]
    ramp: bool,
    /// The bound of --ramp
    #[arg(long, value_name = "TIME", default_value = "30ms", value_parser = duration, requires = "ramp")]
    p99_max: Duration,
    /// A rate that --ramp need not try, since it is held
    #[arg(long, value_name = "N", default_value_t = 0, requires = "ramp")]
    ramp_from: u64,
}

/// Of what.
#[derive(Args, Debug)]
#[command(next_help_heading = "Events")]
struct EventArgs {
    #[command(flatten)]
    made: GeneratorArgs,
    /// Take the lines of this file: a JSON object is an event, all else a message; may be given again
    #[arg(long, value_name = "FILE")]
    events_from: Vec<PathBuf>,
    /// Different events to send before the first comes again; they are kept in memory, packed
    #[arg(long, value_name = "N", default_value_t = 65_536, value_parser = clap::value_parser!(u64).range(1..))]
    distinct: u64,
}

/// What made events are like.
#[derive(Args, Clone, Copy, Debug)]
pub(crate) struct GeneratorArgs {
    /// The seed; the same one gives the same events
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// Bytes of JSON that an event has on average
    #[arg(long, value_name = "BYTES", default_value_t = Shape::default().size_bytes)]
    size: u32,
    /// Share of events of other groups
    #[arg(long, value_name = "SHARE", default_value_t = Shape::default().other_groups)]
    other_groups: Share,
    /// Share of matching lines without milliseconds
    #[arg(long, value_name = "SHARE", default_value_t = Shape::default().without_milliseconds)]
    without_milliseconds: Share,
    /// Share of lines that the pattern does not match
    #[arg(long, value_name = "SHARE", default_value_t = Shape::default().unmatched)]
    unmatched: Share,
    /// Share of matching lines with a traceback
    #[arg(long, value_name = "SHARE", default_value_t = Shape::default().tracebacks)]
    tracebacks: Share,
}

/// How strictly.
#[derive(Args, Debug)]
#[command(next_help_heading = "ACKs")]
struct StrictArgs {
    /// How long the server may be silent while it has a window
    #[arg(long, value_name = "TIME", default_value = "30s", value_parser = duration)]
    ack_timeout: Duration,
    /// What an ACK against the protocol leads to
    #[arg(long, value_enum, default_value = "end")]
    on_violation: OnViolationArg,
    /// Let partial ACKs pass
    #[arg(long)]
    allow_partial: bool,
    /// How long each connection's first window lacks its last byte, to see whether the server waits for it
    #[arg(long, value_name = "TIME", default_value = "20ms", value_parser = duration)]
    hold_back: Duration,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum OnViolationArg {
    /// The run ends with an error
    End,
    /// It is counted, and the run goes on
    Count,
}

#[derive(Args, Debug)]
#[command(next_help_heading = "TLS")]
struct TlsArgs {
    /// Speak TLS
    #[arg(long)]
    tls: bool,
    /// Authorities of the server's certificate, PEM
    #[arg(
        long,
        value_name = "FILE",
        requires = "tls",
        conflicts_with = "insecure"
    )]
    ca: Option<PathBuf>,
    /// The name in the server's certificate [default: the host of --to]
    #[arg(long, value_name = "NAME", requires = "tls")]
    server_name: Option<String>,
    /// Take any certificate
    #[arg(long, requires = "tls")]
    insecure: bool,
    /// Our certificate, PEM
    #[arg(long, value_name = "FILE", requires = "tls", requires = "key")]
    cert: Option<PathBuf>,
    /// Its key, PEM
    #[arg(long, value_name = "FILE", requires = "tls", requires = "cert")]
    key: Option<PathBuf>,
}

#[derive(Args, Debug)]
#[command(next_help_heading = "Machine")]
struct MachineArgs {
    /// Watch this process: CPU, memory, open files
    #[arg(long, value_name = "PID", value_parser = clap::value_parser!(u32).range(1..))]
    pid: Option<u32>,
    /// Watch the first process of this container
    #[arg(long, value_name = "NAME", conflicts_with = "pid")]
    container: Option<String>,
    /// Threads that send
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=256))]
    threads: u32,
    /// Run on these cores only, such as `1` or `0,2-3`; each sending thread gets one
    #[arg(long, value_name = "CORES", value_parser = cores)]
    pin: Option<Cores>,
}

#[derive(Args, Debug)]
#[command(next_help_heading = "Results")]
struct OutputArgs {
    /// Write the results as JSON; `-` is stdout
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Write the results as CSV, a line a run and a line a slice; `-` is stdout
    #[arg(long, value_name = "FILE")]
    csv: Option<PathBuf>,
    /// Write a report with plots; `-` is stdout
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
    /// Length of the slices that the measured time is cut into
    #[arg(long, value_name = "TIME", default_value = "1s", value_parser = duration)]
    slice: Duration,
}

/// What was asked for, checked.
#[derive(Debug)]
pub(crate) struct Job {
    pub(crate) name: String,
    pub(crate) plan: Plan,
    pub(crate) source: SourceAsked,
    pub(crate) ramp: Option<Ramp>,
    pub(crate) outputs: Vec<(Form, PathBuf)>,
    pub(crate) insecure: bool,
}

/// Where events are to come from; files are not read yet.
#[derive(Debug)]
pub(crate) struct SourceAsked {
    generator: Generator,
    files: Vec<PathBuf>,
    events_max: u64,
}

impl SourceAsked {
    /// Reads the files, if there are any.
    pub(crate) fn open(self) -> Result<Source, BenchError> {
        if self.files.is_empty() {
            return Ok(Source::Generated(self.generator));
        }
        let files = FileEvents::read(&self.files, self.events_max, self.generator)?;
        Ok(Source::Files(files))
    }
}

/// A window that is larger than this is a slip of the keyboard.
const WINDOW_BYTES_MAX: u64 = 1 << 30;
/// The largest event that a server is sure to take is Filebeat's largest line.
const EVENT_BYTES_MAX: u32 = 10 << 20;
const SLICE_MIN: Duration = Duration::from_millis(50);

impl LoadArgs {
    /// Checks what clap cannot: what does not go together.
    pub(crate) fn check(self) -> Result<Job, BenchError> {
        let generator = self.event.made.generator()?;
        self.amount.check(&generator, &self.machine)?;
        self.strict.check()?;
        self.output.check()?;
        let insecure = self.tls.insecure;
        let route = Route {
            tls: self.tls.route(&self.to.host)?,
            target: self.to.to_string(),
            addresses: self.to.addresses()?,
        };
        let distinct = self.event.distinct;
        let distinct_events = distinct.min(self.amount.events.unwrap_or(distinct));
        let pid = self.machine.watched()?;
        Ok(Job {
            name: self.name,
            ramp: self.amount.ramp(),
            plan: Plan {
                route,
                connections: self.amount.connections,
                idle_connections: self.amount.idle,
                windows_in_flight: self.amount.in_flight,
                packing: Packing {
                    window_events: self.amount.window,
                    compression: self.amount.compression,
                    distinct_events,
                    events: self.amount.events,
                },
                seed: self.event.made.seed,
                rate: self.amount.rate,
                time: self.amount.time(),
                warmup: self
                    .amount
                    .time()
                    .map_or(Duration::ZERO, |_| self.amount.warmup),
                hold: self.strict.hold_back,
                ack_timeout: self.strict.ack_timeout,
                partials: self.strict.partials(),
                on_violation: self.strict.on_violation.into(),
                threads: self.machine.threads,
                pin: self.machine.pin.unwrap_or_default().0,
                slice: self.output.slice,
                pid,
            },
            source: SourceAsked {
                generator,
                files: self.event.events_from,
                events_max: distinct_events,
            },
            outputs: self.output.files(),
            insecure,
        })
    }
}

impl AmountArgs {
    fn check(&self, generator: &Generator, machine: &MachineArgs) -> Result<(), BenchError> {
        let (window, connections) = (u64::from(self.window), u64::from(self.connections));
        let window_bytes = window * u64::from(generator.mean_bytes());
        if window_bytes > WINDOW_BYTES_MAX {
            return Err(usage(
                format!(
                    "--window {window} of --size {} makes windows of {window_bytes} bytes",
                    generator.mean_bytes()
                ),
                "stay below a gigabyte; Filebeat's windows have two megabytes",
            ));
        }
        if self.events.is_none() && self.duration.is_zero() {
            return Err(usage(
                "--duration 0 leaves no time to measure".to_owned(),
                "give 10s, or use --events",
            ));
        }
        if u64::from(machine.threads) > connections + u64::from(self.idle) {
            return Err(usage(
                format!(
                    "--threads {} have only {connections} connections between them",
                    machine.threads
                ),
                "a connection is served by one thread: give as many connections or more",
            ));
        }
        let Some(rate) = self.rate.filter(|_| self.events.is_none()) else {
            return Ok(());
        };
        let seconds = self.duration.as_secs_f64();
        #[expect(clippy::cast_precision_loss, reason = "an estimate")]
        let windows = rate as f64 * seconds / window as f64;
        if windows < 1.0 {
            return Err(usage(
                format!("--rate {rate} does not fill one window of {window} events in {seconds} s"),
                "give a smaller --window, a higher --rate, or a longer --duration",
            ));
        }
        Ok(())
    }
}

impl AmountArgs {
    /// How long to measure, unless a number of events is to be sent.
    fn time(&self) -> Option<Duration> {
        self.events.is_none().then_some(self.duration)
    }

    fn ramp(&self) -> Option<Ramp> {
        self.ramp.then_some(Ramp {
            p99_max: self.p99_max,
            from: self.ramp_from,
        })
    }
}

impl StrictArgs {
    fn check(&self) -> Result<(), BenchError> {
        if self.ack_timeout.is_zero() {
            return Err(usage(
                "--ack-timeout 0 leaves no time for an ACK".to_owned(),
                "Filebeat waits 30s",
            ));
        }
        Ok(())
    }

    fn partials(&self) -> Partials {
        if self.allow_partial {
            Partials::Allowed
        } else {
            Partials::Refused
        }
    }
}

impl From<OnViolationArg> for OnViolation {
    fn from(typed: OnViolationArg) -> Self {
        match typed {
            OnViolationArg::Count => Self::Count,
            OnViolationArg::End => Self::End,
        }
    }
}

impl MachineArgs {
    /// The process to watch.
    fn watched(&self) -> Result<Option<u32>, BenchError> {
        match (self.pid, &self.container) {
            (None, Some(name)) => pid_of_container(name).map(Some),
            (pid, _) => Ok(pid),
        }
    }
}

impl GeneratorArgs {
    /// Makes them.
    pub(crate) fn generator(&self) -> Result<Generator, BenchError> {
        if self.size > EVENT_BYTES_MAX {
            return Err(usage(
                format!("--size {} is more than Filebeat sends", self.size),
                "its lines end at 10485760 bytes",
            ));
        }
        let shape = Shape {
            size_bytes: self.size,
            other_groups: self.other_groups,
            without_milliseconds: self.without_milliseconds,
            unmatched: self.unmatched,
            tracebacks: self.tracebacks,
        };
        let generator = Generator::new(self.seed, shape);
        // A mean over many is never exact.
        if generator.mean_bytes() > self.size + self.size / 20 {
            return Err(usage(
                format!(
                    "--size {} is too small: events of such lines have {} bytes at least",
                    self.size,
                    generator.mean_bytes()
                ),
                "give a larger --size, or fewer --tracebacks",
            ));
        }
        Ok(generator)
    }
}

impl TlsArgs {
    fn route(self, host: &str) -> Result<Option<TlsRoute>, BenchError> {
        if !self.tls {
            return Ok(None);
        }
        let trust = match (self.ca, self.insecure) {
            (Some(ca), _) => Trust::Authority(ca),
            (None, true) => Trust::Anybody,
            (None, false) => {
                return Err(usage(
                    "--tls does not say whom to trust".to_owned(),
                    "give --ca FILE with the authority of the server's certificate, or --insecure",
                ));
            }
        };
        let identity = self
            .cert
            .zip(self.key)
            .map(|(certificate, key)| Identity { certificate, key });
        Ok(Some(TlsRoute {
            config: client_config(&trust, identity.as_ref())?,
            server_name: server_name(self.server_name.as_deref().unwrap_or(host))?,
        }))
    }
}

impl OutputArgs {
    fn check(&self) -> Result<(), BenchError> {
        if self.slice < SLICE_MIN {
            return Err(usage(
                format!("--slice {:?} is too short to count anything", self.slice),
                "give 50ms or more",
            ));
        }
        Ok(())
    }

    fn files(self) -> Vec<(Form, PathBuf)> {
        [
            (Form::Json, self.json),
            (Form::Csv, self.csv),
            (Form::Html, self.html),
        ]
        .into_iter()
        .filter_map(|(form, path)| Some((form, path?)))
        .collect()
    }
}

fn usage(what: String, hint: &'static str) -> BenchError {
    BenchError::Usage { what, hint }
}
