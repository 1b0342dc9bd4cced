//! What each station costs in instructions, against what it did when that was last looked at and found good.
//!
//! The baseline is a file of the repository, `benches/baseline.toml`, so that a change and what it costs are seen side
//! by side, and whoever makes a station dearer says so in the same commit.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::fixture::EVENTS;

/// Per cent by which a station may differ from its baseline without a word. Counts repeat to a tenth of a per cent.
const TOLERANCE_PERCENT: u64 = 3;

const HEAD: &str = "\
# Instructions an event at each station, warm, as callgrind counts them (benches/README.md).
# Written by `tests/run instructions renew`.

";

/// Why nothing can be compared.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum BaselineError {
    /// The baseline is not as [`Baseline::to_toml`] writes it.
    #[error("the baseline cannot be read: {0}")]
    Baseline(#[from] toml_edit::de::Error),
    /// A line of the benchmark's output is none of gungraun's summaries.
    #[error("line {line} of the counts is no summary as gungraun 0.20 writes it: {source}")]
    Counts {
        /// Counted from 1.
        line: usize,
        /// What is wrong with it.
        source: serde_json::Error,
    },
    /// The benchmark wrote nothing.
    #[error("there are no counts: the benchmark has not run")]
    NoCounts,
    /// The baseline cannot be written.
    #[error("the baseline cannot be written: {0}")]
    Unwritten(#[from] toml_edit::ser::Error),
}

/// What each station cost once.
#[derive(Debug, Deserialize, Serialize, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub struct Baseline {
    /// As `rustc --version` says it: another compiler makes other instructions.
    pub compiler: String,
    /// Instructions an event, by station.
    pub instructions: BTreeMap<String, u64>,
}

impl Baseline {
    /// Reads the baseline's file.
    pub fn parse(toml: &str) -> Result<Self, BaselineError> {
        Ok(toml_edit::de::from_str(toml)?)
    }

    /// Reads what `cargo bench --bench instructions -- --output-format=json` writes: a line a station.
    pub fn from_counts(compiler: String, json_lines: &str) -> Result<Self, BaselineError> {
        let mut instructions = BTreeMap::new();
        for (index, line) in json_lines.lines().enumerate() {
            let summary: Summary =
                serde_json::from_str(line).map_err(|source| BaselineError::Counts {
                    line: index + 1,
                    source,
                })?;
            let [profile] = summary.profiles;
            let all = profile.data.total.metrics.instructions.values.new;
            let events = u64::from(EVENTS);
            instructions.insert(summary.id, (all + events / 2) / events);
        }
        if instructions.is_empty() {
            return Err(BaselineError::NoCounts);
        }
        Ok(Self {
            compiler,
            instructions,
        })
    }

    /// As the file that [`parse`](Self::parse) reads.
    pub fn to_toml(&self) -> Result<String, BaselineError> {
        Ok(HEAD.to_owned() + &toml_edit::ser::to_string_pretty(self)?)
    }

    /// Holds what the stations cost now against this.
    pub fn compare(&self, now: &Self) -> Comparison {
        let names = self.instructions.keys().chain(now.instructions.keys());
        let mut lines: Vec<_> = names
            .map(|name| Line {
                station: name.clone(),
                before: self.instructions.get(name).copied(),
                now: now.instructions.get(name).copied(),
            })
            .collect();
        lines.sort_by(|one, other| one.station.cmp(&other.station));
        lines.dedup_by(|one, other| one.station == other.station);
        Comparison {
            lines,
            compilers: [self.compiler.clone(), now.compiler.clone()],
        }
    }
}

/// Every station before and now; its text is a table, and what to do about what it shows.
#[derive(Debug)]
pub struct Comparison {
    lines: Vec<Line>,
    compilers: [String; 2],
}

#[derive(Debug)]
struct Line {
    station: String,
    before: Option<u64>,
    now: Option<u64>,
}

