//! Events that cannot be stored: kept on disk with their reason before their window is acknowledged.

mod line;
mod writer;

pub(crate) use self::line::Text;
pub(crate) use self::writer::{DeadLetters, Letter};
