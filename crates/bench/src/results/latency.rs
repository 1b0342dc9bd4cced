use hdrhistogram::Histogram;
use serde::{Deserialize, Serialize};

/// How long windows took, in µs.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub struct Latency {
    /// Windows measured; if there are none, all else is 0.
    pub count: u64,
    /// The mean.
    pub mean_us: f64,
    /// The median.
    pub p50_us: u64,
    /// The 90th percentile.
    pub p90_us: u64,
    /// The 99th percentile.
    pub p99_us: u64,
    /// The 99.9th percentile.
    pub p999_us: u64,
    /// The longest.
    pub max_us: u64,
    /// The `HdrHistogram`: values that occur, in µs and ascending, and how often each.
    pub histogram: Vec<(u64, u64)>,
}

impl Latency {
    /// What a histogram of µs says.
    pub fn of(histogram: &Histogram<u64>) -> Self {
        Self {
            count: histogram.len(),
            mean_us: histogram.mean(),
            p50_us: histogram.value_at_quantile(0.5),
            p90_us: histogram.value_at_quantile(0.9),
            p99_us: histogram.value_at_quantile(0.99),
            p999_us: histogram.value_at_quantile(0.999),
            max_us: histogram.max(),
            histogram: histogram
                .iter_recorded()
                .map(|step| (step.value_iterated_to(), step.count_since_last_iteration()))
                .collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_and_histogram_agree() {
        let mut histogram = Histogram::new(3).unwrap();
        (1..=1_000).for_each(|value| histogram.record(value).unwrap());
        let latency = Latency::of(&histogram);
        assert_eq!(
            (
                latency.p50_us,
                latency.p90_us,
                latency.p99_us,
                latency.p999_us,
                latency.max_us
            ),
            (500, 900, 990, 999, 1_000)
        );
        assert_eq!(
            latency
                .histogram
                .iter()
                .map(|(_, count)| count)
                .sum::<u64>(),
            latency.count
        );
        assert_eq!(latency.histogram[499], (500, 1));
    }

    #[test]
    fn nothing_measured_is_all_zero() {
        assert_eq!(Latency::of(&Histogram::new(3).unwrap()), Latency::default());
    }
}
