//! Input: a condition, and behind a zero byte an event to try it on.
//!
//! Holds for every input: nothing panics; a condition in parentheses is the same condition, and with `!` before them it is
//! the other way round.

#![no_main]

#[path = "../oracles/tables.rs"]
mod tables;

use libfuzzer_sys::fuzz_target;
use sawmill_event::{Event, Limits};
use sawmill_pipeline::{Condition, Scratch};
use tables::with_tables;

/// One of everything.
const EVENT: &str = r#"{"group":"pt","n":5,"f":5.0,"e":1e999,"empty":"","no":"false","off":false,"null":null,
    "list":["a","b\"c",5,[],{}],"tags":[],"message":"one\ntwo\u0000","o":{"k":"v","":1},"\ud800":"\udfff"}"#;

fuzz_target!(|text: &str| {
    let (condition, event) = text.split_once('\0').unwrap_or((text, "{}"));
    with_tables(|tables| {
        let Ok(parsed) = Condition::parse(condition) else {
            return;
        };
        let same = Condition::parse(&format!("({condition})"));
        let other = Condition::parse(&format!("!( {condition} )"));
        let mut scratch = Scratch::default();
        for event in [event, EVENT] {
            let mut bytes = event.as_bytes().to_vec();
            let Ok(event) = Event::parse(&mut bytes, tables, &Limits::default()) else {
                continue;
            };
            let holds = parsed.holds(&event, &mut scratch);
            // Not parsed if there are as many parentheses as may be already.
            if let (Ok(same), Ok(other)) = (&same, &other) {
                assert_eq!(same.holds(&event, &mut scratch), holds);
                assert_eq!(other.holds(&event, &mut scratch), !holds);
            }
        }
    });
});
