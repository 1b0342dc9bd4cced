//! Axes with names and units, and ticks at round numbers.

use std::ops::Range;

use plotters::coord::ranged1d::{KeyPointHint, NoDefaultFormatting, Ranged, ValueFormatter};

/// An axis: what it shows, and how.
#[derive(Clone, Debug, PartialEq)]
pub struct Axis {
    /// The quantity and its unit, such as `connections` or `CPU an event, µs`.
    pub name: String,
    /// How values are spread over it.
    pub scale: Scale,
}

/// How values are spread over an axis.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scale {
    /// Evenly, from zero.
    Linear,
    /// By their logarithm: from a power of ten or twice or five times one. Values that are not above zero are left out.
    Log,
    /// Percentiles, each further nine as far from the one before: the values are 1 / (1 - p), from 1.
    Nines,
}

impl Axis {
    /// An axis from zero.
    pub fn linear(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            scale: Scale::Linear,
        }
    }

    /// An axis for values of many sizes.
    pub fn log(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            scale: Scale::Log,
        }
    }
}

/// An axis with its range and ticks, as plotters wants it.
#[derive(Clone, Debug)]
pub(super) struct Ticked {
    scale: Scale,
    range: Range<f64>,
    ticks: Vec<f64>,
}

/// As many ticks as are aimed at, a little more or less.
const TICKS: f64 = 6.0;

impl Ticked {
    /// Fits a scale to values.
    pub(super) fn new(scale: Scale, values: impl Iterator<Item = f64>) -> Self {
        let values: Vec<f64> = values.filter(|value| fits(scale, *value)).collect();
        let least = values.iter().copied().fold(f64::INFINITY, f64::min);
        let most = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let (least, most) = if values.is_empty() {
            (1.0, 1.0)
        } else {
            (least, most)
        };
        match scale {
            Scale::Linear => Self::linear(least.min(0.0), most.max(0.0)),
            Scale::Log => Self::log(least, most),
            Scale::Nines => Self::nines(most),
        }
    }

    fn linear(least: f64, most: f64) -> Self {
        let span = if most > least { most - least } else { 1.0 };
        let step = round_step(span / TICKS);
        let begin = (least / step).floor();
        let mut end = ((least + span) / step).ceil();
        // The topmost value shall not lie on the edge.
        if end * step - most < step * 0.05 && most > 0.0 {
            end += 1.0;
        }
        let mut ticks = Vec::new();
        let mut tick = begin;
        while tick <= end {
            ticks.push(tick * step);
            tick += 1.0;
        }
        Self {
            scale: Scale::Linear,
            range: begin * step..end * step,
            ticks,
        }
    }

    fn log(least: f64, most: f64) -> Self {
        let decades = (most / least).log10();
        let kept: &[f64] = if decades > 4.0 {
            &[1.0]
        } else if decades > 2.5 {
            &[1.0, 3.0]
        } else {
            &[1.0, 2.0, 5.0]
        };
        let mut ticks = Vec::new();
        let mut power = 10_f64.powf(least.log10().floor());
        while power <= most * 10.0 {
            ticks.extend(kept.iter().map(|digit| digit * power));
            power *= 10.0;
        }
        // From the last tick below to the first above.
        let low = ticks
            .iter()
            .rposition(|tick| *tick <= least * 1.000_001)
            .unwrap_or(0);
        let high = ticks.iter().position(|tick| *tick >= most * 0.999_999);
        let mut high = high.unwrap_or(ticks.len() - 1);
        if high == low {
            high = (low + 1).min(ticks.len() - 1);
        }
        let ticks = ticks[low..=high].to_vec();
        Self {
            scale: Scale::Log,
            range: ticks[0]..ticks[ticks.len() - 1],
            ticks,
        }
    }

    fn nines(most: f64) -> Self {
        let mut ticks = vec![1.0, 2.0];
        let mut nine = 10.0;
        while nine <= most {
            ticks.push(nine);
            nine *= 10.0;
        }
        Self {
            scale: Scale::Nines,
            range: 1.0..most.max(10.0),
            ticks,
        }
    }

    /// What writes the ticks' labels: on an even scale all in one unit.
    pub(super) fn labels(&self) -> impl Fn(&f64) -> String + use<> {
        let (scale, unit) = (self.scale, unit_of(self.range.end));
        move |value| match scale {
            Scale::Linear => unit.write(*value),
            Scale::Log => number(*value),
            Scale::Nines => percentile(*value),
        }
    }

    /// Where a value lies on the axis, 0 to 1.
    fn place(&self, value: f64) -> f64 {
        let (low, high) = (self.range.start, self.range.end);
        let place = match self.scale {
            Scale::Linear => (value - low) / (high - low),
            Scale::Log | Scale::Nines => (value / low).ln() / (high / low).ln(),
        };
        place.clamp(0.0, 1.0)
    }
}

/// Whether a scale can show a value.
pub(super) fn fits(scale: Scale, value: f64) -> bool {
    value.is_finite()
        && match scale {
            Scale::Linear => true,
            Scale::Log => value > 0.0,
            Scale::Nines => value >= 1.0,
        }
}

/// The least of 1, 2 and 5 times a power of ten that is not less than this.
fn round_step(step: f64) -> f64 {
    let power = 10_f64.powf(step.log10().floor());
    let digit = [1.0, 2.0, 5.0]
        .into_iter()
        .find(|digit| digit * power >= step * 0.999_999);
    digit.unwrap_or(10.0) * power
}

/// A number as short as it can be told: `0.05`, `12`, `1,500`, `250k`, `12M`.
pub(super) fn number(value: f64) -> String {
    unit_of(value).write(value)
}

