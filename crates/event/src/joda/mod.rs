//! Joda-Time's date patterns, the ones that Logstash's users write: `yyyy.MM.dd` in a template,
//! `dd/MMM/yyyy:HH:mm:ss Z` in a date filter.
//!
//! | letter | means | letter | means |
//! |---|---|---|---|
//! | `y` `Y` | year | `m` | minute |
//! | `x` `w` `e` | week-based year, week, day of week (printed only) | `s` | second |
//! | `M` | month; from three letters on as text | `S` | fraction of a second |
//! | `d` `D` | day of month, of year | `a` | AM or PM |
//! | `E` | day of week as text | `Z` | offset `+0100`; `ZZ` `+01:00`; `ZZZ` zone id |
//! | `H` `k` | hour 0-23, 1-24 | `'text'` | the text |
//! | `K` `h` | hour 0-11, 1-12 | `''` | a quote |
//!
//! Texts are English. `z` (zone names) is printed as `UTC` and cannot be parsed, as in Joda-Time.
//! `G` and `C` are refused: nobody was seen to use them.

mod format;
mod parse;

pub use parse::{Parsed, local_to_timestamp, offset};

/// A parsed pattern.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pattern {
    tokens: Box<[Token]>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Token {
    Field { letter: Letter, count: u8 },
    Literal(Box<str>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Letter {
    AmPm,
    DayOfMonth,
    DayOfWeek,
    DayOfWeekText,
    DayOfYear,
    Fraction,
    Hour,
    HourFrom1,
    HourOfHalf,
    HourOfHalfFrom1,
    Minute,
    Month,
    Offset,
    Second,
    Week,
    WeekYear,
    Year,
    ZoneName,
}

impl Letter {
    fn of(letter: char) -> Option<Self> {
        Some(match letter {
            'a' => Self::AmPm,
            'd' => Self::DayOfMonth,
            'D' => Self::DayOfYear,
            'e' => Self::DayOfWeek,
            'E' => Self::DayOfWeekText,
            'h' => Self::HourOfHalfFrom1,
            'H' => Self::Hour,
            'k' => Self::HourFrom1,
            'K' => Self::HourOfHalf,
            'm' => Self::Minute,
            'M' => Self::Month,
            's' => Self::Second,
            'S' => Self::Fraction,
            'w' => Self::Week,
            'x' => Self::WeekYear,
            'y' | 'Y' => Self::Year,
            'z' => Self::ZoneName,
            'Z' => Self::Offset,
            _ => return None,
        })
    }
}

impl Pattern {
    /// Reads a pattern. The error is a sentence that names the letter.
    pub fn new(pattern: &str) -> Result<Self, String> {
        let mut tokens = Vec::new();
        let mut literal = String::new();
        let mut rest = pattern.chars().peekable();
        while let Some(first) = rest.next() {
            if first == '\'' {
                quoted(&mut rest, &mut literal)?;
            } else if first.is_ascii_alphabetic() {
                let letter = Letter::of(first)
                    .ok_or_else(|| format!("the pattern letter `{first}` is not supported"))?;
                let mut count = 1_u8;
                while rest.next_if_eq(&first).is_some() {
                    count = count.saturating_add(1);
                }
                flush(&mut literal, &mut tokens);
                tokens.push(Token::Field { letter, count });
            } else {
                literal.push(first);
            }
        }
        flush(&mut literal, &mut tokens);
        Ok(Self {
            tokens: tokens.into(),
        })
    }

    fn has(&self, wanted: Letter) -> bool {
        self.tokens
            .iter()
            .any(|token| matches!(token, Token::Field { letter, .. } if *letter == wanted))
    }

    /// A letter that can be printed and not parsed, if there is one.
    pub fn unparsable(&self) -> Option<&'static str> {
        [
            (Letter::DayOfWeek, "`e`"),
            (Letter::Week, "`w`"),
            (Letter::WeekYear, "`x`"),
            (Letter::ZoneName, "`z`"),
        ]
        .into_iter()
        .find_map(|(letter, name)| self.has(letter).then_some(name))
    }
}

fn flush(literal: &mut String, tokens: &mut Vec<Token>) {
    if !literal.is_empty() {
        tokens.push(Token::Literal(std::mem::take(literal).into()));
    }
}

/// Reads the rest of `'…'`; `''` is a quote, inside and outside of quotes.
fn quoted(
    rest: &mut std::iter::Peekable<std::str::Chars<'_>>,
    literal: &mut String,
) -> Result<(), String> {
    if rest.next_if_eq(&'\'').is_some() {
        literal.push('\'');
        return Ok(());
    }
    loop {
        match rest.next() {
            Some('\'') if rest.next_if_eq(&'\'').is_some() => literal.push('\''),
            Some('\'') => return Ok(()),
            Some(other) => literal.push(other),
            None => return Err("a quote is not closed".to_owned()),
        }
    }
}

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

const DAYS: [&str; 7] = [
    "Monday",
    "Tuesday",
    "Wednesday",
    "Thursday",
    "Friday",
    "Saturday",
    "Sunday",
];
