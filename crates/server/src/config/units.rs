//! Values as people write them: `256MiB`, `3s`, `http://a:9200, http://b:9200`.
//!
//! Each may also come as a text where a number is meant, since variables and placeholders are always texts.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use jiff::SpanRelativeTo;
use jiff::fmt::friendly::{SpanParser, SpanPrinter};
use serde::de::{Deserialize, Deserializer, Error, SeqAccess, Unexpected, Visitor};
use serde::{Serialize, Serializer};

/// A number of bytes: `8MiB`, `64 kB`, or plain `1048576`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct ByteSize(pub(crate) u64);

/// Larger units first, so that a size is shown in the largest that fits it exactly.
const UNITS: [(&str, u64); 7] = [
    ("GiB", 1 << 30),
    ("GB", 1_000_000_000),
    ("MiB", 1 << 20),
    ("MB", 1_000_000),
    ("KiB", 1 << 10),
    ("kB", 1_000),
    ("B", 1),
];

impl ByteSize {
    pub(crate) const fn mib(count: u64) -> Self {
        Self(count << 20)
    }

    fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let digits = text
            .find(|c: char| !c.is_ascii_digit())
            .unwrap_or(text.len());
        let (number, unit) = text.split_at(digits);
        let unit = unit.trim();
        let (_, bytes) = UNITS.iter().find(|(name, bytes)| {
            unit.eq_ignore_ascii_case(name) || (unit.is_empty() && *bytes == 1)
        })?;
        number.parse::<u64>().ok()?.checked_mul(*bytes).map(Self)
    }
}

impl fmt::Display for ByteSize {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let fits = |(_, bytes): &&(&str, u64)| self.0.is_multiple_of(*bytes) && self.0 > 0;
        let (unit, bytes) = UNITS.iter().find(fits).unwrap_or(&("B", 1));
        write!(f, "{}{unit}", self.0 / bytes)
    }
}

impl Serialize for ByteSize {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for ByteSize {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Bytes;
        impl Visitor<'_> for Bytes {
            type Value = ByteSize;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a size such as 8MiB, 500kB, or a number of bytes")
            }

            fn visit_i64<E: Error>(self, number: i64) -> Result<ByteSize, E> {
                let negative = |_| E::invalid_value(Unexpected::Signed(number), &self);
                number.try_into().map(ByteSize).map_err(negative)
            }

            fn visit_u64<E: Error>(self, number: u64) -> Result<ByteSize, E> {
                Ok(ByteSize(number))
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<ByteSize, E> {
                ByteSize::parse(text).ok_or_else(|| E::invalid_value(Unexpected::Str(text), &self))
            }
        }
        deserializer.deserialize_any(Bytes)
    }
}

/// A length of time: `3s`, `500ms`, `1m 30s`, `30d`. A bare number is refused: it does not say of what.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Span(pub(crate) Duration);

impl Span {
    pub(crate) const fn seconds(count: u64) -> Self {
        Self(Duration::from_secs(count))
    }

    /// A day has 24 hours here, and a month no length.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let span = SpanParser::new().parse_span(text.trim()).ok()?;
        let length = span.to_duration(SpanRelativeTo::days_are_24_hours()).ok()?;
        Duration::try_from(length).ok().map(Self)
    }
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&SpanPrinter::new().unsigned_duration_to_string(&self.0))
    }
}

impl Serialize for Span {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Span {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Time;
        impl Visitor<'_> for Time {
            type Value = Span;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a length of time with its unit, such as 3s, 500ms or 1m")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Span, E> {
                Span::parse(text).ok_or_else(|| E::invalid_value(Unexpected::Str(text), &self))
            }
        }
        deserializer.deserialize_any(Time)
    }
}

/// A list of words: an array, or one text with commas or blanks between them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub(crate) struct Words(pub(crate) Vec<String>);