/// What became of a station's cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Change {
    /// It costs more than the tolerance allows.
    Dearer,
    /// It costs less than the baseline by more than the tolerance.
    Cheaper,
    /// It costs what it did.
    Same,
    /// It was measured now and has no baseline.
    New,
    /// It has a baseline and was not measured.
    Gone,
}

impl Comparison {
    /// Whether no station costs more, and baseline and benchmark speak of the same stations.
    pub fn holds(&self) -> bool {
        [Change::Dearer, Change::New, Change::Gone]
            .iter()
            .all(|&change| self.stations(change).is_empty())
    }

    /// The stations with this change, and by how much.
    fn stations(&self, change: Change) -> Vec<String> {
        self.lines
            .iter()
            .filter(|line| line.change() == change)
            .map(|line| match line.percent() {
                Some(percent) => format!("{} {percent:+.1} %", line.station),
                None => line.station.clone(),
            })
            .collect()
    }
}

impl Line {
    fn percent(&self) -> Option<f64> {
        #[expect(
            clippy::cast_precision_loss,
            reason = "instructions an event stay far below 2^52"
        )]
        let [before, now] = [self.before?, self.now?].map(|count| count as f64);
        Some((now / before - 1.0) * 100.0)
    }

    fn change(&self) -> Change {
        match (self.before, self.now) {
            (None, _) => Change::New,
            (_, None) => Change::Gone,
            (Some(before), Some(now)) => {
                let exact = before * 100;
                let tolerance = before * TOLERANCE_PERCENT;
                if now * 100 > exact + tolerance {
                    Change::Dearer
                } else if now * 100 < exact - tolerance {
                    Change::Cheaper
                } else {
                    Change::Same
                }
            }
        }
    }
}

impl fmt::Display for Comparison {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{:<15}{:>10}{:>10}   instructions an event",
            "station", "baseline", "now"
        )?;
        for line in &self.lines {
            let count =
                |count: Option<u64>| count.map_or("-".to_owned(), |count| count.to_string());
            write!(
                f,
                "{:<15}{:>10}{:>10}",
                line.station,
                count(line.before),
                count(line.now)
            )?;
            if let Some(percent) = line.percent() {
                write!(f, "{percent:>+8.1} %")?;
            }
            writeln!(f, "{}", line.change().mark())?;
        }
        let [before, now] = &self.compilers;
        if before != now {
            writeln!(
                f,
                "\nThe baseline is of another compiler ({before}; this is {now}), which alone may change counts."
            )?;
        }
        for change in [Change::Dearer, Change::Cheaper, Change::New, Change::Gone] {
            let stations = self.stations(change);
            if !stations.is_empty() {
                writeln!(f, "\n{}", change.sentence(&stations.join(", ")))?;
            }
        }
        Ok(())
    }
}

impl Change {
    fn mark(self) -> &'static str {
        match self {
            Self::Dearer => "  dearer",
            Self::Cheaper => "  cheaper",
            Self::Same => "",
            Self::New => "  no baseline",
            Self::Gone => "  not measured",
        }
    }

    /// What these stations did, and what to do.
    fn sentence(self, stations: &str) -> String {
        match self {
            Self::Dearer => format!(
                "FAILED: {stations}: over 3 % more instructions an event than in benches/baseline.toml.\n\
                 Make it cheaper, or say in the commit what it is good for and renew: tests/run instructions renew"
            ),
            Self::Cheaper => format!(
                "Over 3 % cheaper than in benches/baseline.toml: {stations}.\n\
                 So that it stays so: tests/run instructions renew"
            ),
            Self::New => format!(
                "FAILED: {stations}: not in benches/baseline.toml. Renew it: tests/run instructions renew"
            ),
            Self::Gone => format!(
                "FAILED: {stations}: in benches/baseline.toml, but not measured by benches/benches/instructions.rs"
            ),
            Self::Same => format!("As before: {stations}"),
        }
    }
}

/// The little we need of gungraun's summary of one benchmark, schema version 7.
#[derive(Deserialize)]
struct Summary {
    id: String,
    profiles: [Profile; 1],
}

