//! What is taken out of an expression to make it linear changes no capture.
//!
//! Each library pattern that reaches look-around or atomic groups is put beside neighbours that decide them and
//! neighbours that do not; the folded expression and the one as written must agree on every line.

#![allow(
    clippy::unwrap_used,
    reason = "a failed expectation is the point of a test"
)]

mod support;

use sawmill_grok::{Engine, EngineChoice};

use support::patterns::AROUND;
use support::{Dice, captures, compile};

/// Lines tried for each combination; `SAWMILL_GROK_LINES` asks for more.
const LINES: usize = 100;

const NAMES: &[&str] = &[
    "BASE16FLOAT",
    "BASE16NUM",
    "DATESTAMP",
    "HAPROXYTIME",
    "HOSTNAME",
    "HOSTPORT",
    "HTTPDATE",
    "INT",
    "IP",
    "IPORHOST",
    "IPV4",
    "LOGLEVEL",
    "NUMBER",
    "POSINT",
    "QUOTEDSTRING",
    "SYSLOGBASE",
    "TIME",
    "TIMESTAMP_ISO8601",
    "UNIXPATH",
    "URIPATHPARAM",
    "WINPATH",
    "WORD",
    "YEAR",
];

/// Pieces of which lines are made.
const PIECES: &[&str] = &[
    "0",
    "1",
    "7",
    "12",
    "25",
    "255",
    "256",
    "1.5",
    ".5",
    "-3",
    "+4",
    "0x1F",
    "beef",
    "c0.de",
    "12:34:56",
    "1:2:3",
    "23:59:60.5",
    "127.0.0.1",
    "10.20.30.40",
    "1.2.3.4.5",
    "::1",
    "fe80::1",
    "host",
    "a.example.org",
    "x_1",
    "INFO",
    "Warn",
    "05/Mar/2024:06:07:08 +0000",
    "03/05/24-12:34:56",
    "2024-03-05T06:07:08.9Z",
    "Mar  5 06:07:08 host sshd[42]:",
    "Mar",
    "\"a b\"",
    "\"a\\\"b\"",
    "'q'",
    "''",
    "\"",
    "'",
    "`x`",
    "\\",
    "C:\\dir\\f",
    "/usr/bin",
    "/p?q=1",
    ":",
    ".",
    "-",
    "+",
    ",",
    " ",
    " ",
    "[",
    "]",
    "a",
    "é",
    "\n",
    "|",
    "(",
];

fn line(dice: &mut Dice, text: &mut String) {
    text.clear();
    (0..dice.below(9)).for_each(|_| text.push_str(dice.pick(PIECES)));
}

#[test]
fn folded_and_written_expressions_agree() {
    let lines = std::env::var("SAWMILL_GROK_LINES")
        .ok()
        .and_then(|lines| lines.parse().ok());
    let (mut text, mut linear, mut matched) = (String::new(), 0, 0);
    for (index, (name, around)) in pairs().enumerate() {
        let pattern = around.replace('X', &format!("%{{{name}:x}}"));
        let folded = compile(&pattern, EngineChoice::Regex);
        linear += usize::from(folded.engines().next() == Some(Engine::Linear));
        let written = compile(&pattern, EngineChoice::Backtracking);
        let (mut scratch, mut scratch_written) = (folded.scratch(), written.scratch());
        let mut dice = Dice::new(index as u64);
        for _ in 0..lines.unwrap_or(LINES) {
            line(&mut dice, &mut text);
            let got = captures(&folded, &text, &mut scratch);
            matched += usize::from(got.is_some());
            assert_eq!(
                got,
                captures(&written, &text, &mut scratch_written),
                "{pattern}\n{text:?}"
            );
        }
    }
    // Otherwise the comparison is with itself, or of nothing.
    assert!(
        linear * 10 > pairs().count() * 6,
        "{linear} of {} are linear",
        pairs().count()
    );
    assert!(matched > 3_000, "only {matched} lines matched");
}

fn pairs() -> impl Iterator<Item = (&'static str, &'static str)> {
    NAMES
        .iter()
        .flat_map(|name| AROUND.iter().map(move |around| (*name, *around)))
}