impl<'de> Deserialize<'de> for Words {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct List;
        impl<'de> Visitor<'de> for List {
            type Value = Words;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list of texts, or one text with commas between them")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Words, E> {
                Ok(Words(words(text).collect()))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Words, A::Error> {
                let mut all = Vec::new();
                while let Some(text) = list.next_element::<String>()? {
                    all.extend(words(&text));
                }
                Ok(Words(all))
            }
        }
        deserializer.deserialize_any(List)
    }
}

/// A list of paths: an array, or one text with commas between them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub(crate) struct Paths(pub(crate) Vec<PathBuf>);

impl<'de> Deserialize<'de> for Paths {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct List;
        impl<'de> Visitor<'de> for List {
            type Value = Paths;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list of paths, or one text with commas between them")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Paths, E> {
                let paths = text.split(',').map(str::trim);
                Ok(Paths(
                    paths
                        .filter(|path| !path.is_empty())
                        .map(PathBuf::from)
                        .collect(),
                ))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Paths, A::Error> {
                let mut all = Vec::new();
                while let Some(path) = list.next_element::<PathBuf>()? {
                    all.push(path);
                }
                Ok(Paths(all))
            }
        }
        deserializer.deserialize_any(List)
    }
}

fn words(text: &str) -> impl Iterator<Item = String> + '_ {
    let is_gap = |c: char| c == ',' || c.is_whitespace();
    text.split(is_gap)
        .filter(|word| !word.is_empty())
        .map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use figment::value::Value;

    use super::*;

    fn read<T: for<'de> Deserialize<'de>>(value: impl Into<Value>) -> Option<T> {
        value.into().deserialize().ok()
    }

    #[test]
    fn sizes_are_numbers_or_texts_with_a_unit() {
        for (text, want) in [
            ("0", Some(0)),
            ("1048576", Some(1 << 20)),
            ("8MiB", Some(8 << 20)),
            (" 8 mib ", Some(8 << 20)),
            ("64kB", Some(64_000)),
            ("1GiB", Some(1 << 30)),
            ("17 B", Some(17)),
            ("", None),
            ("MiB", None),
            ("8 MiBs", None),
            ("-1", None),
            ("1.5GiB", None),
            ("99999999999GiB", None),
        ] {
            assert_eq!(read(text), want.map(ByteSize), "{text}");
        }
        assert_eq!(read(4096), Some(ByteSize(4096)));
        assert_eq!(read::<ByteSize>(-1), None);
        assert_eq!(read::<ByteSize>(true), None);
    }

    #[test]
    fn sizes_are_shown_in_the_unit_that_fits() {
        for (bytes, want) in [
            (0, "0B"),
            (1 << 28, "256MiB"),
            (1 << 30, "1GiB"),
            (1500, "1500B"),
            (64_000, "64kB"),
        ] {
            assert_eq!(ByteSize(bytes).to_string(), want);
            assert_eq!(ByteSize::parse(want), Some(ByteSize(bytes)));
        }
    }

    #[test]
    fn times_need_a_unit() {
        for (text, want_ms) in [
            ("3s", Some(3_000)),
            ("500ms", Some(500)),
            ("1m 30s", Some(90_000)),
            ("2 hours", Some(7_200_000)),
            ("30d", Some(2_592_000_000)),
            ("1w 1d", Some(691_200_000)),
            ("1 month", None),
            ("3", None),
            ("", None),
            ("-3s", None),
            ("3 parsecs", None),
        ] {
            assert_eq!(
                read(text),
                want_ms.map(|ms| Span(Duration::from_millis(ms))),
                "{text}"
            );
        }
        assert_eq!(read::<Span>(3), None);
    }

    #[test]
    fn words_come_as_a_list_or_as_one_text() {
        let want = Words(vec!["a".to_owned(), "b".to_owned()]);
        for text in ["a,b", "a b", " a , b,", "a\nb"] {
            assert_eq!(read(text), Some(want.clone()), "{text}");
        }
        assert_eq!(read(vec!["a", "b"]), Some(want.clone()));
        assert_eq!(read(vec!["a, b"]), Some(want));
        assert_eq!(read(""), Some(Words::default()));
    }
}
