//! The matcher for fields between delimiters and the engines give the same captures on every line.

#![allow(
    clippy::unwrap_used,
    reason = "a failed expectation is the point of a test"
)]

mod support;

use sawmill_grok::{Engine, EngineChoice};

use support::patterns::ROWS;
use support::{Dice, captures, compile};

/// Lines tried for each pattern; `SAWMILL_GROK_LINES` asks for more.
const LINES: u64 = 80_000;

/// Pieces of which lines are made, from the usual to the odd.
const PIECES: &[&str] = &[
    "INFO",
    "ERROR",
    "warn",
    "Information",
    "err",
    "CRITICAL",
    "emergency",
    "x_1",
    "É",
    "é",
    "日本",
    "→",
    "\u{a0}",
    "|",
    "|",
    "|",
    "|",
    ".",
    ".",
    ":",
    "-",
    "+",
    " ",
    " ",
    "\n",
    "\r\n",
    "\t",
    "\\",
    "$",
    "^",
    "2025-02-02T12:34:56",
    "2025-02-02 12:34:56",
    "25-2-9T1:02",
    "2025-12-31T23:59:60",
    "2025-02-02T0607",
    "T",
    "Z",
    "2025-13-01T00:00:00",
    "2025-02-30 2:5:9",
    "1999-1-1 012345",
    "+05:30",
    "-0800",
    "+1:00",
    ".123",
    ",5",
    ":7",
    "0",
    "1",
    "7",
    "42",
    "60",
    "123",
    "456789",
    "apps.parcels.views",
    "celery.task",
    "Parcel created id=91162",
];

/// A line that matches, before it is spoilt.
fn valid_line(dice: &mut Dice) -> String {
    let (level, logger) = (dice.pick(&["INFO", "WARN", "x_1"]), dice.pick(PIECES));
    let time = dice.pick(&[
        "2025-02-02T12:34:56",
        "2025-02-02 12:34:56",
        "25-2-9T1:02",
        "2025-02-02T0607",
    ]);
    let (fraction, zone) = (
        dice.pick(&["", ".123", ",456789", ".1"]),
        dice.pick(&["", "Z", "+05:30"]),
    );
    match dice.below(4) {
        0 => format!("{time}{fraction}{zone} {level} {logger}"),
        1 => format!("{level}{logger} -12.5 {logger}"),
        2 => format!("12/3.4|{logger}|{level}|{logger} 99"),
        _ => format!("{level}|{logger}|{time}{fraction}{zone}|{logger} {level}"),
    }
}

/// A line: valid, or valid and spoilt in a few places, or made of pieces only.
fn line(dice: &mut Dice, text: &mut String) {
    text.clear();
    if dice.below(4) == 0 {
        (0..dice.below(14)).for_each(|_| text.push_str(dice.pick(PIECES)));
        return;
    }
    text.push_str(&valid_line(dice));
    for _ in 0..dice.below(4) {
        let at = dice.below(text.len() + 1);
        let at = (0..=at).rfind(|at| text.is_char_boundary(*at)).unwrap();
        if dice.below(3) == 0 {
            text.drain(at..).next();
            text.push_str(dice.pick(PIECES));
        } else {
            text.insert_str(at, dice.pick(PIECES));
        }
    }
}

fn lines() -> u64 {
    std::env::var("SAWMILL_GROK_LINES")
        .ok()
        .and_then(|lines| lines.parse().ok())
        .unwrap_or(LINES)
}

#[test]
fn fields_and_engines_agree_on_every_line() {
    let mut text = String::new();
    for (index, pattern) in ROWS.iter().enumerate() {
        let fast = compile(pattern, EngineChoice::Best);
        assert_eq!(fast.engines().next(), Some(Engine::Fields), "{pattern}");
        let (regex, slow) = (
            compile(pattern, EngineChoice::Regex),
            compile(pattern, EngineChoice::Backtracking),
        );
        let mut scratches = [fast.scratch(), regex.scratch(), slow.scratch()];
        let mut dice = Dice::new(index as u64);
        let mut matched = 0;
        for number in 0..lines() {
            line(&mut dice, &mut text);
            let got = captures(&fast, &text, &mut scratches[0]);
            matched += u64::from(got.is_some());
            let want = captures(&regex, &text, &mut scratches[1]);
            assert_eq!(got, want, "{pattern}\n{text:?}");
            // The unfolded expression is slow; a part of the lines is enough to tie it to the folded one.
            if number % 8 == 0 {
                let want = captures(&slow, &text, &mut scratches[2]);
                assert_eq!(got, want, "backtracking: {pattern}\n{text:?}");
            }
        }
        assert!(
            matched > lines() / 100,
            "only {matched} lines matched {pattern}"
        );
    }
}

/// As it stands between the quotes of JSON. Some letters are escaped too, as a sender may.
fn escape(text: &str, dice: &mut Dice) -> String {
    let mut escaped = String::new();
    for character in text.chars() {
        if dice.below(60) == 0 && u32::from(character) < 0x1_0000 {
            escaped.extend(["\\u", &format!("{:04x}", u32::from(character))]);
        } else {
            let quoted = serde_json::to_string(&character).unwrap();
            escaped.push_str(&quoted[1..quoted.len() - 1]);
        }
    }
    escaped
}

fn unescape(escaped: &str) -> String {
    serde_json::from_str(&format!("\"{escaped}\"")).unwrap()
}

#[test]
fn what_is_found_in_an_escaped_text_is_what_the_engine_finds_in_the_plain_one() {
    let mut text = String::new();
    for (index, pattern) in ROWS.iter().enumerate() {
        let (fast, regex) = (
            compile(pattern, EngineChoice::Best),
            compile(pattern, EngineChoice::Regex),
        );
        let mut scratches = [fast.scratch(), regex.scratch()];
        let mut dice = Dice::new(100 + index as u64);
        let mut found_escaped = 0;
        for _ in 0..lines() {
            line(&mut dice, &mut text);
            let escaped = escape(&text, &mut dice);
            let plain_bytes = escaped.find('\\').unwrap_or(escaped.len());
            let Some(found) = fast.find_escaped(&escaped, plain_bytes, &mut scratches[0]) else {
                continue;
            };
            found_escaped += 1;
            let got: Vec<_> = found
                .captures()
                .map(|(_, range)| range.map(|range| unescape(&escaped[range])))
                .collect();
            let want = captures(&regex, &text, &mut scratches[1]);
            let want: Option<Vec<_>> = want.map(|ranges| {
                let part = |range: Option<std::ops::Range<usize>>| Some(text[range?].to_owned());
                ranges.into_iter().map(part).collect()
            });
            assert_eq!(Some(got), want, "{pattern}\n{escaped}");
        }
        // The first three end with what may hold escapes and begin with what settles itself.
        assert!(
            index > 2 || found_escaped > 100,
            "only {found_escaped}: {pattern}"
        );
    }
}
