//! The command line.

use std::path::PathBuf;

use clap::Args;

const EXAMPLE: &str = "\
The file says what is compared; benches/contenders/compare.toml is one, and its README the manual.
A contender that is not installed is skipped by name. Ctrl-C stops what is running and shows the figures until then.

Example:
  sawmill bench compare benches/contenders/compare.toml --only sawmill --only vector --json compare.json";

/// Compare servers side by side
#[derive(Args, Clone, Debug)]
#[command(after_help = EXAMPLE)]
pub struct CompareArgs {
    /// What to compare, and how
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// Leave out all contenders but this one; may be given again
    #[arg(long, value_name = "NAME")]
    pub only: Vec<String>,
    /// Go through the contenders so many times [default: the file's]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1_000))]
    pub repeats: Option<u32>,
    /// Write everything as JSON
    #[arg(long, value_name = "FILE")]
    pub json: Option<PathBuf>,
    /// Write a line a run and slice as CSV
    #[arg(long, value_name = "FILE")]
    pub csv: Option<PathBuf>,
    /// Write a page with plots of every run, which needs no network
    #[arg(long, value_name = "FILE")]
    pub html: Option<PathBuf>,
}
