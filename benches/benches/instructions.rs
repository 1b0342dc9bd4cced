//! How many instructions each station of an event's way takes, counted by callgrind in the second of two passes, when
//! everything is warm.
//!
//! `tests/run instructions` runs this and holds the counts against `baseline.toml`.

#![expect(
    missing_docs,
    unused_qualifications,
    reason = "what gungraun's macros write"
)]

use std::hint::black_box;

use gungraun::{
    Callgrind, EntryPoint, LibraryBenchmarkConfig, library_benchmark, library_benchmark_group, main,
};
use sawmill_benches::{Watch, cut, filter_and_encode, inflate, inflate_stream, request, whole_way};

/// The pass that is counted, and the last.
const PASS: usize = 2;

#[library_benchmark]
#[bench::inflate("inflate")]
#[bench::inflate_stream("inflate stream")]
#[bench::cut("cut")]
#[bench::parse("parse")]
#[bench::first("first")]
#[bench::gate("gate")]
#[bench::grok("grok")]
#[bench::set("set")]
#[bench::categorize("categorize")]
#[bench::date("date")]
#[bench::encode("encode")]
#[bench::whole_way("whole way")]
#[bench::request("request")]
#[bench::answer("answer")]
fn station(name: &'static str) {
    let mut counter = Counter { name, pass: 0 };
    match name {
        "inflate" => inflate(PASS, &mut counter),
        "inflate stream" => inflate_stream(PASS, &mut counter),
        "cut" => cut(PASS, &mut counter),
        "whole way" => whole_way(PASS, &mut counter),
        "request" | "answer" => request(PASS, &mut counter),
        _ => filter_and_encode(PASS, &mut counter),
    }
    assert_eq!(counter.pass, PASS, "there is a station named {name}");
}

library_benchmark_group!(name = stations, benchmarks = [station]);
main!(
    config = LibraryBenchmarkConfig::default().tool(
        Callgrind::with_args(["--cache-sim=no"])
            .entry_point(EntryPoint::Custom("*::counted".to_owned()))
    ),
    library_benchmark_groups = stations
);

/// Lets callgrind count one pass of one station.
struct Counter {
    name: &'static str,
    pass: usize,
}

impl Watch for Counter {
    fn part<R>(&mut self, station: &'static str, part: usize, work: impl FnOnce() -> R) -> R {
        let mut work = Some(work);
        let mut result = None;
        let mut once = || result = work.take().map(|work| work());
        if station == self.name && part == 0 {
            self.pass += 1;
        }
        if station == self.name && self.pass == PASS {
            counted(&mut once);
        } else {
            black_box::<&mut dyn FnMut()>(&mut once)();
        }
        result.expect("the work was done")
    }
}

/// Callgrind counts from entry to exit of this function.
///
/// The work comes as an object, so that there is one copy of it, which the compiler builds as the server's, be it
/// counted or not.
#[inline(never)]
fn counted(work: &mut dyn FnMut()) {
    black_box(work)();
}
