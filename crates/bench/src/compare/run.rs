//! From the command line to the results.

use std::io::{self, Write};
use std::path::Path;
use std::sync::Arc;

use jiff::Timestamp;

use crate::error::BenchError;
use crate::open_files::allow_connections;
use crate::pin::pin_to;
use crate::windows::Pool;

use super::args::CompareArgs;
use super::error::CompareError;
use super::files::Files;
use super::interrupt::Interrupt;
use super::launch;
use super::order::order;
use super::plan::{self, Plan, Sink, usable_cpus};
use super::results::{Comparison, Contender, Outcome};
use super::round::{Missed, Ring};
use super::summary::summarize;
use super::table::write_table;

/// Compares, and prints the figures.
///
/// # Errors
/// If the file is wrong, nothing is installed, a contender failed, or the user interrupted; in the last two cases the
/// figures that there are have been printed.
pub fn run(args: &CompareArgs) -> Result<(), CompareError> {
    let mut plan = Plan::read(&args.file)?;
    only(&mut plan, &args.only)?;
    let repeats = args.repeats.unwrap_or(plan.repeats);
    let connections = plan.load.connections + plan.load.idle_connections;
    allow_connections(connections.into())?;
    let system = |what| move |reason| CompareError::System { what, reason };
    let program = std::env::current_exe().map_err(system("the path of this program"))?;
    let interrupt = Interrupt::listen().map_err(system("signals"))?;
    let pool = Pool::pack(&plan.source(), plan.load.packing).map_err(BenchError::from)?;
    let server_cpus = match plan.server_cpus.as_slice() {
        [] => usable_cpus()?,
        cpus => cpus.to_vec(),
    };
    let ring = Ring {
        server_cpus,
        plan: &plan,
        pool: Arc::new(pool),
        program: &program,
        interrupt,
    };
    let files = Files::open(args)?;
    let mut comparison = begin(&ring, args, repeats);
    let installed = |contender: &&Contender| contender.outcome == Outcome::Measured;
    if comparison.contenders.iter().find(installed).is_none() {
        let reasons = comparison.contenders.iter().filter_map(skipped).collect();
        return Err(CompareError::NoneInstalled { reasons });
    }
    if !plan.load_cpus.is_empty() {
        // Threads started from here on stay with the load; a contender is moved when it starts.
        pin_to(&plan.load_cpus)?;
    }
    let interrupted = repeat_all(&ring, &mut comparison, repeats);
    summarize(&mut comparison.contenders);
    write_table(&comparison, &mut io::stdout()).map_err(system("standard output"))?;
    files.write(&comparison)?;
    interrupted?;
    failures(&comparison)
}

fn only(plan: &mut Plan, names: &[String]) -> Result<(), CompareError> {
    let known: Vec<_> = plan
        .contenders
        .iter()
        .map(|contender| contender.name.clone())
        .collect();
    if let Some(name) = names.iter().find(|name| !known.contains(name)) {
        let name = name.clone();
        return Err(CompareError::Only { name, known });
    }
    if !names.is_empty() {
        plan.contenders
            .retain(|contender| names.contains(&contender.name));
    }
    Ok(())
}

/// The comparison before the first turn: who takes part.
fn begin(ring: &Ring<'_>, args: &CompareArgs, repeats: u32) -> Comparison {
    let plan = ring.plan;
    let contender = |contender: &plan::Contender| {
        let values = ring.values(contender, Path::new("/nowhere"), 0, String::new());
        let missing = launch::missing(contender, &values);
        let pipeline = Some(&contender.pipeline).filter(|path| !path.as_os_str().is_empty());
        Contender {
            name: contender.name.clone(),
            version: match &missing {
                None => launch::version(contender, &values),
                Some(_) => None,
            },
            pipeline: pipeline.map(|path| path.display().to_string()),
            outcome: match missing {
                None => Outcome::Measured,
                Some(reason) => Outcome::Skipped { reason },
            },
            attempts: Vec::new(),
            figures: Vec::new(),
        }
    };
    let contenders: Vec<_> = plan.contenders.iter().map(contender).collect();
    for skipped in contenders.iter().filter_map(skipped) {
        say(&skipped);
    }
    Comparison {
        format: 1,
        sawmill: env!("CARGO_PKG_VERSION").to_owned(),
        started: format!("{:.0}", Timestamp::now()),
        file: args.file.display().to_string(),
        repeats,
        server_cpus: plan.server_cpus.clone(),
        load_cpus: plan.load_cpus.clone(),
        sink_latency_ms: match &plan.sink {
            Sink::Elasticsearch(_) => 0.0,
            Sink::StandIn { latency, .. } => latency.as_secs_f64() * 1e3,
        },
        elasticsearch: match &plan.sink {
            Sink::Elasticsearch(real) => Some(real.url.clone()),
            Sink::StandIn { .. } => None,
        },
        contenders,
    }
}

fn skipped(contender: &Contender) -> Option<String> {
    match &contender.outcome {
        Outcome::Skipped { reason } => Some(format!("{} is skipped: {reason}", contender.name)),
        Outcome::Measured | Outcome::Failed { .. } => None,
    }
}

/// Gives all their turns. Who fails has none after that.
fn repeat_all(
    ring: &Ring<'_>,
    comparison: &mut Comparison,
    repeats: u32,
) -> Result<(), CompareError> {
    for repeat in 0..repeats {
        for place in order(comparison.contenders.len(), repeat) {
            let contender = &mut comparison.contenders[place];
            if contender.outcome != Outcome::Measured {
                continue;
            }
            let repeat = repeat + 1;
            say(&format!("{} #{repeat} of {repeats}", contender.name));
            match ring.turn(&ring.plan.contenders[place], repeat) {
                Ok(attempt) => contender.attempts.push(attempt),
                // Whatever it was, it was we who killed the contender.
                Err(_) if ring.interrupt.came() => return Err(CompareError::Interrupted),
                Err(Missed::Failed(reason)) => {
                    say(&format!("{} failed: {reason}", contender.name));
                    contender.outcome = Outcome::Failed { repeat, reason };
                }
                Err(Missed::Interrupted) => return Err(CompareError::Interrupted),
            }
        }
    }
    Ok(())
}

fn failures(comparison: &Comparison) -> Result<(), CompareError> {
    let failed = |contender: &Contender| match contender.outcome {
        Outcome::Failed { .. } => Some(contender.name.clone()),
        Outcome::Measured | Outcome::Skipped { .. } => None,
    };
    let names: Vec<_> = comparison.contenders.iter().filter_map(failed).collect();
    if names.is_empty() {
        Ok(())
    } else {
        Err(CompareError::Failed { names })
    }
}

/// How far it is, to whoever waits.
fn say(text: &str) {
    let _ = writeln!(io::stderr(), "{text}");
}
