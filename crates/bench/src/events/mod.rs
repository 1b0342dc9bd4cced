//! The events that are sent: made from a seed, or taken from files.

mod envelope;
mod file;
mod generator;
mod line;
mod padding;
mod shape;
mod source;
mod vocabulary;

pub use self::file::{FileError, FileEvents};
pub use self::generator::{Facts, Generator, StreamForm, number_at};
pub use self::line::{Line, Precision};
pub use self::shape::{Shape, Share, ShareError};
pub use self::source::Source;
