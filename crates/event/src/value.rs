//! What a field holds, as a view into the event's text.

use crate::field::Step;
use crate::scan::{Scanner, Stop};
use crate::text::unescape_into;

/// A field's value. Nothing is copied or converted until it is asked for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Value<'e> {
    /// `[…]`, as JSON text.
    Array(&'e str),
    /// `true` or `false`.
    Bool(bool),
    /// `null`.
    Null,
    /// A number, with the digits it came with.
    Number(&'e str),
    /// `{…}`, as JSON text; `None` when a filter has changed something inside.
    Object(Option<&'e str>),
    /// A string.
    String(Str<'e>),
}

/// The content of a JSON string, still in its escaped form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Str<'e>(pub(crate) &'e str);

impl<'e> Str<'e> {
    /// The text itself when it needed no escapes, which most strings do not.
    #[inline]
    pub fn plain(self) -> Option<&'e str> {
        memchr::memchr(b'\\', self.0.as_bytes())
            .is_none()
            .then_some(self.0)
    }

    /// How many bytes at the start stand for themselves.
    #[inline]
    pub fn plain_bytes(self) -> usize {
        memchr::memchr(b'\\', self.0.as_bytes()).unwrap_or(self.0.len())
    }

    /// The text; `buffer` is overwritten and lent only when there are escapes to undo.
    #[inline]
    pub fn text<'b>(self, buffer: &'b mut String) -> &'b str
    where
        'e: 'b,
    {
        match self.plain() {
            Some(text) => text,
            None => {
                buffer.clear();
                unescape_into(self.0, buffer);
                buffer
            }
        }
    }

    /// Whether the text is `wanted`, however it is escaped.
    pub(crate) fn is(self, wanted: &str) -> bool {
        match self.plain() {
            Some(text) => text == wanted,
            None => {
                let mut text = String::new();
                self.append_to(&mut text);
                text == wanted
            }
        }
    }

    /// Appends the text to `out`.
    pub fn append_to(self, out: &mut String) {
        unescape_into(self.0, out);
    }

    /// The escaped form, as it stands between the quotes.
    pub fn escaped(self) -> &'e str {
        self.0
    }
}

impl<'e> Value<'e> {
    /// Views a JSON text that has been checked.
    #[inline]
    pub fn of(json: &'e str) -> Self {
        match json.as_bytes().first() {
            Some(b'"') => Value::String(Str(json.get(1..json.len() - 1).unwrap_or_default())),
            Some(b'{') => Value::Object(Some(json)),
            Some(b'[') => Value::Array(json),
            Some(b't') => Value::Bool(true),
            Some(b'f') => Value::Bool(false),
            Some(b'n') | None => Value::Null,
            Some(_) => Value::Number(json),
        }
    }

    pub(crate) fn is_str(self, wanted: &str) -> bool {
        matches!(self, Value::String(text) if text.is(wanted))
    }

    /// Calls `element` for each element of an array, as JSON text; other values have none.
    pub fn for_each_element(self, mut element: impl FnMut(&'e str)) {
        if let Value::Array(json) = self {
            each_element(json, |_, part| element(part));
        }
    }
}

/// Finds what `steps` lead to inside a JSON text. Reads only, opens nothing.
pub(crate) fn find_inside<'e>(json: &'e str, steps: &[Step]) -> Option<&'e str> {
    let Some((step, rest)) = steps.split_first() else {
        return Some(json);
    };
    let found = match json.as_bytes().first()? {
        b'{' => {
            let mut found = None;
            // The last of several equal keys counts, as in Logstash.
            each_member(json, |key, value| {
                if step.is_key(key) {
                    found = Some(value);
                }
            });
            found
        }
        b'[' => element_at(json, step.index()?),
        _ => None,
    };
    find_inside(found?, rest)
}

/// The element at `index`, counted from the end when negative.
pub(crate) fn element_at(json: &str, index: i64) -> Option<&str> {
    let wanted = if index < 0 {
        let mut length = 0;
        each_element(json, |_, _| length += 1);
        length + index
    } else {
        index
    };
    let mut found = None;
    each_element(json, |at, element| {
        if i64::try_from(at) == Ok(wanted) {
            found = Some(element);
        }
    });
    found
}

/// Calls `member` with the key's content (escaped) and the value's text of each member.
pub(crate) fn each_member<'e>(json: &'e str, mut member: impl FnMut(&'e str, &'e str)) {
    walk(json, |scanner| {
        scanner.object(|_, found| {
            member(
                &json[found.key.start..found.key.end],
                &json[found.start..found.end],
            );
            Ok(())
        })
    });
}

/// Calls `element` with the position and text of each element.
pub(crate) fn each_element<'e>(json: &'e str, mut element: impl FnMut(usize, &'e str)) {
    walk(json, |scanner| {
        scanner.array(|index, start, end| {
            element(index, &json[start..end]);
            Ok(())
        })
    });
}

/// Scans a text that was checked before, so that there is no error to report.
fn walk(json: &str, visit: impl FnOnce(&mut Scanner<&[u8]>) -> Result<(), Stop>) {
    let checked = visit(&mut Scanner::new(json.as_bytes(), u32::MAX));
    debug_assert!(checked.is_ok(), "the text of an event has been checked");
}
