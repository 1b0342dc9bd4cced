//! The command line of `sawmill bench`.

use std::io::{self, Write};
use std::sync::Arc;

use clap::{Args, Subcommand};

use crate::args::{Job, LoadArgs};
use crate::compare::{self, CompareArgs};
use crate::error::BenchError;
use crate::load::{self, Ended};
use crate::open_files::allow_connections;
use crate::output::Outputs;
use crate::pin::pin_to;
use crate::progress::Progress;
use crate::ramp::ramp;
use crate::results::Run;
use crate::sink::{self, SinkArgs};
use crate::windows::Pool;

/// `sawmill bench`
#[derive(Args, Debug)]
#[command(args_conflicts_with_subcommands = true)]
pub struct Bench {
    /// Something else than sending.
    #[command(subcommand)]
    other: Option<Other>,
    /// What to send and how.
    #[command(flatten)]
    load: LoadArgs,
}

/// What else there is to do.
#[derive(Debug, Subcommand)]
enum Other {
    /// Compare servers side by side
    Compare(CompareArgs),
    /// Stand in for Elasticsearch: count, fail on request, and check
    #[command(after_help = sink::EXAMPLE)]
    Sink(Box<SinkArgs>),
}

/// Does what was asked for, and prints and writes what it gave.
///
/// # Errors
/// If it could not begin, or ended before its time; whatever was measured until then is written nevertheless.
pub fn run(bench: Bench) -> Result<(), BenchError> {
    match bench.other {
        None => send(bench.load),
        Some(Other::Compare(args)) => Ok(compare::run(&args).map_err(Box::new)?),
        Some(Other::Sink(args)) => Ok(sink::run(&args)?),
    }
}

fn send(load: LoadArgs) -> Result<(), BenchError> {
    let job = load.check()?;
    let mut outputs = Outputs::default();
    for (form, path) in &job.outputs {
        outputs.add(*form, path.clone())?;
    }
    if job.insecure {
        say("--insecure: anybody may be the server, its certificate is not checked");
    }
    let (runs, error) = conduct(job)?;
    let written = outputs.write(&runs);
    match (error, written) {
        (Some(error), Err(unwritten)) => {
            say(&unwritten.to_string());
            Err(error)
        }
        (Some(error), Ok(())) => Err(error),
        (None, written) => written,
    }
}

/// Does what was asked for, and gives what came of it: the runs, and why the last one ended before its time, if it did.
///
/// # Errors
/// If it could not begin.
pub fn measure(bench: Bench) -> Result<(Vec<Run>, Option<BenchError>), BenchError> {
    conduct(bench.load.check()?)
}

fn conduct(job: Job) -> Result<(Vec<Run>, Option<BenchError>), BenchError> {
    let plan = job.plan;
    allow_connections(u64::from(plan.connections) + u64::from(plan.idle_connections))?;
    if !plan.pin.is_empty() {
        pin_to(&plan.pin)?;
    }
    let source = job.source.open()?;
    let pool = Arc::new(Pool::pack(&source, plan.packing)?);
    Ok(match job.ramp {
        Some(search) => ramp(&plan, search, &pool),
        None => {
            let progress = Progress::new(&plan);
            let Ended { run, error } = load::run(&Arc::new(plan), &pool, &job.name, &progress);
            (vec![run], error)
        }
    })
}

/// A line on stderr, beside the error that the program ends with.
fn say(text: &str) {
    let _ = writeln!(io::stderr(), "sawmill: {text}");
}
