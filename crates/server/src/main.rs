//! The `sawmill` program: command line, settings, log, then what was asked for.

#![forbid(unsafe_code)]

mod acker;
mod admission;
mod api;
mod certificates;
mod check;
mod cli;
mod config;
mod connection;
mod core_dumps;
mod crew;
mod dead_letters;
mod delivery;
mod disk;
mod health;
mod healthcheck;
mod host_name;
mod incoming;
mod listener;
mod log_budget;
mod logging;
mod memory;
mod metrics;
mod output;
mod proxied;
mod reader;
mod run;
mod send;
#[cfg(test)]
mod simulation;
mod spares;
mod start_error;
mod tls;
mod user;
mod window;
mod works;

use std::error::Error;
use std::io::{self, Write};
use std::process::ExitCode;

use clap::Parser;
use sawmill_bench::error::BenchError;
use tracing::{info, warn};

use crate::cli::{Cli, Command};
use crate::config::{Config, ConfigError, Layers, Manners};
use crate::dead_letters::DeadLettersError;

/// The command line or the settings are wrong: `EX_USAGE` of `sysexits.h`.
const EXIT_USAGE: u8 = 64;

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return help_or_usage(&error),
    };
    match obey(cli.command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => report(&error),
    }
}

fn obey(command: Command) -> anyhow::Result<()> {
    // `bench` holds no secrets, and starts programs whose limits are their own affair.
    let no_dumps = if matches!(command, Command::Bench(_)) {
        Ok(())
    } else {
        core_dumps::forbid()
    };
    match command {
        Command::Run(settings) => {
            let layers = Layers::read(&settings.sources())?;
            let config = Config::check(&layers)?;
            logging::start(config.log);
            if let Err(error) = no_dumps {
                warn!(
                    "a crash may write secrets to a core dump, since the system does not take a limit: {error}"
                );
            }
            info!("settings and filters come from {}", layers.name);
            Ok(run::run(config)?)
        }
        Command::Check { settings, json } => {
            let layers = Layers::read(&settings.sources())?;
            let report = check::Report::new(&layers, &Config::check(&layers)?);
            let shown = if json { report.json() } else { report.text() };
            Ok(io::stdout().write_all(shown.as_bytes())?)
        }
        Command::Bench(bench) => Ok(sawmill_bench::cli::run(*bench)?),
        Command::DeadLetters { command } => Ok(dead_letters::run(command)?),
        Command::Healthcheck { settings, address } => {
            let (address, manners) = match address {
                Some(address) => (address, Manners::PLAIN),
                None => {
                    let (listen, manners) = Layers::read(&settings.sources())?.listen()?;
                    (listen.seen_from_here(), manners)
                }
            };
            healthcheck::probe(&address, &manners)?;
            Ok(writeln!(io::stdout(), "{address} answers")?)
        }
        Command::Send(options) => {
            let summary = send::send(&options)?;
            Ok(writeln!(io::stdout(), "{summary}")?)
        }
    }
}

/// Help and version are not errors, but clap hands them over as such.
fn help_or_usage(error: &clap::Error) -> ExitCode {
    let _ = error.print();
    if error.use_stderr() {
        ExitCode::from(EXIT_USAGE)
    } else {
        ExitCode::SUCCESS
    }
}

/// What is wrong on the first line, what to do on the second.
fn report(error: &anyhow::Error) -> ExitCode {
    // Whoever read our output has seen enough: `sawmill check | head`.
    let is_broken_pipe = |cause: &(dyn Error + 'static)| {
        cause
            .downcast_ref::<io::Error>()
            .is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
    };
    if error.chain().any(is_broken_pipe) {
        return ExitCode::SUCCESS;
    }
    let _ = writeln!(io::stderr(), "sawmill: {error:#}");
    let usage = error
        .downcast_ref::<BenchError>()
        .is_some_and(BenchError::is_usage)
        || error
            .downcast_ref::<DeadLettersError>()
            .is_some_and(DeadLettersError::is_usage);
    if usage || error.is::<ConfigError>() {
        ExitCode::from(EXIT_USAGE)
    } else {
        ExitCode::FAILURE
    }
}
