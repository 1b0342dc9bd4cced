//! Where the original events come from: made again by the load generator's own code.

use memchr::memmem;

use crate::events::{Generator, number_at};

use super::super::args::SinkArgs;
use super::super::error::SinkError;

/// Makes an event again by its number, and finds the number in what was stored.
pub(super) trait Origin: Send + Sync {
    /// Appends the event of this number as the load generator sends it.
    fn event(&self, number: u64, out: &mut Vec<u8>);
    /// The number of the event that a document was made of.
    fn number(&self, document: &[u8]) -> Option<u64>;
}

/// The events of `sawmill bench`.
pub(super) struct Generated(Generator);

impl Generated {
    pub(super) fn new(args: &SinkArgs) -> Result<Self, SinkError> {
        // No other events than these can have been sent.
        let generator = args.made.generator().map_err(Box::new)?;
        Ok(Self(generator))
    }
}

impl Origin for Generated {
    fn event(&self, number: u64, out: &mut Vec<u8>) {
        self.0.event(number, out);
    }

    /// From the digits of `log.offset`, by looking and not by reading the whole: within a text the quotes of `"offset":`
    /// would be escaped, and no other member of these events has the name.
    fn number(&self, document: &[u8]) -> Option<u64> {
        const KEY: &[u8] = b"\"offset\":";
        let start = memmem::find(document, KEY)? + KEY.len();
        let digits = document[start..]
            .iter()
            .take_while(|byte| byte.is_ascii_digit());
        let digits = &document[start..start + digits.count()];
        let offset = str::from_utf8(digits).ok()?.parse().ok()?;
        Some(number_at(offset))
    }
}
