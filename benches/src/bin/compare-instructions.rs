//! Holds the counts that come on standard input against the baseline, or makes them the baseline.
//!
//!     cargo bench -p sawmill-benches --bench instructions -- --output-format=json |
//!         cargo run -p sawmill-benches --bin compare-instructions -- check|renew benches/baseline.toml
//!
//! `tests/run instructions [renew]` does that, and installs what it takes.

use std::io::{Read, Write, stdin, stdout};
use std::process::{Command, ExitCode};

use anyhow::{Context, bail, ensure};
use sawmill_benches::baseline::Baseline;

fn main() -> anyhow::Result<ExitCode> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [task, path] = arguments.as_slice() else {
        bail!("two arguments are needed: check or renew, and the baseline's file");
    };
    let mut counts = String::new();
    stdin()
        .read_to_string(&mut counts)
        .context("the counts cannot be read")?;
    let now = Baseline::from_counts(compiler()?, &counts)?;
    match task.as_str() {
        "check" => {
            let text = std::fs::read_to_string(path).with_context(|| path.clone())?;
            let comparison = Baseline::parse(&text)
                .with_context(|| path.clone())?
                .compare(&now);
            write!(stdout(), "{comparison}")?;
            Ok(if comparison.holds() {
                ExitCode::SUCCESS
            } else {
                ExitCode::FAILURE
            })
        }
        "renew" => {
            let text = now.to_toml()?;
            std::fs::write(path, &text).with_context(|| path.clone())?;
            write!(stdout(), "{text}")?;
            Ok(ExitCode::SUCCESS)
        }
        other => bail!("{other} is neither check nor renew"),
    }
}

fn compiler() -> anyhow::Result<String> {
    let output = Command::new("rustc")
        .arg("--version")
        .output()
        .context("rustc")?;
    ensure!(
        output.status.success(),
        "rustc --version ended with {}",
        output.status
    );
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}
