//! What each station of an event's way costs, and the whole of it, warm, on one full window.
//!
//! The unit is processor time of this thread, not time that passed: other programs' turns do not count. What they do
//! to the caches does, so the window is taken in small parts, hundreds of times, and of each part the best time counts.

use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};
use sawmill_benches::fixture::EVENTS;
use sawmill_benches::{Watch, cut, filter_and_encode, inflate, inflate_stream, request, whole_way};

#[expect(clippy::print_stdout, reason = "the table is what this program is for")]
fn main() {
    let passes = std::env::args()
        .skip(1)
        .find_map(|argument| argument.parse().ok())
        .unwrap_or(200);
    let mut stations = StopWatch::default();
    inflate(passes, &mut stations);
    cut(passes, &mut stations);
    filter_and_encode(passes, &mut stations);
    for Station { name, best } in &stations.0 {
        println!("{name:<15}{:>8.0} ns an event", nanoseconds(best));
    }
    let sum = stations.0.iter().map(|station| nanoseconds(&station.best));
    println!("{:<15}{:>8.0}", "sum", sum.sum::<f64>());

    let mut rest = StopWatch::default();
    whole_way(passes, &mut rest);
    inflate_stream(passes, &mut rest);
    request(passes, &mut rest);
    for Station { name, best } in &rest.0 {
        let each = nanoseconds(best);
        println!(
            "{name:<15}{each:>8.0} ns an event, {:.0} events a second",
            1e9 / each
        );
    }
}

/// The stations that were timed, in order.
#[derive(Default)]
struct StopWatch(Vec<Station>);

/// The best times of one station, part of the window by part.
struct Station {
    name: &'static str,
    best: Vec<Duration>,
}

impl Watch for StopWatch {
    fn part<R>(&mut self, station: &'static str, part: usize, work: impl FnOnce() -> R) -> R {
        let start = cpu_time();
        let result = work();
        let spent = cpu_time().saturating_sub(start);
        let known = self.0.iter().position(|known| known.name == station);
        let index = known.unwrap_or_else(|| {
            self.0.push(Station {
                name: station,
                best: Vec::new(),
            });
            self.0.len() - 1
        });
        let best = &mut self.0[index].best;
        match best.get_mut(part) {
            Some(best) => *best = spent.min(*best),
            None => best.push(spent),
        }
        result
    }
}

/// Of an event, in a pass of the best times.
fn nanoseconds(best: &[Duration]) -> f64 {
    let total: Duration = best.iter().sum();
    total.as_secs_f64() * 1e9 / f64::from(EVENTS)
}

fn cpu_time() -> Duration {
    clock_gettime(ClockId::ThreadCPUTime)
        .try_into()
        .expect("time does not run backward")
}
