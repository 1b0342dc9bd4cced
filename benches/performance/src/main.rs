//! Measures every figure of PERFORMANCE.md and says which targets are reached.
//!
//! It starts the program itself with a counting stand-in for Elasticsearch, drives it with `sawmill bench`, and writes tables
//! and plots between the marks in PERFORMANCE.md. Run it by `benches/run`, which builds what it needs.

#![forbid(unsafe_code)]
#![expect(
    clippy::cast_precision_loss,
    reason = "figures for people, of which some three digits are shown"
)]

mod handshakes;
mod parts;
mod plots;
mod report;
mod targets;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context;

use crate::parts::Parts;

fn main() -> ExitCode {
    match measure() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            report::say(&format!("performance: {error:#}"));
            ExitCode::FAILURE
        }
    }
}

fn measure() -> anyhow::Result<()> {
    let mut arguments = std::env::args_os().skip(1).map(PathBuf::from);
    let program = arguments
        .next()
        .context("name the program: performance target/release/sawmill [STATIONS]")?;
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..");
    let parts = Parts::new(&program, root.join("pipeline.toml"))?;
    // Without the output of `cargo bench -p sawmill-benches`, only what TLS costs is measured, and no page is written.
    let Some(stations) = arguments.next() else {
        report::print(&handshakes::all(&parts)?);
        return Ok(());
    };
    let stations = std::fs::read_to_string(&stations)
        .with_context(|| format!("{} cannot be read", stations.display()))?;
    let figures = targets::all(&parts, &stations)?;
    let folder = root.join("docs/performance");
    std::fs::create_dir_all(&folder).with_context(|| folder.display().to_string())?;
    let curves = plots::all(&parts, &folder)?;
    report::write(&root.join("PERFORMANCE.md"), &figures, &curves)?;
    report::print(&figures);
    Ok(())
}
