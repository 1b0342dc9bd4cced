//! The library definitions that are matched by hand, and the ends that each of them allows.

use std::collections::HashMap;
use std::sync::LazyLock;

use memchr::memchr;

use crate::expand::{CaptureMode, expand};
use crate::fields::Outcome;
use crate::fields::level::each_level;
use crate::fields::timestamp::each_timestamp;
use crate::library::{Flavor, Library};

/// A library definition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Element {
    /// `.*?`
    Data,
    /// `.*`
    GreedyData,
    /// `[+-]?[0-9]+`
    Int,
    /// `ERROR`, `warn` and so on.
    LogLevel,
    /// `\b[0-9]+\b`
    NonNegInt,
    /// `\S+`
    NotSpace,
    /// `(?<![0-9.+-])(?>[+-]?(?:[0-9]+(?:\.[0-9]+)?|\.[0-9]+))`
    Number,
    /// `\b[1-9][0-9]*\b`
    PosInt,
    /// `\s*`
    Space,
    /// A date and a time as ISO 8601 writes them.
    Timestamp,
    /// `[a-zA-Z0-9._-]+`
    User,
    /// `\b\w+\b`
    Word,
}

const NAMES: &[(&str, Element)] = &[
    ("DATA", Element::Data),
    ("GREEDYDATA", Element::GreedyData),
    ("INT", Element::Int),
    ("LOGLEVEL", Element::LogLevel),
    ("NONNEGINT", Element::NonNegInt),
    ("NOTSPACE", Element::NotSpace),
    ("NUMBER", Element::Number),
    ("POSINT", Element::PosInt),
    ("SPACE", Element::Space),
    ("TIMESTAMP_ISO8601", Element::Timestamp),
    ("USER", Element::User),
    ("USERNAME", Element::User),
    ("WORD", Element::Word),
];

/// The full text of each known definition. A library may redefine a name, or a name that it refers to.
static EXPANSIONS: LazyLock<HashMap<String, Element>> = LazyLock::new(|| {
    let library = Library::new(Flavor::EcsV1);
    NAMES
        .iter()
        .filter_map(|(name, element)| Some((expansion(&library, name)?, *element)))
        .collect()
});

fn expansion(library: &Library, name: &str) -> Option<String> {
    expand(library, &format!("%{{{name}}}"), CaptureMode::Named, |_| {
        None
    })
    .ok()
}

impl Element {
    /// The element that `name` stands for in `library`.
    pub(crate) fn named(library: &Library, name: &str) -> Option<Self> {
        EXPANSIONS.get(&expansion(library, name)?).copied()
    }

    /// Whether no byte behind `plain` can matter to where a match at byte `at` may end.
    pub(crate) fn is_settled_within(self, plain: &[u8], at: usize) -> bool {
        let within = |may_hold: fn(u8) -> bool| at + run(&plain[at..], may_hold) < plain.len();
        match self {
            // It ends before the first follower, wherever the others are.
            Self::Data => true,
            Self::Int | Self::Number => {
                within(|byte| byte.is_ascii_digit() || b"+-.".contains(&byte))
            }
            Self::LogLevel => within(|byte| byte.is_ascii_alphabetic()),
            Self::NonNegInt | Self::PosInt | Self::Word => within(is_word),
            Self::Timestamp => within(|byte| byte.is_ascii_digit() || b"T Z:.,+-".contains(&byte)),
            Self::User => within(|byte| is_word(byte) || b".-".contains(&byte)),
            Self::GreedyData | Self::NotSpace | Self::Space => false,
        }
    }

    /// Offers each end of a match at byte `at`, best first, until one is not refused.
    ///
    /// `follower` is the byte that must come next, if that is known.
    #[inline]
    pub(crate) fn each_end(
        self,
        text: &[u8],
        at: usize,
        follower: Option<u8>,
        offer: &mut impl FnMut(usize) -> Outcome,
    ) -> Outcome {
        let rest = &text[at..];
        match self {
            Self::Data => match follower {
                Some(byte) => each_before(text, at, byte, offer),
                None => upwards(text, at, offer),
            },
            Self::GreedyData => downwards(text, at, text.len(), offer),
            Self::Int => {
                let sign = usize::from(matches!(rest, [b'+' | b'-', ..]));
                let digits = run(&rest[sign..], |byte| byte.is_ascii_digit());
                downwards(text, at + sign + 1, at + sign + digits, offer)
            }
            Self::LogLevel => each_level(rest, &mut |length| offer(at + length)),
            Self::NonNegInt => bounded(text, at, |byte| byte.is_ascii_digit(), offer),
            Self::NotSpace => {
                let length = run(rest, |byte| !is_space(byte));
                downwards(text, at + 1, at + length, offer)
            }
            Self::Number => match number(text, at) {
                Some(end) => offer(end),
                None => Outcome::NoMatch,
            },
            Self::PosInt if rest.first() == Some(&b'0') => Outcome::NoMatch,
            Self::PosInt => bounded(text, at, |byte| byte.is_ascii_digit(), offer),
            Self::Space => downwards(text, at, at + run(rest, is_space), offer),
            Self::Timestamp => each_timestamp(text, at, offer),
            Self::User => {
                let length = run(rest, |byte| {
                    byte.is_ascii_alphanumeric() || b"._-".contains(&byte)
                });
                downwards(text, at + 1, at + length, offer)
            }
            Self::Word => bounded(text, at, is_word, offer),
        }
    }
}

