//! What of a run is plotted.

use std::io;

use super::axis::{Axis, Scale};
use super::bars::{Bar, Bars};
use super::plot::{Line, LinePlot, Place};
use crate::results::units::{memory, rounded, time};
use crate::results::{Run, Slice, WatchedSlice};

/// A plot with its title.
pub(super) struct Figure {
    pub(super) title: String,
    pub(super) svg: String,
}

/// Makes figures and gives each its number in the page.
#[derive(Default)]
pub(super) struct Figures {
    made: usize,
}

const SECONDS: &str = "seconds of the measured time";

impl Figures {
    /// The figures that compare runs, bar by bar. One run is compared with nothing.
    pub(super) fn comparison(&mut self, runs: &[Run]) -> io::Result<Vec<Figure>> {
        if runs.len() < 2 {
            return Ok(Vec::new());
        }
        let cpu = |run: &Run| {
            let us = run.watched?.cpu_ns_per_event() / 1e3;
            Some((us, format!("{us:.2} µs")))
        };
        let resident = |run: &Run| {
            let bytes = run.watched?.resident_bytes_peak;
            Some((float(bytes), memory(bytes)))
        };
        let rate = |run: &Run| {
            Some((
                run.events_per_second,
                format!("{}/s", rounded(run.events_per_second)),
            ))
        };
        let p50 = |run: &Run| Some((float(run.latency.p50_us), time(run.latency.p50_us)));
        let p99 = |run: &Run| Some((float(run.latency.p99_us), time(run.latency.p99_us)));
        let figures = [
            self.bars("Events acknowledged a second", runs, rate)?,
            self.bars("CPU of the server an event", runs, cpu)?,
            self.bars("Latency, median", runs, p50)?,
            self.bars("Latency, 99th percentile", runs, p99)?,
            self.bars("Peak resident memory of the server", runs, resident)?,
        ];
        Ok(figures.into_iter().flatten().collect())
    }

    fn bars(
        &mut self,
        title: &str,
        runs: &[Run],
        value: impl Fn(&Run) -> Option<(f64, String)>,
    ) -> io::Result<Option<Figure>> {
        let bar = |run: &Run| {
            let (value, shown) = value(run)?;
            Some(Bar {
                name: run.name.clone(),
                value,
                shown,
            })
        };
        let bars: Vec<_> = runs.iter().filter_map(bar).collect();
        if bars.is_empty() {
            return Ok(None);
        }
        let bars = Bars {
            title: title.to_owned(),
            bars,
        };
        let svg = bars.svg(self.place())?;
        Ok(Some(Figure {
            title: bars.title,
            svg,
        }))
    }

    /// The figures that show runs over one another.
    pub(super) fn overlaid(&mut self, runs: &[Run]) -> io::Result<Vec<Figure>> {
        let mut plots = vec![throughput(runs), percentiles(runs)];
        if runs.iter().any(|run| run.watched.is_some()) {
            plots.extend([cpu(runs), resident(runs)]);
        }
        plots.into_iter().map(|plot| self.figure(plot)).collect()
    }

    /// The latency of one run over time.
    pub(super) fn latency(&mut self, run: &Run) -> io::Result<Figure> {
        let line = |name: &str, us: fn(&Slice) -> u64| Line {
            name: name.to_owned(),
            // Slices without a window have no latency.
            points: over_time(run, |slice| {
                Some(float(us(slice)) / 1e3).filter(|ms| *ms > 0.0)
            }),
        };
        self.figure(LinePlot {
            title: "Latency of windows over time".to_owned(),
            x: Axis::linear(SECONDS),
            y: Axis::log("from sending a window to its ACK, ms"),
            lines: vec![
                line("median", |slice| slice.p50_us),
                line("99th percentile", |slice| slice.p99_us),
                line("longest", |slice| slice.max_us),
            ],
        })
    }

    fn figure(&mut self, plot: LinePlot) -> io::Result<Figure> {
        let svg = plot.svg(self.place())?;
        Ok(Figure {
            title: plot.title,
            svg,
        })
    }

    fn place(&mut self) -> Place {
        self.made += 1;
        Place::Page(self.made)
    }
}

