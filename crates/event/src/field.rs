//! Field references in Logstash's strict syntax: `name`, `[outer][inner]`, `[list][0]`, `[list][-1]`.

use crate::error::FieldRefError;
use crate::names::{self, Slot};
use crate::tables::Span;
use crate::text::{escape_into, unescape_into};

/// A parsed field reference: the way from the event's root to one field.
///
/// `name` and `[name]` are the same; dots are ordinary characters. `[@metadata]…` is reachable
/// like any other field and never sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldRef {
    pub(crate) steps: Box<[Step]>,
    /// Under which an event's members are found that have the first step's name.
    pub(crate) slot: Slot,
    text: Box<str>,
}

/// One step of the way: the key of a member, which may also be read as an index of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Step {
    /// The key in its shortest JSON form, between its quotes.
    pub(crate) quoted: Box<str>,
    /// The same in the text of all names.
    pub(crate) name: Span,
    index: Option<i64>,
}

impl FieldRef {
    /// Parses a field reference.
    ///
    /// ```
    /// use sawmill_event::FieldRef;
    /// assert_eq!(FieldRef::parse("message")?, FieldRef::parse("message")?);
    /// assert!(FieldRef::parse("[host][os][name]").is_ok());
    /// assert!(FieldRef::parse("host[os]").is_err());
    /// # Ok::<(), sawmill_event::FieldRefError>(())
    /// ```
    pub fn parse(text: &str) -> Result<Self, FieldRefError> {
        let error = || FieldRefError {
            text: text.to_owned(),
        };
        let names: Vec<&str> = if text.starts_with('[') {
            let inner = text
                .strip_prefix('[')
                .and_then(|rest| rest.strip_suffix(']'))
                .ok_or_else(error)?;
            inner.split("][").collect()
        } else {
            vec![text]
        };
        let legal = |name: &&str| !name.is_empty() && !name.contains(['[', ']', ',']);
        if !names.iter().all(legal) {
            return Err(error());
        }
        let steps: Box<[Step]> = names.iter().map(|name| Step::new(name)).collect();
        let first = steps.first().ok_or_else(error)?;
        Ok(Self {
            slot: names::slot(&first.quoted),
            steps,
            text: text.into(),
        })
    }

    /// The first step alone, and the key of the second, in its quotes, if there are exactly two.
    pub fn parent(&self) -> Option<(Self, &str)> {
        let [parent, child] = &*self.steps else {
            return None;
        };
        let parent = Self {
            slot: self.slot,
            steps: [parent.clone()].into(),
            text: format!("[{}]", parent.key()).into(),
        };
        Some((parent, &child.quoted))
    }

    /// The reference as it was written.
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

impl Step {
    fn new(name: &str) -> Self {
        let quoted = quoted(name);
        Self {
            name: names::name(&quoted),
            quoted: quoted.into(),
            index: name.parse().ok(),
        }
    }

    /// The key in its shortest JSON form, without quotes.
    #[inline]
    pub(crate) fn key(&self) -> &str {
        &self.quoted[1..self.quoted.len() - 1]
    }

    pub(crate) fn index(&self) -> Option<i64> {
        self.index
    }

    /// Whether a key, as it stands between its quotes, is this step's.
    pub(crate) fn is_key(&self, written: &str) -> bool {
        if memchr::memchr(b'\\', written.as_bytes()).is_none() {
            return written == self.key();
        }
        *shortest(written) == *self.quoted
    }
}

/// The shortest escaped form of a key, between its quotes, so that equal keys are equal bytes.
pub(crate) fn shortest(written: &str) -> String {
    let mut name = String::new();
    unescape_into(written, &mut name);
    quoted(&name)
}

fn quoted(name: &str) -> String {
    let mut quoted = String::from('"');
    escape_into(name, &mut quoted);
    quoted.push('"');
    quoted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn logstash_syntax_is_taken_and_the_rest_refused() {
        for (text, want) in [
            ("message", vec!["message"]),
            ("[message]", vec!["message"]),
            ("a.b", vec!["a.b"]),
            ("[a][b]", vec!["a", "b"]),
            ("[list][0]", vec!["list", "0"]),
            ("[list][-1]", vec!["list", "-1"]),
            ("[@metadata][beat]", vec!["@metadata", "beat"]),
            ("[with space]", vec!["with space"]),
        ] {
            let field = FieldRef::parse(text).unwrap();
            let keys: Vec<_> = field.steps.iter().map(Step::key).collect();
            assert_eq!(keys, want, "{text}");
        }
        for text in [
            "", "a[b]", "[a]b", "[a][]", "[a", "a]", "[]", "[a,b]", "[[a]",
        ] {
            assert!(FieldRef::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn keys_are_equal_however_they_are_escaped() {
        let step = Step::new("mess\"age");
        assert!(step.is_key(r#"mess\"age"#));
        assert!(step.is_key(r"\u006dess\u0022age"));
        assert!(!step.is_key(r"mess\\age"));
    }
}
