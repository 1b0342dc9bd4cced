//! What a comparison gave: one record, which the table and the JSON file are written from.

use std::io::{self, Write};

use serde::{Deserialize, Serialize};

use crate::results::Run;

use super::process::Stopped;
use super::summary::Figure;

/// Servers side by side.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Comparison {
    /// The version of this form; 1 today. A member may be added without a new one.
    pub format: u32,
    /// The version of Sawmill that measured.
    pub sawmill: String,
    /// When it began, as RFC 3339 in UTC.
    pub started: String,
    /// The file that says what is compared.
    pub file: String,
    /// How often all contenders had their turn, if nothing went wrong.
    pub repeats: u32,
    /// Processors that the contenders were kept to; empty for any.
    pub server_cpus: Vec<u32>,
    /// Processors that load and sink were kept to; empty for any.
    pub load_cpus: Vec<u32>,
    /// From a bulk request's end to the stand-in's answer, in ms.
    pub sink_latency_ms: f64,
    /// The real Elasticsearch in its place, if it was one.
    #[serde(default)]
    pub elasticsearch: Option<String>,
    /// The contenders, in the order of the file.
    pub contenders: Vec<Contender>,
}

/// What became of a contender.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Contender {
    /// Its name in the file.
    pub name: String,
    /// The version that it says it has, if it was asked and answered.
    pub version: Option<String>,
    /// The file with its filters, if it has any.
    pub pipeline: Option<String>,
    /// Whether it was measured.
    pub outcome: Outcome,
    /// Its turns that were measured to the end.
    pub attempts: Vec<Attempt>,
    /// What they come to, and against the first contender that was measured.
    pub figures: Vec<Figure>,
}

/// Whether a contender was measured.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum Outcome {
    /// It went wrong; it had no turn after that.
    Failed {
        /// In which repeat, from 1.
        repeat: u32,
        /// What did.
        reason: String,
    },
    /// It was.
    Measured,
    /// It is not installed.
    Skipped {
        /// What is missing.
        reason: String,
    },
}

/// One turn of a contender.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Attempt {
    /// The repeat, from 1.
    pub repeat: u32,
    /// From its start until it listened, in seconds.
    pub start_seconds: f64,
    /// Resident memory before any connection, in bytes.
    pub resident_idle_bytes: u64,
    /// The load.
    pub run: Run,
    /// Documents that the sink or Elasticsearch stored; none if its events go nowhere.
    pub sink_events: Option<u64>,
    /// How it ended.
    pub stopped: Stopped,
}

impl Comparison {
    /// All runs, named after their contender and repeat.
    pub fn runs(&self) -> Vec<Run> {
        let attempts = self
            .contenders
            .iter()
            .flat_map(|contender| &contender.attempts);
        attempts.map(|attempt| attempt.run.clone()).collect()
    }

    /// Writes it as one JSON object.
    ///
    /// # Errors
    /// If `out` does not take it.
    pub fn write_json(&self, out: &mut impl Write) -> io::Result<()> {
        serde_json::to_writer(&mut *out, self)?;
        writeln!(out)
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::compare::summary::summarize;

    /// A turn that gave so many events a second.
    pub(in crate::compare) fn attempt(repeat: u32, events_per_second: f64) -> Attempt {
        let mut run = crate::results::tests::run();
        run.events_per_second = events_per_second;
        run.whole.events_acknowledged = 600_000;
        run.violations.clear();
        run.errors.clear();
        Attempt {
            repeat,
            start_seconds: 0.05,
            resident_idle_bytes: 8 << 20,
            run,
            sink_events: Some(600_000),
            stopped: Stopped::Terminated,
        }
    }

    /// Two that were measured, one that failed and one that was skipped.
    pub(in crate::compare) fn comparison() -> Comparison {
        let contender = |name: &str, outcome, attempts| Contender {
            name: name.to_owned(),
            version: None,
            pipeline: None,
            outcome,
            attempts,
            figures: Vec::new(),
        };
        let failed = Outcome::Failed {
            repeat: 2,
            reason: "it ended".to_owned(),
        };
        let skipped = Outcome::Skipped {
            reason: "there is no program `d` in PATH".to_owned(),
        };
        let mut comparison = Comparison {
            format: 1,
            sawmill: "0.1.0".to_owned(),
            started: "2025-02-02T12:34:56Z".to_owned(),
            file: "compare.toml".to_owned(),
            repeats: 3,
            server_cpus: vec![0],
            load_cpus: vec![1],
            sink_latency_ms: 0.0,
            elasticsearch: None,
            contenders: vec![
                contender(
                    "a",
                    Outcome::Measured,
                    vec![attempt(1, 100.0), attempt(2, 400.0), attempt(3, 200.0)],
                ),
                contender(
                    "b",
                    Outcome::Measured,
                    vec![attempt(1, 50.0), attempt(2, 100.0), attempt(3, 100.0)],
                ),
                contender("c", failed, vec![attempt(1, 100.0)]),
                contender("d", skipped, Vec::new()),
            ],
        };
        summarize(&mut comparison.contenders);
        comparison
    }

    #[test]
    fn what_is_written_can_be_read_again() {
        let mut out = Vec::new();
        comparison().write_json(&mut out).unwrap();
        assert_eq!(
            serde_json::from_slice::<Comparison>(&out).unwrap(),
            comparison()
        );
    }
}