fn throughput(runs: &[Run]) -> LinePlot {
    let line = |run: &Run| Line {
        name: run.name.clone(),
        points: over_time(run, |slice| Some(slice.events_per_second)),
    };
    LinePlot {
        title: "Throughput over time".to_owned(),
        x: Axis::linear(SECONDS),
        y: Axis::linear("events acknowledged a second"),
        lines: runs.iter().map(line).collect(),
    }
}

fn cpu(runs: &[Run]) -> LinePlot {
    let line = |name: &str, run: &Run, cores: fn(WatchedSlice) -> f64| Line {
        name: name.to_owned(),
        points: over_time(run, |slice| slice.watched.map(cores)),
    };
    // Of one run there is room to say more.
    let lines = match runs {
        [run] => vec![
            line("user and system", run, |watched| {
                watched.cpu_user + watched.cpu_system
            }),
            line("user", run, |watched| watched.cpu_user),
            line("system", run, |watched| watched.cpu_system),
        ],
        runs => {
            let both = |run: &Run| {
                line(&run.name, run, |watched| {
                    watched.cpu_user + watched.cpu_system
                })
            };
            runs.iter().map(both).collect()
        }
    };
    LinePlot {
        title: "CPU of the server over time".to_owned(),
        x: Axis::linear(SECONDS),
        y: Axis::linear("cores in use"),
        lines,
    }
}

fn resident(runs: &[Run]) -> LinePlot {
    const MIB: f64 = 1_048_576.0;
    let line = |run: &Run| Line {
        name: run.name.clone(),
        points: over_time(run, |slice| {
            Some(float(slice.watched?.resident_bytes) / MIB)
        }),
    };
    LinePlot {
        title: "Resident memory of the server over time".to_owned(),
        x: Axis::linear(SECONDS),
        y: Axis::linear("resident memory, MiB"),
        lines: runs.iter().map(line).collect(),
    }
}

fn percentiles(runs: &[Run]) -> LinePlot {
    let line = |run: &Run| Line {
        name: run.name.clone(),
        points: percentile_curve(&run.latency.histogram),
    };
    LinePlot {
        title: "Latency by percentile".to_owned(),
        x: Axis {
            name: "percentile of windows".to_owned(),
            scale: Scale::Nines,
        },
        y: Axis::log("from sending a window to its ACK, ms"),
        lines: runs.iter().map(line).collect(),
    }
}

/// The curve of a histogram of µs, in ms: at 1 / (1 - p) the value that a share p of all does not exceed.
fn percentile_curve(histogram: &[(u64, u64)]) -> Vec<(f64, f64)> {
    /// A curve of so many points looks smooth.
    const POINT_RATIO: f64 = 1.02;
    let total: u64 = histogram.iter().map(|(_, count)| count).sum();
    let mut points: Vec<(f64, f64)> = Vec::new();
    let mut below = 0;
    for (us, count) in histogram {
        let ms = float(*us) / 1e3;
        // From where the values before end to where this one ends; nothing lies beyond the last.
        let begins = float(total) / float(total - below);
        below += count;
        let ends = float(total) / float((total - below).max(1));
        if points
            .last()
            .is_none_or(|(last, _)| ends / last > POINT_RATIO)
            || below == total
        {
            points.extend([(begins, ms), (ends, ms)]);
        }
    }
    points
}

fn over_time(run: &Run, value: impl Fn(&Slice) -> Option<f64>) -> Vec<(f64, f64)> {
    let point = |slice: &Slice| Some((slice.start_seconds + slice.seconds / 2.0, value(slice)?));
    run.slices.iter().filter_map(point).collect()
}

#[expect(clippy::cast_precision_loss, reason = "a plot has a thousand pixels")]
fn float(number: u64) -> f64 {
    number as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_percentile_curve_ends_where_the_windows_do() {
        let points = percentile_curve(&[(1_000, 50), (2_000, 40), (5_000, 9), (9_000, 1)]);
        assert_eq!(points.first(), Some(&(1.0, 1.0)));
        assert_eq!(points.last(), Some(&(100.0, 9.0)));
        // Half of them took no more than 1 ms, nine in ten no more than 2.
        assert!(
            points.contains(&(2.0, 1.0))
                && points
                    .iter()
                    .any(|(x, ms)| (x - 10.0).abs() < 1e-9 && (ms - 2.0).abs() < 1e-9)
        );
        assert!(percentile_curve(&[]).is_empty());
        assert!(points.is_sorted_by(|a, b| a.0 <= b.0 && a.1 <= b.1));
    }
}
