//! Medians with their spread, and ratios pair by pair.

use serde::{Deserialize, Serialize};

use super::results::{Attempt, Contender};

/// What is compared.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Metric {
    /// Events acknowledged a second.
    EventsPerSecond,
    /// CPU time of the server an event, user and system, in ns.
    CpuNsPerEvent,
    /// Median from a window's first byte to its ACK, in µs.
    LatencyP50Us,
    /// Its 99th percentile, in µs.
    LatencyP99Us,
    /// Resident memory before any connection, in bytes.
    ResidentIdleBytes,
    /// The most resident memory that a slice of the load ended with, in bytes.
    ResidentLoadBytes,
    /// From the start until it listens, in seconds.
    StartSeconds,
}

impl Metric {
    /// All of them, in the order of the table.
    pub const ALL: [Self; 7] = [
        Self::EventsPerSecond,
        Self::CpuNsPerEvent,
        Self::LatencyP50Us,
        Self::LatencyP99Us,
        Self::ResidentIdleBytes,
        Self::ResidentLoadBytes,
        Self::StartSeconds,
    ];

    /// What it was in a turn.
    #[expect(clippy::cast_precision_loss, reason = "shown with three digits")]
    fn of(self, attempt: &Attempt) -> Option<f64> {
        let run = &attempt.run;
        Some(match self {
            Self::EventsPerSecond => run.events_per_second,
            Self::CpuNsPerEvent => run.watched?.cpu_ns_per_event(),
            Self::LatencyP50Us => run.latency.p50_us as f64,
            Self::LatencyP99Us => run.latency.p99_us as f64,
            Self::ResidentIdleBytes => attempt.resident_idle_bytes as f64,
            Self::ResidentLoadBytes => run.watched?.resident_bytes_max as f64,
            Self::StartSeconds => attempt.start_seconds,
        })
    }
}

/// A metric of a contender over all its turns.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Serialize)]
pub struct Figure {
    /// What it is of.
    pub metric: Metric,
    /// What it was.
    pub value: Spread,
    /// How many times that of the first contender it was: of each turn by that of the same repeat, so that what changed
    /// between repeats is in neither. None for the first itself.
    pub ratio: Option<Spread>,
}

/// Several values.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Serialize)]
pub struct Spread {
    /// The one in the middle; of an even number, the mean of the two.
    pub median: f64,
    /// The least.
    pub min: f64,
    /// The greatest.
    pub max: f64,
}

impl Spread {
    /// Of these values, if there are any.
    fn of(mut values: Vec<f64>) -> Option<Self> {
        values.sort_by(f64::total_cmp);
        let (min, max) = (*values.first()?, *values.last()?);
        let middle = values.len() / 2;
        let median = if values.len().is_multiple_of(2) {
            f64::midpoint(values[middle - 1], values[middle])
        } else {
            values[middle]
        };
        Some(Self { median, min, max })
    }
}

/// Fills in the figures of all contenders.
pub(super) fn summarize(contenders: &mut [Contender]) {
    let first = contenders
        .iter()
        .position(|contender| !contender.attempts.is_empty());
    let base = first.map_or_else(Vec::new, |first| contenders[first].attempts.clone());
    for (place, contender) in contenders.iter_mut().enumerate() {
        let against = (Some(place) != first).then_some(base.as_slice());
        contender.figures = Metric::ALL
            .iter()
            .filter_map(|&metric| figure(metric, &contender.attempts, against))
            .collect();
    }
}

fn figure(metric: Metric, attempts: &[Attempt], base: Option<&[Attempt]>) -> Option<Figure> {
    let values = attempts.iter().filter_map(|attempt| metric.of(attempt));
    let ratios = base.map(|base| {
        let pair = |attempt: &Attempt| {
            let other = base.iter().find(|other| other.repeat == attempt.repeat)?;
            let (value, by) = (metric.of(attempt)?, metric.of(other)?);
            (by > 0.0).then_some(value / by)
        };
        attempts.iter().filter_map(pair).collect()
    });
    Some(Figure {
        metric,
        value: Spread::of(values.collect())?,
        ratio: ratios.and_then(Spread::of),
    })
}

#[cfg(test)]
mod tests {
    use super::super::results::tests::comparison;
    use super::*;

    fn spread(median: f64, min: f64, max: f64) -> Spread {
        Spread { median, min, max }
    }

    #[test]
    fn the_median_is_the_one_in_the_middle() {
        for (values, want) in [
            (vec![], None),
            (vec![3.0], Some(spread(3.0, 3.0, 3.0))),
            (vec![9.0, 1.0, 2.0], Some(spread(2.0, 1.0, 9.0))),
            (vec![4.0, 1.0, 2.0, 9.0], Some(spread(3.0, 1.0, 9.0))),
        ] {
            assert_eq!(Spread::of(values), want);
        }
    }

    #[test]
    fn ratios_are_pair_by_pair_and_not_those_of_the_medians() {
        let comparison = comparison();
        let [a, b, ..] = comparison.contenders.as_slice() else {
            panic!()
        };
        assert_eq!(a.figures[0].value, spread(200.0, 100.0, 400.0));
        assert_eq!(a.figures[0].ratio, None);
        assert_eq!(b.figures[0].value, spread(100.0, 50.0, 100.0));
        assert_eq!(b.figures[0].ratio, Some(spread(0.5, 0.25, 0.5)));
    }

    #[test]
    fn who_was_not_measured_has_no_figures() {
        assert!(comparison().contenders[3].figures.is_empty());
    }
}
