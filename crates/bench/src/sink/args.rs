//! The command line of the sink.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

use crate::args::GeneratorArgs;
use crate::values::{Cores, cores, duration};

use super::faults::{self, Fault};
use super::units;

/// The help's last lines.
pub const EXAMPLE: &str = "\
Answers bulk requests at once and counts what they hold. Of a request all items are taken for what the first one is,
`create` or `index`. GET /_sawmill/counts gives the counts so far as JSON, POST /_sawmill/reset begins anew.
SIGINT or SIGTERM ends it with totals. With --check the exit code is 1 if any document is wrong or missing.
The first document of each event takes the oracle some 60 us and is kept; later ones are compared with it and cost 2 us.
So give `sawmill bench` a --distinct that its warm-up gets through, such as 8192, and this sink the same --check-events.

Faults, each with the share of bulk requests that it befalls:
  429, 500, 503   nothing is stored, the whole request gets the status
  hang            nothing is stored, no answer comes
  reset           nothing is stored, the connection is reset
  lost            all is stored, the connection is reset in the answer's place
  slow            all is stored, the answer comes later by --slow-by

Examples:
  sawmill bench sink --listen 127.0.0.1:9200 --progress
  sawmill bench sink --latency 100ms --jitter 20ms --fault 429=1% --fault lost=0.1% --reject 400=0.01%
  sawmill bench sink --check pipeline.toml --check-events 8192";

/// `sawmill bench sink`: a stand-in for Elasticsearch that counts.
#[derive(Args, Clone, Debug)]
#[command(after_help = EXAMPLE)]
pub struct SinkArgs {
    /// Where to listen
    #[arg(long, value_name = "HOST:PORT", default_value = "127.0.0.1:9200")]
    pub listen: String,
    /// Threads that serve; one is enough for a server on one core
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=256))]
    pub threads: u16,
    /// Run on these cores only, such as `1` or `0,2-3`
    #[arg(long, value_name = "CORES", value_parser = cores)]
    pub(crate) pin: Option<Cores>,
    /// Time from a bulk request's end to its answer
    #[arg(long, value_name = "TIME", default_value = "0s", value_parser = duration)]
    pub latency: Duration,
    /// The latency varies by so much to either side
    #[arg(long, value_name = "TIME", default_value = "0s", value_parser = duration)]
    pub jitter: Duration,
    /// Share of bulk requests that a fault befalls; may be given again
    #[arg(long, value_name = "FAULT=SHARE", value_parser = faults::request_share)]
    pub fault: Vec<(Fault, f64)>,
    /// How much later the answers of `--fault slow` come
    #[arg(long, value_name = "TIME", default_value = "5s", value_parser = duration)]
    pub slow_by: Duration,
    /// Share of documents that get this status; may be given again
    #[arg(long, value_name = "STATUS=SHARE", value_parser = faults::document_share)]
    pub reject: Vec<(u16, f64)>,
    /// What the faults and the jitter are drawn from
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub fault_seed: u64,
    /// Largest body, after inflating; beyond it the answer is 413
    #[arg(long, value_name = "SIZE", default_value = "100MiB", value_parser = units::size)]
    pub max_body: u64,
    /// Count by data stream, too, which costs a look at every line
    #[arg(long)]
    pub by_stream: bool,
    /// Print a line a second
    #[arg(long)]
    pub progress: bool,
    /// Print the totals as JSON
    #[arg(long)]
    pub json: bool,
    /// Check every document against what this pipeline must make of the events of `sawmill bench`
    #[arg(long, value_name = "FILE")]
    pub check: Option<PathBuf>,
    /// The events 0 to N-1 must all have come at the end, but for those that the pipeline drops
    #[arg(long, value_name = "N", requires = "check")]
    pub check_events: Option<u64>,
    /// Each event that came must have been stored so often
    #[arg(long, value_name = "N", requires = "check")]
    pub check_times: Option<u64>,
    /// What `sawmill bench` was told to make.
    #[command(
        flatten,
        next_help_heading = "Events to check, as `sawmill bench` was told to make them"
    )]
    pub(crate) made: GeneratorArgs,
}

#[cfg(test)]
impl SinkArgs {
    /// What the command line gives with nothing but a free port.
    pub(crate) fn for_tests() -> Self {
        Self::parsed(&["--listen", "127.0.0.1:0"])
    }

    pub(crate) fn parsed(args: &[&str]) -> Self {
        use clap::Parser;

        #[derive(Parser)]
        struct Line {
            #[command(flatten)]
            args: SinkArgs,
        }
        Line::try_parse_from(["sink"].iter().chain(args))
            .unwrap_or_else(|error| panic!("{error}"))
            .args
    }
}
