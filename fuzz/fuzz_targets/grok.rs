//! Input: the number of a pattern (one byte), then a line.
//!
//! Holds for every input: the hand-written matcher, the regex engine and the backtracking engine find the same captures;
//! so does the matcher in the line as JSON has it, where it finds any; and so does Oniguruma in a line of ASCII, outside
//! of which its classes are wider than Logstash's.

#![no_main]

#[path = "../oracles/oniguruma.rs"]
mod oniguruma;
#[path = "../../crates/grok/tests/support/patterns.rs"]
mod patterns;

use std::cell::RefCell;
use std::collections::HashMap;
use std::ops::Range;

use libfuzzer_sys::fuzz_target;
use oniguruma::Oniguruma;
use patterns::{AROUND, ROWS};
use sawmill_event::{escape_into, unescape_into};
use sawmill_grok::{EngineChoice, Flavor, Grok, Library, Match, Options, Scratch};

/// What the hand-written matcher knows, for more rows.
const ELEMENTS: [&str; 12] = [
    "DATA",
    "GREEDYDATA",
    "INT",
    "LOGLEVEL",
    "NONNEGINT",
    "NOTSPACE",
    "NUMBER",
    "POSINT",
    "SPACE",
    "TIMESTAMP_ISO8601",
    "USER",
    "WORD",
];

const DELIMITERS: [&str; 8] = ["", r"\|", " ", ":", r"\.", "-", r"\[", ", "];

/// Those with look-around, which is taken out, or atomic groups.
const NAMES: [&str; 26] = [
    "BASE10NUM",
    "BASE16FLOAT",
    "BASE16NUM",
    "DATESTAMP",
    "EMAILADDRESS",
    "HAPROXYTIME",
    "HOSTNAME",
    "HOSTPORT",
    "HTTPDATE",
    "INT",
    "IP",
    "IPORHOST",
    "IPV4",
    "LOGLEVEL",
    "MAC",
    "NUMBER",
    "PATH",
    "POSINT",
    "QUOTEDSTRING",
    "SYSLOGBASE",
    "TIME",
    "TIMESTAMP_ISO8601",
    "URI",
    "URIPATHPARAM",
    "WORD",
    "YEAR",
];

/// One pattern, compiled for each engine.
struct Engines {
    ours: [(Grok, Scratch); 3],
    oniguruma: Oniguruma,
}

thread_local! {
    static LIBRARY: Library = Library::new(Flavor::EcsV1);
    static COMPILED: RefCell<HashMap<u8, Engines>> = RefCell::default();
}

fuzz_target!(|data: &[u8]| {
    let Some((number, line)) = data.split_first() else {
        return;
    };
    let line = String::from_utf8_lossy(line);
    COMPILED.with_borrow_mut(|compiled| {
        let engines = compiled
            .entry(*number)
            .or_insert_with(|| Engines::new(&pattern(*number)));
        engines.compare(&line);
    });
});

/// The pattern of this number. There are so few because each takes longer to compile than a thousand lines to match.
fn pattern(number: u8) -> String {
    let number = usize::from(number);
    if let Some(row) = ROWS.get(number) {
        return (*row).to_owned();
    }
    if number < 96 {
        return row(number);
    }
    let name = NAMES[number % NAMES.len()];
    let around = AROUND[(5 * number + number / NAMES.len()) % AROUND.len()];
    around.replace('X', &format!("%{{{name}:x}}"))
}

/// Elements between delimiters, the same for the same seed.
fn row(seed: usize) -> String {
    let mut dice = 0x5eed_0000 + seed as u64;
    let mut below = |limit: usize| {
        dice ^= dice << 13;
        dice ^= dice >> 7;
        dice ^= dice << 17;
        (dice % limit as u64) as usize
    };
    let mut row = [r"^", r"\A"][below(2)].to_owned();
    for at in 0..=below(5) {
        let name = ELEMENTS[below(ELEMENTS.len())];
        row += &match below(4) {
            0 => format!("%{{{name}}}"),
            _ => format!("%{{{name}:f{at}}}"),
        };
        row += DELIMITERS[below(DELIMITERS.len())];
    }
    row + ["$", r"\z", ""][below(3)]
}

impl Engines {
    fn new(pattern: &str) -> Self {
        let choices = [
            EngineChoice::Best,
            EngineChoice::Regex,
            EngineChoice::Backtracking,
        ];
        let ours = choices.map(|engine| {
            let options = Options {
                engine,
                steps_max: 50_000,
                ..Options::default()
            };
            let compile = |library: &Library| Grok::compile(library, &[pattern], &options);
            let grok = LIBRARY.with(compile).expect("all of these compile");
            let scratch = grok.scratch();
            (grok, scratch)
        });
        let oniguruma = LIBRARY.with(|library| Oniguruma::new(library, pattern));
        Self { ours, oniguruma }
    }

    fn compare(&mut self, line: &str) {
        let [best, regex, backtracking] = &mut self.ours;
        let mut found = [best, regex, backtracking].map(|(grok, scratch)| {
            let found = grok.find(line, scratch);
            found.map(|found| found.map(|found| captures(&found)))
        });
        // What took too many steps has no answer.
        let known: Vec<_> = found.iter_mut().flatten().collect();
        assert!(known.windows(2).all(|pair| pair[0] == pair[1]), "{known:?}");
        if line.is_ascii()
            && let Some(ours) = known.first()
            && let Ok(theirs) = self.oniguruma.find(line)
        {
            assert_eq!(**ours, theirs);
        }

        let (best, scratch) = &mut self.ours[0];
        let mut escaped = String::new();
        escape_into(line, &mut escaped);
        let plain_bytes = escaped.find('\\').unwrap_or(escaped.len());
        if let Some(inside) = best.find_escaped(&escaped, plain_bytes, scratch) {
            let texts = |captures: &[Option<Range<usize>>], text: &str| {
                let text = |range: &Option<Range<usize>>| Some(text[range.clone()?].to_owned());
                captures.iter().map(text).collect::<Vec<_>>()
            };
            let unescaped = |text: Option<String>| {
                text.map(|text| {
                    let mut plain = String::new();
                    unescape_into(&text, &mut plain);
                    plain
                })
            };
            let inside = texts(&captures(&inside), &escaped);
            let inside: Vec<_> = inside.into_iter().map(unescaped).collect();
            let outside = found[0].as_ref().expect("no steps are counted");
            let outside = outside.as_ref().expect("it matches");
            assert_eq!(inside, texts(outside, line));
        }
    }
}

fn captures(found: &Match<'_>) -> Vec<Option<Range<usize>>> {
    found.captures().map(|(_, range)| range).collect()
}
