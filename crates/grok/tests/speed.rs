//! Time of a match, for people: `cargo test --release -p sawmill-grok --test speed -- --ignored --nocapture`.

#![allow(
    clippy::unwrap_used,
    reason = "a failed expectation is the point of a test"
)]

use std::hint::black_box;
use std::time::Instant;

use sawmill_grok::{EngineChoice, Flavor, Grok, Library, Options};

const SEED: [&str; 2] = [
    r"^%{WORD:log_level}\|%{DATA:logger_name}\|%{TIMESTAMP_ISO8601:log_timestamp}\.%{INT:log_ms}\|%{GREEDYDATA:log_message}$",
    r"^%{WORD:log_level}\|%{DATA:logger_name}\|%{TIMESTAMP_ISO8601:log_timestamp}\|%{GREEDYDATA:log_message}$",
];

/// Matches per measurement; the best of many measurements counts, since others use the machine.
const MATCHES: u32 = 500;

#[test]
#[ignore = "measures, and proves nothing"]
fn nanoseconds_of_a_match() {
    let apache = "127.0.0.1 - - [05/Mar/2024:06:07:08 +0000] \"GET /index.html HTTP/1.1\" 200 2326 \"-\" \"curl/8.0\"";
    let lines = [
        (
            "first pattern",
            "INFO|apps.parcels.views|2025-02-02T12:34:56.123|Parcel created successfully id=91162",
        ),
        (
            "second pattern",
            "INFO|apps.parcels.views|2025-02-02T12:34:56|Parcel created successfully id=91162",
        ),
        (
            "no match",
            "INFO apps.parcels.views 2025-02-02T12:34:56 Parcel created successfully id=91162",
        ),
        (
            "late mismatch",
            "INFO|apps.parcels.views|2025-02-02T12:34:56;123;Parcel created successfully id=91162",
        ),
    ];
    for engine in [
        EngineChoice::Best,
        EngineChoice::Regex,
        EngineChoice::Backtracking,
    ] {
        for (name, line) in lines {
            println!("{engine:?}, {name}: {:.1} ns", measure(&SEED, engine, line));
        }
        let pattern = ["%{COMBINEDAPACHELOG}"];
        println!(
            "{engine:?}, COMBINEDAPACHELOG: {:.0} ns",
            measure(&pattern, engine, apache)
        );
    }
}

fn measure(patterns: &[&str], engine: EngineChoice, line: &str) -> f64 {
    let options = Options {
        engine,
        ..Options::default()
    };
    let grok = Grok::compile(&Library::new(Flavor::EcsV1), patterns, &options).unwrap();
    let mut scratch = grok.scratch();
    let mut once = || {
        let start = Instant::now();
        for _ in 0..MATCHES {
            let found = grok.find(black_box(line), &mut scratch).unwrap();
            let ends = found.map(|found| {
                found
                    .captures()
                    .map(|(_, range)| range.map_or(0, |range| range.end))
                    .sum::<usize>()
            });
            black_box(ends);
        }
        start.elapsed().as_secs_f64() * 1e9 / f64::from(MATCHES)
    };
    (0..2_000).map(|_| once()).fold(f64::INFINITY, f64::min)
}
