//! Values that are the same for all events.

use crate::names;
use crate::tables::Span;

/// A JSON text that settings give, for [`Event::set_constant`](crate::Event::set_constant).
#[derive(Clone, Debug)]
pub struct Constant {
    pub(crate) json: Box<str>,
    /// The same in the text of all names and constants.
    pub(crate) span: Span,
}

impl Constant {
    /// A constant; `json` must be valid and one line. It is kept for ever: no text for what comes from outside.
    pub fn new(json: &str) -> Self {
        Self {
            json: json.into(),
            span: names::constant(json),
        }
    }

    /// The JSON text.
    pub fn json(&self) -> &str {
        &self.json
    }
}