/// What numbers are counted in.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Unit {
    size: f64,
    name: &'static str,
}

/// The unit that suits numbers up to this one.
fn unit_of(most: f64) -> Unit {
    let (size, name) = match most.abs() {
        0.0..100_000.0 => (1.0, ""),
        100_000.0..10_000_000.0 => (1e3, "k"),
        10_000_000.0..10_000_000_000.0 => (1e6, "M"),
        _ => (1e9, "G"),
    };
    Unit { size, name }
}

impl Unit {
    fn write(self, value: f64) -> String {
        let scaled = value / self.size;
        let text = match scaled.abs() {
            0.0 => return "0".to_owned(),
            0.0..1.0 => format!("{scaled:.3}"),
            1.0..100.0 => format!("{scaled:.2}"),
            _ => format!("{scaled:.0}"),
        };
        let text = if text.contains('.') {
            text.trim_end_matches('0').trim_end_matches('.')
        } else {
            &text
        };
        format!("{}{}", grouped(text), self.name)
    }
}

/// A comma before each three digits from the right, in what stands before the point.
fn grouped(text: &str) -> String {
    let whole = text.find('.').unwrap_or(text.len());
    let (digits, rest) = text.split_at(whole);
    let mut grouped = String::new();
    for (place, digit) in digits.chars().enumerate() {
        let left = digits.len() - place;
        if place > 0 && left.is_multiple_of(3) && !grouped.ends_with('-') {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped + rest
}

impl Ranged for Ticked {
    type FormatOption = NoDefaultFormatting;
    type ValueType = f64;

    fn map(&self, value: &f64, limit: (i32, i32)) -> i32 {
        let length = f64::from(limit.1 - limit.0);
        limit.0 + (length * self.place(*value)).round() as i32
    }

    fn key_points<Hint: KeyPointHint>(&self, _: Hint) -> Vec<f64> {
        self.ticks.clone()
    }

    fn range(&self) -> Range<f64> {
        self.range.clone()
    }
}

impl ValueFormatter<f64> for Ticked {
    fn format(value: &f64) -> String {
        number(*value)
    }
}

/// The label of a percentile's tick.
fn percentile(value: f64) -> String {
    let percent = 100.0 * (1.0 - 1.0 / value);
    // As many places as there are nines behind the second.
    let places = match value {
        0.0..500.0 => 0,
        500.0..5_000.0 => 1,
        5_000.0..50_000.0 => 2,
        50_000.0..500_000.0 => 3,
        500_000.0..5_000_000.0 => 4,
        _ => 5,
    };
    format!("{percent:.places$} %")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(scale: Scale, values: &[f64]) -> Vec<String> {
        let axis = Ticked::new(scale, values.iter().copied());
        let label = axis.labels();
        axis.ticks.iter().map(label).collect()
    }

    #[test]
    fn ticks_are_round_and_go_around_all_values() {
        for (scale, values, want) in [
            (
                Scale::Linear,
                &[3.0, 9.7][..],
                &["0", "2", "4", "6", "8", "10"][..],
            ),
            (
                Scale::Linear,
                &[48_000.0, 53_000.0],
                &[
                    "0", "10,000", "20,000", "30,000", "40,000", "50,000", "60,000",
                ],
            ),
            (Scale::Linear, &[140_000.0], &["0", "50k", "100k", "150k"]),
            (
                Scale::Linear,
                &[0.02],
                &["0", "0.005", "0.01", "0.015", "0.02", "0.025"],
            ),
            (
                Scale::Linear,
                &[0.0],
                &["0", "0.2", "0.4", "0.6", "0.8", "1"],
            ),
            (
                Scale::Linear,
                &[],
                &["0", "0.2", "0.4", "0.6", "0.8", "1", "1.2"],
            ),
            (Scale::Log, &[1.3, 48.0], &["1", "2", "5", "10", "20", "50"]),
            (
                Scale::Log,
                &[1.0, 10_000.0],
                &[
                    "1", "3", "10", "30", "100", "300", "1,000", "3,000", "10,000",
                ],
            ),
            (Scale::Log, &[7.0], &["5", "10"]),
            (Scale::Log, &[10.0, 0.0, -3.0], &["10", "20"]),
            (
                Scale::Nines,
                &[1.0, 5000.0],
                &["0 %", "50 %", "90 %", "99 %", "99.9 %"],
            ),
        ] {
            assert_eq!(labels(scale, values), want, "{values:?}");
        }
    }

    #[test]
    fn values_lie_where_their_scale_puts_them() {
        let place = |scale, values: &[f64], value| {
            Ticked::new(scale, values.iter().copied()).map(&value, (0, 100))
        };
        assert_eq!(place(Scale::Linear, &[9.0], 5.0), 50);
        assert_eq!(place(Scale::Log, &[1.0, 100.0], 10.0), 50);
        assert_eq!(place(Scale::Nines, &[100.0], 10.0), 50);
        // Upside down, as on a screen.
        assert_eq!(
            Ticked::new(Scale::Linear, [9.0].into_iter()).map(&2.0, (100, 0)),
            80
        );
    }

    #[test]
    fn numbers_are_short() {
        for (value, want) in [
            (0.0, "0"),
            (0.125, "0.125"),
            (12.5, "12.5"),
            (1_500.0, "1,500"),
            (99_999.0, "99,999"),
            (250_000.0, "250k"),
            (12_000_000.0, "12M"),
            (-1_500.0, "-1,500"),
        ] {
            assert_eq!(number(value), want);
        }
    }
}
