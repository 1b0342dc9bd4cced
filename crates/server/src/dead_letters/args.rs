//! The command line of `sawmill dead-letters`.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use jiff::Timestamp;

use super::error::DeadLettersError;
use super::folder::{Folder, Found, Id};
use super::moment::moment;
use crate::cli::{Settings, host_port};
use crate::config::{HostPort, Layers};

/// The help's last lines.
pub(crate) const EXAMPLE: &str = "\
They may be looked at, sent again and removed while a Sawmill runs.

Example:
  sawmill dead-letters list --since 1d";

const LIST_EXAMPLE: &str = "\
The first column is the id that `show` and `replay` take. A TIME is 2026-11-24T08:00:00Z, a day (UTC), or how long ago.

Examples:
  sawmill dead-letters list --reason document_parsing_exception --since 2h
  sawmill dead-letters list --stream logs-django-pt --json";

const SHOW_EXAMPLE: &str = "\
Example:
  sawmill dead-letters show 3:17";

const REPLAY_EXAMPLE: &str = "\
They pass through the pipeline as if a Filebeat had sent them. What Elasticsearch refused is kept filtered, and passes
through the filters again. What is refused again becomes a dead letter again.

Examples:
  sawmill dead-letters replay --to 127.0.0.1:5044 --purge
  sawmill dead-letters replay 3:17 3:18";

const PURGE_EXAMPLE: &str = "\
Whole files go, and no single letters. While a Sawmill runs on the folder its newest file stays.
A TIME is 2026-11-24T08:00:00Z, a day (UTC), or how long ago.

Examples:
  sawmill dead-letters purge --before 30d
  sawmill dead-letters purge --all";

/// What to do with dead letters.
#[derive(Debug, Subcommand)]
pub(crate) enum DeadLettersCommand {
    /// List them, one a line, the oldest first
    #[command(after_help = LIST_EXAMPLE)]
    List {
        /// Where they are.
        #[command(flatten)]
        place: Place,
        /// Which of them.
        #[command(flatten)]
        filter: Filter,
        /// Print JSON, one whole letter a line
        #[arg(long)]
        json: bool,
    },
    /// Show all of one
    #[command(after_help = SHOW_EXAMPLE)]
    Show {
        /// Where they are.
        #[command(flatten)]
        place: Place,
        /// Which one, as `list` names it
        #[arg(value_name = "ID")]
        id: Id,
    },
    /// Send their events again
    #[command(after_help = REPLAY_EXAMPLE)]
    Replay(Replay),
    /// Remove them, by whole files
    #[command(after_help = PURGE_EXAMPLE)]
    Purge {
        /// Where they are.
        #[command(flatten)]
        place: Place,
        /// Which of them.
        #[command(flatten)]
        which: Which,
    },
}

/// Where dead letters are.
#[derive(Args, Debug)]
pub(crate) struct Place {
    #[command(flatten)]
    settings: Settings,
    /// The folder of dead letters [default: the one that the settings name]
    #[arg(long, value_name = "DIR")]
    path: Option<PathBuf>,
}

impl Place {
    /// Looks into the folder.
    pub(super) fn folder(self) -> Result<Folder, DeadLettersError> {
        Folder::open(match self.path {
            Some(path) => path,
            None => Layers::read(&self.settings.sources())?.dead_letters()?,
        })
    }
}

/// Which letters to list.
#[derive(Args, Debug)]
pub(crate) struct Filter {
    /// Only those whose reason has this text in it
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
    /// Only those of this data stream
    #[arg(long, value_name = "NAME")]
    stream: Option<String>,
    /// Only those of this time or later
    #[arg(long, value_name = "TIME", value_parser = moment)]
    since: Option<Timestamp>,
}

impl Filter {
    /// Whether a letter is one of them.
    pub(super) fn takes(&self, letter: &Found<'_>) -> bool {
        let Self {
            reason,
            stream,
            since,
        } = self;
        let has_reason = |text: &String| letter.line.reason.contains(text);
        let is_of = |name: &String| {
            letter
                .line
                .data_stream
                .as_ref()
                .is_some_and(|of| of == name)
        };
        reason.as_ref().is_none_or(has_reason)
            && stream.as_ref().is_none_or(is_of)
            && since.is_none_or(|since| letter.time >= since)
    }
}

/// `sawmill dead-letters replay`
#[derive(Args, Debug)]
pub(crate) struct Replay {
    #[command(flatten)]
    pub(super) place: Place,
    /// Which ones, as `list` names them [default: all]
    #[arg(value_name = "ID")]
    pub(super) ids: Vec<Id>,
    /// Where to send them
    #[arg(long, value_name = "HOST:PORT", default_value = "127.0.0.1:5044", value_parser = host_port)]
    pub(super) to: HostPort,
    /// Remove the files of which every letter was acknowledged
    #[arg(long)]
    pub(super) purge: bool,
}

/// Which letters to remove.
#[derive(Args, Clone, Copy, Debug)]
#[group(required = true, multiple = false)]
pub(crate) struct Which {
    /// Files whose newest letter is older than this
    #[arg(long, value_name = "TIME", value_parser = moment)]
    pub(super) before: Option<Timestamp>,
    /// All files
    #[arg(long)]
    pub(super) all: bool,
}
