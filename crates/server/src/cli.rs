//! The command line.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use sawmill_bench::cli::Bench;

use crate::config::{HostPort, Sources};
use crate::dead_letters::{self, DeadLettersCommand};

/// Takes Logstash's place between Filebeat and Elasticsearch: an ACK means stored.
#[derive(Debug, Parser)]
#[command(
    name = "sawmill",
    version,
    after_help = "Example:\n  sawmill run --config pipeline.toml"
)]
pub(crate) struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Listen to Beats, filter, and write to the output until told to stop
    #[command(after_help = RUN_EXAMPLE)]
    Run(Settings),
    /// Check the settings, and show what holds and where each came from
    #[command(after_help = CHECK_EXAMPLE)]
    Check {
        /// What to check.
        #[command(flatten)]
        settings: Settings,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Measure a Beats server, or stand in for its Elasticsearch
    #[command(after_help = sawmill_bench::args::EXAMPLE)]
    Bench(Box<Bench>),
    /// Send lines of files as Filebeat would
    #[command(after_help = SEND_EXAMPLE)]
    Send(Send),
    /// Look at events that could not be stored, send them again, remove them
    #[command(after_help = dead_letters::EXAMPLE)]
    DeadLetters {
        /// What to do with them.
        #[command(subcommand)]
        command: DeadLettersCommand,
    },
    /// Ask a Beats port whether it answers; exits 0 if it does, else 1
    #[command(after_help = HEALTHCHECK_EXAMPLE)]
    Healthcheck {
        /// Where to find the port.
        #[command(flatten)]
        settings: Settings,
        /// The port to ask [default: the one that the settings listen on]
        #[arg(long, value_name = "HOST:PORT", value_parser = host_port)]
        address: Option<HostPort>,
    },
}

const RUN_EXAMPLE: &str = "\
Settings come from defaults, then the file, then variables (SAWMILL_INPUT__BEATS__LISTEN), then --set.
`sawmill check` lists them all. With no file named, ./pipeline.toml is read, and if there is none, the built-in one.

Example:
  sawmill run --config pipeline.toml --set log.level=debug";

const CHECK_EXAMPLE: &str = "\
Exits 0 if all is well and 64 if not. Secrets are masked.

Example:
  sawmill check --config pipeline.toml";

const SEND_EXAMPLE: &str = "\
Each line becomes an event as Filebeat 8.11 makes it; empty lines are left out. Nothing is remembered between calls.

Example:
  sawmill send app.log --field group=pt --field service=django --to 127.0.0.1:5044";

const HEALTHCHECK_EXAMPLE: &str = "\
Example:
  sawmill healthcheck --address 127.0.0.1:5044";

/// Where settings come from.
#[derive(Args, Debug)]
pub(crate) struct Settings {
    /// The file with settings and filters
    #[arg(long, value_name = "FILE", env = "SAWMILL_CONFIG")]
    config: Option<PathBuf>,
    /// One setting, over file and variables; may be given again
    #[arg(long = "set", value_name = "KEY=VALUE", value_parser = name_and_value)]
    set: Vec<(String, String)>,
}

impl Settings {
    /// The places to read settings from.
    pub(crate) fn sources(self) -> Sources {
        Sources::new(self.config, self.set)
    }
}

/// `sawmill send`
#[derive(Args, Debug)]
pub(crate) struct Send {
    /// Files to read from their beginning to their end; `-` is stdin
    #[arg(required = true, value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,
    /// Where to send them
    #[arg(long, value_name = "HOST:PORT", default_value = "127.0.0.1:5044", value_parser = host_port)]
    pub(crate) to: HostPort,
    /// A field of every event, at the root; `[a][b]=VALUE` makes `b` within `a`; may be given again
    #[arg(long = "field", value_name = "NAME=VALUE", value_parser = name_and_value)]
    pub(crate) fields: Vec<(String, String)>,
    /// Events in a window
    #[arg(long, default_value_t = 2048, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub(crate) window: u32,
    /// Level of compression, 1 to 9; 0 is none
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u8).range(0..=9))]
    pub(crate) compression: u8,
}

pub(crate) fn host_port(text: &str) -> Result<HostPort, String> {
    HostPort::parse(text)
        .ok_or_else(|| "give HOST:PORT, such as 127.0.0.1:5044 or [::1]:5044".to_owned())
}

fn name_and_value(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        Some(_) | None => Err("give a name, `=`, and a value".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_well_formed() {
        Cli::command().debug_assert();
    }

    #[test]
    fn a_value_may_hold_an_equals_sign() {
        assert_eq!(
            name_and_value("a=b=c"),
            Ok(("a".to_owned(), "b=c".to_owned()))
        );
        assert_eq!(name_and_value("a="), Ok(("a".to_owned(), String::new())));
        assert!(name_and_value("=b").is_err());
        assert!(name_and_value("a").is_err());
    }
}
