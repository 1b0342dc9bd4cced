//! `LOGLEVEL` by hand.

use crate::fields::Outcome;

/// The alternatives of the definition, in its order: how the first letter may be written, how the others, and which
/// endings are allowed, the preferred one first.
const LEVELS: &[(&[u8; 2], &str, &[&str])] = &[
    (b"Aa", "lert", &[""]),
    (b"AA", "LERT", &[""]),
    (b"Tt", "race", &[""]),
    (b"TT", "RACE", &[""]),
    (b"Dd", "ebug", &[""]),
    (b"DD", "EBUG", &[""]),
    (b"Nn", "otice", &[""]),
    (b"NN", "OTICE", &[""]),
    (b"Ii", "nf", &["ormation", "o", "rmation", ""]),
    (b"II", "NF", &["ORMATION", "O", "RMATION", ""]),
    (b"Ww", "ar", &["ning", "n", "ing", ""]),
    (b"WW", "AR", &["NING", "N", "ING", ""]),
    (b"Ee", "r", &["ror", "r", "or", ""]),
    (b"EE", "R", &["ROR", "R", "OR", ""]),
    (b"Cc", "ri", &["tical", "t", "ical", ""]),
    (b"CC", "RI", &["TICAL", "T", "ICAL", ""]),
    (b"Ff", "atal", &[""]),
    (b"FF", "ATAL", &[""]),
    (b"Ss", "evere", &[""]),
    (b"SS", "EVERE", &[""]),
    (b"EE", "MERG", &["ENCY", ""]),
    (b"Ee", "merg", &["ency", ""]),
];

/// Offers the length of each level at the start of `text`.
pub(crate) fn each_level(text: &[u8], offer: &mut impl FnMut(usize) -> Outcome) -> Outcome {
    let Some((first, rest)) = text.split_first() else {
        return Outcome::NoMatch;
    };
    for (letters, stem, endings) in LEVELS {
        let Some(tail) = rest
            .strip_prefix(stem.as_bytes())
            .filter(|_| letters.contains(first))
        else {
            continue;
        };
        for ending in endings
            .iter()
            .filter(|ending| tail.starts_with(ending.as_bytes()))
        {
            let outcome = offer(1 + stem.len() + ending.len());
            if outcome != Outcome::NoMatch {
                return outcome;
            }
        }
    }
    Outcome::NoMatch
}
