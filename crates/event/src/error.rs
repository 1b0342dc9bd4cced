use thiserror::Error;

/// Why a text is not an event. The event goes to the dead letters with this as its reason.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum EventError {
    /// A string holds a byte below 0x20, which JSON allows only as an escape (RFC 8259 §7).
    #[error("raw control byte 0x{byte:02x} inside a string at byte {at}")]
    ControlByte {
        /// The byte found.
        byte: u8,
        /// Its offset in the event, in bytes.
        at: usize,
    },
    /// Objects and arrays are nested deeper than the limit.
    #[error("nested deeper than {limit} levels at byte {at}")]
    TooDeep {
        /// The limit in levels.
        limit: u32,
        /// Offset in bytes of the bracket that goes too deep.
        at: usize,
    },
    /// The object has more top-level members than the limit.
    #[error("more than {limit} top-level members")]
    TooManyMembers {
        /// The limit in members.
        limit: usize,
    },
    /// The text is larger than an event may be.
    #[error("event of {bytes} bytes, limit {limit} bytes")]
    TooLarge {
        /// Size of the event in bytes.
        bytes: usize,
        /// The limit in bytes.
        limit: usize,
    },
    /// The text is no JSON.
    #[error("not JSON: expected {expected} at byte {at}")]
    Syntax {
        /// What JSON's grammar allows there.
        expected: &'static str,
        /// Offset in bytes.
        at: usize,
    },
    /// Something follows the object.
    #[error("text after the event's object at byte {at}")]
    TrailingText {
        /// Offset in bytes.
        at: usize,
    },
    /// The text ends inside the event.
    #[error("the event is cut off after {bytes} bytes")]
    Truncated {
        /// Size of the text in bytes.
        bytes: usize,
    },
    /// The text is no UTF-8.
    #[error("invalid UTF-8 at byte {at}")]
    Utf8 {
        /// Offset in bytes of the first bad byte.
        at: usize,
    },
    /// Valid JSON, but no object.
    #[error("the event is {found}, not an object")]
    NotAnObject {
        /// What it is instead.
        found: &'static str,
    },
}

/// Why a field could not be written.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum SetError {
    /// A step of the path is a string, number, boolean or null, which has no members.
    #[error("cannot set {field}: a part of its path is no object")]
    BelowScalar {
        /// The field reference as written.
        field: String,
    },
    /// The path leads through a list.
    #[error("cannot set {field}: its path leads into a list")]
    InsideList {
        /// The field reference as written.
        field: String,
    },
}

/// Why a text is no field reference.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
#[error(
    "`{text}` is not a field reference: write `name` or `[outer][inner]` (Logstash's strict syntax)"
)]
pub struct FieldRefError {
    /// The text as written.
    pub text: String,
}

/// Why a text is no template.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum TemplateError {
    /// A date pattern holds a letter that is not supported.
    #[error("`%{{+{pattern}}}`: {reason}")]
    DatePattern {
        /// The pattern as written.
        pattern: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A `%{…}` holds no field reference.
    #[error("in `%{{…}}`: {0}")]
    Field(#[from] FieldRefError),
}