#[derive(Deserialize)]
struct Profile {
    data: Data,
}

#[derive(Deserialize)]
struct Data {
    total: Total,
}

#[derive(Deserialize)]
struct Total {
    metrics: Metrics,
}

#[derive(Deserialize)]
struct Metrics {
    #[serde(rename = "Ir")]
    instructions: Metric,
}

#[derive(Deserialize)]
struct Metric {
    values: Values,
}

#[derive(Deserialize)]
struct Values {
    new: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn baseline(stations: &[(&str, u64)]) -> Baseline {
        Baseline {
            compiler: "rustc 1".to_owned(),
            instructions: stations
                .iter()
                .map(|&(name, count)| (name.to_owned(), count))
                .collect(),
        }
    }

    fn counts(stations: &[(&str, u64)]) -> String {
        let line = |&(id, count): &(&str, u64)| {
            let all = count * u64::from(EVENTS);
            format!(
                r#"{{"id":"{id}","profiles":[{{"data":{{"total":{{"metrics":{{"Dr":{{}},"Ir":{{"values":{{"new":{all},"old":1}}}}}}}}}}}}]}}"#
            ) + "\n"
        };
        stations.iter().map(line).collect()
    }

    #[test]
    fn only_what_differs_by_more_than_the_tolerance_is_named_and_only_more_fails() {
        let before = baseline(&[("cut", 100), ("parse", 1_000)]);
        for (parse, holds, want) in [
            (1_030, true, None),
            (1_031, false, Some("FAILED: parse +3.1 %: over")),
            (2_000, false, Some("FAILED: parse +100.0 %: over")),
            (970, true, None),
            (969, true, Some("baseline.toml: parse -3.1 %.\n")),
        ] {
            let comparison = before.compare(&baseline(&[("cut", 100), ("parse", parse)]));
            let text = comparison.to_string();
            assert_eq!(comparison.holds(), holds, "{text}");
            assert_eq!(
                text.contains("tests/run instructions renew"),
                want.is_some(),
                "{text}"
            );
            assert!(text.contains(want.unwrap_or("parse")), "{text}");
        }
    }

    #[test]
    fn a_station_that_only_one_side_knows_fails() {
        let (one, both) = (
            baseline(&[("cut", 100)]),
            baseline(&[("cut", 100), ("parse", 9)]),
        );
        for (before, now, want) in [
            (&one, &both, "FAILED: parse: not in benches/baseline.toml"),
            (&both, &one, "FAILED: parse: in benches/baseline.toml"),
        ] {
            let comparison = before.compare(now);
            assert!(!comparison.holds());
            assert!(comparison.to_string().contains(want), "{comparison}");
        }
    }

    #[test]
    fn another_compiler_is_said() {
        let now = Baseline {
            compiler: "rustc 2".to_owned(),
            ..baseline(&[("cut", 100)])
        };
        let text = baseline(&[("cut", 100)]).compare(&now).to_string();
        assert!(text.contains("(rustc 1; this is rustc 2)"), "{text}");
    }

    #[test]
    fn counts_become_a_baseline_and_its_file_reads_back() {
        let stations = [("cut", 96), ("parse", 11_584)];
        let read = Baseline::from_counts("rustc 1".to_owned(), &counts(&stations)).unwrap();
        assert_eq!(read, baseline(&stations));
        assert_eq!(Baseline::parse(&read.to_toml().unwrap()).unwrap(), read);
    }

    #[test]
    fn a_benchmark_that_did_not_run_is_no_comparison() {
        for (text, want) in [
            ("", "there are no counts: the benchmark has not run"),
            ("Segmentation fault", "line 1 of the counts is no summary"),
            (
                r#"{"id":"cut","profiles":[]}"#,
                "line 1 of the counts is no summary",
            ),
        ] {
            let error = Baseline::from_counts(String::new(), text).unwrap_err();
            assert!(error.to_string().starts_with(want), "{error}");
        }
    }
}