pub(crate) fn run(text: &[u8], accept: impl Fn(u8) -> bool) -> usize {
    text.iter()
        .position(|byte| !accept(*byte))
        .unwrap_or(text.len())
}

fn is_space(byte: u8) -> bool {
    matches!(byte, b'\t'..=b'\r' | b' ')
}

fn is_word(byte: u8) -> bool {
    /// One look-up instead of four comparisons; words are the most common elements.
    const WORD: [bool; 256] = {
        let mut table = [false; 256];
        let mut byte = 0;
        while byte < 256 {
            table[byte] = (byte as u8).is_ascii_alphanumeric() || byte as u8 == b'_';
            byte += 1;
        }
        table
    };
    WORD[usize::from(byte)]
}

/// Whether a character of UTF-8 begins (or the text ends) here.
fn is_boundary(text: &[u8], at: usize) -> bool {
    text.get(at).is_none_or(|byte| byte & 0xC0 != 0x80)
}

/// Offers the character boundaries from `at` to the end of the text.
#[inline]
fn upwards(text: &[u8], at: usize, offer: &mut impl FnMut(usize) -> Outcome) -> Outcome {
    each(
        (at..=text.len()).filter(|end| is_boundary(text, *end)),
        offer,
    )
}

/// Offers the character boundaries from `longest` down to `shortest`.
#[inline]
fn downwards(
    text: &[u8],
    shortest: usize,
    longest: usize,
    offer: &mut impl FnMut(usize) -> Outcome,
) -> Outcome {
    each(
        (shortest..=longest)
            .rev()
            .filter(|end| is_boundary(text, *end)),
        offer,
    )
}

/// Offers the places before each `byte`, an ASCII one.
#[inline]
fn each_before(
    text: &[u8],
    at: usize,
    byte: u8,
    offer: &mut impl FnMut(usize) -> Outcome,
) -> Outcome {
    let mut from = at;
    while let Some(length) = memchr(byte, &text[from..]) {
        let outcome = offer(from + length);
        if outcome != Outcome::NoMatch {
            return outcome;
        }
        from += length + 1;
    }
    Outcome::NoMatch
}

#[inline]
fn each(ends: impl Iterator<Item = usize>, offer: &mut impl FnMut(usize) -> Outcome) -> Outcome {
    for end in ends {
        let outcome = offer(end);
        if outcome != Outcome::NoMatch {
            return outcome;
        }
    }
    Outcome::NoMatch
}

/// Offers the one end of `\b[…]+\b`, where the set has only word characters.
///
/// Ruby's `\b` knows the letters of Unicode, so beside a byte outside of ASCII the engine must decide.
#[inline]
fn bounded(
    text: &[u8],
    at: usize,
    accept: impl Fn(u8) -> bool,
    offer: &mut impl FnMut(usize) -> Outcome,
) -> Outcome {
    let end = at + run(&text[at..], accept);
    let left = if at == 0 { b' ' } else { text[at - 1] };
    let right = text.get(end).copied().unwrap_or(b' ');
    if end == at || is_word(left) || is_word(right) {
        Outcome::NoMatch
    } else if left.is_ascii() && right.is_ascii() {
        offer(end)
    } else {
        Outcome::Undecided
    }
}

/// The end of the number at `at`; being an atomic group, it has no other.
fn number(text: &[u8], at: usize) -> Option<usize> {
    let before = at.checked_sub(1).map(|at| text[at]);
    if before.is_some_and(|byte| byte.is_ascii_digit() || b".+-".contains(&byte)) {
        return None;
    }
    let digits = |from: usize| from + run(&text[from..], |byte| byte.is_ascii_digit());
    let start = at + usize::from(matches!(text.get(at), Some(b'+' | b'-')));
    let whole = digits(start);
    let fraction = match text.get(whole) {
        Some(b'.') => digits(whole + 1),
        Some(_) | None => whole,
    };
    let end = if fraction > whole + 1 {
        fraction
    } else {
        whole
    };
    (end > start).then_some(end)
}
